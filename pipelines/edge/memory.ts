/** The memory of an edge: its own two streams, one that the centre sources and one that holds what waits for it. */

import { randomUUID } from 'node:crypto';
import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { installedStream, installedSubject } from '../../sinks/installation.ts';
import type { Problem } from '../base/problem.ts';
import { streamManager } from '../nats/jetstream.ts';
import { openJetstreamLog } from '../nats/log-reader.ts';
import { partitionedSubject } from '../nats/partition.ts';
import { createPublisher, type NumberedPublisher } from '../nats/publisher.ts';
import { spellDifferences } from '../nats/stream-differences.ts';
import {
  EDGE_LOG_PREFIX,
  EDGE_STREAM,
  ensureEdgeStreams,
  findStream,
  HELD_PREFIX,
  HELD_STREAM,
  partitionStream,
  UNKNOWN_STREAM,
} from '../nats/streams.ts';
import type { RecordEvent } from '../observe/observe.ts';
import type { EdgeConfig } from './edge-config.ts';
import type { EdgeMessage } from './edge-message.ts';
import { isKept } from './kept-message.ts';

/** What makes a message recognisable when its source sends it again. */
export type Receipt = {
  readonly id: string;
  /** The id holds for whoever brings the same message: it comes from the machine's own time. */
  readonly lasting: boolean;
};

/** Of a block: what makes each of its rows recognisable, in their order. */
export type BlockReceipt = { readonly ids: readonly string[]; readonly lasting: boolean };

/** `stays`: it does not leave the plant, so it goes into the log of the judge here alone. */
export type StoredMessage = EdgeMessage & { readonly stays?: true | undefined };

export interface EdgeMemory {
  /** Bytes of the largest payload that there is room for. */
  readonly largest: number;
  /**
   * Resolves with the number of the message as soon as there is room for it. Rejects with a `Problem`. Late: the source had
   * stored it, so it goes up as backfill, whether the centre is there or not, and no faster than what is held.
   */
  store(message: StoredMessage, receipt: Receipt | BlockReceipt, late?: 'late'): Promise<number>;
  /** The number of the newest message that was taken. */
  readonly taken: number;
  /** Every message up to this number is in a stream. */
  readonly stored: number;
  /** Called whenever `stored` has grown, or nothing can go on. */
  onStored(listener: () => void): void;
  readonly failure: Problem | undefined;
  /** Whether what has this id is here already. */
  has(subject: string, id: string): boolean;
  /** From now on messages are held, or go on to the centre. */
  setAway(away: boolean): void;
  readonly status: MemoryStatus;
  close(): void;
}

export type MemoryStatus = {
  readonly away: boolean;
  /** Taken up since the start. */
  readonly messages: number;
  readonly bytes: number;
};

/** The log of the judge of this edge. */
const JUDGE_LOG = installedStream(EDGE_LOG_PREFIX, partitionStream(0));

/** What has an id for good, and what only this edge can know again; each for a message, and for the rows of a block. */
const IDENTITY = 'Andon-Identity';
const IDENTITIES = 'Andon-Identities';
const RECEIPT = 'Andon-Receipt';
const RECEIPTS = 'Andon-Receipts';
/** Ends the ids of what stays: the same payload may become a message that goes up, too. */
export const STAYS = '/stays';
/** Ids that are kept: more than any broker sends again. */
const MOST_KEPT = 16_384;
/** Of them, so many are read from each stream at a start. What is in flight at a source is less. */
const READ_AGAIN = 4_000;
/** Bytes that are enough for what is said beside a payload: the ids of a block, and counts. The server's limit is of both. */
const HEADERS = 16_384;
/** The server may come back slowly: it reads days of data. */
const PATIENCE = 600_000;

export type MemoryOptions = {
  readonly connection: NatsConnection;
  readonly config: Pick<EdgeConfig, 'edge' | 'centre' | 'memory' | 'judge'>;
  readonly record: RecordEvent;
};

/** Opens the memory, and makes its streams where there are none. Begins as if the centre were away. */
export async function openMemory(options: MemoryOptions): Promise<EdgeMemory> {
  const { connection, config, record } = options;
  await ensureEdgeStreams(connection, {
    ...config.memory,
    onMended: (stream, differences) =>
      record({
        ...{ kind: 'stream-mended', stream },
        from: spellDifferences(differences, 'found'),
        to: spellDifferences(differences, 'expected'),
      }),
  });
  const manager = await streamManager(connection);
  const receipts = new Receipts();
  for (const stream of [EDGE_STREAM, HELD_STREAM, UNKNOWN_STREAM]) {
    await readReceipts(connection, manager, stream, receipts);
  }
  // Of what goes up the copies there say nothing: one may be there alone.
  if (config.judge !== undefined && (await findStream(connection, JUDGE_LOG)) !== undefined) {
    await readReceipts(connection, manager, JUDGE_LOG, receipts, (id) => id.endsWith(STAYS));
  }
  return new StreamMemory(options, receipts);
}

class StreamMemory implements EdgeMemory {
  readonly #connection: NatsConnection;
  readonly #receipts: Receipts;
  readonly #publisher: NumberedPublisher;
  readonly #listeners: (() => void)[] = [];
  readonly #producer: string;
  readonly #partitions: number;
  /** What is stored goes into the log of this edge's own judge, too. */
  readonly #judges: boolean;
  #away = true;
  #sequence = 0;

  constructor({ connection, config }: MemoryOptions, receipts: Receipts) {
    this.#connection = connection;
    this.#receipts = receipts;
    this.#partitions = config.centre.partitions;
    this.#judges = config.judge !== undefined;
    // Another start counts from 1 again: it is another producer.
    this.#producer = `${config.edge}/${randomUUID().slice(0, 8)}`;
    this.#publisher = createPublisher(connection, {
      run: randomUUID(),
      ...{ patience: PATIENCE, waitsForConnection: true },
      streams: [EDGE_STREAM, HELD_STREAM, UNKNOWN_STREAM, JUDGE_LOG],
      onChange: () => {
        for (const listener of this.#listeners) listener();
      },
    });
  }

  get largest(): number {
    // A connection that is closed for good takes nothing, whatever its size: `store` says so.
    return (this.#connection.info?.max_payload ?? Number.POSITIVE_INFINITY) - HEADERS;
  }

  get taken(): number {
    return this.#publisher.counts.published;
  }

  get stored(): number {
    return this.#publisher.settled;
  }

  get failure(): Problem | undefined {
    return this.#publisher.failure;
  }

  get status(): MemoryStatus {
    const { published, bytes } = this.#publisher.counts;
    return { away: this.#away, messages: published, bytes };
  }

  onStored(listener: () => void): void {
    this.#listeners.push(listener);
  }

  has(subject: string, id: string): boolean {
    return this.#receipts.has(keyOf(subject, id));
  }

  setAway(away: boolean): void {
    this.#away = away;
  }

  async store(
    { subject, payload, stays }: StoredMessage,
    receipt: Receipt | BlockReceipt,
    late?: 'late',
  ): Promise<number> {
    for (const id of idsOf(receipt)) this.#receipts.add(keyOf(subject, id));
    const known = receiptHeader(receipt);
    if (isKept({ subject })) return this.#publisher.publish({ subject, headers: known, payload });
    this.#sequence += 1;
    const place = partitionedSubject(subject, this.#partitions);
    // Decided once for each message: live data and backfill are two sources, and a repeat has to be on the same one.
    const held = this.#away || late !== undefined;
    const numbered = {
      'Andon-Producer': this.#producer,
      // Another message may be stored while this one waits for room.
      'Andon-Sequence': String(this.#sequence),
      ...known,
    };
    const marked = (backfill: boolean) =>
      backfill ? { ...numbered, 'Andon-Backfill': '1' } : numbered;
    if (this.#judges) {
      // To the judge here it is live data, whether the centre is there or not.
      const headers = marked(late !== undefined);
      const number = await this.#publisher.publish({
        ...{ subject: installedSubject(EDGE_LOG_PREFIX, subject), headers, payload },
      });
      if (stays !== undefined) return number;
    }
    if (stays !== undefined) throw new Error(`expected a judge for what stays of ${subject}`);
    return this.#publisher.publish({
      ...{ subject: `${held ? HELD_PREFIX : ''}${place}`, headers: marked(held), payload },
    });
  }

  close(): void {
    this.#publisher.close();
  }
}

/** Of a message, or of each row of a block. */
export function idsOf(receipt: Receipt | BlockReceipt): readonly string[] {
  return 'ids' in receipt ? receipt.ids : [receipt.id];
}

function receiptHeader(receipt: Receipt | BlockReceipt): Readonly<Record<string, string>> {
  const { lasting } = receipt;
  return 'ids' in receipt
    ? { [lasting ? IDENTITIES : RECEIPTS]: receipt.ids.join(' ') }
    : { [lasting ? IDENTITY : RECEIPT]: receipt.id };
}

/** The ids that a message of the log was stored with. */
function storedIds(headers: Readonly<Record<string, string>>): readonly string[] {
  const id = headers[IDENTITY] ?? headers[RECEIPT];
  return id === undefined ? (headers[IDENTITIES] ?? headers[RECEIPTS] ?? '').split(' ') : [id];
}

function keyOf(subject: string, id: string): string {
  return `${subject} ${id}`;
}

/** The newest keys: the oldest go first. A ring beside the map: the first key of a map that forgets them is slow to find. */
class Receipts {
  readonly #places = new Map<string, number>();
  readonly #ring: string[] = [];
  #next = 0;

  has(key: string): boolean {
    return this.#places.has(key);
  }

  add(key: string): void {
    const oldest = this.#ring[this.#next];
    // Unless it was added once more meanwhile.
    if (oldest !== undefined && this.#places.get(oldest) === this.#next)
      this.#places.delete(oldest);
    this.#ring[this.#next] = key;
    this.#places.set(key, this.#next);
    this.#next = (this.#next + 1) % MOST_KEPT;
  }
}

/** The subject of a message beneath those of the streams of an edge and its judge. */
const STORED_AS = new RegExp(`^(?:(?:held\\.)?andon\\.\\d+\\.|${EDGE_LOG_PREFIX}\\.)(.*)$`);
/** How long nothing may come of what is there, milliseconds. */
const SILENCE = 10_000;

/**
 * A start finds what the life before it has stored, and may not have acknowledged to its source. Rejects when the server
 * goes away meanwhile: without all of it a message could be stored twice.
 */
async function readReceipts(
  connection: NatsConnection,
  manager: JetStreamManager,
  stream: string,
  receipts: Receipts,
  counts: (id: string) => boolean = (id) => id !== '',
): Promise<void> {
  const { state } = await manager.streams.info(stream);
  if (state.messages === 0) return;
  const { signal } = new AbortController();
  let next = Math.max(state.first_seq, state.last_seq - READ_AGAIN + 1);
  const log = await openJetstreamLog({ connection, stream, after: next - 1, acceptLoss: true });
  try {
    while (next <= state.last_seq) {
      const { messages, gaps } = await log.pull(READ_AGAIN, SILENCE, signal);
      if (messages.length + gaps.length === 0) {
        const silence = `nothing came of ${stream} after ${next - 1}, expected ${state.last_seq}`;
        throw Object.assign(new Error(silence), { name: 'TimeoutError' });
      }
      for (const { subject, headers, sequence } of messages) {
        const [, plain = subject] = STORED_AS.exec(subject) ?? [];
        for (const id of storedIds(headers)) if (counts(id)) receipts.add(keyOf(plain, id));
        next = Math.max(next, sequence + 1);
      }
      for (const { to } of gaps) next = Math.max(next, to + 1);
    }
  } finally {
    await log.close();
  }
}
