import { JetStreamApiCodes, JetStreamApiError, type StreamInfo } from '@nats-io/jetstream';
import { Empty, errors, MsgHdrsImpl, type NatsConnection } from '@nats-io/transport-node';
import { TICK_SUBJECT } from '../../operators/model/message.ts';
import { messageOf } from '../base/problem.ts';
import { streamClient, streamManager, subjectIn, subjectOutOf } from './jetstream.ts';
import { type SingleMessage, singleMessage } from './stored-message.ts';
import { partitionPrefix } from './streams.ts';

/** Kinds of messages that a run needs from before its beginning. */
const KINDS = ['model', 'rules'] as const;
/** Between two looks at how full the stream is, and two looks at every model and rule at the latest: milliseconds. */
const LOOK_EVERY = 10_000;
const REPUBLISH_EVERY = 3_600_000;
const REPUBLISH_FULL_EVERY = 60_000;

/**
 * Upkeep of a live stream by the worker that owns it: ticks while nothing else is appended, and plant models and rules
 * published again before the stream's retention trims them. Call the returned function to stop.
 */
export function startUpkeep(
  connection: NatsConnection,
  { config: { name: stream } }: StreamInfo,
  partition: number,
  told: (subject: string, reason?: string) => void,
): () => void {
  const stopTicks = startTicks({
    connection,
    stream,
    prefix: subjectIn(connection, partitionPrefix(partition)),
  });
  const isDue = createRepublishPlan();
  const look = async () => {
    const manager = await streamManager(connection);
    const info = await manager.streams.info(stream);
    if (!isDue(info)) return;
    for (const subject of await republishOld({ connection, stream, onFailed: told })) told(subject);
  };
  const check = async () => {
    try {
      await look();
    } catch (error) {
      // Away: the next look is soon enough.
      if (!isAway(error) && !connection.isClosed()) told('every model and rule', messageOf(error));
    }
  };
  void check();
  const timer = setInterval(() => void check(), LOOK_EVERY);
  timer.unref();
  return () => {
    clearInterval(timer);
    stopTicks();
  };
}

/**
 * When models and rules are looked at: at first and every hour; where bytes trim the stream, also every minute, and
 * whenever it has taken an eighth of what it holds.
 */
function createRepublishPlan() {
  let at = Number.NEGATIVE_INFINITY;
  let sequence = 0;
  return (info: StreamInfo): boolean => {
    const { messages, last_seq } = info.state;
    const trims = isHalfFull(info);
    const moved = trims && last_seq - sequence > messages / 8;
    const now = performance.now();
    if (!moved && now - at < (trims ? REPUBLISH_FULL_EVERY : REPUBLISH_EVERY)) return false;
    at = now;
    sequence = last_seq;
    return true;
  };
}

/** Whether what is in the older half of the stream may soon be trimmed because of its bytes. */
function isHalfFull({ config, state }: Pick<StreamInfo, 'config' | 'state'>): boolean {
  return config.max_bytes > 0 && state.bytes > config.max_bytes / 2;
}

type TicksOptions = {
  readonly connection: NatsConnection;
  readonly stream: string;
  /** What stands before every subject of the partition, `andon.<n>.`. */
  readonly prefix: string;
  /** A stream without a message for so many milliseconds gets a tick. Default 1,000. */
  readonly silence?: number;
};

/**
 * Keeps the append time of a silent stream going: publishes an empty tick whenever it had no message for the silence.
 * For the one worker that owns the stream, and never for a replay. While the server is away there are no ticks, and
 * none are made up for later: that stretch is blind time. Call the returned function to stop.
 */
export function startTicks(options: TicksOptions): () => void {
  const { connection, stream, prefix, silence = 1_000 } = options;
  let last = -1;
  let since = performance.now();
  let asking = false;
  let stopped = false;

  async function check(): Promise<void> {
    const manager = await streamManager(connection, { timeout: silence });
    const { state } = await manager.streams.info(stream);
    if (stopped || connection.isClosed()) return;
    const now = performance.now();
    if (state.last_seq !== last) {
      last = state.last_seq;
      since = now;
    } else if (now - since >= silence) {
      since = now;
      connection.publish(`${prefix}${TICK_SUBJECT}`, Empty);
    }
  }

  const timer = setInterval(() => {
    if (asking || connection.isClosed()) return;
    asking = true;
    // Only silence can be the answer to a server that is away: the log itself reports the interruption.
    check()
      .catch(() => undefined)
      .finally(() => {
        asking = false;
      });
  }, silence / 4);
  timer.unref();
  return () => {
    stopped = true;
    clearInterval(timer);
  };
}

type RepublishOptions = {
  readonly connection: NatsConnection;
  readonly stream: string;
  /** This one could not be published again: the others are all the same. */
  readonly onFailed: (subject: string, reason: string) => void;
  /** Epoch milliseconds. Default: the clock. */
  readonly now?: () => number;
};

/**
 * Puts plant models and rules into the log again before the stream trims them, byte for byte, so that a new run of
 * what the stream still holds knows its plants. Only those are published again that are older than half of the stream's
 * age, or stand in the older half of a stream that is half full; the same content again changes nothing. Gives their
 * subjects. Rejects when the server is away.
 */
export async function republishOld(options: RepublishOptions): Promise<readonly string[]> {
  const { connection, stream, onFailed, now = Date.now } = options;
  const manager = await streamManager(connection);
  const info = await manager.streams.info(stream);
  const { first_seq, first_ts, last_seq } = info.state;
  const maxAge = info.config.max_age / 1_000_000;
  // Trimmed by its bytes, the stream holds what came since its first message. By number or by time, whichever is first.
  const halfFull = isHalfFull(info);
  const middle = halfFull ? (first_seq + last_seq) / 2 : 0;
  const halfTime = halfFull ? (now() + Date.parse(first_ts)) / 2 : 0;
  const oldest = Math.max(halfTime, maxAge > 0 ? now() - maxAge / 2 : 0);
  const republished: string[] = [];
  for (const subject of await subjectsOf(connection, stream)) {
    try {
      const last = await singleMessage(connection, stream, { last_by_subj: subject });
      if (last === undefined) continue;
      if (last.time.getTime() > oldest && last.sequence > middle) continue;
      await publishAgain(connection, subject, last);
      republished.push(subject);
    } catch (error) {
      if (isAway(error)) throw error;
      if (!wasOvertaken(error)) onFailed(subject, messageOf(error));
    }
  }
  return republished;
}

async function publishAgain(
  connection: NatsConnection,
  subject: string,
  { headers, data, sequence }: SingleMessage,
): Promise<void> {
  const each = Object.entries(headers).map(([name, value]) => [name, [value]]);
  await streamClient(connection).publish(subject, data, {
    // Not name by name: the client refuses some that are in the stream.
    headers: MsgHdrsImpl.fromRecord(Object.fromEntries(each)),
    // What somebody published meanwhile must stay the last one.
    expect: { lastSubjectSequence: sequence },
  });
}

function isAway(error: unknown): boolean {
  return (
    error instanceof errors.TimeoutError ||
    error instanceof errors.RequestError ||
    error instanceof errors.ClosedConnectionError ||
    error instanceof errors.DrainingConnectionError
  );
}

function wasOvertaken(error: unknown): boolean {
  return (
    error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamWrongLastSequence
  );
}

async function subjectsOf(connection: NatsConnection, stream: string): Promise<readonly string[]> {
  const manager = await streamManager(connection);
  const subjects: string[] = [];
  const { config } = await manager.streams.info(stream);
  const taken = config.subjects.map((subject) => subjectOutOf(connection, subject));
  const prefixes = taken.some((subject) => subject.startsWith('model.')) ? [''] : [];
  const partition = taken.find((subject) => /^andon\.\d+\.>$/.test(subject));
  for (const prefix of [...prefixes, partition?.slice(0, -1)]) {
    if (prefix === undefined) continue;
    for (const kind of KINDS) {
      const subjects_filter = subjectIn(connection, `${prefix}${kind}.>`);
      const info = await manager.streams.info(stream, { subjects_filter });
      subjects.push(...Object.keys(info.state.subjects ?? {}));
    }
  }
  return subjects.sort();
}
