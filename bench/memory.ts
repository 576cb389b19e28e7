import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { caughtUpAfter, landedReadings } from './landed-to.ts';
import { every, type Running, underLoad } from './load.ts';
import { plantFile, RULES_FILE } from './paced-plant.ts';
import type { Published } from './paced-publisher.ts';
import { loadAverage, useOf } from './process-use.ts';
import { type Slope, steadySlope } from './slope.ts';
import { type BenchStand, placed, startBenchStand } from './stand.ts';

/** Megabytes a minute that are asked for. */
const BAR = 0.5;
/** Seconds after ClickHouse came back that everything may take to land. */
const CATCH_UP = 300;
const LOOK = 1_000;
/** Minutes: several rounds of garbage collection and merges. */
const STRETCH = 0.5;

/** Resident bytes at a moment, in minutes. */
type Sample = { readonly minute: number; readonly worker: number; readonly warehouse: number };
/** Megabytes a minute. */
type Slopes = { readonly worker: Slope; readonly warehouse: Slope };
type Megabytes = { readonly worker: number; readonly warehouse: number };

/**
 * `npm run bench -- memory [--rate 50000] [--assets 250] [--warm-up 120] [--seconds 600] [--away 300] [--correction 1m] [--json FILE]`:
 * how resident memory of worker and warehouse goes on growing under a steady load; then ClickHouse is away, and comes
 * back. False when a slope is too steep, or not every reading landed once.
 */
export async function memory(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      assets: { type: 'string', default: '250' },
      rate: { type: 'string', default: '50000' },
      'warm-up': { type: 'string', default: '120' },
      seconds: { type: 'string', default: '600' },
      away: { type: 'string', default: '300' },
      // Windows are kept for so long: with the default hour the state itself would grow for an hour.
      correction: { type: 'string', default: '1m' },
      json: { type: 'string' },
    },
  });
  const [assets, rate] = [Number(values.assets), Number(values.rate)];
  const phases = [Number(values['warm-up']), Number(values.seconds), Number(values.away)] as const;
  const seconds = phases.reduce((sum, phase) => sum + phase, 0);
  const stand = await startBenchStand({ warehouse: 'apart' });
  try {
    await stand.worker.start();
    const model = await placed(stand, 'plant.yaml', plantFile(assets));
    const judged = RULES_FILE.replace('correction: 1h', `correction: ${values.correction}`);
    const rules = await placed(stand, 'rules.yaml', judged);
    await stand.run(['apply', model, rules]);
    const found = await underLoad(stand, { assets, rate, seconds }, (running) => {
      return watch(stand, running, phases);
    });
    const { steady, away, published, landed, caughtUp } = found;
    const kept = {
      'worker flat': steady.worker.slope < BAR,
      'warehouse flat': steady.warehouse.slope < BAR,
      'worker flat with ClickHouse away': away.worker.slope < BAR,
      'everything caught up': caughtUp !== undefined,
      'every reading landed once': landed === published.readings,
    };
    const [, over, gone] = phases;
    const words = ({ slope, error }: Slope) => `${slope.toFixed(2)} ± ${error.toFixed(2)} MB/min`;
    console.error(
      `worker ${words(steady.worker)}, warehouse ${words(steady.warehouse)} in ${over} s`,
    );
    console.error(`worker ${words(away.worker)} in ${gone} s with ClickHouse away`);
    console.error(
      `caught up ${caughtUp?.toFixed(1) ?? 'never'} s after the end; load ${loadAverage()}`,
    );
    for (const [bar, is] of Object.entries(kept)) console.error(`${bar}: ${is ? 'yes' : 'NO'}`);
    const report = JSON.stringify({ memory: { rate, assets, phases, ...found, kept } }, null, 2);
    if (values.json !== undefined) writeFileSync(values.json, report);
    return Object.values(kept).every(Boolean);
  } finally {
    await stand.stop();
  }
}

type Found = {
  readonly steady: Slopes;
  readonly away: Slopes;
  /** Resident megabytes: at the end of the warm-up, of the steady time, and without ClickHouse. */
  readonly megabytes: readonly Megabytes[];
  readonly published: Published;
  readonly landed: number;
  readonly caughtUp: number | undefined;
};

async function watch(
  stand: BenchStand,
  { done, last }: Running,
  [warmUp, seconds, gone]: readonly [number, number, number],
): Promise<Found> {
  const begun = performance.now();
  const after = (passed: number) => begun + passed * 1_000 - performance.now();
  const sampled = (passed: number) => sample(stand, begun, after(passed));
  const warm = await sampled(warmUp);
  const steady = await sampled(warmUp + seconds);
  await stand.warehouse?.stop();
  const away = await sampled(warmUp + seconds + gone);
  await stand.warehouse?.start();
  const published = await done;
  const caughtUp = await caughtUpAfter(stand, await last(), CATCH_UP);
  return {
    steady: slopes(steady),
    away: slopes(away),
    megabytes: [warm, steady, away].map(megabytesAtEnd),
    ...{ published, landed: await landedReadings(stand), caughtUp },
  };
}

async function sample(
  stand: BenchStand,
  begun: number,
  milliseconds: number,
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  const over = new Promise<void>((resolve) => setTimeout(resolve, Math.max(0, milliseconds)));
  await every(LOOK, over, async () => {
    const minute = (performance.now() - begun) / 60_000;
    const [worker, warehouse] = [stand.worker.pid(), stand.warehouse?.pid()].map((pid = 0) => {
      return useOf(pid)?.resident ?? 0;
    });
    samples.push({ minute, worker: worker ?? 0, warehouse: warehouse ?? 0 });
  });
  return samples;
}

function slopes(samples: readonly Sample[]): Slopes {
  const of = (name: keyof Slopes) => {
    return steadySlope(
      samples.map((each) => [each.minute, each[name] / 1e6] as const),
      STRETCH,
    );
  };
  return { worker: of('worker'), warehouse: of('warehouse') };
}

function megabytesAtEnd(samples: readonly Sample[]): Megabytes {
  const end = samples.at(-1);
  return { worker: (end?.worker ?? 0) / 1e6, warehouse: (end?.warehouse ?? 0) / 1e6 };
}
