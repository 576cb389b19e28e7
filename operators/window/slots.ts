import { ACCUMULATOR, clear } from './accumulator.ts';
import { openSketch, type Sketch } from './sketch.ts';

/** Columns of a slot behind its accumulator. */
export const START = ACCUMULATOR;
export const END = ACCUMULATOR + 1;
/** Interval trigger: when it fires next. Count trigger: readings since it last fired. */
export const MARK = ACCUMULATOR + 2;
export const WIDTH = ACCUMULATOR + 3;

export const NEWER = 0;
export const OLDER = 1;
/** How often its window has fired. */
export const VERSION = 2;
/** 1: it must fire again because of readings that came after it had fired. */
export const DIRTY = 3;
export const LANE = 4;
export const LINKS = 5;

export const NONE = -1;

/**
 * All panes and windows of one rule at one source, as columns: 160 + 20 bytes each. The slots of one lane (signal)
 * are chained from the newest start to the oldest. Free slots are chained through OLDER.
 */
export type Slots = {
  numbers: Float64Array;
  links: Int32Array;
  /** Newest slot of each lane. */
  heads: Int32Array;
  /** Oldest slot of each lane. */
  tails: Int32Array;
  free: number;
  used: number;
  live: number;
  readonly sketched: boolean;
  /** By slot; empty when not `sketched`. */
  readonly sketches: Sketch[];
};

export function openSlots(sketched: boolean): Slots {
  return {
    sketched,
    numbers: new Float64Array(2 * WIDTH),
    links: new Int32Array(2 * LINKS),
    heads: new Int32Array(0),
    tails: new Int32Array(0),
    free: NONE,
    used: 0,
    live: 0,
    sketches: [],
  };
}

/** Makes room for so many lanes; new ones are empty. */
export function ensureLanes(slots: Slots, lanes: number): void {
  const before = slots.heads.length;
  if (lanes <= before) return;
  const room = Math.max(lanes, 2 * before);
  for (const side of ['heads', 'tails'] as const) {
    const grown = new Int32Array(room).fill(NONE);
    grown.set(slots[side]);
    slots[side] = grown;
  }
}

export function startOf(slots: Slots, slot: number): number {
  return slots.numbers[slot * WIDTH + START] ?? 0;
}

export function endOf(slots: Slots, slot: number): number {
  return slots.numbers[slot * WIDTH + END] ?? 0;
}

export function newerThan(slots: Slots, slot: number): number {
  return slots.links[slot * LINKS + NEWER] ?? NONE;
}

export function olderThan(slots: Slots, slot: number): number {
  return slots.links[slot * LINKS + OLDER] ?? NONE;
}

/**
 * The slot of a lane that starts at `start`; when there is none, an empty one is put in its place, and its MARK is
 * `mark`. `hint`: a slot of the lane with a later or the same start, where the search may begin.
 */
export function findOrInsert(
  slots: Slots,
  lane: number,
  start: number,
  end: number,
  mark: number,
  hint = NONE,
): number {
  let older = hint === NONE ? (slots.heads[lane] ?? NONE) : hint;
  let newer = hint === NONE ? NONE : newerThan(slots, hint);
  while (older !== NONE) {
    const at = startOf(slots, older);
    if (at === start) return older;
    if (at < start) break;
    newer = older;
    older = olderThan(slots, older);
  }
  const slot = take(slots);
  slots.numbers[slot * WIDTH + START] = start;
  slots.numbers[slot * WIDTH + END] = end;
  slots.numbers[slot * WIDTH + MARK] = mark;
  slots.links[slot * LINKS + LANE] = lane;
  link(slots, lane, newer, slot);
  link(slots, lane, slot, older);
  return slot;
}

/** Takes a slot out of its lane and forgets it. */
export function remove(slots: Slots, slot: number): void {
  const lane = slots.links[slot * LINKS + LANE] ?? 0;
  link(slots, lane, newerThan(slots, slot), olderThan(slots, slot));
  slots.links[slot * LINKS + DIRTY] = 0;
  slots.links[slot * LINKS + OLDER] = slots.free;
  slots.free = slot;
  slots.live -= 1;
}

/** Drops the content of a slot and keeps the slot. */
export function purge(slots: Slots, slot: number): void {
  clear(slots.numbers, slot * WIDTH);
  if (slots.sketched) slots.sketches[slot] = openSketch();
}

function link(slots: Slots, lane: number, newer: number, older: number): void {
  if (newer === NONE) slots.heads[lane] = older;
  else slots.links[newer * LINKS + OLDER] = older;
  if (older === NONE) slots.tails[lane] = newer;
  else slots.links[older * LINKS + NEWER] = newer;
}

function take(slots: Slots): number {
  slots.live += 1;
  const slot = slots.free === NONE ? slots.used : slots.free;
  if (slot === slots.used) {
    slots.used += 1;
    if (slots.used * WIDTH > slots.numbers.length) grow(slots);
  } else {
    slots.free = olderThan(slots, slot);
  }
  purge(slots, slot);
  slots.links.fill(0, slot * LINKS, (slot + 1) * LINKS);
  return slot;
}

function grow(slots: Slots): void {
  const before = slots.used - 1;
  // By half, and not to the double: sources of one rule grow all at the same time, and what is spare is copied too.
  const room = before + Math.max(2, before >> 1);
  const numbers = new Float64Array(room * WIDTH);
  numbers.set(slots.numbers);
  slots.numbers = numbers;
  const links = new Int32Array(room * LINKS);
  links.set(slots.links);
  slots.links = links;
}
