import type { Key } from './key.ts';
import type { Brand, EventTime } from './time.ts';

/** Position in the partition's stream: dense, from 1. */
export type Sequence = Brand<number, 'Sequence'>;

/** One message of the log, as it was stored. `subject` is as plants see it, without the partition's prefix. */
export type Message = {
  readonly sequence: Sequence;
  readonly appended: EventTime;
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Uint8Array;
};

/** Where a value came from: the lineage that every row and decision can be traced back to. */
export type Origin = {
  readonly subject: string;
  readonly sequence: Sequence;
  readonly appended: EventTime;
  /** Stored values that were sent later (`Andon-Backfill`): another source than the subject's live data. */
  readonly backfill?: true;
  /** What makes the same message recognisable when it is sent again. */
  readonly identity?: Identity;
};

/**
 * `producer` and `mark`: who published the message and its own count, or '' and the hash of the bytes. `name`: the hash of
 * its `Andon-Identity`, which is the same from whatever producer. `names`: the hash of the one of each sample of a block.
 */
export type Identity = {
  readonly producer: string;
  readonly mark: number;
  readonly name?: number;
  readonly names?: Float64Array;
};

/** No subject has a blank: this is the key of no other source. */
const BACKFILL = ' backfill';

/** What has a clock and a memory of its own: a subject, its live data and its backfill apart. */
export function sourceOf({ subject, backfill }: Origin): Key {
  return (backfill === true ? `${subject}${BACKFILL}` : subject) as Key;
}

/** Whether it is the backfill of a subject. */
export function isBackfill(source: Key): boolean {
  return source.endsWith(BACKFILL);
}

/**
 * The order of what has the same time: source, producer, the producer's own sequence, arrival. Arrival alone where
 * the producer does not count.
 */
export function compareOrigins(a: Origin, b: Origin): number {
  if (a.subject !== b.subject) return a.subject < b.subject ? -1 : 1;
  if (a.backfill !== b.backfill) return a.backfill === true ? 1 : -1;
  const [first, second] = [a.identity?.producer ?? '', b.identity?.producer ?? ''];
  if (first !== second) return first < second ? -1 : 1;
  const counted = first === '' ? 0 : (a.identity?.mark ?? 0) - (b.identity?.mark ?? 0);
  return counted !== 0 ? counted : a.sequence - b.sequence;
}

/** An empty message on this subject says only that the broker was alive: its append time counts, nothing else. */
export const TICK_SUBJECT = 'tick';
