import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { StreamInfo } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { TICK_SUBJECT } from '../../operators/model/message.ts';
import {
  type Duration,
  type EventTime,
  fromMilliseconds,
  toIso,
} from '../../operators/model/time.ts';
import { EXIT, Problem } from '../base/problem.ts';
import type { PlantChange } from '../nats/partition.ts';
import { partitionOf, partitionsOf } from '../nats/partition.ts';
import {
  createPublisher,
  type LogPublisher,
  type Outgoing,
  type PublishCounts,
} from '../nats/publisher.ts';
import type { Spool } from '../nats/spool.ts';
import { createSpooledPublisher } from '../nats/spooled-publisher.ts';
import { appendTimeAt } from '../nats/stored-message.ts';
import {
  ensurePartition,
  findStream,
  isNotPermitted,
  isReplay,
  logStream,
  partitionPrefix,
} from '../nats/streams.ts';
import { type MoveTime, type Recorded, toReplayMessage } from './recorded.ts';
import type { RecordingDescription } from './recording-description.ts';
import { firstAppended, wholeLog } from './recordings.ts';

type PublishOptions = {
  readonly connection: NatsConnection;
  readonly changes?: readonly PlantChange[];
  readonly partitions: number;
  /**
   * - `replay`: recorded append times, into streams marked so, which are made where there are none.
   * - `existing`: the same, but the streams must be there.
   * - `live`: as if it happened now, and so many times faster; event times go with the clock, the worker ticks.
   */
  readonly mode: 'replay' | 'existing' | 'live';
  /** Times faster than recorded. Infinity: as fast as the log takes it. */
  readonly speed: number;
  readonly signal: AbortSignal;
  /** Keeps what is not in the log yet, through outages and restarts. The same messages must come in each life. */
  readonly spool?: Spool;
  /** Called when the spool has no room, and when it has some again. */
  readonly onFull?: (full: boolean) => void;
  readonly onProgress?: (counts: PublishCounts, at: EventTime) => void;
};

export type PublishRecordingsOptions = PublishOptions & {
  readonly recordings: readonly RecordingDescription[];
  readonly settle?: Duration;
};

/**
 * Publishes recordings into the log, in the order of their append times. Ends early, with everything sent so far
 * acknowledged, when `signal` fires. Rejects with a `Problem` when the streams are not fit for it; nothing is
 * published then.
 */
export async function publishRecordings(options: PublishRecordingsOptions): Promise<PublishCounts> {
  const { recordings, mode } = options;
  const began = await firstAppended(recordings);
  if (began === undefined) return { ...NOTHING };
  const live = mode === 'live';
  const now = options.spool?.began ?? Date.now();
  if (!live) return publishMessages({ ...options, messages: wholeLog(options), began });
  const present = fromMilliseconds(now);
  const move = pressedTogether(began, present, options.speed);
  const messages = wholeLog({ ...options, move, boot: String(now), ticks: false });
  return publishMessages({ ...options, messages, began: present, speed: 1 });
}

/**
 * Times so that the recording begins now and lasts as long as its publication does: at ten times the speed an hour of
 * it is six minutes of event time. So no event is ahead of the clock, which would be called wrong.
 */
function pressedTogether(began: EventTime, present: EventTime, speed: number): MoveTime {
  return (time) => (present + Math.round((time - began) / speed)) as EventTime;
}

export type PublishMessagesOptions = PublishOptions & {
  /** In the order of their append times; `changes` only say here where those among them go. */
  readonly messages: Iterable<Recorded> | AsyncIterable<Recorded>;
  /** The append time that goes with the present. */
  readonly began: EventTime;
};

/** The same for messages from anywhere. They may be without an end: then `signal` ends it. */
export async function publishMessages(options: PublishMessagesOptions): Promise<PublishCounts> {
  const { messages, changes = [], partitions, mode, signal, spool } = options;
  const taken = spool?.taken ?? 0;
  const live = mode === 'live';
  await checkStreams(options).catch((error: unknown) => {
    if (!live || !isNotPermitted(error)) throw error;
  });
  const destinations = destinationsOf(changes, partitions);
  const publisher = publisherOf(options);
  const due = paceOf(options);
  let number = 0;
  try {
    for await (const message of messages) {
      const to = destinations(message.subject);
      const before = number;
      number += to.length;
      if (number <= taken) continue;
      await until(due(message.appended), signal);
      if (signal.aborted) break;
      // Of a message for several partitions some may have been taken in an earlier life.
      for (const partition of to.slice(Math.max(0, taken - before))) {
        await publisher.publish(
          live ? livePrefixed(message, partition) : toReplayMessage(message, partition),
        );
      }
      options.onProgress?.(publisher.counts, message.appended);
    }
    return await publisher.flush();
  } finally {
    publisher.close();
  }
}

function publisherOf(options: PublishMessagesOptions): LogPublisher {
  const { connection, spool, signal, onFull } = options;
  if (spool === undefined) {
    return createPublisher(connection, { run: randomUUID() });
  }
  const full = onFull === undefined ? {} : { onFull };
  return createSpooledPublisher({ connection, spool, signal, ...full });
}

/** When each message is due, by `performance.now`. What is live goes on by the clock after a restart, a replay from where it stood. */
function paceOf(options: PublishMessagesOptions): (appended: EventTime) => number {
  const { began, mode, speed, spool } = options;
  const resumed = spool !== undefined && spool.taken > 0;
  const missed = mode === 'live' ? Date.now() - (spool?.began ?? Date.now()) : 0;
  const start = performance.now() - missed;
  let from = resumed && mode !== 'live' ? undefined : began;
  return (appended) => {
    from ??= appended;
    return start + (appended - from) / 1_000 / speed;
  };
}

export const NOTHING: PublishCounts = {
  published: 0,
  acknowledged: 0,
  duplicates: 0,
  repeated: 0,
  bytes: 0,
  last: 0,
};

function livePrefixed({ subject, headers, payload }: Recorded, partition: number): Outgoing {
  return { subject: `${partitionPrefix(partition)}${subject}`, headers, payload };
}

/** Ticks go everywhere, changes to where their plant has lines, everything else to its line. */
function destinationsOf(
  changes: readonly PlantChange[],
  partitions: number,
): (subject: string) => readonly number[] {
  const everywhere = Array.from({ length: partitions }, (_, index) => index);
  const lines = new Map(changes.map(({ plant, lines: own }) => [plant, own]));
  return (subject) => {
    if (subject === TICK_SUBJECT) return everywhere;
    const [kind, plant = '', line = ''] = subject.split('.');
    const isChange = kind === 'model' || kind === 'rules';
    if (!isChange) return [partitionOf(plant, line, partitions)];
    const own = lines.get(plant);
    return own === undefined ? everywhere : partitionsOf(plant, own, partitions);
  };
}

async function until(due: number, signal: AbortSignal): Promise<void> {
  const wait = due - performance.now();
  if (wait > 1) await delay(wait, undefined, { signal }).catch(() => undefined);
}

async function checkStreams(options: PublishMessagesOptions): Promise<void> {
  const { connection, partitions, mode, began, spool } = options;
  for (let partition = 0; partition < partitions; partition += 1) {
    const name = logStream(connection, partition);
    const existing = await findStream(connection, name);
    if (existing === undefined && mode === 'existing') {
      throw unfit(name, 'a stream marked as a replay', 'none', REPLAY_OR_LIVE);
    }
    const info = await ensurePartition(connection, {
      partition,
      partitions,
      replay: mode !== 'live',
      anyLimits: true,
    });
    if (mode === 'live' && isReplay(info)) {
      throw unfit(name, 'a live stream', 'one marked as a replay', 'Leave --live out.');
    }
    if (mode !== 'live' && !isReplay(info)) {
      throw unfit(name, 'a stream marked as a replay', 'a live one', LIVE_OR_AWAY);
    }
    const resumed = spool !== undefined && spool.taken > 0;
    if (mode !== 'live' && !resumed) await checkOrder(connection, info, began);
  }
}

const REPLAY_OR_LIVE =
  'With --replay it is made; with --live the recording is published as if it happened now.';
const LIVE_OR_AWAY =
  'Publish with --live, or use a server (or account) without that stream: a live stream cannot become a replay.';

/** Append times must not go back: a stream that is further already cannot take this recording. */
async function checkOrder(
  connection: NatsConnection,
  { config: { name }, state }: StreamInfo,
  began: EventTime,
): Promise<void> {
  const asked = { stream: name, first: state.first_seq, sequence: state.last_seq };
  const reached = await appendTimeAt(connection, asked);
  if (reached <= began) return;
  throw unfit(
    name,
    `a replay that has not passed ${toIso(began)}, where the recording begins`,
    `that it is at ${toIso(reached)} already`,
    'Publish recordings in the order of their time, or into an empty stream.',
  );
}

function unfit(name: string, expected: string, found: string, remedy: string): Problem {
  return new Problem({ where: `stream ${name}`, expected, found, remedy, exit: EXIT.outside });
}
