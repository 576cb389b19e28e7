import { BEGINNING, END_OF_TIME } from '../model/time.ts';
import { type Held, openHeld } from './held.ts';
import { type Assigner, gridFloor, type Layout, layoutOf, type Shape } from './shape.ts';
import type { Sketch } from './sketch.ts';
import { DIRTY, endOf, LINKS, MARK, openSlots, type Slots, startOf, WIDTH } from './slots.ts';

/** The windows of one rule at one source: plain state. */
export type Panes = {
  readonly slots: Slots;
  /** The watermark up to which firing is done. */
  handled: number;
  /** Nothing is due before this time. */
  next: number;
  /** Slots that must fire again. */
  readonly dirty: number[];
  readonly held: Held;
};

/** What windows say, and to whom. `numbers` at `at` is an accumulator, valid only during the call. */
export interface Report {
  fire(
    lane: number,
    start: number,
    end: number,
    numbers: Float64Array,
    at: number,
    sketch: Sketch | undefined,
    version: number,
    timely: boolean,
  ): void;
  /** A reading came too late for all of its windows. `position`: of it among the values of its frame. */
  late(lane: number, time: number, value: number, position: number): void;
  /** A fired session is no more: it became part of one that starts at another time. */
  retract(lane: number, start: number, end: number, version: number): void;
}

/** One rule at work: what its functions need besides the state. */
export type Engine = { readonly shape: Shape; readonly layout: Layout };

export const NEVER: number = END_OF_TIME;
/** `place` found no slot: the reading belongs to no window (`OUTSIDE`), or only to windows that are gone (`LATE`). */
export const OUTSIDE = -1;
export const LATE = -2;

export function createEngine(shape: Shape): Engine {
  return { shape, layout: layoutOf(shape) };
}

export function openPanes(shape: Shape): Panes {
  return {
    slots: openSlots(shape.quantiles.length > 0),
    handled: BEGINNING,
    next: NEVER,
    dirty: [],
    held: openHeld(),
  };
}

/** The last moment of the window that starts at this slot. */
export function lastMoment({ shape: { assigner } }: Engine, slots: Slots, slot: number): number {
  if (assigner.kind === 'aligned') return startOf(slots, slot) + assigner.size - 1;
  return endOf(slots, slot) - 1;
}

/** The last moment of the last window that contains this slot. */
export function closing(assigner: Assigner, slots: Slots, slot: number): number {
  if (assigner.kind !== 'aligned') return endOf(slots, slot) - 1;
  const { size, hop, offset } = assigner;
  return gridFloor(startOf(slots, slot), hop, offset) + size - 1;
}

/** When nothing needs this slot any more. */
export function expiry({ shape }: Engine, slots: Slots, slot: number): number {
  if (shape.assigner.kind === 'global') return NEVER;
  return closing(shape.assigner, slots, slot) + shape.lateness;
}

/** A MARK before anything was counted or scheduled. */
export function freshMark({ shape: { trigger } }: Engine): number {
  return trigger.kind === 'interval' ? NEVER : 0;
}

/** Says to a window, at each reading that it takes, what time it is: it is scheduled, or must fire again. */
export function touch(engine: Engine, panes: Panes, slot: number, time: number, now: number): void {
  const { slots } = panes;
  const { trigger } = engine.shape;
  const last = lastMoment(engine, slots, slot);
  panes.next = Math.min(panes.next, expiry(engine, slots, slot));
  if (trigger.kind === 'count') return;
  if (last <= now) {
    if (slots.links[slot * LINKS + DIRTY] === 1) return;
    slots.links[slot * LINKS + DIRTY] = 1;
    panes.dirty.push(slot);
    return;
  }
  slots.links[slot * LINKS + DIRTY] = 0;
  panes.next = Math.min(panes.next, last);
  if (trigger.kind === 'time') return;
  const at = slot * WIDTH + MARK;
  // The remainder keeps the sign of the time, as in Flink: before 1970 the first early firing is one interval later.
  if (slots.numbers[at] === NEVER) {
    slots.numbers[at] = Math.min(time - (time % trigger.every) + trigger.every, last);
  }
  panes.next = Math.min(panes.next, slots.numbers[at] ?? NEVER);
}
