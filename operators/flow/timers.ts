import { type Key, lineOf } from '../model/key.ts';
import type { Duration, EventTime } from '../model/time.ts';

/** One alarm clock: there is at most one per key and rule. `seeing` ones stand still in blind time. */
export type Timer = {
  readonly key: Key;
  readonly rule: string;
  readonly due: EventTime;
  readonly seeing: boolean;
};

export interface Timers {
  set(timer: Timer): void;
  cancel(key: Key, rule: string): void;
  forget(key: Key): void;
  /** Takes the first timer of this clock that is due at or before `until`, in the order (time, key, rule). */
  takeDue(clock: Key, until: EventTime): Timer | undefined;
  /** The same, of one key only. */
  takeDueOf(key: Key, until: EventTime): Timer | undefined;
  /** Puts off the seeing timers of this clock that were due after `from`. */
  putOff(clock: Key, from: EventTime, by: Duration): void;
  all(): Timer[];
}

function before(a: Timer, b: Timer): boolean {
  if (a.due !== b.due) return a.due < b.due;
  if (a.key !== b.key) return a.key < b.key;
  return a.rule < b.rule;
}

function compare(a: Timer, b: Timer): number {
  return before(a, b) ? -1 : 1;
}

/** Dead timers that a heap may hold beside as many live ones. */
const SLACK = 64;

/**
 * A binary heap per clock; a timer that was replaced or cancelled stays in the heap and is passed over. One that is
 * put off with every event would fill the memory so: a heap that is mostly dead is made anew.
 */
export function createTimers(scope: 'source' | 'line'): Timers {
  const clockOf = scope === 'line' ? lineOf : (key: Key) => key;
  const live = new Map<Key, Map<string, Timer>>();
  const heaps = new Map<Key, Timer[]>();
  const counts = new Map<Key, number>();

  function count(key: Key, by: number): number {
    const clock = clockOf(key);
    const living = (counts.get(clock) ?? 0) + by;
    if (living === 0) counts.delete(clock);
    else counts.set(clock, living);
    return living;
  }

  function isLive(timer: Timer): boolean {
    return live.get(timer.key)?.get(timer.rule) === timer;
  }

  function remove(timer: Timer): void {
    const ofKey = live.get(timer.key);
    if (ofKey?.delete(timer.rule)) count(timer.key, -1);
    if (ofKey?.size === 0) live.delete(timer.key);
  }

  const timers: Timers = {
    set(timer) {
      const ofKey = live.get(timer.key) ?? new Map<string, Timer>();
      if (ofKey.size === 0) live.set(timer.key, ofKey);
      const old = ofKey.get(timer.rule);
      if (old?.due === timer.due && old.seeing === timer.seeing) return;
      ofKey.set(timer.rule, timer);
      const living = count(timer.key, old === undefined ? 1 : 0);
      const clock = clockOf(timer.key);
      const heap = heaps.get(clock);
      if (heap === undefined) heaps.set(clock, [timer]);
      else push(heap, timer);
      // Sorted, so a heap.
      if (heap !== undefined && heap.length > 2 * living + SLACK)
        heaps.set(clock, heap.filter(isLive).sort(compare));
    },
    cancel(key, rule) {
      const timer = live.get(key)?.get(rule);
      if (timer !== undefined) remove(timer);
    },
    forget(key) {
      count(key, -(live.get(key)?.size ?? 0));
      live.delete(key);
    },
    takeDue(clock, until) {
      const heap = heaps.get(clock);
      if (heap === undefined) return undefined;
      for (let first = heap[0]; first !== undefined && first.due <= until; first = heap[0]) {
        pop(heap);
        if (!isLive(first)) continue;
        remove(first);
        return first;
      }
      while (heap[0] !== undefined && !isLive(heap[0])) pop(heap);
      if (heap.length === 0) heaps.delete(clock);
      return undefined;
    },
    takeDueOf(key, until) {
      let first: Timer | undefined;
      for (const timer of live.get(key)?.values() ?? []) {
        if (timer.due <= until && (first === undefined || before(timer, first))) first = timer;
      }
      if (first !== undefined) remove(first);
      return first;
    },
    putOff(clock, from, by) {
      const late = (heaps.get(clock) ?? []).filter((timer) => {
        return timer.seeing && timer.due > from && isLive(timer);
      });
      for (const timer of late) timers.set({ ...timer, due: (timer.due + by) as EventTime });
    },
    all() {
      return [...live.values()].flatMap((ofKey) => [...ofKey.values()]).sort(compare);
    },
  };
  return timers;
}

function push(heap: Timer[], timer: Timer): void {
  let hole = heap.push(timer) - 1;
  while (hole > 0) {
    const above = (hole - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || !before(timer, parent)) break;
    heap[hole] = parent;
    hole = above;
  }
  heap[hole] = timer;
}

function pop(heap: Timer[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let hole = 0;
  for (;;) {
    let below = 2 * hole + 1;
    const left = heap[below];
    if (left === undefined) break;
    const right = heap[below + 1];
    if (right !== undefined && before(right, left)) below += 1;
    const child = heap[below];
    if (child === undefined || !before(child, last)) break;
    heap[hole] = child;
    hole = below;
  }
  heap[hole] = last;
}
