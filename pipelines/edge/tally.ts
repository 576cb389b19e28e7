/** What came in, what went up and what did not, of one source: counted at once, told once in a second. */

import type { RecordEvent } from '../observe/observe.ts';
import type { EdgeReason } from './mapping.ts';

export type TallyStatus = {
  readonly in_messages: number;
  readonly in_bytes: number;
  readonly up_messages: number;
  readonly up_bytes: number;
  /** Bytes that go up for each that came in. */
  readonly ratio: number | null;
  /** By reason: values, or messages where not even these could be read. */
  readonly refused: Readonly<Partial<Record<EdgeReason, number>>>;
};

export interface Tally {
  took(bytes: number): void;
  sent(bytes: number): void;
  /** `count`: so many values at once. */
  refuse(reason: EdgeReason, detail: string, count?: number): void;
  readonly status: TallyStatus;
  /** Tells what was counted since the last time. */
  flush(): void;
}

/** As it was meant, so nobody has to be told. */
const QUIET: ReadonlySet<EdgeReason> = new Set(['reduced', 'not-up', 'repeat', 'retained']);
/** How often the same reason is said again: milliseconds. */
const AGAIN = 60_000;
const LONGEST_DETAIL = 200;

export function createTally(source: string, record: RecordEvent): Tally {
  return new SourceTally(source, record);
}

class SourceTally implements Tally {
  readonly #source: string;
  readonly #record: RecordEvent;
  #fresh = { in_messages: 0, in_bytes: 0, up_messages: 0, up_bytes: 0 };
  readonly #total = { in_messages: 0, in_bytes: 0, up_messages: 0, up_bytes: 0 };
  readonly #refused = new Map<EdgeReason, number>();
  readonly #news = new Map<EdgeReason, { count: number; detail: string }>();
  readonly #told = new Map<EdgeReason, number>();

  constructor(source: string, record: RecordEvent) {
    this.#source = source;
    this.#record = record;
  }

  took(bytes: number): void {
    this.#fresh.in_messages += 1;
    this.#fresh.in_bytes += bytes;
    this.#total.in_messages += 1;
    this.#total.in_bytes += bytes;
  }

  sent(bytes: number): void {
    this.#fresh.up_messages += 1;
    this.#fresh.up_bytes += bytes;
    this.#total.up_messages += 1;
    this.#total.up_bytes += bytes;
  }

  refuse(reason: EdgeReason, detail: string, count = 1): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + count);
    const news = this.#news.get(reason);
    if (news === undefined) {
      this.#news.set(reason, { count, detail: detail.slice(0, LONGEST_DETAIL) });
    } else news.count += count;
  }

  get status(): TallyStatus {
    const { in_bytes, up_bytes } = this.#total;
    return {
      ...this.#total,
      ratio: in_bytes === 0 ? null : Math.round((up_bytes / in_bytes) * 1_000) / 1_000,
      refused: Object.fromEntries(this.#refused),
    };
  }

  flush(): void {
    const source = this.#source;
    if (this.#fresh.in_messages > 0 || this.#fresh.up_messages > 0) {
      this.#record({ kind: 'edge-traffic', source, ...this.#fresh });
      this.#fresh = { in_messages: 0, in_bytes: 0, up_messages: 0, up_bytes: 0 };
    }
    const now = performance.now();
    for (const [reason, { count, detail }] of this.#news) {
      const told = QUIET.has(reason) || now - (this.#told.get(reason) ?? -AGAIN) < AGAIN;
      if (!told) this.#told.set(reason, now);
      this.#record({ kind: 'edge-refused', source, reason, count, detail, told });
    }
    this.#news.clear();
  }
}
