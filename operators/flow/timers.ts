import { type Key, lineOf } from '../model/key.ts';
import { type Duration, END_OF_TIME, type EventTime, plus } from '../model/time.ts';
import { enqueue, firstDue, type Queued, ringsBefore, type TimerHeap } from './timer-heap.ts';

/** One alarm clock: there is at most one per key and rule. `seeing` ones stand still in blind time. */
export type Timer = {
  readonly key: Key;
  readonly rule: string;
  readonly due: EventTime;
  readonly seeing: boolean;
};

/** The timers of one key: found once, so that to set one or to ask for one needs no search for the key. */
export type Alarms = {
  readonly key: Key;
  readonly clock: Clock;
  readonly byRule: Map<string, Queued>;
  /** None of them is due before this. */
  earliest: EventTime;
};

type Clock = TimerHeap & { readonly name: Key; keys: number };

export interface Timers {
  of(key: Key): Alarms;
  /** Those of a key that has some. */
  known(key: Key): Alarms | undefined;
  set(alarms: Alarms, rule: string, due: EventTime, seeing: boolean): void;
  cancel(alarms: Alarms, rule: string): void;
  forget(alarms: Alarms): void;
  /** Takes the first timer of this clock that is due at or before `until`, in the order (time, key, rule). */
  takeDue(clock: Key, until: EventTime): Timer | undefined;
  /** The same, of one key only. */
  takeDueOf(alarms: Alarms, until: EventTime): Timer | undefined;
  /** Puts off the seeing timers of this clock that were due after `from`. */
  putOff(clock: Key, from: EventTime, by: Duration): void;
  all(): Timer[];
}

/** `scope`: whether keys of one line share a clock, or each key has its own. */
export function createTimers(scope: 'source' | 'line'): Timers {
  const clockOf = scope === 'line' ? lineOf : (key: Key) => key;
  const byKey = new Map<Key, Alarms>();
  const clocks = new Map<Key, Clock>();

  function take(timer: Queued): Timer {
    const alarms = byKey.get(timer.key);
    if (alarms !== undefined) end(alarms, timer);
    const { key, rule, due, seeing } = timer;
    return { key, rule, due, seeing };
  }

  return {
    known: (key) => byKey.get(key),
    of(key) {
      const known = byKey.get(key);
      if (known !== undefined) return known;
      const name = clockOf(key);
      const clock: Clock = clocks.get(name) ?? { name, keys: 0, items: [], living: 0 };
      clocks.set(name, clock);
      clock.keys += 1;
      const alarms: Alarms = { key, clock, byRule: new Map(), earliest: END_OF_TIME };
      byKey.set(key, alarms);
      return alarms;
    },
    set: setTimer,
    cancel(alarms, rule) {
      const timer = alarms.byRule.get(rule);
      if (timer !== undefined) end(alarms, timer);
    },
    forget(alarms) {
      for (const timer of [...alarms.byRule.values()]) end(alarms, timer);
      byKey.delete(alarms.key);
      alarms.clock.keys -= 1;
      if (alarms.clock.keys === 0) clocks.delete(alarms.clock.name);
    },
    takeDue(name, until) {
      const clock = clocks.get(name);
      const first = clock === undefined ? undefined : firstDue(clock, until);
      return first === undefined ? undefined : take(first);
    },
    takeDueOf(alarms, until) {
      const first = alarms.earliest > until ? undefined : earliestOf(alarms);
      return first === undefined || first.due > until ? undefined : take(first);
    },
    putOff(name, from, by) {
      const late = (clocks.get(name)?.items ?? []).filter(({ live, seeing, due }) => {
        return live && seeing && due > from;
      });
      for (const timer of late) timer.due = plus(timer.due, by);
    },
    all() {
      return [...byKey.values()]
        .flatMap(({ byRule }) => [...byRule.values()])
        .sort((a, b) => (ringsBefore(a, b) ? -1 : 1))
        .map(({ key, rule, due, seeing }) => ({ key, rule, due, seeing }));
    },
  };
}

function setTimer(alarms: Alarms, rule: string, due: EventTime, seeing: boolean): void {
  if (due < alarms.earliest) alarms.earliest = due;
  const old = alarms.byRule.get(rule);
  if (old !== undefined && due >= old.queued) {
    old.due = due;
    old.seeing = seeing;
    return;
  }
  if (old !== undefined) end(alarms, old);
  const timer = { key: alarms.key, rule, due, seeing, queued: due, live: true };
  alarms.byRule.set(rule, timer);
  enqueue(alarms.clock, timer);
}

function end(alarms: Alarms, timer: Queued): void {
  alarms.byRule.delete(timer.rule);
  timer.live = false;
  alarms.clock.living -= 1;
}

/** The first of a key's timers. Only a look at all of them tells how early they really are. */
function earliestOf(alarms: Alarms): Queued | undefined {
  let first: Queued | undefined;
  for (const timer of alarms.byRule.values()) {
    if (first === undefined || ringsBefore(timer, first)) first = timer;
  }
  alarms.earliest = first?.due ?? END_OF_TIME;
  return first;
}
