import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { row } from '../operators/flow/flow.ts';
import type { Frame } from '../operators/model/decoded.ts';
import type { AssetKey } from '../operators/model/key.ts';
import type { Sequence } from '../operators/model/message.ts';
import { type EventTime, fromMilliseconds } from '../operators/model/time.ts';
import { createNotifier } from '../pipelines/base/notifier.ts';
import { deliverEpochs } from '../pipelines/worker/delivery/delivery.ts';
import { openEpochStore } from '../pipelines/worker/epochs/epoch-store.ts';
import { createBlocks } from '../sinks/clickhouse/blocks.ts';
import { createClickHouseSink } from '../sinks/clickhouse/clickhouse.ts';
import type { EpochContent, Sink } from '../sinks/sink.ts';
import { type BenchWarehouse, startWarehouse } from './analysts-warehouse.ts';
import { BEGIN } from './made-log.ts';
import { assetNames, PLANT, SIGNALS_PER_ASSET, valuesOf } from './paced-plant.ts';
import { loadAverage, useOf } from './process-use.ts';

const DATABASE = 'catching_up';
/** Seconds of a stream that is slow enough for an epoch to end by its time. */
const EPOCH = 2;
/** Delivered first and not measured: code and warehouse are cold. */
const WARM_UP = 5;

type Measured = {
  readonly way: 'one by one' | 'many at a time';
  readonly epochs: number;
  readonly inserts: number;
  /** CPU seconds of delivery and warehouse together, an epoch. */
  readonly cpu_per_epoch: number;
  readonly seconds: number;
  /** How many seconds of the stream landed in one. */
  readonly times_real_time: number;
};

/**
 * `npm run bench -- catching-up [--epochs 150] [--assets 10] [--json FILE]`: epochs of a slow stream that have waited for
 * the warehouse, delivered as a worker does; first each by itself, then many at a time. False when not every epoch and
 * reading of both is there once.
 */
export async function catchingUp(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      epochs: { type: 'string', default: '150' },
      assets: { type: 'string', default: '10' },
      json: { type: 'string' },
    },
  });
  const [epochs, assets] = [Number(values.epochs), Number(values.assets)];
  const warehouse = await startWarehouse(DATABASE);
  try {
    for (const way of ['one by one', 'many at a time'] as const) {
      await measure(warehouse, way, WARM_UP, assets, `${way}, first`);
    }
    const measured = [
      await measure(warehouse, 'one by one', epochs, assets),
      await measure(warehouse, 'many at a time', epochs, assets),
    ];
    for (const { way, inserts, cpu_per_epoch, seconds, times_real_time } of measured) {
      console.error(
        `${way.padEnd(14)} ${inserts} inserts of ${epochs} epochs, ${(cpu_per_epoch * 1_000).toFixed(1)} ms of CPU an epoch, ` +
          `${seconds.toFixed(1)} s: ${times_real_time.toFixed(0)} times real time`,
      );
    }
    const right = await isAllThere(warehouse, measured, epochs, assets);
    console.error(`every epoch and reading is there: ${right ? 'yes' : 'NO'}`);
    const report = { catching_up: measured, load: loadAverage() };
    if (values.json !== undefined) await writeFile(values.json, JSON.stringify(report, null, 2));
    return right;
  } finally {
    await warehouse.close();
  }
}

/** Both ways deliver the same: the readings of each are counted by themselves. */
async function isAllThere(
  { owner }: BenchWarehouse,
  measured: readonly Measured[],
  epochs: number,
  assets: number,
): Promise<boolean> {
  const counted = async (table: string, what: string) => {
    const query = `SELECT run, ${what} AS found FROM ${table} GROUP BY run`;
    const result = await owner.query({ query, format: 'JSONEachRow' });
    const rows = await result.json<{ run: string; found: string }>();
    return new Map(rows.map(({ run, found }) => [run, Number(found)]));
  };
  const landed = await counted('epochs', 'uniqExact(last_sequence)');
  const readings = await counted('readings', 'count()');
  const sent = epochs * EPOCH * assets * SIGNALS_PER_ASSET;
  return measured.every(({ way }) => landed.get(way) === epochs && readings.get(way) === sent);
}

async function measure(
  { owner, pid }: BenchWarehouse,
  way: Measured['way'],
  epochs: number,
  assets: number,
  run: string = way,
): Promise<Measured> {
  let inserts = 0;
  const landing = createClickHouseSink(owner, { database: DATABASE });
  const sink: Sink = {
    ...landing,
    takesBatches: way === 'many at a time',
    write(content, signal) {
      inserts += content.blocks.length;
      return landing.write(content, signal);
    },
  };
  const directory = await mkdtemp(join(tmpdir(), 'andon-bench-'));
  try {
    const store = await openEpochStore(directory, [sink.name], () => undefined);
    for (let epoch = 1; epoch <= epochs; epoch += 1) {
      await store.files.write(epochOf(epoch, run, assets));
    }
    const before = useOf(pid)?.cpu ?? 0;
    const own = process.cpuUsage();
    const begun = performance.now();
    const over = new AbortController();
    over.abort();
    await deliverEpochs({
      // Nobody else works here.
      commits: {
        reached: () => Number.POSITIVE_INFINITY,
        noteBatch: async () => true,
        ended: new AbortController().signal,
      },
      ...{ sink, store, notes: sink, createBlocks, notifier: createNotifier() },
      record: () => undefined,
      checkpointed: () => Number.POSITIVE_INFINITY,
      drain: over.signal,
      signal: new AbortController().signal,
    });
    const seconds = (performance.now() - begun) / 1_000;
    const { user, system } = process.cpuUsage(own);
    const cpu = (user + system) / 1e6 + (useOf(pid)?.cpu ?? 0) - before;
    const times_real_time = (epochs * EPOCH) / seconds;
    return { way, epochs, inserts, cpu_per_epoch: cpu / epochs, seconds, times_real_time };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Readings of each asset a second, and now and then something that is no message. */
function epochOf(epoch: number, run: string, assets: number): EpochContent {
  const blocks = createBlocks();
  const messages = assets * EPOCH;
  const from = (epoch - 1) * messages + 1;
  const to = epoch * messages;
  for (let sequence = from; sequence <= to; sequence += 1) {
    const frame = frameOf(sequence, assets);
    blocks.add(row('readings', frame), sequence as Sequence, appendedAt(sequence, assets));
  }
  const deadLetter = row('dead_letters', {
    ...{ reason: 'malformed', stage: 'decode', source: 's', detail: '' },
    ...{ count: 1, original: '' },
  });
  blocks.add(deadLetter, from as Sequence, appendedAt(from, assets));
  const about = { pipeline: 'bench', created: '2026-01-05T00:00:00Z', epoch, from, to };
  const appended = {
    first_appended: appendedAt(from, assets),
    last_appended: appendedAt(to, assets),
  };
  blocks.addEpoch({ ...about, messages, ...appended });
  const stream = 'BENCH';
  const rows = blocks.finish(stream, run);
  return { ...about, stream, run, blocks: rows, revisions: [], commands: [] };
}

function appendedAt(sequence: number, assets: number): EventTime {
  return fromMilliseconds(BEGIN + Math.floor((sequence * 1_000) / assets));
}

function frameOf(sequence: number, assets: number): Frame {
  const names = assetNames(assets);
  const { line, asset } = names[sequence % assets] ?? { line: '', asset: '' };
  const appended = appendedAt(sequence, assets);
  const sent = Object.entries(
    valuesOf(sequence % assets, sequence / assets, Number.POSITIVE_INFINITY),
  );
  const origin = { subject: '', sequence: sequence as Sequence, appended };
  return {
    ...{ kind: 'frame', origin, asset: `${PLANT}/${line}/${asset}` as AssetKey },
    times: Float64Array.of(appended),
    signals: sent.map(([signal]) => signal),
    values: Float64Array.from(sent, ([, value]) => value),
    texts: [],
  };
}
