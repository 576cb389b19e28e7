import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Command } from 'commander';
import { type Duration, parseDuration } from '../../operators/model/time.ts';
import { bytes, configOf, type Departures } from '../base/config.ts';
import { wrongInput } from '../base/problem.ts';
import type { ConnectOptions } from '../nats/nats.ts';
import type { PublishCounts } from '../nats/publisher.ts';
import { openSpool, type Spool } from '../nats/spool.ts';
import { NOTHING, publishRecordings } from '../recordings/publish-recordings.ts';
import { type RecordingDescription, readDescription } from '../recordings/recording-description.ts';
import { changesOf } from '../rules/changes.ts';
import { readPlantFile, readRulesFile } from '../rules/rules.ts';
import { noteApplied } from './audited.ts';
import { showProgress, speedOf } from './publishing.ts';
import { withNats } from './with-nats.ts';

type SpoolOptions = { readonly spool?: string; readonly spoolLimit: string };

type Options = Departures &
  SpoolOptions & {
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
export function registerPublish(command: Command): void {
  command
    .argument('<files...>', 'descriptions (.yaml) or messages (.ndjson)')
    .option('--speed <factor>', 'times faster than recorded, or max', 'max')
    .option('--replay', 'with their own append times; makes the streams, marked as a replay')
    .option('--live', 'as if it happened now, at speed 1 unless said: times go with the clock')
    .option('--model <file>', 'plant.yaml, published first')
    .option('--rules <file>', 'rules.yaml, published first')
    .option('--subject <subject>', 'instead of the one in the description')
    .option('--base <folder>', 'where the files of the descriptions lie')
    .option('--settle <duration>', 'how long the ticks go on after the last message')
    .option(
      '--spool <folder>',
      'keep what is not in the log yet there, through outages and restarts',
    )
    .option('--spool-limit <bytes>', 'most of it; when it is full nothing more is read', '256MB')
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
  const speed = speedIn(options, speedSaid);
  const config = configOf(options);
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  const progress = showProgress();
  const began = performance.now();
  const changes = changesOf(plants, rules);
  const mode = options.live === true ? 'live' : options.replay === true ? 'replay' : 'existing';
  const { partitions } = config;
  // What is live has times that the speed decides.
  const about = {
    ...{ plants, rules, mode, partitions, settle, prefix: config.nats.prefix },
    ...(mode === 'live' ? { speed } : {}),
  };
  const spool = await spoolOf(options, recordings, about);
  const { onStatus, onFull } = reportOutages(options.spoolLimit);
  try {
    const work = async (connection: NatsConnection) => {
      if (mode === 'live' && changes.length > 0) await noteApplied(config, connection, changes);
      return publishRecordings({
        ...{ connection, recordings, changes, partitions, mode, speed },
        ...{ signal: stop.signal, onProgress: progress.show, onFull },
        ...(settle === undefined ? {} : { settle }),
        ...(spool === undefined ? {} : { spool }),
      });
    };
    const patient = { patience: 'wait', signal: stop.signal, onStatus } as const;
    const counts = await withNats(config, 'andon publish', work, spool && patient).catch(
      (error: unknown) => {
        // Told to stop before NATS answered for the first time.
        if (stop.signal.aborted && error === stop.signal.reason) return NOTHING;
        throw error;
      },
    );
    progress.clear();
    const waiting = spool === undefined ? 0 : spool.taken - spool.delivered;
    const stopped = stop.signal.aborted;
    if (!stopped) await spool?.remove();
    const took = performance.now() - began;
    report(counts, { took, json: options.json === true, stopped, waiting });
  } finally {
    progress.clear();
    await spool?.close();
  }
}

/** What is live goes at speed 1 unless another one was said. */
function speedIn({ live, speed: text }: Options, speedSaid: boolean): number {
  const speed = speedOf(live === true && !speedSaid ? '1' : text);
  if (live !== true || Number.isFinite(speed)) return speed;
  const remedy = 'Event times go with the clock; --replay goes as fast as the log takes it.';
  throw wrongInput('--speed', 'a number beside --live', text, remedy);
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

type End = {
  readonly took: number;
  readonly json: boolean;
  readonly stopped: boolean;
  /** Messages that are left in the spool. */
  readonly waiting: number;
};

function report(counts: PublishCounts, { took, json, stopped, waiting }: End): void {
  const seconds = Math.round(took) / 1_000;
  if (json) {
    console.log(JSON.stringify({ ...counts, waiting, seconds, stopped }));
    return;
  }
  const { acknowledged, bytes, duplicates, repeated } = counts;
  const left = waiting === 0 ? '' : ` ${waiting} wait in the spool.`;
  const end = stopped ? ` Stopped before the end.${left}` : '';
  console.log(
    `${acknowledged} messages (${(bytes / 1_048_576).toFixed(1)} MiB) are in the log, after ${seconds} s; ` +
      `${repeated} were sent again, ${duplicates} were there already.${end}`,
  );
}

/** The spool of a publication, if one is asked for. `about`: everything else that its messages hang on. */
async function spoolOf(
  { spool, spoolLimit }: SpoolOptions,
  recordings: readonly RecordingDescription[],
  about: unknown,
): Promise<Spool | undefined> {
  const limit = bytes.safeParse(spoolLimit);
  if (!limit.success) {
    throw wrongInput('--spool-limit', 'a number of bytes such as 64MB or 2GB', spoolLimit);
  }
  if (spool === undefined) return undefined;
  const files = recordings.map(({ file }) => statSync(file, { throwIfNoEntry: false })?.size);
  const publication = createHash('sha256')
    .update(JSON.stringify([recordings, files, about]))
    .digest('hex');
  return openSpool({ directory: spool, limit: limit.data, publication });
}

/** Reports on standard error when NATS goes away and comes back, and when the spool is full. */
function reportOutages(limit: string) {
  let away = false;
  const announce = (now: boolean, message: string) => {
    if (away !== now) console.error(message);
    away = now;
  };
  const onStatus: NonNullable<ConnectOptions['onStatus']> = ({ type }) => {
    if (type === 'absent') announce(true, 'NATS does not answer. It is waited for.');
    if (type === 'disconnect') announce(true, 'NATS is away. Messages go into the spool.');
    if (type === 'reconnect') announce(false, 'NATS is back.');
  };
  const onFull = (full: boolean) => {
    console.error(
      full
        ? `The spool is full (${limit}). Nothing more is read until NATS has taken what is in it; nothing is dropped.`
        : 'The spool has room again.',
    );
  };
  return { onStatus, onFull };
}
