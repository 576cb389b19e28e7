import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Packr } from 'msgpackr';
import { connectNats } from '../pipelines/nats/nats.ts';
import { partitionedSubject } from '../pipelines/nats/partition.ts';
import { createPublisher } from '../pipelines/nats/publisher.ts';
import { tellBars } from './bars.ts';
import { createPasses, type Pass } from './end-to-end-passes.ts';
import {
  assetNames,
  PLANT,
  plantFile,
  SIGNALS_PER_ASSET,
  splitValues,
  valuesOf,
} from './paced-plant.ts';
import { loadAverage } from './process-use.ts';
import { spreadOf } from './spread.ts';
import { placed, startBenchStand } from './stand.ts';

export const DEMO_RULES = fileURLToPath(new URL('../examples/demo/rules.yaml', import.meta.url));
/** Less than this share of what the parts alone can do says that something else was in the way. */
const VALID = 0.7;

/**
 * A filled stream, worked off by turns by two bare loops and by the whole product with the rules of the demo, so that all see
 * the same machine. One bare loop is pinned; the other reads as the product does, and is beside it for comparison.
 * Prints readings per second and CPU per million readings, and the ratios; false when a bar is missed, something was lost,
 * or when the run is void.
 */
export async function endToEnd(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      readings: { type: 'string', default: '16000000' },
      assets: { type: 'string', default: '250' },
      rate: { type: 'string', default: '100000' },
      signals: { type: 'string', default: String(SIGNALS_PER_ASSET) },
      pairs: { type: 'string', default: '5' },
      rules: { type: 'string', default: DEMO_RULES },
      profile: { type: 'string' },
      json: { type: 'string' },
    },
  });
  const { profile } = values;
  const node = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const stand = await startBenchStand({ node, warehouse: 'apart' });
  try {
    const assets = Number(values.assets);
    const model = await placed(stand, 'plant.yaml', plantFile(assets));
    const rules = await placed(stand, 'rules.yaml', await readFile(values.rules, 'utf8'));
    await stand.run(['apply', model, rules]);
    const { frames, readings } = await fillStream(stand.nats.url, {
      ...{ assets, readings: Number(values.readings) },
      ...{ rate: Number(values.rate), signals: Number(values.signals) },
    });
    const last = frames + assets + 2;
    console.error(`${readings} readings in ${frames} frames of ${assets} assets`);
    const passes = createPasses(stand);
    const pull = await passes.bare('pull', 'pinned', last);
    const insert = await passes.bare('insert', 'pinned', last);
    const bare: Pass[] = [];
    const current: Pass[] = [];
    const full: Pass[] = [];
    for (let pair = 0; pair < Number(values.pairs); pair += 1) {
      bare.push(await passes.bare('all', 'pinned', last));
      current.push(await passes.bare('all', 'product', last));
      full.push(await passes.full(last));
      print(`pair ${pair + 1}`, bare.at(-1), current.at(-1), full.at(-1));
    }
    const lost = full.filter((pass) => pass.readings !== readings).length;
    const summary = summarize({ pull, insert, bare, current, full });
    const kept = {
      'every reading landed once': lost === 0,
      'the pinned loop is as fast as its parts': !summary.void,
    };
    // More than a machine sends at a time do not come in one message.
    const signals = Math.min(Number(values.signals), SIGNALS_PER_ASSET);
    const report = { end_to_end: [{ signals, readings, ...summary, kept }], load: loadAverage() };
    console.log(JSON.stringify(report));
    if (values.json !== undefined) {
      await writeFile(values.json, JSON.stringify(report, undefined, 2));
    }
    return tellBars(report);
  } finally {
    await stand.stop();
  }
}

type Measured = {
  readonly pull: Pass;
  readonly insert: Pass;
  /** Pinned. */
  readonly bare: readonly Pass[];
  /** As the product reads. */
  readonly current: readonly Pass[];
  readonly full: readonly Pass[];
};

function summarize({ pull, insert, bare, current, full }: Measured) {
  const ratioTo = (loop: readonly Pass[]) =>
    spreadOf(loop.map((pass, pair) => speedOf(full[pair]) / speedOf(pass)));
  const cpuRatioTo = (loop: readonly Pass[]) =>
    spreadOf(loop.map((pass, pair) => cpuPerMillion(pass) / cpuPerMillion(full[pair])));
  const [all, parts] = [
    { bare, current, full },
    { pull_decode: pull, insert },
  ];
  const each = <T, R>(of: Readonly<Record<string, T>>, figure: (value: T) => R) =>
    Object.fromEntries(Object.entries(of).map(([name, value]) => [name, figure(value)]));
  const isSlow =
    spreadOf(bare.map(speedOf)).median < VALID * Math.min(speedOf(pull), speedOf(insert));
  return {
    ratio: ratioTo(bare),
    ratio_cpu: cpuRatioTo(bare),
    ratio_to_current: ratioTo(current),
    ratio_cpu_to_current: cpuRatioTo(current),
    readings_per_s: each(all, (passes) => spreadOf(passes.map(speedOf))),
    cpu_per_million: each(all, (passes) => spreadOf(passes.map(cpuPerMillion))),
    cpu_by_process: each(all, byProcess),
    alone_per_s: each(parts, speedOf),
    void: isSlow,
  };
}

/** Readings per second. */
function speedOf(pass: Pass | undefined): number {
  return pass === undefined ? Number.NaN : pass.readings / pass.seconds;
}

/** CPU seconds of all processes per million readings. */
function cpuPerMillion(pass: Pass | undefined): number {
  if (pass === undefined) return Number.NaN;
  return (pass.cpu + pass.warehouse + pass.nats) / (pass.readings / 1e6);
}

function byProcess(passes: readonly Pass[]) {
  const of = (part: 'cpu' | 'warehouse' | 'nats') =>
    spreadOf(passes.map((pass) => pass[part] / (pass.readings / 1e6)));
  return { own: of('cpu'), warehouse: of('warehouse'), nats: of('nats') };
}

function print(name: string, ...passes: readonly (Pass | undefined)[]): void {
  const words = passes.map(
    (pass) => `${(speedOf(pass) / 1e3).toFixed(0)} k/s, ${cpuPerMillion(pass).toFixed(2)} CPU s/M`,
  );
  console.error(
    `${name}: bare, pinned ${words[0]}; bare ${words[1]}; full ${words[2]}; load ${loadAverage()}`,
  );
}

export type Filled = { readonly frames: number; readonly readings: number };

const packr = new Packr({ useRecords: false });

/**
 * Publishes as fast as it goes what a plant sent in the seconds before now: `readings` at `rate` readings a second of
 * event time, after word that every machine runs. A machine sends twenty signals at a time, `signals` of them a message.
 */
export async function fillStream(
  url: string,
  plant: {
    readonly assets: number;
    readonly readings: number;
    readonly rate: number;
    readonly signals: number;
    /** Of more than one, each message goes to that of its line. */
    readonly partitions?: number;
  },
): Promise<Filled> {
  const { assets, rate, signals, partitions = 1 } = plant;
  const to = (subject: string) =>
    partitions === 1 ? subject : partitionedSubject(subject, partitions);
  const whole = Math.round(plant.readings / SIGNALS_PER_ASSET);
  const perSecond = rate / SIGNALS_PER_ASSET;
  const seconds = whole / perSecond;
  const begins = Date.now() - seconds * 1_000;
  const connection = await connectNats({ servers: url, name: 'bench publisher' });
  const publisher = createPublisher(connection, { inFlight: 2_000, run: `bench-${process.pid}` });
  const names = assetNames(assets).map(({ line, asset }) => `${PLANT}.${line}.${asset}`);
  let [frames, readings] = [0, 0];
  try {
    for (const name of names) {
      const payload = packr.pack({ time: begins, type: 'state', data: { state: 'EXECUTE' } });
      await publisher.publish({ subject: to(`event.${name}`), payload });
    }
    for (let sent = 0; sent < whole; sent += 1) {
      const second = sent / perSecond;
      const time = begins + second * 1_000;
      for (const values of splitValues(valuesOf(sent % assets, second, seconds / 3), signals)) {
        frames += 1;
        readings += Object.keys(values).length;
        await publisher.publish({
          subject: to(`telemetry.${names[sent % assets]}`),
          // Counts up for all machines together, so for each of them.
          headers: { 'Andon-Producer': 'bench/0', 'Andon-Sequence': String(frames) },
          payload: packr.pack({ time, values }),
        });
      }
    }
    await publisher.flush();
  } finally {
    publisher.close();
    await connection.close();
  }
  return { frames, readings };
}
