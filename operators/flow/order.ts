/** Event time across the sources of a line: what waits for line time, and the order in which it goes on. */

import { assetKey, type Key, lineOf } from '../model/key.ts';
import type { Knowledge } from '../model/knowledge.ts';
import type { Plain } from '../model/plain.ts';
import { BEGINNING, type EventTime, earlier } from '../model/time.ts';
import type { Event, Stage, StageId } from './flow.ts';
import { keyed } from './keyed.ts';
import type { States } from './states.ts';

/**
 * So many events of a line wait at most; more become dead letters (`overflow`). How long one can wait is bounded by the
 * rules: it is at most `skew` ahead of append time, and line time is never further behind it than the sources that it
 * waits for (`skew_behind`) or than `hold` and `idle` without any.
 */
const MOST_WAITING = 50_000;

type OrderOptions<T> = {
  readonly id: StageId;
  /** Decides between events of one machine and time. */
  readonly compare: (a: T, b: T) => number;
  /** Takes effect where it stands in the log, whatever time it says. */
  readonly isInLogOrder?: (value: T) => boolean;
};

/**
 * Releases the events of each line by line time, in the order (time, machine, `compare`, arrival). An event that line
 * time has already passed goes on at once, marked `late`. Machines are in the order of the plant model, which is that of
 * the material. So the order in which sources happened to arrive cannot matter: only what one source sent without
 * counting is in the order of its arrival.
 */
export function order<T extends Plain>(options: OrderOptions<T>, states: States): Stage<T, T> {
  return keyed<{ waiting: Event<T>[]; next: EventTime | null }, T, T>(
    {
      id: options.id,
      version: 1,
      scope: 'line',
      unordered: true,
      keyOf: createLineKey(),
      open: () => ({ waiting: [], next: null }),
      onEvent(state, event, _, out) {
        if (options.isInLogOrder?.(event.value) === true) {
          const { late: _late, ...timely } = event;
          out.pass({ ...timely, time: now(event.time, out.now) });
          return;
        }
        if (event.time <= out.now) {
          out.pass(event.late === true ? event : { ...event, late: true });
          return;
        }
        if (state.waiting.length >= MOST_WAITING) {
          const detail = `more than ${MOST_WAITING} events of the line wait for its time`;
          out.deadLetter('overflow', detail, event.value);
          return;
        }
        const { kind, key, time, value } = event;
        state.waiting.push(event.late === true ? { kind, key, time, value } : event);
        if (state.next !== null && state.next <= event.time) return;
        state.next = event.time;
        out.setTimer(event.time);
      },
      onTimer(state, _due, knowledge, out) {
        const compare = comparison(positionsOf(knowledge), options.compare);
        if (!isSorted(state.waiting, compare)) state.waiting.sort(compare);
        const due = takeUntil(state, out.now);
        state.next = state.waiting[0]?.time ?? null;
        if (state.next !== null) out.setTimer(state.next);
        for (const event of due) out.pass(event);
      },
    },
    states,
  );
}

type Models = Knowledge['models'];

const known = new WeakMap<Models, ReadonlyMap<Key, number>>();

/** The position of each machine in its plant model. Derived, so no state. */
function positionsOf({ models }: Knowledge): ReadonlyMap<Key, number> {
  let positions = known.get(models);
  if (positions === undefined) {
    positions = positionsIn(models);
    known.set(models, positions);
  }
  return positions;
}

function positionsIn(models: Models): ReadonlyMap<Key, number> {
  const positions = new Map<Key, number>();
  for (const { id: plant, lines } of Object.values(models)) {
    for (const { id: line, assets } of lines) {
      assets.forEach(({ id }, index) => {
        positions.set(assetKey(plant, line, id), index);
      });
    }
  }
  return positions;
}

function comparison<T>(
  machines: ReadonlyMap<Key, number>,
  compare: (a: T, b: T) => number,
): (a: Event<T>, b: Event<T>) => number {
  return (a, b) => {
    if (a.time !== b.time) return a.time - b.time;
    if (a.key !== b.key) {
      const byModel = (machines.get(a.key) ?? Infinity) - (machines.get(b.key) ?? Infinity);
      if (byModel < 0 || byModel > 0) return byModel;
      return a.key < b.key ? -1 : 1;
    }
    return compare(a.value, b.value);
  };
}

/** The time of what takes effect now: line time, which its own time may be ahead of. */
function now(time: EventTime, line: EventTime): EventTime {
  return line === BEGINNING ? time : earlier(time, line);
}

/** Most events come in order, and a look costs less than sorting. */
function isSorted<T>(items: readonly T[], compare: (a: T, b: T) => number): boolean {
  let before: T | undefined;
  for (const item of items) {
    if (before !== undefined && compare(before, item) > 0) return false;
    before = item;
  }
  return true;
}

/** Takes out what is due of what waits in order. */
function takeUntil<T>(state: { waiting: Event<T>[] }, until: EventTime): readonly Event<T>[] {
  const { waiting } = state;
  const first = waiting.findIndex(({ time }) => time > until);
  if (first < 0) {
    state.waiting = [];
    return waiting;
  }
  return waiting.splice(0, first);
}

/** Keys whose line is cached; with more than this the cache begins anew. */
const MOST_CACHED = 100_000;

/** The line of an event's key, cut out of each key once. */
function createLineKey(): (event: { readonly key: Key }) => Key {
  const lines = new Map<Key, Key>();
  return ({ key }) => {
    const known = lines.get(key);
    if (known !== undefined) return known;
    if (lines.size === MOST_CACHED) lines.clear();
    const line = lineOf(key);
    lines.set(key, line);
    return line;
  };
}
