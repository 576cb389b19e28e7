import { writeFile } from 'node:fs/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Command } from 'commander';
import {
  type Duration,
  type EventTime,
  fromMilliseconds,
  HOUR,
  plus,
} from '../../operators/model/time.ts';
import { configOf, type Departures } from '../base/config.ts';
import { EXIT, Problem, wrongInput } from '../base/problem.ts';
import { BEGIN, simulatedPlant } from '../demo/plant/plant.ts';
import { truthFile } from '../demo/truth.ts';
import type { PublishCounts } from '../nats/publisher.ts';
import { findStream, isReplay, logStream } from '../nats/streams.ts';
import { publishMessages } from '../recordings/publish-recordings.ts';
import type { Recorded } from '../recordings/recorded.ts';
import { applyChanges } from '../rules/apply-changes.ts';
import { changesOf } from '../rules/changes.ts';
import { readPlantFile, readRulesFile } from '../rules/rules.ts';
import { noteApplied } from './audited.ts';
import { showProgress, speedOf } from './publishing.ts';
import { withNats } from './with-nats.ts';

type SimulateOptions = Departures & {
  readonly seed: string;
  readonly speed: string;
  readonly hours?: string;
  readonly replay?: boolean;
  readonly apply?: boolean;
  readonly truth?: string;
  readonly json?: boolean;
};

/** Adds `andon simulate`: a simulated plant, into the log. */
export function registerSimulate(command: Command): void {
  command
    .option('--seed <number>', 'another one is another plant; the same gives the same bytes', '1')
    .option('--speed <factor>', 'times faster than the clock, or max; needs a replay', '1')
    .option('--hours <count>', 'ends after so many simulated hours; without it Ctrl-C does')
    .option('--replay', 'with simulated append times; makes the streams, marked as a replay')
    .option('--apply', 'publishes its plant model and rules first')
    .option('--truth <file>', 'writes every planted fault and nuisance there (JSON)')
    .option('--partitions <count>', 'of the log (ANDON_PARTITIONS, else 1)')
    .option('--nats <url>', 'instead of NATS_URL')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--json', 'the result as JSON')
    .action(simulate);
}

/** Publishes a simulated plant until it is told to stop or its time is over, then reports what was planted. */
async function simulate(options: SimulateOptions): Promise<void> {
  const seed = seedOf(options.seed);
  const speed = speedOf(options.speed);
  const hours = hoursOf(options.hours);
  const config = configOf(options);
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  const progress = showProgress();
  const started = performance.now();
  try {
    const done = await withNats(config, 'andon simulate', async (connection) => {
      const { partitions } = config;
      const mode = await modeOf(connection, partitions, options.replay === true, speed);
      const began = mode === 'live' ? fromMilliseconds(Date.now()) : BEGIN;
      const plant = simulatedPlant({ seed, begin: began });
      const plants = await readPlantFile(plant.modelFile);
      if (options.apply === true) {
        const changes = changesOf(plants, await readRulesFile(plant.rulesFile));
        const replayAt = mode === 'live' ? {} : { replayAt: began };
        if (mode === 'live') await noteApplied(config, connection, changes);
        await applyChanges({ connection, changes, partitions, ...replayAt });
      }
      const end = hours === undefined ? undefined : plus(began, (hours * HOUR) as Duration);
      const course = bounded(plant.messages(), end);
      const counts = await publishMessages({
        ...{ connection, partitions, mode, speed, began, messages: course.messages() },
        ...{ signal: stop.signal, onProgress: progress.show },
      });
      return { counts, truth: plant.truth(course.until()) };
    });
    progress.clear();
    if (options.truth !== undefined) await writeFile(options.truth, truthFile(done.truth));
    report(done, { seconds: performance.now() - started, stopped: stop.signal.aborted, options });
  } finally {
    progress.clear();
  }
}

/** `until`: everything appended before it was published. */
function bounded(messages: Iterable<Recorded>, end: EventTime | undefined) {
  let reached: EventTime | undefined;
  return {
    *messages(): Generator<Recorded> {
      for (const message of messages) {
        reached = message.appended;
        if (end !== undefined && reached >= end) {
          reached = end;
          return;
        }
        yield message;
      }
    },
    until: () => reached ?? BEGIN,
  };
}

/** A live log gets the plant as if it ran now; a replay may run at any speed. */
async function modeOf(
  connection: NatsConnection,
  partitions: number,
  replay: boolean,
  speed: number,
): Promise<'replay' | 'existing' | 'live'> {
  if (replay) return 'replay';
  const stream = logStream(connection, 0);
  const existing = await findStream(connection, stream);
  if (existing !== undefined && isReplay(existing)) return 'existing';
  if (speed === 1) return 'live';
  throw new Problem({
    where: `stream ${stream}`,
    expected: `one marked as a replay for a speed of ${speed}${partitions > 1 ? ' (as all partitions)' : ''}`,
    found: existing === undefined ? 'none' : 'a live one',
    remedy:
      'With --replay it is made, on a server without that stream; without --speed the plant runs as if now.',
    exit: EXIT.outside,
  });
}

type Done = {
  readonly counts: PublishCounts;
  readonly truth: ReturnType<ReturnType<typeof simulatedPlant>['truth']>;
};

function report(
  { counts, truth }: Done,
  about: { readonly seconds: number; readonly stopped: boolean; readonly options: SimulateOptions },
): void {
  const { options, stopped } = about;
  const seconds = Math.round(about.seconds) / 1_000;
  const faults = truth.faults.length;
  const nuisances = truth.nuisances.length;
  const hours = Math.round((10 * (truth.ends - truth.begins)) / HOUR) / 10;
  if (options.json === true) {
    const { readings } = truth;
    const planted = { faults, growing: truth.growing.length, nuisances };
    console.log(JSON.stringify({ ...counts, readings, hours, ...planted, seconds, stopped }));
    return;
  }
  const place = options.truth === undefined ? '' : ` They stand in ${options.truth}.`;
  console.log(
    `${hours} h of a plant are in the log (${counts.acknowledged} messages), after ${seconds} s: ` +
      `${faults} faults that can be seen, ${truth.growing.length} that grow, ${nuisances} nuisances.${place}`,
  );
}

function seedOf(text: string): number {
  const seed = Number(text);
  if (Number.isSafeInteger(seed)) return seed;
  throw wrongInput('--seed', 'a whole number', text);
}

function hoursOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const hours = Number(text);
  if (hours > 0 && Number.isFinite(hours)) return hours;
  throw wrongInput('--hours', 'a number above 0', text);
}
