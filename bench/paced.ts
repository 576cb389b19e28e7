import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { ClickHouseClient } from '@clickhouse/client';
import { jetstreamManager } from '@nats-io/jetstream';
import type { Child } from '../pipelines/base/child.ts';
import { connectNats } from '../pipelines/nats/nats.ts';
import { partitionStream } from '../pipelines/nats/streams.ts';
import { ELSEWHERE, elsewhere } from './elsewhere.ts';
import { caughtUpAfter, landedTo } from './landed-to.ts';
import { plantFile, RULES_FILE } from './paced-plant.ts';
import type { Published } from './paced-publisher.ts';
import { type Facts, report, type Sample } from './paced-report.ts';
import { burstsOf, pointsOf, withVibrationRules } from './paced-waveforms.ts';
import { loadAverage, useOf } from './process-use.ts';
import { type BenchStand, placed, resultOf, startBenchStand } from './stand.ts';

const EPOCH_SECONDS = 2;
const TABLES = `
  SELECT table, sum(rows) AS rows, count() AS parts, sum(bytes_on_disk) AS bytes
  FROM system.parts
  WHERE active AND database = currentDatabase() GROUP BY table HAVING rows > 0 ORDER BY table`;
const DEAD_LETTERS = `
  SELECT reason, stage, sum(count) AS count, any(detail) AS example FROM dead_letters GROUP BY reason, stage`;
/** Waveforms with a level, a velocity and an answer about the bearing. */
const DESCRIBED = `
  SELECT count() AS waveforms FROM features
  WHERE hasAll(mapKeys(values), ['acceleration_rms', 'velocity_rms', 'bearing_outer_race'])`;

/**
 * A plant of N assets with 20 signals publishes at a steady rate for a while; nats-server, publisher, worker and
 * embedded warehouse share the machine. With `--waveforms 50x3`, the first 50 assets also send a second of 25.6 kHz from
 * three points each every ten seconds. `--epoch 0.5` sets the length of an epoch; lags are told in epochs of 2 s. Prints what each of them took and whether everything landed; false when the
 * counts differ or a bound was missed.
 */
export async function paced(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      assets: { type: 'string', default: '250' },
      rate: { type: 'string', default: '100000' },
      seconds: { type: 'string', default: '120' },
      waveforms: { type: 'string', default: '0x0' },
      epoch: { type: 'string' },
      profile: { type: 'string' },
      ...ELSEWHERE,
      json: { type: 'boolean', default: false },
    },
  });
  const { assets, rate, seconds, waveforms, profile } = values;
  const bursts = burstsOf(waveforms);
  const points = pointsOf(bursts);
  const node = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const stand = await startBenchStand({
    ...{ node, epoch: values.epoch, elsewhere: await elsewhere(values) },
  });
  try {
    await stand.worker.start();
    const model = await placed(
      stand,
      'plant.yaml',
      plantFile(Number(assets), { assets: bursts.assets, points }),
    );
    const judged = points.length === 0 ? RULES_FILE : withVibrationRules(RULES_FILE);
    const rules = await placed(stand, 'rules.yaml', judged);
    await stand.run(['apply', model, rules]);
    const plant = { assets, rate, seconds, waveforms };
    const args = Object.entries(plant).flatMap(([name, value]) => [`--${name}`, value]);
    const facts = await measure(stand, args, {
      frames: Number(rate) / 20,
      progress: !values.json,
    });
    return report(facts, plant, values.json);
  } finally {
    await stand.stop();
  }
}

type Watch = { readonly frames: number; readonly progress: boolean };

/** Sets the publisher going, looks at all processes once a second until it ends, then waits until all has landed. */
async function measure(stand: BenchStand, args: readonly string[], watch: Watch): Promise<Facts> {
  const connection = await connectNats({ servers: stand.nats.url, name: 'bench' });
  const warehouse = stand.client();
  try {
    const manager = await jetstreamManager(connection);
    const last = async () => (await manager.streams.info(partitionStream(0))).state.last_seq;
    const lines: string[] = [];
    const publisher = await stand.bench(
      ['paced-publisher', '--url', stand.nats.url, ...args],
      (line) => void lines.push(line),
    );
    const uses = usesOf(stand, publisher);
    const before = uses();
    const take = sampler(stand, uses, last);
    const samples = await sampled(publisher, take, watch.progress);
    const end = await take();
    const published = await resultOf<Published>(publisher, lines);
    const caughtUp = await caughtUpAfter(stand, await last());
    const landed = await landedIn(warehouse);
    const { publisher: _, ...final } = uses();
    return {
      ...{ published, samples: [...samples, end], end, before, final, caughtUp, ...landed },
      framesPerEpoch: watch.frames * EPOCH_SECONDS,
      warnings: stand.worker.lines,
    };
  } finally {
    await warehouse.close();
    await connection.close();
  }
}

type Uses = Facts['before'];

/** What each process has taken so far. A warehouse that belongs to the worker is known once it runs. */
function usesOf(stand: BenchStand, publisher: Child): () => Uses {
  const engine = stand.engine()?.pid;
  return () => ({
    worker: useOf(stand.worker.pid() ?? 0),
    warehouse: useOf(engine ?? 0),
    nats: useOf(stand.nats.pid() ?? 0),
    publisher: useOf(publisher.pid),
  });
}

function sampler(
  stand: BenchStand,
  uses: () => Uses,
  last: () => Promise<number>,
): () => Promise<Sample> {
  const started = performance.now();
  return async () => {
    const stored = await last();
    const metrics = await workerMetrics(stand.worker.url);
    const number = (name: string) => metrics.values.get(`andon_${name}`) ?? 0;
    const landed = await landedTo(stand);
    return {
      second: (performance.now() - started) / 1_000,
      ...uses(),
      load: loadAverage(),
      toWrite: stored - number('sequence'),
      toLand: stored - landed,
      epochs: number('epochs_total'),
      checkpointBytes: number('checkpoint_bytes_total') / number('checkpoints_total'),
      checkpointSeconds: number('checkpoint_seconds_sum') / number('checkpoint_seconds_count'),
      epochBytes: number('epoch_bytes_total'),
      answerMilliseconds: metrics.milliseconds,
      loopSeconds: number('nodejs_eventloop_lag_max_seconds'),
      heap: number('nodejs_heap_size_used_bytes'),
      external: number('nodejs_external_memory_bytes'),
      readings: number('readings_total'),
      revisions: number('revisions_total'),
    };
  };
}

/** Samples once a second until the publisher has ended. */
async function sampled(
  publisher: Child,
  take: () => Promise<Sample>,
  progress: boolean,
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  let published = false;
  void publisher.exited.then(() => {
    published = true;
  });
  while (!published) {
    const sample = await take();
    samples.push(sample);
    if (progress) console.error(progressLine(sample));
    await Promise.race([pause(1_000), publisher.exited]);
  }
  return samples;
}

function progressLine({ second, worker, warehouse, toWrite, toLand, load }: Sample): string {
  const megabytes = (bytes = 0) => Math.round(bytes / 1e6);
  return (
    `${second.toFixed(0)} s: worker ${megabytes(worker?.resident)} MB, warehouse ` +
    `${megabytes(warehouse?.resident)} MB, ${toWrite} messages to write, ${toLand} to land, load ${load}`
  );
}

async function landedIn(
  warehouse: ClickHouseClient,
): Promise<Pick<Facts, 'landed' | 'described' | 'tables' | 'deadLetters'>> {
  const ask = async (query: string) => {
    const result = await warehouse.query({ query, format: 'JSONEachRow' });
    return result.json<Record<string, string>>();
  };
  const [counted] = await ask('SELECT count() AS readings FROM readings');
  const [features] = await ask(DESCRIBED);
  return {
    landed: Number(counted?.readings),
    described: Number(features?.waveforms),
    tables: await ask(TABLES),
    deadLetters: await ask(DEAD_LETTERS),
  };
}

/** What the worker says of itself at `/metrics`, and how long it took to say so: what its event loop was busy with. */
export type WorkerMetrics = {
  readonly values: ReadonlyMap<string, number>;
  readonly milliseconds: number;
};

/** Reads the metrics; a series with labels stands under its name with the values of all its labels added up. */
export async function workerMetrics(url: string): Promise<WorkerMetrics> {
  const started = performance.now();
  const text = await (await fetch(`${url}/metrics`)).text();
  const milliseconds = performance.now() - started;
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^(\w+)(?:\{[^}]*\})? (\S+)/.exec(line) ?? [];
    if (name !== undefined) values.set(name, (values.get(name) ?? 0) + Number(value));
  }
  return { values, milliseconds };
}
