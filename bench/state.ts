import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { plant } from '../pipelines/plant.ts';
import { createPipelineEngine } from '../pipelines/worker/epochs/engine.ts';
import { createEpochCollector } from '../pipelines/worker/epochs/epoch-collector.ts';
import { NO_STATES, type PackedStates } from '../pipelines/worker/epochs/state-image.ts';
import { createBlocks } from '../sinks/clickhouse/blocks.ts';
import { createMadeLog } from './made-log.ts';
import { SIGNALS_PER_ASSET, valuesOf } from './paced-plant.ts';
import { loadAverage } from './process-use.ts';

/** A key is a signal of a machine: it has windows, and a detector judges it. */
const RULES = `
windows: [{ id: minute, kind: tumbling, size: 1m }]
detectors: [{ id: high, kind: limit, signal: '*', window: minute, above: 80 }]
`;

type Measured = {
  readonly keys: number;
  readonly bytes: number;
  readonly bytes_per_key: number;
  /** The longest of the checkpoints: how long no message was taken in. */
  readonly pause_ms: number;
  readonly median_ms: number;
  /** The longest in CPU time of the process: on a busy machine the rest of a pause is waiting for a core. */
  readonly pause_cpu_ms: number;
  /** The longest of the slices in which the rest is copied, between two batches. */
  readonly slice_ms: number;
};

const PAUSE = 50;
const CHECKPOINTS = 8;
/** The worker copies for so many milliseconds after each batch of so many messages. */
const SLICE = 5;
const BATCH = 1_000;

/** How long a checkpoint stops the pipeline, with so many keys that all changed since the last one. */
export async function benchState(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      keys: { type: 'string', default: '1000,10000,100000' },
      json: { type: 'string' },
    },
  });
  const state = values.keys.split(',').map((keys) => measure(Number(keys)));
  for (const { keys, bytes, pause_ms, median_ms, pause_cpu_ms } of state) {
    console.error(
      `${keys} keys: ${(bytes / 1e6).toFixed(1)} MB, pause at most ${pause_ms.toFixed(1)} ms, median ${median_ms.toFixed(1)} ms, CPU at most ${pause_cpu_ms.toFixed(1)} ms`,
    );
  }
  const report = JSON.stringify({ state, load: loadAverage() });
  console.log(report);
  if (values.json !== undefined) writeFileSync(values.json, report);
  return state.every(({ pause_ms }) => pause_ms < PAUSE);
}

function timed<T>(work: () => T, into: number[]): T {
  const begun = performance.now();
  const result = work();
  into.push(performance.now() - begun);
  return result;
}

function sizeOf(states: PackedStates): number {
  return states.parts.reduce((sum, { length }) => sum + length, 0);
}

function measure(keys: number): Measured {
  const log = createMadeLog();
  const collector = createEpochCollector(createBlocks());
  const engine = createPipelineEngine(plant, NO_STATES, collector);
  const run = { pipeline: 'bench', run: '1', stream: 'bench', created: 'now' };
  const assets = Math.ceil(keys / SIGNALS_PER_ASSET);
  for (const message of log.begin(assets, RULES)) engine.push(message);
  collector.finish(run, { epoch: 0, from: 0, to: 0 });
  const pauses: number[] = [];
  const cpu: number[] = [];
  const slices: number[] = [];
  let bytes = 0;
  for (let epoch = 1; epoch <= CHECKPOINTS; epoch += 1) {
    let states: PackedStates | undefined;
    for (let asset = 0; asset < assets; asset += 1) {
      engine.push(log.frame(asset, epoch * 10_000, valuesOf(asset, epoch, CHECKPOINTS)));
      // All keys change while the last checkpoint is still being copied.
      if (epoch > 1 && asset % BATCH === 0) states ??= timed(() => engine.copied(SLICE), slices);
    }
    if (epoch > 1) bytes = sizeOf(states ?? engine.taken());
    const used = process.cpuUsage();
    timed(() => engine.cut(epoch, true), pauses);
    const { user, system } = process.cpuUsage(used);
    cpu.push((user + system) / 1_000);
    collector.finish(run, { epoch, from: 0, to: 0 });
  }
  // The first compiles the code and finds the size of its buffer.
  const known = pauses.slice(2).toSorted((a, b) => a - b);
  return {
    keys,
    bytes,
    bytes_per_key: bytes / keys,
    pause_ms: known.at(-1) ?? 0,
    pause_cpu_ms: Math.max(0, ...cpu.slice(2)),
    median_ms: known[Math.floor(known.length / 2)] ?? 0,
    slice_ms: Math.max(0, ...slices),
  };
}
