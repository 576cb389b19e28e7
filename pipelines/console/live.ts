/** Follows what is announced, and hands it on to pages as server-sent events that go on where they broke off. */

import { setTimeout as pause } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import { LIVE_STREAM } from '../../sinks/live.ts';
import { apiSubject, streamIn, subjectIn, subjectOutOf } from '../nats/jetstream.ts';
import { findStream } from '../nats/streams.ts';
import { isWithinReach, type LineReach } from './access/visitor.ts';

/** One message of the stream, as far as pages need it. */
export type LiveChange = {
  /** Its sequence in the stream. */
  readonly id: number;
  readonly table: string;
  /** The partition that it came from. */
  readonly stream: string;
  /** What the rows are about, each once. */
  readonly keys: readonly LiveKey[];
  /** Of `epochs`: which messages of the log have landed. */
  readonly landed: { readonly from: number; readonly to: number } | null;
};

type LiveKey = { readonly plant: string; readonly line?: string; readonly asset?: string };

/** Everything before it may have changed: read anew. */
export type LiveReset = { readonly id: number; readonly reason: string };

export interface LiveChanges {
  /** Calls back with each change, from now on. Call the returned function to stop. */
  follow(listener: (change: LiveChange) => void): () => void;
  /** What came after a sequence; undefined when some of it is gone. */
  since(id: number): readonly LiveChange[] | undefined;
  /** The latest sequence. */
  readonly latest: number;
  /** Resolves when everything that was in the stream at the start has been read, or after a while. */
  readonly caughtUp: Promise<void>;
  close(): Promise<void>;
}

/** Milliseconds between two looks at a stream that had nothing new, and after a failure. */
const LOOK_EVERY = 200;
const AFTER_FAILURE = 1_000;
/** Changes that are kept for pages that come back. */
const KEPT = 5_000;
/** At a start so many messages of the stream are read again, for pages that knew them from the process before. */
const READ_AGAIN = 2_000;
/** Milliseconds that a page which comes back waits for that: then it reads everything anew. */
const PATIENCE = 5_000;

/**
 * Reads the stream message by message: who may only read makes no consumers. `onChange` hears each change once, before
 * any page does.
 */
export function followLive(
  connection: NatsConnection,
  onChange: (change: LiveChange) => void,
): LiveChanges {
  const over = new AbortController();
  const listeners = new Set<(change: LiveChange) => void>();
  const memory = createMemory();
  let reachedEnd: () => void = () => undefined;
  const caughtUp = Promise.race([
    new Promise<void>((resolve) => {
      reachedEnd = resolve;
    }),
    pause(PATIENCE, undefined, { signal: over.signal, ref: false }).catch(() => undefined),
  ]);

  function take(change: LiveChange): void {
    memory.keep(change);
    onChange(change);
    for (const listener of listeners) listener(change);
  }

  async function run(): Promise<void> {
    let known = false;
    while (!over.signal.aborted) {
      try {
        known ||= await begin(connection, memory);
        const change = known ? await nextChange(connection, memory.latest + 1) : undefined;
        if (change !== undefined) take(change);
        else {
          if (known) reachedEnd();
          // A stream that was made anew has nothing behind the sequence that is waited for.
          known = false;
          await pause(LOOK_EVERY, undefined, { signal: over.signal });
        }
      } catch {
        known = false;
        await pause(AFTER_FAILURE, undefined, { signal: over.signal }).catch(() => undefined);
      }
    }
  }

  const running = run();
  return {
    follow(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    since: memory.since,
    get latest() {
      return Math.max(0, memory.latest);
    },
    caughtUp,
    async close() {
      over.abort();
      await running;
    },
  };
}

/** The latest changes, in the order of the stream. */
function createMemory() {
  const kept: LiveChange[] = [];
  let latest = -1;
  /** Changes up to this sequence are not kept. */
  let from = 0;
  return {
    get latest() {
      return latest;
    },
    keep(change: LiveChange): void {
      latest = change.id;
      kept.push(change);
      if (kept.length > KEPT) from = kept.shift()?.id ?? from;
    },
    /** Forgets all, and goes on behind a sequence. */
    beginBehind(sequence: number): void {
      kept.length = 0;
      latest = sequence;
      from = sequence;
    },
    since: (id: number) =>
      id < from || id > latest ? undefined : kept.filter((change) => change.id > id),
  };
}

/** Where to go on in the stream; false when there is none yet. */
async function begin(
  connection: NatsConnection,
  memory: ReturnType<typeof createMemory>,
): Promise<boolean> {
  const info = await findStream(connection, streamIn(connection, LIVE_STREAM));
  if (info === undefined) return false;
  const { first_seq: first, last_seq: last } = info.state;
  const { latest } = memory;
  // Made anew under the same name, its sequences begin again; trimmed too far, some are gone.
  if (latest >= 0 && last >= latest && first <= latest + 1) return true;
  memory.beginBehind(Math.max(0, first - 1, last - READ_AGAIN));
  return true;
}

const answerSchema = z.object({
  message: z
    .object({ subject: z.string(), seq: z.number(), data: z.string().default('') })
    .optional(),
});

/** The first message at or behind a sequence; undefined when there is none yet. */
async function nextChange(
  connection: NatsConnection,
  seq: number,
): Promise<LiveChange | undefined> {
  const subject = apiSubject(connection, `STREAM.MSG.GET.${streamIn(connection, LIVE_STREAM)}`);
  const asked = JSON.stringify({ seq, next_by_subj: subjectIn(connection, 'live.>') });
  const answer = await connection.request(subject, asked, { timeout: 2_000 });
  const { message } = answerSchema.parse(answer.json());
  if (message === undefined) return undefined;
  const plain = subjectOutOf(connection, message.subject);
  return changeOf(message.seq, plain, Buffer.from(message.data, 'base64').toString());
}

const rowSchema = z.object({
  plant: z.string().optional(),
  line: z.string().optional(),
  asset: z.string().optional(),
  first_sequence: z.number().optional(),
  last_sequence: z.number().optional(),
});

/** What a message of the stream says. */
export function changeOf(id: number, subject: string, lines: string): LiveChange {
  const [, stream = '', table = ''] = subject.split('.');
  const keys = new Map<string, LiveKey>();
  const landed: { from: number; to: number }[] = [];
  for (const line of lines.split('\n')) {
    const parsed = line === '' ? undefined : rowSchema.safeParse(JSON.parse(line));
    if (parsed?.success !== true) continue;
    const { plant, line: of, asset, first_sequence: first, last_sequence: last } = parsed.data;
    if (first !== undefined && last !== undefined && table === 'epochs') {
      landed.push({ from: first, to: last });
    }
    if (plant === undefined) continue;
    const key = { plant, ...(of && { line: of }), ...(asset && { asset }) };
    keys.set(`${plant}/${of ?? ''}/${asset ?? ''}`, key);
  }
  const range =
    landed.length === 0
      ? null
      : {
          from: Math.min(...landed.map(({ from }) => from)),
          to: Math.max(...landed.map(({ to }) => to)),
        };
  return { id, table, stream, keys: [...keys.values()], landed: range };
}

/** The change as somebody may see it; undefined when it is none of theirs. That something landed everybody may know. */
export function withinSight(change: LiveChange, reach: LineReach): LiveChange | undefined {
  if (change.table === 'epochs' || change.table === 'dead_letters') return change;
  const keys = change.keys.filter(({ plant, line }) =>
    line === undefined
      ? reach.everywhere || reach.plants.has(plant)
      : isWithinReach(reach, plant, line),
  );
  return keys.length === 0 ? undefined : { ...change, keys };
}
