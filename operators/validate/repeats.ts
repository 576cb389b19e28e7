import type { Identity } from '../model/message.ts';

// A source that fails over between gateways has two producers; more than a few are reboots of the same one.
const MAX_PRODUCERS = 4;

/** What one source sent last: by producer and its count (or the hashes of bytes), and by identity. */
export type SeenMessages = {
  readonly producers: [name: string, seen: SeenMarks][];
  names: SeenMarks | null;
};

export function noMessages(): SeenMessages {
  return { producers: [], names: null };
}

/**
 * Whether this message was seen before; if not, it is remembered. One with an identity is the same message from whatever
 * producer, and its bytes say nothing then.
 */
export function isRepeated(seen: SeenMessages, { producer, mark, name }: Identity): boolean {
  if (name === undefined) return isRepeatedBy(seen, producer, mark);
  seen.names ??= noMarks();
  const sameName = isDuplicate(seen.names, name, false);
  // Both are asked: each remembers what it was asked for.
  const sameCount = producer !== '' && isRepeatedBy(seen, producer, mark);
  return sameName || sameCount;
}

function isRepeatedBy({ producers }: SeenMessages, producer: string, mark: number): boolean {
  const known = producers.find(([name]) => name === producer);
  if (known !== undefined) return isDuplicate(known[1], mark, producer !== '');
  const marks = noMarks();
  producers.push([producer, marks]);
  if (producers.length > MAX_PRODUCERS) producers.shift();
  return isDuplicate(marks, mark, producer !== '');
}

/**
 * The marks of one producer's latest messages on one source. `marks` is a ring that grows to `MAX_MARKS`; `floor` is the
 * greatest mark that has fallen out of it.
 */
type SeenMarks = {
  marks: Float64Array;
  next: number;
  count: number;
  floor: number;
  /** The greatest mark ever. */
  highest: number;
};

/** How many messages back a duplicate is found. */
export const MAX_MARKS = 1_024;
const INITIAL_MARKS = 16;

export function noMarks(): SeenMarks {
  const marks = new Float64Array(INITIAL_MARKS).fill(Number.NaN);
  return { marks, next: 0, count: 0, floor: -1, highest: -1 };
}

/**
 * Whether this mark was seen before; if not, adds it. Producers count, so a mark at or below the floor is an
 * old message sent again; hashes (`counted` false) are looked up in the ring only.
 */
export function isDuplicate(seen: SeenMarks, mark: number, counted: boolean): boolean {
  if (counted && mark <= seen.floor) return true;
  // Producers count upwards: nearly every mark is above all before it, and need not be looked for.
  if (mark <= seen.highest && seen.marks.includes(mark)) return true;
  seen.highest = Math.max(seen.highest, mark);
  if (seen.count === seen.marks.length && seen.count < MAX_MARKS) grow(seen);
  if (seen.count < seen.marks.length) seen.count += 1;
  else seen.floor = Math.max(seen.floor, seen.marks[seen.next] ?? -1);
  seen.marks[seen.next] = mark;
  seen.next = (seen.next + 1) % seen.marks.length;
  return false;
}

function grow(seen: SeenMarks): void {
  const marks = new Float64Array(seen.marks.length * 2).fill(Number.NaN);
  marks.set(seen.marks);
  seen.next = seen.marks.length;
  seen.marks = marks;
}
