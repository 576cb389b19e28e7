import type { Key } from '../model/key.ts';
import type { EventTime } from '../model/time.ts';

/**
 * A timer in a heap. It stands there under `queued`; `due` may have moved behind that since, and is looked at when
 * its turn comes: a timer that is put off with every event costs no more than that.
 */
export type Queued = {
  readonly key: Key;
  readonly rule: string;
  due: EventTime;
  seeing: boolean;
  queued: EventTime;
  /** Not replaced, cancelled or taken. */
  live: boolean;
};

/** The timers of one clock: a binary heap in the order (time, key, rule), in which dead ones are passed over. */
export type TimerHeap = { items: Queued[]; living: number };

/** Dead timers that a heap may hold beside as many live ones; one that is mostly dead is made anew. */
const SLACK = 64;

/** Whether `a` rings before `b`. */
export function ringsBefore(a: Queued, b: Queued): boolean {
  if (a.due !== b.due) return a.due < b.due;
  if (a.key !== b.key) return a.key < b.key;
  return a.rule < b.rule;
}

function before(a: Queued, b: Queued): boolean {
  if (a.queued !== b.queued) return a.queued < b.queued;
  if (a.key !== b.key) return a.key < b.key;
  return a.rule < b.rule;
}

/** Adds a live timer. */
export function enqueue(heap: TimerHeap, timer: Queued): void {
  const { items } = heap;
  heap.living += 1;
  let hole = items.push(timer) - 1;
  while (hole > 0) {
    const above = (hole - 1) >> 1;
    const parent = items[above];
    if (parent === undefined || !before(timer, parent)) break;
    items[hole] = parent;
    hole = above;
  }
  items[hole] = timer;
  if (items.length <= 2 * heap.living + SLACK) return;
  // Sorted, so a heap.
  heap.items = items.filter(({ live }) => live).sort((a, b) => (before(a, b) ? -1 : 1));
}

/** The first live timer that is due at or before `until`. It stays in the heap until it is dead. */
export function firstDue(heap: TimerHeap, until: EventTime): Queued | undefined {
  const { items } = heap;
  for (let first = items[0]; first !== undefined; first = items[0]) {
    if (!first.live) {
      const last = items.pop();
      if (last !== undefined && items.length > 0) sink(items, last);
    } else if (first.queued > until) {
      return undefined;
    } else if (first.due > first.queued) {
      first.queued = first.due;
      sink(items, first);
    } else {
      return first;
    }
  }
  return undefined;
}

/** Puts this timer in the place of the first, and down to where it belongs. */
function sink(items: Queued[], timer: Queued): void {
  let hole = 0;
  for (;;) {
    let below = 2 * hole + 1;
    const left = items[below];
    if (left === undefined) break;
    const right = items[below + 1];
    if (right !== undefined && before(right, left)) below += 1;
    const child = items[below];
    if (child === undefined || !before(child, timer)) break;
    items[hole] = child;
    hole = below;
  }
  items[hole] = timer;
}
