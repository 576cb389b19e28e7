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
  /** Who published it and its own count, or the hash of its bytes: the same again is the same message. */
  readonly identity?: { readonly producer: string; readonly mark: number };
};

/** An empty message on this subject says only that the broker was alive: its append time counts, nothing else. */
export const TICK_SUBJECT = 'tick';
