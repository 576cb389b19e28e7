/** What the windows of a rule are, as data; which of them a reading belongs to, in which pane, and when they are due. */

import {
  type LocalSpan,
  localDayAt,
  type PlantClock,
  rememberSpans,
  shiftSpanAt,
} from '../model/plant-model.ts';
import { type Duration, type EventTime, greatestCommonDivisor } from '../model/time.ts';
import { mergeAccumulators } from './aggregate.ts';
import {
  DIRTY,
  EARLY,
  END,
  endOf,
  findOrInsert,
  LINKS,
  NEVER,
  NONE,
  olderThan,
  type Panes,
  remove,
  START,
  startOf,
  VERSION,
  WIDTH,
  type WindowState,
} from './panes.ts';
import { mergeSketch } from './sketch.ts';

/** All that decides what a window is and when it fires. */
export type Shape = {
  readonly windows: Windows;
  /** A window fires when time reaches its end; with this, also every so often before. */
  readonly early: Duration | null;
  /** `correction` of the rules, Flink's allowed lateness: how long a fired window is kept and takes in late readings. */
  readonly lateness: Duration;
  readonly quantiles: readonly number[];
};

/** To which windows a reading belongs. */
export type Windows =
  | {
      readonly kind: 'aligned';
      readonly size: Duration;
      /** Equal to `size` for tumbling windows. */
      readonly hop: Duration;
      readonly offset: Duration;
    }
  /** Days and shifts by the clock of the plant. `offset`: how long after midnight a day begins. */
  | {
      readonly kind: 'calendar';
      readonly size: 'day' | 'shift';
      readonly offset: Duration;
      readonly clock: PlantClock;
    }
  | { readonly kind: 'session'; readonly gap: Duration }
  /** Every so many readings, in the order of their times. */
  | { readonly kind: 'count'; readonly count: number };

/** How windows are cut into panes, derived from a shape. */
export type Layout = {
  /** Windows overlap and share panes: a window is made of `size / paneSize` of them. Otherwise it is one pane. */
  readonly shared: boolean;
  /** Length of an aligned pane. */
  readonly paneSize: number;
  /** Every pane begins a window. Where it is so, no start need be looked for on the grid. */
  readonly eachBegins: boolean;
  /** Of calendar windows: the one that holds a time; none between two shifts. */
  readonly spanAt?: (time: EventTime) => LocalSpan;
};

/** A shape at work: what decides where readings go, and when. */
export type Windower = { readonly shape: Shape; readonly layout: Layout };

export function createWindower(shape: Shape): Windower {
  return { shape, layout: layoutOf(shape) };
}

function layoutOf({ windows }: Shape): Layout {
  if (windows.kind === 'calendar') {
    const { size, clock, offset } = windows;
    const spanAt = rememberSpans((time) => {
      return size === 'day' ? localDayAt(time, clock.time_zone, offset) : shiftSpanAt(time, clock);
    });
    return { shared: false, paneSize: 0, eachBegins: true, spanAt };
  }
  if (windows.kind !== 'aligned') return { shared: false, paneSize: 0, eachBegins: true };
  const { size, hop } = windows;
  if (hop >= size) return { shared: false, paneSize: size, eachBegins: true };
  const paneSize = greatestCommonDivisor(size, hop);
  return { shared: true, paneSize, eachBegins: paneSize === hop };
}

/** The greatest of the times `offset + n · step` that is not after `time`, also for negative times. */
export function floorToGrid(time: number, step: number, offset: number): number {
  const rest = (time - offset) % step;
  return time - (rest < 0 ? rest + step : rest);
}

/** No pane: the reading belongs to no window (`OUTSIDE`), or only to windows that are gone (`TOO_LATE`). */
export const OUTSIDE = -1;
export const TOO_LATE = -2;

/** Finds or makes the pane that time alone decides (all but sessions and counts), and schedules its windows. */
export function placeByTime(
  windower: Windower,
  state: WindowState,
  column: number,
  time: number,
  now: number,
): number {
  const { windows, lateness } = windower.shape;
  if (windows.kind !== 'aligned') return placeInCalendar(windower, state, column, time, now);
  const { panes } = state;
  const { shared, paneSize } = windower.layout;
  const head = panes.heads[column] ?? NONE;
  // The usual case: the newest pane, all of whose windows are still open and scheduled.
  if (head !== NONE && time >= startOf(panes, head)) {
    const end = endOf(panes, head);
    if (time < end && end - 1 > state.handled) return head;
  }
  const { size, hop, offset } = windows;
  const newest = floorToGrid(time, hop, offset);
  if (newest <= time - size) return time + lateness <= now ? TOO_LATE : OUTSIDE;
  if (newest + size - 1 + lateness <= now) return TOO_LATE;
  const early = unscheduled(windower);
  let pane = NONE;
  if (shared) {
    const start = floorToGrid(time, paneSize, offset);
    pane = findOrInsert(panes, column, start, start + paneSize, early);
  }
  let first = pane;
  for (let start = newest; start > time - size; start -= hop) {
    if (start + size - 1 + lateness <= now) break;
    first = findOrInsert(panes, column, start, start + paneSize, early, first);
    scheduleWindow(windower, state, first, time);
    if (pane === NONE) pane = first;
  }
  return pane;
}

/** The same of days and shifts, of which a reading is in one at most. */
function placeInCalendar(
  windower: Windower,
  state: WindowState,
  column: number,
  time: number,
  now: number,
): number {
  const { shape, layout } = windower;
  const { panes } = state;
  const head = panes.heads[column] ?? NONE;
  if (head !== NONE && time >= startOf(panes, head)) {
    const end = endOf(panes, head);
    if (time < end && end - 1 > state.handled) return head;
  }
  if (shape.windows.kind !== 'calendar' || layout.spanAt === undefined) return OUTSIDE;
  const { start, end, shift } = layout.spanAt(time as EventTime);
  if (end - 1 + shape.lateness <= now) return TOO_LATE;
  if (shape.windows.size === 'shift' && shift === '') return OUTSIDE;
  const pane = findOrInsert(panes, column, start, end, unscheduled(windower));
  scheduleWindow(windower, state, pane, time);
  return pane;
}

/** Finds, makes, extends or merges the session that a reading belongs to. Sessions that touch are one. */
export function placeSession(
  windower: Windower,
  state: WindowState,
  column: number,
  time: number,
  now: number,
  retract: (column: number, start: number, end: number, version: number) => void,
): number {
  const { windows, lateness, early } = windower.shape;
  if (windows.kind !== 'session') return OUTSIDE;
  const { panes } = state;
  const end = time + windows.gap;
  const head = panes.heads[column] ?? NONE;
  // The usual case: the newest session goes on. What was due at its old end finds it longer and waits again.
  if (head !== NONE && early === null && time >= startOf(panes, head)) {
    const last = endOf(panes, head);
    if (time <= last && last - 1 > state.handled) {
      if (end > last) panes.numbers[head * WIDTH + END] = end;
      return head;
    }
  }
  let part = head;
  while (part !== NONE && startOf(panes, part) > end) part = olderThan(panes, part);
  if (part === NONE || endOf(panes, part) < time) {
    if (end - 1 + lateness <= now) return TOO_LATE;
    const pane = findOrInsert(panes, column, time, end, unscheduled(windower));
    scheduleWindow(windower, state, pane, time);
    return pane;
  }
  const target = part;
  const parts: number[] = [];
  for (; part !== NONE && endOf(panes, part) >= time; part = olderThan(panes, part)) {
    parts.push(part);
  }
  const start = parts.reduce((least, each) => Math.min(least, startOf(panes, each)), time);
  for (const each of parts) {
    const version = panes.links[each * LINKS + VERSION] ?? 0;
    if (version > 0 && startOf(panes, each) !== start) {
      retract(column, startOf(panes, each), endOf(panes, each), version + 1);
    }
  }
  panes.numbers[target * WIDTH + START] = start;
  panes.numbers[target * WIDTH + END] = Math.max(end, endOf(panes, target));
  for (const each of parts) if (each !== target) absorb(panes, target, each);
  scheduleWindow(windower, state, target, time);
  return target;
}

function absorb(panes: Panes, target: number, other: number): void {
  const { numbers, links, sketches } = panes;
  const [at, otherAt] = [target * WIDTH, other * WIDTH];
  mergeAccumulators(numbers, at, numbers, otherAt);
  const [into, from] = [sketches[target], sketches[other]];
  if (into !== undefined && from !== undefined) mergeSketch(into, from);
  numbers[at + EARLY] = Math.min(numbers[at + EARLY] ?? NEVER, numbers[otherAt + EARLY] ?? NEVER);
  const [version, otherVersion] = [target, other].map((pane) => links[pane * LINKS + VERSION] ?? 0);
  links[target * LINKS + VERSION] = Math.max(version ?? 0, otherVersion ?? 0);
  remove(panes, other);
}

/** EARLY of a new pane. A rule that begins to fire early does so at once for what is open. */
function unscheduled({ shape: { early } }: Windower): number {
  return early === null ? 0 : NEVER;
}

/** At a reading that a window takes: notes when it is due, or that it has fired and must fire again. */
export function scheduleWindow(
  windower: Windower,
  state: WindowState,
  pane: number,
  time: number,
): void {
  const { panes } = state;
  const { early } = windower.shape;
  const last = lastMoment(windower, panes, pane);
  state.next = Math.min(state.next, expiresAt(windower, panes, pane));
  // Fired by the source's own time, or by the mark that closes the windows of a silent source, which is ahead of it.
  if (last <= state.handled) {
    if (panes.links[pane * LINKS + DIRTY] === 1) return;
    panes.links[pane * LINKS + DIRTY] = 1;
    state.dirty.push(pane);
    return;
  }
  panes.links[pane * LINKS + DIRTY] = 0;
  state.next = Math.min(state.next, last);
  if (early === null) return;
  const at = pane * WIDTH + EARLY;
  // The remainder keeps the sign of the time, as in Flink: before 1970 the first early firing is one interval later.
  if (panes.numbers[at] === NEVER) {
    panes.numbers[at] = Math.min(time - (time % early) + early, last);
  }
  state.next = Math.min(state.next, panes.numbers[at] ?? NEVER);
}

/** The last moment of the window that starts at this pane. */
export function lastMoment({ shape: { windows } }: Windower, panes: Panes, pane: number): number {
  if (windows.kind === 'aligned') return startOf(panes, pane) + windows.size - 1;
  return endOf(panes, pane) - 1;
}

/** The last moment of the last window that contains this pane. */
export function lastMomentOfAll(windows: Windows, panes: Panes, pane: number): number {
  if (windows.kind !== 'aligned') return endOf(panes, pane) - 1;
  const { size, hop, offset } = windows;
  return floorToGrid(startOf(panes, pane), hop, offset) + size - 1;
}

/** When nothing needs this pane any more. */
export function expiresAt(windower: Windower, panes: Panes, pane: number): number {
  const { shape, layout } = windower;
  const last = layout.eachBegins
    ? lastMoment(windower, panes, pane)
    : lastMomentOfAll(shape.windows, panes, pane);
  return last + shape.lateness;
}
