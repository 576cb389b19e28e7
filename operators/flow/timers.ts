/** The timers of one stage: a heap for each clock, and for each key its own. */

import type { Key } from '../model/key.ts';
import { type Duration, END_OF_TIME, type EventTime, plus } from '../model/time.ts';

/** There is at most one per key and rule. One that `pauses` stands still in blind time. */
export type Timer = {
  readonly key: Key;
  readonly rule: string;
  readonly due: EventTime;
  readonly pauses: boolean;
};

/** The timers of one key: found once, so that to set one or to ask for one needs no search for the key. */
export type KeyTimers = {
  readonly key: Key;
  readonly clock: ClockTimers;
  readonly byRule: Map<string, QueuedTimer>;
  /** None of them is due before this. */
  earliest: EventTime;
  /** The same timers in their order, once there are many and the first of them was asked for. */
  queue: Queued<{ readonly timer: QueuedTimer }>[] | undefined;
};

/** What waits for one clock, of so many keys. With the last of them it is gone. */
export type ClockTimers = TimerHeap & { readonly name: Key; keys: number };

export interface Timers {
  of(key: Key): KeyTimers;
  /** Those of a key that has some. */
  known(key: Key): KeyTimers | undefined;
  set(timers: KeyTimers, rule: string, due: EventTime, pauses: boolean): void;
  cancel(timers: KeyTimers, rule: string): void;
  forget(timers: KeyTimers): void;
  /** Those of a clock, where some key has had one. */
  clockNamed(name: Key): ClockTimers | undefined;
  /** Takes the first timer of this clock that is due at or before `until`, in the order (time, key, rule). */
  takeDue(clock: ClockTimers, until: EventTime): Timer | undefined;
  /** The same, of one key only. */
  takeDueOf(timers: KeyTimers, until: EventTime): Timer | undefined;
  /** Puts off the pausing timers of this clock that were due after `from`. */
  putOff(clock: Key, from: EventTime, by: Duration): void;
  /** By key and rule, so that those of others stand where they stood when one changes. */
  all(): Timer[];
}

/** `clockOf`: whose clock that of a key is. */
export function createTimers(clockOf: (key: Key) => Key): Timers {
  const byKey = new Map<Key, KeyTimers>();
  const clocks = new Map<Key, ClockTimers>();

  function take(timer: QueuedTimer): Timer {
    const timers = byKey.get(timer.key);
    if (timers !== undefined) retire(timers, timer);
    const { key, rule, due, pauses } = timer;
    return { key, rule, due, pauses };
  }

  return {
    known: (key) => byKey.get(key),
    of(key) {
      const known = byKey.get(key);
      if (known !== undefined) return known;
      const name = clockOf(key);
      const clock: ClockTimers = clocks.get(name) ?? { name, keys: 0, items: [], living: 0 };
      clocks.set(name, clock);
      clock.keys += 1;
      const timers: KeyTimers = {
        ...{ key, clock, byRule: new Map(), earliest: END_OF_TIME, queue: undefined },
      };
      byKey.set(key, timers);
      return timers;
    },
    set: setTimer,
    cancel(timers, rule) {
      const timer = timers.byRule.get(rule);
      if (timer !== undefined) retire(timers, timer);
    },
    forget(timers) {
      for (const timer of [...timers.byRule.values()]) retire(timers, timer);
      byKey.delete(timers.key);
      timers.clock.keys -= 1;
      if (timers.clock.keys === 0) clocks.delete(timers.clock.name);
    },
    clockNamed: (name) => clocks.get(name),
    takeDue(clock, until) {
      const first = firstDue(clock, until);
      return first === undefined ? undefined : take(first);
    },
    takeDueOf(timers, until) {
      const first = timers.earliest > until ? undefined : earliestOf(timers);
      return first === undefined || first.due > until ? undefined : take(first);
    },
    putOff(name, from, by) {
      const late = (clocks.get(name)?.items ?? []).filter(({ live, pauses, due }) => {
        return live && pauses && due > from;
      });
      for (const timer of late) timer.due = plus(timer.due, by);
    },
    all() {
      return [...byKey.values()]
        .flatMap(({ byRule }) => [...byRule.values()])
        .sort(byName)
        .map(({ key, rule, due, pauses }) => ({ key, rule, due, pauses }));
    },
  };
}

function setTimer(timers: KeyTimers, rule: string, due: EventTime, pauses: boolean): void {
  if (due < timers.earliest) timers.earliest = due;
  const old = timers.byRule.get(rule);
  if (old !== undefined && due >= old.queued) {
    if (due < old.due) enqueueOwn(timers, old, due);
    old.due = due;
    old.pauses = pauses;
    return;
  }
  if (old !== undefined) retire(timers, old);
  const timer = { key: timers.key, rule, due, pauses, queued: due, live: true };
  timers.byRule.set(rule, timer);
  enqueue(timers.clock, timer);
  enqueueOwn(timers, timer, due);
}

function retire(timers: KeyTimers, timer: QueuedTimer): void {
  timers.byRule.delete(timer.rule);
  timer.live = false;
  timers.clock.living -= 1;
}

/** So few timers are looked through. */
const FEW = 16;

/** The first of a key's timers. */
function earliestOf(timers: KeyTimers): QueuedTimer | undefined {
  if (timers.byRule.size > FEW) return firstQueued(timers);
  timers.queue = undefined;
  let first: QueuedTimer | undefined;
  for (const timer of timers.byRule.values()) {
    if (first === undefined || firesBefore(timer, first)) first = timer;
  }
  timers.earliest = first?.due ?? END_OF_TIME;
  return first;
}

/** Of a key that has a timer for each of thousands of signals: those that are due at once are not looked for one by one. */
function firstQueued(timers: KeyTimers): QueuedTimer | undefined {
  const { byRule } = timers;
  // Sorted, so a heap.
  timers.queue ??= [...byRule.values()]
    .map((timer) => queuedAt(timer, timer.due))
    .sort((a, b) => (queuedBefore(a, b) ? -1 : 1));
  const { queue } = timers;
  for (let first = queue[0]; first !== undefined; first = queue[0]) {
    const { timer, queued } = first;
    if (!timer.live) dropFirst(queue);
    else if (timer.due > queued) {
      first.queued = timer.due;
      siftDown(queue, first);
    } else {
      timers.earliest = timer.due;
      return timer;
    }
  }
  timers.earliest = END_OF_TIME;
  return undefined;
}

function enqueueOwn(timers: KeyTimers, timer: QueuedTimer, due: EventTime): void {
  const { queue, byRule } = timers;
  if (queue === undefined) return;
  push(queue, queuedAt(timer, due));
  // Mostly dead: it is made anew when it is asked.
  if (queue.length > 2 * byRule.size + SLACK) timers.queue = undefined;
}

function queuedAt(timer: QueuedTimer, queued: EventTime) {
  const { key, rule } = timer;
  return { key, rule, queued, timer };
}

/**
 * A timer in a heap. It stands there under `queued`; `due` may have become later since, and is looked at when
 * its turn comes: a timer that is put off with every event costs no more than that.
 */
type QueuedTimer = Queued<{
  due: EventTime;
  pauses: boolean;
  /** Not replaced, cancelled or taken. */
  live: boolean;
}>;

/** What stands in a heap, and under which time. */
type Queued<T> = T & { readonly key: Key; readonly rule: string; queued: EventTime };

/** What waits for one clock: a binary heap in the order (time, key, rule), in which dead ones are skipped. */
type TimerHeap = { items: QueuedTimer[]; living: number };

/** Dead timers that a heap may hold beside as many live ones; one that is mostly dead is made anew. */
const SLACK = 64;

function byName(a: QueuedTimer, b: QueuedTimer): number {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1;
  return a.rule < b.rule ? -1 : 1;
}

/** Whether `a` fires before `b`. */
function firesBefore(a: QueuedTimer, b: QueuedTimer): boolean {
  if (a.due !== b.due) return a.due < b.due;
  if (a.key !== b.key) return a.key < b.key;
  return a.rule < b.rule;
}

function queuedBefore(a: Queued<unknown>, b: Queued<unknown>): boolean {
  if (a.queued !== b.queued) return a.queued < b.queued;
  if (a.key !== b.key) return a.key < b.key;
  return a.rule < b.rule;
}

/** Adds a live timer. */
function enqueue(heap: TimerHeap, timer: QueuedTimer): void {
  const { items } = heap;
  heap.living += 1;
  push(items, timer);
  if (items.length <= 2 * heap.living + SLACK) return;
  // Sorted, so a heap.
  heap.items = items.filter(({ live }) => live).sort((a, b) => (queuedBefore(a, b) ? -1 : 1));
}

/** The first live timer that is due at or before `until`. It stays in the heap until it is dead. */
function firstDue(heap: TimerHeap, until: EventTime): QueuedTimer | undefined {
  const { items } = heap;
  for (let first = items[0]; first !== undefined; first = items[0]) {
    if (!first.live) {
      dropFirst(items);
    } else if (first.queued > until) {
      return undefined;
    } else if (first.due > first.queued) {
      first.queued = first.due;
      siftDown(items, first);
    } else {
      return first;
    }
  }
  return undefined;
}

function push<T extends Queued<unknown>>(items: T[], item: T): void {
  let hole = items.push(item) - 1;
  while (hole > 0) {
    const above = (hole - 1) >> 1;
    const parent = items[above];
    if (parent === undefined || !queuedBefore(item, parent)) break;
    items[hole] = parent;
    hole = above;
  }
  items[hole] = item;
}

function dropFirst<T extends Queued<unknown>>(items: T[]): void {
  const last = items.pop();
  if (last !== undefined && items.length > 0) siftDown(items, last);
}

/** Puts this one in the place of the first, and down to where it belongs. */
function siftDown<T extends Queued<unknown>>(items: T[], timer: T): void {
  let hole = 0;
  for (;;) {
    let below = 2 * hole + 1;
    const left = items[below];
    if (left === undefined) break;
    const right = items[below + 1];
    if (right !== undefined && queuedBefore(right, left)) below += 1;
    const child = items[below];
    if (child === undefined || !queuedBefore(child, timer)) break;
    items[hole] = child;
    hole = below;
  }
  items[hole] = timer;
}
