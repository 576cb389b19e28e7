import { type Key, lineOf } from '../model/key.ts';
import type { Plain } from '../model/plain.ts';
import type { EventTime } from '../model/time.ts';
import type { Event, Stage, StageId } from './flow.ts';
import { keyed } from './keyed.ts';
import type { States } from './states.ts';

/**
 * Releases the events of each line by line time, in the order (time, key, rank, arrival). An event that line time
 * has already passed goes on at once, marked `late`. `rank` decides between events of one key and time, so that
 * the order in which sources happened to arrive cannot matter.
 */
export function order<T extends Plain>(
  options: {
    readonly id: StageId;
    readonly rank: (value: T) => string;
  },
  states: States,
): Stage<T, T> {
  const { id, rank } = options;

  function compare(a: Event<T>, b: Event<T>): number {
    if (a.time !== b.time) return a.time - b.time;
    if (a.key !== b.key) return a.key < b.key ? -1 : 1;
    const [first, second] = [rank(a.value), rank(b.value)];
    if (first === second) return 0;
    return first < second ? -1 : 1;
  }

  return keyed<{ waiting: Event<T>[]; next: EventTime | null }, T, T>(
    {
      id,
      version: 1,
      scope: 'line',
      unordered: true,
      keyOf: createLineKey(),
      open: () => ({ waiting: [], next: null }),
      onEvent(state, event, _, out) {
        if (event.time <= out.now) {
          out.pass(event.late === true ? event : { ...event, late: true });
          return;
        }
        const { kind, key, time, value } = event;
        state.waiting.push(event.late === true ? { kind, key, time, value } : event);
        if (state.next !== null && state.next <= event.time) return;
        state.next = event.time;
        out.setTimer(event.time);
      },
      onTimer(state, _due, _knowledge, out) {
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
