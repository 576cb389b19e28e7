/** What is kept of the windows of one source: panes as columns of numbers, readings that wait, and counters. */

import { BEGINNING, END_OF_TIME } from '../model/time.ts';
import { ACCUMULATOR, clearAccumulator } from './aggregate.ts';
import { openSketch, type Sketch } from './sketch.ts';

/** The windows of one rule at one source: plain state. A column is a signal. */
export type WindowState = {
  readonly panes: Panes;
  /** The watermark up to which firing is done. */
  handled: number;
  /** Nothing is due before this time. */
  next: number;
  /** Panes whose windows must fire again. */
  readonly dirty: number[];
  /** Of count windows. */
  readonly queue: ReadingQueue;
};

export const NEVER: number = END_OF_TIME;

type Kept = { readonly quantiles: readonly number[] };

export function openWindowState({ quantiles }: Kept): WindowState {
  return {
    panes: openPanes(quantiles.length > 0),
    handled: BEGINNING,
    next: NEVER,
    dirty: [],
    queue: openQueue(),
  };
}

/** Numbers of a pane after its accumulator. */
export const START = ACCUMULATOR;
export const END = ACCUMULATOR + 1;
/** When its window fires early next. */
export const EARLY = ACCUMULATOR + 2;
export const WIDTH = ACCUMULATOR + 3;

const NEWER = 0;
const OLDER = 1;
/** How often its window has fired. */
export const VERSION = 2;
/** 1: it must fire again because of readings that came after it had fired. */
export const DIRTY = 3;
export const COLUMN = 4;
export const LINKS = 5;

export const NONE = -1;

/**
 * All panes and windows of one rule at one source, as columns: 160 + 20 bytes each. The panes of one column (signal)
 * are chained from the newest start to the oldest. Free panes are chained through OLDER.
 */
export type Panes = {
  numbers: Float64Array;
  links: Int32Array;
  /** Newest pane of each column. */
  heads: Int32Array;
  /** Oldest pane of each column. */
  tails: Int32Array;
  free: number;
  used: number;
  live: number;
  readonly sketched: boolean;
  /** By pane; empty when not `sketched`. */
  readonly sketches: Sketch[];
};

function openPanes(sketched: boolean): Panes {
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

/** Makes room for so many columns; new ones are empty. */
export function ensureColumns(panes: Panes, columns: number): void {
  const before = panes.heads.length;
  if (columns <= before) return;
  const room = Math.max(columns, 2 * before);
  for (const side of ['heads', 'tails'] as const) {
    const grown = new Int32Array(room).fill(NONE);
    grown.set(panes[side]);
    panes[side] = grown;
  }
}

export function startOf(panes: Panes, pane: number): number {
  return panes.numbers[pane * WIDTH + START] ?? 0;
}

export function endOf(panes: Panes, pane: number): number {
  return panes.numbers[pane * WIDTH + END] ?? 0;
}

export function newerThan(panes: Panes, pane: number): number {
  return panes.links[pane * LINKS + NEWER] ?? NONE;
}

export function olderThan(panes: Panes, pane: number): number {
  return panes.links[pane * LINKS + OLDER] ?? NONE;
}

/**
 * The pane of a column that starts at `start`; when there is none, an empty one is put in its place, and its EARLY is
 * `early`. `hint`: a pane of the column with a later or the same start, where the search may begin.
 */
export function findOrInsert(
  panes: Panes,
  column: number,
  start: number,
  end: number,
  early: number,
  hint = NONE,
): number {
  let older = hint === NONE ? (panes.heads[column] ?? NONE) : hint;
  let newer = hint === NONE ? NONE : newerThan(panes, hint);
  while (older !== NONE) {
    const at = startOf(panes, older);
    if (at === start) return older;
    if (at < start) break;
    newer = older;
    older = olderThan(panes, older);
  }
  const pane = take(panes);
  panes.numbers[pane * WIDTH + START] = start;
  panes.numbers[pane * WIDTH + END] = end;
  panes.numbers[pane * WIDTH + EARLY] = early;
  panes.links[pane * LINKS + COLUMN] = column;
  link(panes, column, newer, pane);
  link(panes, column, pane, older);
  return pane;
}

/** Takes a pane out of its column and drops it. */
export function remove(panes: Panes, pane: number): void {
  const column = panes.links[pane * LINKS + COLUMN] ?? 0;
  link(panes, column, newerThan(panes, pane), olderThan(panes, pane));
  panes.links[pane * LINKS + DIRTY] = 0;
  panes.links[pane * LINKS + OLDER] = panes.free;
  panes.free = pane;
  panes.live -= 1;
}

function link(panes: Panes, column: number, newer: number, older: number): void {
  if (newer === NONE) panes.heads[column] = older;
  else panes.links[newer * LINKS + OLDER] = older;
  if (older === NONE) panes.tails[column] = newer;
  else panes.links[older * LINKS + NEWER] = newer;
}

function take(panes: Panes): number {
  panes.live += 1;
  const pane = panes.free === NONE ? panes.used : panes.free;
  if (pane === panes.used) {
    panes.used += 1;
    if (panes.used * WIDTH > panes.numbers.length) growPanes(panes);
  } else {
    panes.free = olderThan(panes, pane);
  }
  clearAccumulator(panes.numbers, pane * WIDTH);
  if (panes.sketched) panes.sketches[pane] = openSketch();
  panes.links.fill(0, pane * LINKS, (pane + 1) * LINKS);
  return pane;
}

function growPanes(panes: Panes): void {
  const before = panes.used - 1;
  // By half, and not to the double: sources of one rule grow all at the same time, and what is spare is copied too.
  const room = before + Math.max(2, before >> 1);
  const numbers = new Float64Array(room * WIDTH);
  numbers.set(panes.numbers);
  panes.numbers = numbers;
  const links = new Int32Array(room * LINKS);
  links.set(panes.links);
  panes.links = links;
}

/** Readings that wait until the time of their source has passed them, to be taken in the order of their times. */
type ReadingQueue = {
  used: number;
  times: Float64Array;
  values: Float64Array;
  columns: Int32Array;
};

function openQueue(): ReadingQueue {
  return {
    used: 0,
    times: new Float64Array(0),
    values: new Float64Array(0),
    columns: new Int32Array(0),
  };
}

export function enqueueReading(
  queue: ReadingQueue,
  column: number,
  time: number,
  value: number,
): void {
  if (queue.used === queue.times.length) growQueue(queue);
  queue.times[queue.used] = time;
  queue.values[queue.used] = value;
  queue.columns[queue.used] = column;
  queue.used += 1;
}

/**
 * Takes out what is due by `until`, by time, of equal times in the order of arrival; returns the earliest time that
 * still waits.
 */
export function releaseReadings(
  queue: ReadingQueue,
  until: number,
  take: (column: number, time: number, value: number) => void,
): number {
  const timeOf = (position: number) => queue.times[position] ?? 0;
  const due: number[] = [];
  let earliest = NEVER;
  for (let position = 0; position < queue.used; position += 1) {
    if (timeOf(position) <= until) due.push(position);
    else earliest = Math.min(earliest, timeOf(position));
  }
  if (due.length === 0) return earliest;
  due.sort((a, b) => timeOf(a) - timeOf(b) || a - b);
  for (const position of due) {
    take(queue.columns[position] ?? 0, timeOf(position), queue.values[position] ?? 0);
  }
  keepReadings(queue, (position) => timeOf(position) > until);
  return earliest;
}

/** Drops what waits for some columns; returns how many readings that were. */
export function dropReadings(queue: ReadingQueue, isDropped: (column: number) => boolean): number {
  const before = queue.used;
  keepReadings(queue, (position) => !isDropped(queue.columns[position] ?? 0));
  return before - queue.used;
}

function keepReadings(queue: ReadingQueue, isKept: (position: number) => boolean): void {
  let used = 0;
  for (let position = 0; position < queue.used; position += 1) {
    if (!isKept(position)) continue;
    queue.times[used] = queue.times[position] ?? 0;
    queue.values[used] = queue.values[position] ?? 0;
    queue.columns[used] = queue.columns[position] ?? 0;
    used += 1;
  }
  queue.used = used;
}

function growQueue(queue: ReadingQueue): void {
  const room = Math.max(16, 2 * queue.used);
  const [times, values] = [new Float64Array(room), new Float64Array(room)];
  const columns = new Int32Array(room);
  times.set(queue.times);
  values.set(queue.values);
  columns.set(queue.columns);
  Object.assign(queue, { times, values, columns });
}

/**
 * The counters of one source. Their readings wait for its time, so that increments are those of readings in the order of
 * their times, however they arrived within `disorder`. Plain state.
 */
export type Counters = {
  /** By column of the queue. */
  readonly signals: string[];
  readonly queue: ReadingQueue;
  /** The last reading that was taken of each; NaN before the first. */
  readonly times: number[];
  readonly values: number[];
};

/** `increment` was counted from the reading before up to `time`. */
type TakeIncrement = (signal: string, time: number, increment: number) => void;

export function openCounters(): Counters {
  return { signals: [], queue: openQueue(), times: [], values: [] };
}

/** Positions by name. Derived, so no state: a source can have thousands of columns, and each of them is asked for. */
const positions = new WeakMap<readonly unknown[], Map<string, number>>();

/** The position of a name in a list that only grows. */
export function positionIn<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  name: string,
): number | undefined {
  let known = positions.get(items);
  if (known === undefined) {
    known = new Map();
    positions.set(items, known);
  }
  for (let at = known.size; at < items.length; at += 1) known.set(nameOf(items[at] as T), at);
  return known.get(name);
}

export function counterColumn({ signals, times, values }: Counters, signal: string): number {
  const known = positionIn(signals, (name) => name, signal);
  if (known !== undefined) return known;
  times.push(Number.NaN);
  values.push(Number.NaN);
  return signals.push(signal) - 1;
}

/** Takes what is due by `until`, in the order of time; returns the earliest time that still waits. */
export function releaseCounters(
  counters: Counters,
  until: number,
  rolloverOf: (signal: string) => number | undefined,
  take: TakeIncrement,
): number {
  return releaseReadings(counters.queue, until, (column, time, value) => {
    takeCounted(counters, column, time, value, rolloverOf, take);
  });
}

/**
 * Takes one reading. The first has no increment, and neither has one that is older than the last: its increment is part of
 * the one that was taken.
 */
export function takeCounted(
  { signals, times, values }: Counters,
  column: number,
  time: number,
  value: number,
  rolloverOf: (signal: string) => number | undefined,
  take: TakeIncrement,
): void {
  const signal = signals[column] ?? '';
  const last = values[column] ?? Number.NaN;
  if (!Number.isNaN(last)) {
    if (time < (times[column] ?? 0)) return;
    take(signal, time, incrementOf(last, value, rolloverOf(signal)));
  }
  times[column] = time;
  values[column] = value;
}

/** Forgets counters that are none any more; returns how many of their readings still waited. */
export function dropCounters(
  { signals, queue, times, values }: Counters,
  isDropped: (signal: string) => boolean,
): number {
  for (const [column, signal] of signals.entries()) {
    if (!isDropped(signal)) continue;
    times[column] = Number.NaN;
    values[column] = Number.NaN;
  }
  return dropReadings(queue, (column) => isDropped(signals[column] ?? ''));
}

/**
 * What was counted from one reading to the next. A fall is no negative count: the counter rolled over, if by that it
 * counted less than half of its steps, or else it was set to 0 in between and has counted `value` since.
 */
function incrementOf(last: number, value: number, rollover: number | undefined): number {
  if (value >= last) return value - last;
  if (rollover !== undefined && last < rollover) {
    const across = rollover - last + value;
    if (value >= 0 && across < rollover / 2) return across;
  }
  return Math.max(0, value);
}
