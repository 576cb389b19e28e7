/** What each source of an edge is given, and what it gives back, whatever its kind. */

import type { RecordEvent } from '../observe/observe.ts';
import type { EdgeConfig } from './edge-config.ts';
import { type EdgeMessage, type MappedMessage, packRows, type Telemetry } from './edge-message.ts';
import { isKept, keptMessage } from './kept-message.ts';
import { createMapper, type Mapper } from './mapping.ts';
import { type BlockReceipt, type EdgeMemory, type Receipt, STAYS } from './memory.ts';
import type { Tally } from './tally.ts';

/** What a source may use of its edge. */
export type SourceContext = {
  readonly config: EdgeConfig;
  readonly memory: EdgeMemory;
  /** Counts what this source brings. */
  readonly tally: Tally;
  readonly record: RecordEvent;
  /** What cannot go on. What a source can get over by itself is none of it. */
  readonly onFailure: (error: unknown) => void;
  /**
   * Hears what the source reads, in place of the log: then it takes nothing from whoever runs it for good, and leaves
   * nothing behind.
   */
  readonly listener?: Listener | undefined;
};

/** What a source says of a tag beside its values. */
export type TagFacts = {
  readonly type?: string | undefined;
  readonly unit?: string | undefined;
  readonly low?: number | undefined;
  readonly high?: number | undefined;
  readonly description?: string | undefined;
};

/** Is told of every reading as a mapper is, and makes no messages of it. */
export interface Listener extends Mapper {
  describe(machine: string, tag: string, facts: TagFacts): void;
}

/** What readings become: messages, unless somebody only listens. */
export function mapperOf({
  config,
  tally,
  listener,
}: Pick<SourceContext, 'config' | 'tally' | 'listener'>): Mapper {
  return (
    listener ?? createMapper(config, (reason, detail) => tally.refuse(reason, detail), keptMessage)
  );
}

export interface OpenSource {
  /** To be called whenever more is stored. */
  acknowledge(): void;
  /** What it knows of what it reads, for `andon edge status`; bounded. */
  readonly details?: object;
  close(): Promise<void>;
}

/** A message on its way into the memory. */
export type Sent = (EdgeMessage | Telemetry) & {
  readonly receipt: Receipt | BlockReceipt;
  /** It does not leave the plant. */
  readonly stays?: true | undefined;
};

/** The same payload has the same id, and each message that it became one of its own. */
export function withReceipts(
  messages: readonly MappedMessage[],
  { id, lasting }: Receipt,
): readonly Sent[] {
  return messages.map((message) => {
    const { subject, portion, part, stays } = message;
    const place = `${portion === undefined ? '' : `/${portion}`}${part === undefined ? '' : `.${part}`}`;
    const receipt = { id: `${id}${place}${stays === undefined ? '' : STAYS}`, lasting };
    return 'rows' in message
      ? { subject, rows: message.rows, receipt, stays }
      : { subject, payload: message.payload, receipt, stays };
  });
}

/** What may be acknowledged once so many messages are stored, in the order in which it came. */
export class Unsettled<T> {
  #waiting: { readonly number: number; readonly item: T }[] = [];

  /** `number`: everything up to it has to be stored before. */
  add(number: number, item: T): void {
    this.#waiting.push({ number, item });
  }

  /** What is settled now, and is not waited for any more. */
  settle(stored: number): readonly T[] {
    const later = this.#waiting.findIndex(({ number }) => number > stored);
    const settled = this.#waiting.splice(0, later < 0 ? this.#waiting.length : later);
    return settled.map(({ item }) => item);
  }

  /** Nobody waits for it any more. */
  forget(): void {
    this.#waiting = [];
  }
}

export type StoredFrom = {
  /** Where it came from, for people. */
  readonly origin: string;
  /** The source says itself that it may have sent them before. */
  readonly again?: boolean;
  readonly late?: 'late' | undefined;
};

/** Stores what is not there yet, and counts it; resolves with the number up to which all has to be stored. */
export async function storeAll(
  messages: Iterable<Sent>,
  { memory, tally }: Pick<SourceContext, 'memory' | 'tally'>,
  { origin, again = false, late }: StoredFrom,
): Promise<number> {
  for (const sent of messages) {
    const { subject, receipt } = sent;
    // A source that says no times cannot be told from one that repeats itself, unless it says so.
    if ('id' in receipt && (receipt.lasting || again) && memory.has(subject, receipt.id)) {
      if (!isKept(sent)) tally.refuse('repeat', origin);
    } else await store(sent, { memory, tally }, late);
  }
  return memory.taken;
}

async function store(
  sent: Sent,
  { memory, tally }: Pick<SourceContext, 'memory' | 'tally'>,
  late: 'late' | undefined,
): Promise<void> {
  const { subject, receipt } = sent;
  const payload = 'rows' in sent ? packRows(sent.rows) : sent.payload;
  const { length } = payload;
  if (length <= memory.largest) {
    // What is kept, or stays, does not go up.
    if (!isKept(sent) && sent.stays === undefined) tally.sent(length);
    await memory.store({ subject, payload, stays: sent.stays }, receipt, late);
  } else if ('rows' in sent && 'ids' in receipt && receipt.ids.length > 1) {
    // Each of its rows was a message of its own.
    for (const half of halvesOf(sent, receipt)) await store(half, { memory, tally }, late);
  } else {
    tally.refuse('too-large', `${subject}: ${length} bytes, over ${memory.largest}`);
  }
}

function halvesOf(
  { subject, rows, stays }: Telemetry & Pick<Sent, 'stays'>,
  { ids, lasting }: BlockReceipt,
): readonly Sent[] {
  const middle = Math.ceil(rows.length / 2);
  const bounds = [0, middle, rows.length];
  return [0, 1].map((half) => ({
    ...{ subject, stays },
    rows: rows.slice(bounds[half], bounds[half + 1]),
    receipt: { ids: ids.slice(bounds[half], bounds[half + 1]), lasting },
  }));
}
