import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import { Empty, type NatsConnection } from '@nats-io/transport-node';
import { TICK_SUBJECT } from '../../operators/model/message.ts';
import { streamClient, streamManager } from './jetstream.ts';
import { partitionPrefix } from './streams.ts';

/** Kinds of messages that a run needs from before its beginning. */
const KINDS = ['model', 'rules'] as const;
/** Between two checks for what is old: milliseconds. */
const REPUBLISH_EVERY = 3_600_000;

/**
 * Upkeep of a live stream by the worker that owns it: ticks while nothing else is appended, and plant models and rules
 * published again before the stream's retention trims them. Call the returned function to stop.
 */
export function startUpkeep(
  connection: NatsConnection,
  { config: { name: stream, max_age } }: StreamInfo,
  partition: number,
  onRepublished: (subject: string) => void,
): () => void {
  const stopTicks = startTicks({ connection, stream, prefix: partitionPrefix(partition) });
  const check = () =>
    republishOld({ connection, stream, maxAge: max_age / 1_000_000 }).then(
      (subjects) => {
        for (const subject of subjects) onRepublished(subject);
      },
      // Away, or somebody was quicker: the next check is soon enough.
      () => undefined,
    );
  const timer = setInterval(check, REPUBLISH_EVERY);
  timer.unref();
  return () => {
    clearInterval(timer);
    stopTicks();
  };
}

type TicksOptions = {
  readonly connection: NatsConnection;
  readonly stream: string;
  /** The partition's own part of the subject, `andon.<n>.`. */
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
  /** Milliseconds after which the stream trims a message. */
  readonly maxAge: number;
  /** Epoch milliseconds. Default: the clock. */
  readonly now?: () => number;
};

/**
 * Puts plant models and rules into the log again before the stream trims them, byte for byte, so that a new run of
 * what the stream still holds knows its plants. Only those older than half of the stream's age are published again;
 * the same content again changes nothing. Gives their subjects.
 */
export async function republishOld(options: RepublishOptions): Promise<readonly string[]> {
  const { connection, stream, maxAge, now = Date.now } = options;
  if (maxAge <= 0) return [];
  const manager = await streamManager(connection);
  const client = streamClient(connection);
  const republished: string[] = [];
  for (const subject of await subjectsOf(manager, stream)) {
    const last = await manager.streams.getMessage(stream, { last_by_subj: subject });
    if (last === null || now() - last.time.getTime() < maxAge / 2) continue;
    await client.publish(subject, last.data, {
      headers: last.header,
      // What somebody published meanwhile must stay the last one.
      expect: { lastSubjectSequence: last.seq },
    });
    republished.push(subject);
  }
  return republished;
}

async function subjectsOf(manager: JetStreamManager, stream: string): Promise<readonly string[]> {
  const subjects: string[] = [];
  const { config } = await manager.streams.info(stream);
  const prefixes = config.subjects.some((subject) => subject.startsWith('model.')) ? [''] : [];
  const partition = config.subjects.find((subject) => /^andon\.\d+\.>$/.test(subject));
  for (const prefix of [...prefixes, partition?.slice(0, -1)]) {
    if (prefix === undefined) continue;
    for (const kind of KINDS) {
      const info = await manager.streams.info(stream, { subjects_filter: `${prefix}${kind}.>` });
      subjects.push(...Object.keys(info.state.subjects ?? {}));
    }
  }
  return subjects.sort();
}
