import { BEGINNING, END_OF_TIME } from '../model/time.ts';
import { ACCUMULATOR, add, COUNT, clear, LARGEST, merge } from './accumulator.ts';
import { placeAligned } from './aligned.ts';
import { hold, release } from './held.ts';
import {
  type Engine,
  expiry,
  freshMark,
  LATE,
  lastMoment,
  NEVER,
  type Panes,
  type Report,
  touch,
} from './panes.ts';
import { placeSession } from './session.ts';
import { gridFloor } from './shape.ts';
import { addToSketch, mergeSketch, openSketch } from './sketch.ts';
import {
  DIRTY,
  endOf,
  findOrInsert,
  LANE,
  LINKS,
  MARK,
  NONE,
  newerThan,
  olderThan,
  purge,
  remove,
  startOf,
  VERSION,
  WIDTH,
} from './slots.ts';

/** One signal's readings of a frame: `values[from + i]` at `times[i]`, NaN where there is none. */
export type Column = {
  readonly lane: number;
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly from: number;
};

/**
 * Takes one signal's readings of a frame in; `now` is the source's watermark. Windows that are already past it are
 * only marked: `flush` fires them. Returns how many values are too large for any statistic and were left out.
 */
export function addColumn(
  engine: Engine,
  panes: Panes,
  column: Column,
  now: number,
  report: Report,
): number {
  const { lane, times, values, from } = column;
  panes.handled = Math.max(panes.handled, now);
  const { slots } = panes;
  const session = engine.shape.assigner.kind === 'session' ? engine.shape.assigner.gap - 1 : 0;
  const { single } = engine.layout;
  const { ordered } = engine.shape;
  let slot = NONE;
  let low = 0;
  let high = 0;
  let refused = 0;
  for (let index = 0; index < times.length; index += 1) {
    const value = values[from + index] ?? Number.NaN;
    if (!(Math.abs(value) <= LARGEST)) {
      if (!Number.isNaN(value)) refused += 1;
      continue;
    }
    const time = times[index] ?? 0;
    if (ordered && time > now) {
      hold(panes.held, lane, time, value);
      panes.next = Math.min(panes.next, time);
      continue;
    }
    if (!single) {
      addToEach(engine, panes, lane, time, value, now, report, from + index);
      continue;
    }
    if (slot === NONE || time < low || time >= high) {
      slot = place(engine, panes, lane, time, now, report);
      if (slot < 0) {
        if (slot === LATE) report.late(lane, time, value, from + index);
        slot = NONE;
        continue;
      }
      low = startOf(slots, slot);
      high = endOf(slots, slot) - session;
    }
    add(slots.numbers, slot * WIDTH, time, value);
    const sketch = slots.sketches[slot];
    if (sketch !== undefined) addToSketch(sketch, value);
  }
  return refused;
}

function place(
  engine: Engine,
  panes: Panes,
  lane: number,
  time: number,
  now: number,
  report: Report,
  each?: (slot: number) => void,
): number {
  switch (engine.shape.assigner.kind) {
    case 'aligned':
      return placeAligned(engine, panes, lane, time, now, each);
    case 'session':
      return placeSession(engine, panes, lane, time, now, report);
    case 'global': {
      const slot = findOrInsert(panes.slots, lane, BEGINNING, END_OF_TIME, freshMark(engine));
      touch(engine, panes, slot, time, now);
      return slot;
    }
  }
}

/** The way of windows that overlap without panes, or that fire between two readings. */
function addToEach(
  engine: Engine,
  panes: Panes,
  lane: number,
  time: number,
  value: number,
  now: number,
  report: Report,
  position: number,
): void {
  const { slots } = panes;
  const { trigger, assigner } = engine.shape;
  const taken: number[] = [];
  const slot = place(engine, panes, lane, time, now, report, (each) => taken.push(each));
  if (slot === LATE) report.late(lane, time, value, position);
  if (slot < 0) return;
  if (assigner.kind !== 'aligned') taken.push(slot);
  for (const each of taken) {
    add(slots.numbers, each * WIDTH, time, value);
    const sketch = slots.sketches[each];
    if (sketch !== undefined) addToSketch(sketch, value);
    if (trigger.kind !== 'count') continue;
    const count = (slots.numbers[each * WIDTH + MARK] ?? 0) + 1;
    slots.numbers[each * WIDTH + MARK] = count < trigger.count ? count : 0;
    if (count >= trigger.count) fire(engine, panes, each, report, { early: false, timely: true });
  }
}

/** Fires again the windows that late readings have changed. */
export function flush(engine: Engine, panes: Panes, report: Report): void {
  if (panes.dirty.length === 0) return;
  for (const slot of panes.dirty) {
    if (panes.slots.links[slot * LINKS + DIRTY] !== 1) continue;
    panes.slots.links[slot * LINKS + DIRTY] = 0;
    fire(engine, panes, slot, report, { early: false, timely: false });
  }
  panes.dirty.length = 0;
}

/** Time has moved to the watermark `now`: fires what is due, oldest first, and forgets what nobody needs any more. */
export function advance(engine: Engine, panes: Panes, now: number, report: Report): void {
  flush(engine, panes, report);
  const { slots } = panes;
  let next = release(panes.held, now, (lane, time, value) => {
    addToEach(engine, panes, lane, time, value, now, report, NONE);
  });
  for (let lane = 0; lane < slots.heads.length; lane += 1) {
    let oldest = NONE;
    let slot = slots.heads[lane] ?? NONE;
    while (slot !== NONE && lastMoment(engine, slots, slot) > panes.handled) {
      oldest = slot;
      slot = olderThan(slots, slot);
    }
    for (slot = oldest; slot !== NONE; slot = newerThan(slots, slot)) {
      next = Math.min(next, ripen(engine, panes, slot, now, report));
    }
    let tail = slots.tails[lane] ?? NONE;
    while (tail !== NONE && expiry(engine, slots, tail) <= now) {
      remove(slots, tail);
      tail = slots.tails[lane] ?? NONE;
    }
    if (tail !== NONE) next = Math.min(next, expiry(engine, slots, tail));
  }
  panes.handled = Math.max(panes.handled, now);
  panes.next = next;
}

/** Fires a window as often as it is due by `now`; returns when it is due next. */
function ripen(engine: Engine, panes: Panes, slot: number, now: number, report: Report): number {
  const { assigner, trigger } = engine.shape;
  if (trigger.kind === 'count') return NEVER;
  const { slots } = panes;
  if (assigner.kind === 'aligned') {
    const start = startOf(slots, slot);
    if (gridFloor(start, assigner.hop, assigner.offset) !== start) return NEVER;
  }
  const last = lastMoment(engine, slots, slot);
  let mark: number = NEVER;
  if (trigger.kind === 'interval') {
    mark = slots.numbers[slot * WIDTH + MARK] ?? NEVER;
    const { every, report: which } = trigger;
    if (which === 'latest' && mark <= now) {
      mark = last <= now ? last : mark + Math.floor((now - mark) / every) * every;
    }
    while (mark <= now && mark < last) {
      fire(engine, panes, slot, report, { early: true, timely: true });
      mark = Math.min(mark + every, last);
    }
    slots.numbers[slot * WIDTH + MARK] = mark;
  }
  if (last > now) return Math.min(mark, last);
  fire(engine, panes, slot, report, { early: false, timely: true });
  return NEVER;
}

const merged = new Float64Array(ACCUMULATOR);

function fire(
  engine: Engine,
  panes: Panes,
  slot: number,
  report: Report,
  how: { readonly early: boolean; readonly timely: boolean },
): void {
  const { slots } = panes;
  const { assigner, purging } = engine.shape;
  const lane = slots.links[slot * LINKS + LANE] ?? 0;
  const start = startOf(slots, slot);
  let end = endOf(slots, slot);
  let numbers = slots.numbers;
  let at = slot * WIDTH;
  let sketch = slots.sketches[slot];
  if (engine.layout.shared && assigner.kind === 'aligned') {
    end = start + assigner.size;
    numbers = merged;
    at = 0;
    clear(merged, 0);
    if (slots.sketched) sketch = openSketch();
    let pane = slot;
    while (pane !== NONE && startOf(slots, pane) < end) {
      merge(merged, 0, slots.numbers, pane * WIDTH);
      const part = slots.sketches[pane];
      if (sketch !== undefined && part !== undefined) mergeSketch(sketch, part);
      pane = newerThan(slots, pane);
    }
  }
  if (numbers[at + COUNT] === 0) return;
  const version = how.early ? 0 : (slots.links[slot * LINKS + VERSION] ?? 0) + 1;
  if (!how.early) slots.links[slot * LINKS + VERSION] = version;
  report.fire(lane, start, end, numbers, at, sketch, version, how.timely);
  if (!purging) return;
  purge(slots, slot);
  // A window without bounds begins anew: what it says next is another window.
  if (assigner.kind === 'global') slots.links[slot * LINKS + VERSION] = 0;
}

/** When these windows want to be woken. */
export function dueOf(engine: Engine, panes: Panes, now: number): number {
  const refires = panes.dirty.length > 0 && engine.shape.refire === 'watermark';
  return refires ? Math.min(panes.next, now + 1) : panes.next;
}
