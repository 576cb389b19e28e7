/** The windows of one rule at one source at work: takes readings in, and fires windows when they are due. */

import { BEGINNING, END_OF_TIME } from '../model/time.ts';
import {
  ACCUMULATOR,
  addReading,
  COUNT,
  clearAccumulator,
  LARGEST,
  mergeAccumulators,
} from './aggregate.ts';
import {
  COLUMN,
  DIRTY,
  EARLY,
  endOf,
  enqueueReading,
  findOrInsert,
  LINKS,
  NEVER,
  NONE,
  newerThan,
  olderThan,
  type Panes,
  releaseReadings,
  remove,
  startOf,
  VERSION,
  WIDTH,
  type WindowState,
} from './panes.ts';
import { addToSketch, mergeSketch, openSketch, type Sketch } from './sketch.ts';
import {
  expiresAt,
  floorToGrid,
  lastMoment,
  placeByTime,
  placeSession,
  TOO_LATE,
  type Windower,
} from './windower.ts';

/** Where firing windows go. `numbers` at `at` is an accumulator, valid only during the call. */
export interface Report {
  /** `timely`: its time has come, or it fires early (version 0). Otherwise it fires again because of late readings. */
  fire(
    column: number,
    start: number,
    end: number,
    numbers: Float64Array,
    at: number,
    sketch: Sketch | undefined,
    version: number,
    timely: boolean,
  ): void;
  /** A reading came too late for all of its windows. `position`: of it among the values of its frame. */
  tooLate(column: number, time: number, value: number, position: number): void;
  /** A fired session is no more: it became part of one that starts at another time. */
  retract(column: number, start: number, end: number, version: number): void;
}

/**
 * Takes one signal's readings of a frame in: `values[from + i]` at `times[i]`, NaN where there is none; `now` is the
 * source's watermark. Windows that are already past it are only marked: `flush` fires them. Returns how many values are
 * too large for any statistic and were left out.
 */
export function addReadings(
  windower: Windower,
  state: WindowState,
  column: number,
  times: Float64Array,
  values: Float64Array,
  from: number,
  now: number,
  report: Report,
): number {
  state.handled = Math.max(state.handled, now);
  const add = windower.shape.windows.kind === 'count' ? addInOrder : addByTime;
  return add(windower, state, column, times, values, from, now, report);
}

function addByTime(
  windower: Windower,
  state: WindowState,
  column: number,
  times: Float64Array,
  values: Float64Array,
  from: number,
  now: number,
  report: Report,
): number {
  const { windows } = windower.shape;
  const { panes } = state;
  const { length } = times;
  const session = windows.kind === 'session' ? windows.gap - 1 : 0;
  let pane = NONE;
  let low = 0;
  let high = 0;
  let refused = 0;
  for (let index = 0; index < length; index += 1) {
    const value = values[from + index] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    if (Math.abs(value) > LARGEST) {
      refused += 1;
      continue;
    }
    const time = times[index] ?? 0;
    if (pane === NONE || time < low || time >= high) {
      pane =
        windows.kind === 'session'
          ? placeSession(windower, state, column, time, now, report.retract)
          : placeByTime(windower, state, column, time, now);
      if (pane < 0) {
        if (pane === TOO_LATE) report.tooLate(column, time, value, from + index);
        pane = NONE;
        continue;
      }
      low = startOf(panes, pane);
      high = endOf(panes, pane) - session;
    }
    addReading(panes.numbers, pane * WIDTH, time, value);
    const sketch = panes.sketches[pane];
    if (sketch !== undefined) addToSketch(sketch, value);
  }
  return refused;
}

/** Which readings make up a count window depends on their order: they wait until no earlier one can come. */
function addInOrder(
  windower: Windower,
  state: WindowState,
  column: number,
  times: Float64Array,
  values: Float64Array,
  from: number,
  now: number,
  report: Report,
): number {
  let refused = 0;
  for (let index = 0; index < times.length; index += 1) {
    const value = values[from + index] ?? Number.NaN;
    if (!(Math.abs(value) <= LARGEST)) {
      if (!Number.isNaN(value)) refused += 1;
      continue;
    }
    const time = times[index] ?? 0;
    if (time > now) {
      enqueueReading(state.queue, column, time, value);
      state.next = Math.min(state.next, time);
    } else addCounted(windower, state, column, time, value, report);
  }
  return refused;
}

function addCounted(
  { shape: { windows, early } }: Windower,
  state: WindowState,
  column: number,
  time: number,
  value: number,
  report: Report,
): void {
  if (windows.kind !== 'count') return;
  const { panes } = state;
  const pane = findOrInsert(panes, column, BEGINNING, END_OF_TIME, NEVER);
  const at = pane * WIDTH;
  const sketch = panes.sketches[pane];
  addReading(panes.numbers, at, time, value);
  if (sketch !== undefined) addToSketch(sketch, value);
  if ((panes.numbers[at + COUNT] ?? 0) < windows.count) {
    if (early === null) return;
    // Only what has changed since is worth a row: such a window can stay open for ever.
    const due = floorToGrid(time, early, 0) + early;
    panes.numbers[at + EARLY] = Math.min(panes.numbers[at + EARLY] ?? NEVER, due);
    state.next = Math.min(state.next, due);
    return;
  }
  report.fire(column, BEGINNING, END_OF_TIME, panes.numbers, at, sketch, 1, true);
  remove(panes, pane);
}

/** Fires count windows early that have taken readings in since; returns when the next of them is due. */
function fireCountedEarly(
  { shape: { early } }: Windower,
  state: WindowState,
  now: number,
  report: Report,
): number {
  const { panes } = state;
  let next = NEVER;
  if (early === null) return next;
  for (let column = 0; column < panes.heads.length; column += 1) {
    const pane = panes.heads[column] ?? NONE;
    if (pane === NONE) continue;
    const at = pane * WIDTH;
    const due = panes.numbers[at + EARLY] ?? NEVER;
    if (due > now) {
      next = Math.min(next, due);
      continue;
    }
    panes.numbers[at + EARLY] = NEVER;
    const sketch = panes.sketches[pane];
    report.fire(column, BEGINNING, END_OF_TIME, panes.numbers, at, sketch, 0, true);
  }
  return next;
}

/** Fires again the windows that late readings have changed. */
export function flush(windower: Windower, state: WindowState, report: Report): void {
  if (state.dirty.length === 0) return;
  for (const pane of state.dirty) {
    if (state.panes.links[pane * LINKS + DIRTY] !== 1) continue;
    state.panes.links[pane * LINKS + DIRTY] = 0;
    fire(windower, state, pane, report, 'again');
  }
  state.dirty.length = 0;
}

/**
 * Time has moved to the watermark `now`: fires what is due, oldest first, and drops what nobody needs any more. The
 * source's `own` time is behind `now` where it fell silent: what it stored meanwhile still belongs to windows that were
 * closed, so only its own time makes them old.
 */
export function advance(
  windower: Windower,
  state: WindowState,
  now: number,
  report: Report,
  own = now,
): void {
  const { windows } = windower.shape;
  if (windows.kind === 'count') {
    const next = releaseReadings(state.queue, now, (column, time, value) => {
      addCounted(windower, state, column, time, value, report);
    });
    state.next = Math.min(next, fireCountedEarly(windower, state, now, report));
  } else {
    flush(windower, state, report);
    let next = NEVER;
    for (let column = 0; column < state.panes.heads.length; column += 1) {
      next = Math.min(next, advanceColumn(windower, state, column, now, own, report));
    }
    state.next = next;
  }
  state.handled = Math.max(state.handled, now);
}

/** Returns when the column has something due next. */
function advanceColumn(
  windower: Windower,
  state: WindowState,
  column: number,
  now: number,
  own: number,
  report: Report,
): number {
  const { panes } = state;
  let next = NEVER;
  let oldest = NONE;
  let pane = panes.heads[column] ?? NONE;
  while (pane !== NONE && lastMoment(windower, panes, pane) > state.handled) {
    oldest = pane;
    pane = olderThan(panes, pane);
  }
  for (pane = oldest; pane !== NONE; pane = newerThan(panes, pane)) {
    next = Math.min(next, fireDue(windower, state, pane, now, report));
  }
  let tail = panes.tails[column] ?? NONE;
  while (tail !== NONE && expiresAt(windower, panes, tail) <= own) {
    remove(panes, tail);
    tail = panes.tails[column] ?? NONE;
  }
  const expires = tail === NONE ? NEVER : expiresAt(windower, panes, tail);
  // What waits for the source's own time needs no timer: it goes when the source has been heard again.
  return expires > now ? Math.min(next, expires) : next;
}

/** Fires the window that starts at this pane when it is due by `now`; returns when it is due next. */
function fireDue(
  windower: Windower,
  state: WindowState,
  pane: number,
  now: number,
  report: Report,
): number {
  const { windows, early } = windower.shape;
  const { numbers } = state.panes;
  if (windows.kind === 'aligned' && !windower.layout.eachBegins) {
    const start = startOf(state.panes, pane);
    if (floorToGrid(start, windows.hop, windows.offset) !== start) return NEVER;
  }
  const last = lastMoment(windower, state.panes, pane);
  let due = last;
  if (early !== null) {
    due = numbers[pane * WIDTH + EARLY] ?? NEVER;
    if (due <= now && last <= now) due = last;
    else if (due <= now) {
      // Of the times that were passed only the latest counts.
      fire(windower, state, pane, report, 'early');
      due = Math.min(due + Math.floor((now - due) / early) * early + early, last);
    }
    numbers[pane * WIDTH + EARLY] = due;
  }
  if (last > now) return Math.min(due, last);
  fire(windower, state, pane, report, 'timely');
  return NEVER;
}

const merged = new Float64Array(ACCUMULATOR);

function fire(
  { shape: { windows }, layout }: Windower,
  { panes }: WindowState,
  pane: number,
  report: Report,
  when: 'early' | 'timely' | 'again',
): void {
  const column = panes.links[pane * LINKS + COLUMN] ?? 0;
  const start = startOf(panes, pane);
  let end = endOf(panes, pane);
  let numbers = panes.numbers;
  let at = pane * WIDTH;
  let sketch = panes.sketches[pane];
  if (layout.shared && windows.kind === 'aligned') {
    end = start + windows.size;
    numbers = merged;
    at = 0;
    sketch = mergePanes(panes, pane, end);
  }
  if (numbers[at + COUNT] === 0) return;
  const version = when === 'early' ? 0 : (panes.links[pane * LINKS + VERSION] ?? 0) + 1;
  if (when !== 'early') panes.links[pane * LINKS + VERSION] = version;
  report.fire(column, start, end, numbers, at, sketch, version, when !== 'again');
}

/** Merges the panes from this one to `end` into `merged`; returns their sketch when they have some. */
function mergePanes(panes: Panes, first: number, end: number): Sketch | undefined {
  clearAccumulator(merged, 0);
  const sketch = panes.sketched ? openSketch() : undefined;
  let pane = first;
  while (pane !== NONE && startOf(panes, pane) < end) {
    mergeAccumulators(merged, 0, panes.numbers, pane * WIDTH);
    const part = panes.sketches[pane];
    if (sketch !== undefined && part !== undefined) mergeSketch(sketch, part);
    pane = newerThan(panes, pane);
  }
  return sketch;
}

/** When these windows want to be called next. */
export function nextDue({ dirty, next }: WindowState, now: number): number {
  return dirty.length > 0 ? Math.min(next, now + 1) : next;
}
