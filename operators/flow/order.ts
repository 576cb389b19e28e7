import { lineOf } from '../model/key.ts';
import type { Plain } from '../model/plain.ts';
import type { EventTime } from '../model/time.ts';
import type { Event, Stage, StageId } from './flow.ts';
import { keyed } from './keyed.ts';
import type { States } from './states.ts';

/**
 * Releases the events of each line by line time, in the order (time, key, rank, arrival). An event that line time
 * has already passed goes on at once, marked `behind`. `rank` decides between events of one key and time, so that
 * the order in which sources happened to arrive cannot matter.
 */
export function order<T extends Plain>(
  options: {
    readonly id: StageId;
    /** Of the shape of what waits: 1 without it. */
    readonly version?: number;
    readonly rank: (value: T) => string;
  },
  states: States,
): Stage<T, T> {
  const { id, version = 1, rank } = options;

  function compare(a: Event<T>, b: Event<T>): number {
    if (a.time !== b.time) return a.time - b.time;
    if (a.key !== b.key) return a.key < b.key ? -1 : 1;
    const [first, second] = [rank(a.value), rank(b.value)];
    if (first === second) return 0;
    return first < second ? -1 : 1;
  }

  return keyed<{ waiting: Event<T>[]; next: EventTime | null }, null, T, T>(
    {
      id,
      version,
      scope: 'line',
      unordered: true,
      keyOf: (event) => lineOf(event.key),
      open: () => ({ waiting: [], next: null }),
      openShared: () => null,
      onEvent(state, event, _, out) {
        if (event.time <= out.now) {
          out.emit(event.value, { time: event.time, key: event.key, behind: true });
          return;
        }
        state.waiting.push(event);
        if (state.next !== null && state.next <= event.time) return;
        state.next = event.time;
        out.wakeAt(event.time);
      },
      onTimer(state, _due, _shared, out) {
        const due = state.waiting.filter(({ time }) => time <= out.now).sort(compare);
        state.waiting = state.waiting.filter(({ time }) => time > out.now);
        state.next = null;
        for (const { time } of state.waiting) {
          if (state.next === null || time < state.next) state.next = time;
        }
        if (state.next !== null) out.wakeAt(state.next);
        for (const event of due) out.emit(event.value, { time: event.time, key: event.key });
      },
    },
    states,
  );
}
