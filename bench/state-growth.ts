import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { FORMATS, seal } from '../pipelines/base/sealed.ts';
import { plant } from '../pipelines/plant.ts';
import { createPipelineEngine, type PipelineEngine } from '../pipelines/worker/epochs/engine.ts';
import { createEpochCollector } from '../pipelines/worker/epochs/epoch-collector.ts';
import { NO_STATES, type PackedStates } from '../pipelines/worker/epochs/state-image.ts';
import { createBlocks } from '../sinks/clickhouse/blocks.ts';
import { createMadeLog } from './made-log.ts';
import { RULES_FILE, valuesOf } from './paced-plant.ts';
import { loadAverage } from './process-use.ts';

/** As a worker does it: an epoch in 2 s, a checkpoint with every fifth. */
const EPOCH_SECONDS = 2;
const CHECKPOINT_SECONDS = 10;
/** The worker copies for so many milliseconds after each batch. */
const SLICE = 5;
/** How much more a checkpoint may be at the end than after five minutes. */
const MOST_GROWTH = 1.5;
const FIRST_LOOK = 300;

type Checkpoint = {
  readonly second: number;
  readonly whole: boolean;
  readonly bytes: number;
  /** Of all states there are. */
  readonly state: number;
  /** CPU milliseconds to copy and to seal it. */
  readonly cpu: number;
  /** How long the barrier stopped the pipeline. */
  readonly pause: number;
};

/** Of a base and the increments up to the next base. */
type Cycle = {
  readonly second: number;
  readonly state_bytes: number;
  readonly checkpoints: number;
  readonly mean_bytes: number;
  readonly base_bytes: number;
  readonly mean_increment_bytes: number;
  readonly base_cpu_ms: number;
  readonly mean_increment_cpu_ms: number;
  readonly longest_pause_ms: number;
};

/**
 * The plant of `paced`, whose windows stay for `correction`, in stream time: what its checkpoints take after five minutes
 * and at the end. A base stands for a checkpoint that has everything, as all had before there were increments.
 */
export async function benchStateGrowth(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '30' },
      assets: { type: 'string', default: '250' },
      json: { type: 'string' },
    },
  });
  const seconds = 60 * Number(values.minutes);
  const checkpoints = work(Number(values.assets), seconds);
  const cycles = cyclesOf(checkpoints);
  const first = lastBefore(cycles, FIRST_LOOK);
  const last = lastBefore(cycles, seconds);
  const growth = last.mean_bytes / first.mean_bytes;
  for (const cycle of [first, last]) console.error(sentence(cycle));
  console.error(
    `the state grew to ${(last.state_bytes / first.state_bytes).toFixed(1)} times, a checkpoint to ${growth.toFixed(2)} times`,
  );
  const report = JSON.stringify({ growth, first, last, cycles, load: loadAverage() });
  console.log(report);
  if (values.json !== undefined) writeFileSync(values.json, report);
  return growth <= MOST_GROWTH;
}

function work(assets: number, seconds: number): Checkpoint[] {
  const log = createMadeLog();
  const collector = createEpochCollector(createBlocks());
  const engine = createPipelineEngine(plant, NO_STATES, collector);
  const run = { pipeline: 'bench', run: '1', stream: 'bench', created: 'now' };
  for (const message of log.begin(assets, RULES_FILE)) engine.push(message);
  const checkpoints: Checkpoint[] = [];
  for (let second = 1; second <= seconds; second += 1) {
    for (let asset = 0; asset < assets; asset += 1) {
      const milliseconds = second * 1_000 + Math.floor((asset / assets) * 1_000);
      engine.push(log.frame(asset, milliseconds, valuesOf(asset, second, FIRST_LOOK)));
    }
    if (second % EPOCH_SECONDS > 0) continue;
    const epoch = second / EPOCH_SECONDS;
    if (second % CHECKPOINT_SECONDS === 0) checkpoints.push(checkpointed(engine, epoch, second));
    else engine.cut(epoch, false);
    collector.finish(run, { epoch, from: 0, to: 0 });
  }
  return checkpoints;
}

function checkpointed(engine: PipelineEngine, epoch: number, second: number): Checkpoint {
  const used = process.cpuUsage();
  const begun = performance.now();
  engine.cut(epoch, true);
  const pause = performance.now() - begun;
  let states: PackedStates | undefined;
  while (states === undefined) states = engine.copied(SLICE);
  const { bytes } = seal(FORMATS.checkpoint, { head: { epoch }, blobs: states.parts });
  const { user, system } = process.cpuUsage(used);
  const state = [...engine.sizes.values()].reduce((sum, size) => sum + size, 0);
  return { second, whole: states.whole, bytes, state, cpu: (user + system) / 1_000, pause };
}

/** Those that are complete. */
function cyclesOf(checkpoints: readonly Checkpoint[]): Cycle[] {
  const bases = checkpoints.flatMap(({ whole }, at) => (whole ? [at] : []));
  return bases.slice(1).map((end, index) => {
    const [base, ...increments] = checkpoints.slice(bases[index], end);
    const all = checkpoints.slice(bases[index], end);
    return {
      second: checkpoints[end]?.second ?? 0,
      state_bytes: all.at(-1)?.state ?? 0,
      checkpoints: all.length,
      mean_bytes: mean(all.map(({ bytes }) => bytes)),
      base_bytes: base?.bytes ?? 0,
      mean_increment_bytes: mean(increments.map(({ bytes }) => bytes)),
      base_cpu_ms: base?.cpu ?? 0,
      mean_increment_cpu_ms: mean(increments.map(({ cpu }) => cpu)),
      longest_pause_ms: Math.max(...all.map(({ pause }) => pause)),
    };
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function lastBefore(cycles: readonly Cycle[], second: number): Cycle {
  const found = cycles.findLast((cycle) => cycle.second <= second);
  if (found === undefined)
    throw new Error(`expected a base and increments before second ${second}`);
  return found;
}

function sentence(cycle: Cycle): string {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  return (
    `until second ${cycle.second}: state ${megabytes(cycle.state_bytes)}; ` +
    `a checkpoint ${megabytes(cycle.mean_bytes)} in the mean of ${cycle.checkpoints}, ` +
    `the base ${megabytes(cycle.base_bytes)} and ${cycle.base_cpu_ms.toFixed(0)} ms of CPU, ` +
    `an increment ${megabytes(cycle.mean_increment_bytes)} and ${cycle.mean_increment_cpu_ms.toFixed(0)} ms; ` +
    `pause at most ${cycle.longest_pause_ms.toFixed(1)} ms`
  );
}
