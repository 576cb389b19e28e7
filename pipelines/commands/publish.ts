import type { Command } from 'commander';
import { parseDuration } from '../../operators/model/duration.ts';
import type { Duration } from '../../operators/model/time.ts';
import { configOf, type Departures } from '../config.ts';
import { changesOf } from '../ingest/changes.ts';
import type { PublishCounts } from '../ingest/publish.ts';
import { publishRecordings } from '../ingest/publish-recordings.ts';
import { type RecordingDescription, readDescription } from '../ingest/recording-description.ts';
import { readPlantFile, readRulesFile } from '../rules-file.ts';
import { showProgress } from './show-progress.ts';
import { speedOf } from './speed-of.ts';
import { withNats } from './with-nats.ts';
import { wrongInput } from './wrong-input.ts';

type Options = Departures & {
  readonly speed: string;
  readonly subject?: string;
  readonly replay?: boolean;
  readonly live?: boolean;
  readonly model?: string;
  readonly rules?: string;
  readonly base?: string;
  readonly settle?: string;
  readonly json?: boolean;
};

/** Adds `andon publish`: recordings, at a chosen speed, into the log. */
export function registerPublish(program: Command): void {
  program
    .command('publish')
    .description('publish recordings into the log')
    .argument('<files...>', 'descriptions (.yaml) or messages (.ndjson)')
    .option('--speed <factor>', 'times faster than recorded, or max', 'max')
    .option('--replay', 'with their own append times; makes the streams, marked as a replay')
    .option('--live', 'as if it happened now: times are moved, speed is 1 unless said')
    .option('--model <file>', 'plant.yaml, published first')
    .option('--rules <file>', 'rules.yaml, published first')
    .option('--subject <subject>', 'instead of the one in the description')
    .option('--base <folder>', 'where the files of the descriptions lie')
    .option('--settle <duration>', 'how long the ticks go on after the last message')
    .option('--partitions <count>', 'of the log (ANDON_PARTITIONS, else 1)')
    .option('--nats <url>', 'instead of NATS_URL')
    .option('--config <file>', 'configuration (YAML); the environment overlays it')
    .option('--json', 'the result as JSON')
    .action(async (files: readonly string[], options: Options, command: Command) => {
      const speedSaid = command.getOptionValueSource('speed') !== 'default';
      await publish(files, options, speedSaid);
    });
}

async function publish(
  files: readonly string[],
  options: Options,
  speedSaid: boolean,
): Promise<void> {
  const recordings = await Promise.all(
    files.map(async (file) => renamed(await readDescription(file, options.base), options.subject)),
  );
  const rules = options.rules === undefined ? undefined : await readRulesFile(options.rules);
  const plants = options.model === undefined ? [] : await readPlantFile(options.model);
  const settle = settleOf(options.settle);
  const speed = speedOf(options.live === true && !speedSaid ? '1' : options.speed);
  const config = configOf(options);
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  const progress = showProgress();
  const began = performance.now();
  try {
    const counts = await withNats(config, 'andon publish', (connection) =>
      publishRecordings({
        connection,
        recordings,
        changes: changesOf(plants, rules),
        partitions: config.partitions,
        mode: options.live === true ? 'live' : options.replay === true ? 'replay' : 'existing',
        speed,
        signal: stop.signal,
        onProgress: progress.show,
        ...(settle === undefined ? {} : { settle }),
      }),
    );
    progress.clear();
    report(counts, performance.now() - began, options.json === true, stop.signal.aborted);
  } finally {
    progress.clear();
  }
}

function renamed(
  description: RecordingDescription,
  subject: string | undefined,
): RecordingDescription {
  if (subject === undefined || description.kind === 'ndjson') return description;
  return { ...description, subject };
}

function settleOf(text: string | undefined): Duration | undefined {
  if (text === undefined) return undefined;
  const duration = parseDuration(text);
  if (duration !== undefined) return duration;
  throw wrongInput('--settle', 'a duration such as 60s', text);
}

function report(counts: PublishCounts, took: number, json: boolean, stopped: boolean): void {
  const seconds = Math.round(took) / 1_000;
  if (json) {
    console.log(JSON.stringify({ ...counts, seconds, stopped }));
    return;
  }
  const { acknowledged, bytes, duplicates, repeated } = counts;
  const end = stopped ? ' Stopped before the end.' : '';
  console.log(
    `${acknowledged} messages (${(bytes / 1_048_576).toFixed(1)} MiB) are in the log, after ${seconds} s; ` +
      `${repeated} were sent again, ${duplicates} were there already.${end}`,
  );
}
