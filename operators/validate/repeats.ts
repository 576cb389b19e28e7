/**
 * The marks of one producer's latest messages on one source. `marks` is a ring that grows to `MOST`; `floor` is the
 * greatest mark that has fallen out of it.
 */
export type Repeats = {
  marks: Float64Array;
  next: number;
  count: number;
  floor: number;
  /** The greatest mark ever; missing in states of before it was kept. */
  highest?: number;
};

/** How many messages back a repeat is recognised. */
export const MOST = 1_024;
const FIRST = 16;

export function noRepeats(): Repeats {
  return { marks: new Float64Array(FIRST).fill(Number.NaN), next: 0, count: 0, floor: -1 };
}

/**
 * Whether this mark was seen before; if not, remembers it. Producers count, so a mark at or below the floor is an
 * old message sent again; hashes (`counted` false) only tell about the ring.
 */
export function isRepeat(repeats: Repeats, mark: number, counted: boolean): boolean {
  if (counted && mark <= repeats.floor) return true;
  const highest = repeats.highest ?? greatest(repeats);
  // Producers count upwards: nearly every mark is above all before it, and need not be looked for.
  if (mark <= highest && repeats.marks.includes(mark)) return true;
  repeats.highest = Math.max(highest, mark);
  if (repeats.count === repeats.marks.length && repeats.count < MOST) grow(repeats);
  if (repeats.count < repeats.marks.length) repeats.count += 1;
  else repeats.floor = Math.max(repeats.floor, repeats.marks[repeats.next] ?? -1);
  repeats.marks[repeats.next] = mark;
  repeats.next = (repeats.next + 1) % repeats.marks.length;
  return false;
}

function greatest({ marks, count }: Repeats): number {
  return marks.subarray(0, count).reduce((most, mark) => Math.max(most, mark), -1);
}

function grow(repeats: Repeats): void {
  const marks = new Float64Array(repeats.marks.length * 2).fill(Number.NaN);
  marks.set(repeats.marks);
  repeats.next = repeats.marks.length;
  repeats.marks = marks;
}
