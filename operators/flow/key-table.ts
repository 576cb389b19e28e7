/** The keys of one stage: the state, clock, timers and view of each, found with one search. */

import { type Key, lineOf } from '../model/key.ts';
import type { Knowledge } from '../model/knowledge.ts';
import type { Plain } from '../model/plain.ts';
import { BEGINNING, type EventTime } from '../model/time.ts';
import { type ClockScope, LOG } from './flow.ts';
import {
  type CopiedState,
  type Copy,
  createStateCopies,
  type Head,
  type Saved,
  type Snapshot,
  type StateCopies,
} from './states.ts';
import { type ClockTimers, createTimers, type KeyTimers, type Timers } from './timers.ts';

export type KeyTable<S extends Plain, V> = {
  readonly entries: Map<Key, KeyEntry<S, V>>;
  /** By the key of the watermark. */
  readonly clocks: Map<Key, Clock>;
  readonly timers: Timers;
  readonly copies: StateCopies<S>;
  /** Whose watermark is the clock of a key. */
  clockOf(key: Key): Key;
};

/** All that is known of a key. Without state it is closed, or was only asked for. */
export type KeyEntry<S extends Plain, V> = CopiedState<S> & {
  readonly clock: Clock;
  timers: KeyTimers | undefined;
  view: V | undefined;
  /** What the view was made from. */
  viewed: Knowledge | undefined;
};

type Clock = {
  time: EventTime;
  /** What waits for it, so that a watermark needs one search: see `timersOn`. */
  timers: ClockTimers | undefined;
};

export function createKeyTable<S extends Plain, V>(scope: ClockScope): KeyTable<S, V> {
  return {
    entries: new Map(),
    clocks: new Map(),
    timers: createTimers(clockOf(scope)),
    copies: createStateCopies(),
    clockOf: clockOf(scope),
  };
}

/** Whose watermarks are the clock of a key. */
function clockOf(scope: ClockScope): (key: Key) => Key {
  if (scope === 'log') return () => LOG;
  return scope === 'line' ? lineOf : (key) => key;
}

/** The entry of a key; a new one, without state, when there is none. */
export function entryOf<S extends Plain, V>(table: KeyTable<S, V>, key: Key): KeyEntry<S, V> {
  const known = table.entries.get(key);
  if (known !== undefined) return known;
  const entry = {
    key,
    clock: clockAt(table, table.clockOf(key)),
    state: undefined,
    timers: table.timers.known(key),
    view: undefined,
    viewed: undefined,
    copied: table.copies.checkpoint,
    changed: table.copies.checkpoint,
    saved: false,
  };
  table.entries.set(key, entry);
  return entry;
}

/** The clock that a watermark of this key moves. */
export function clockAt<S extends Plain, V>({ clocks }: KeyTable<S, V>, of: Key): Clock {
  let clock = clocks.get(of);
  if (clock === undefined) {
    clock = { time: BEGINNING, timers: undefined };
    clocks.set(of, clock);
  }
  return clock;
}

/** What waits for a clock. */
export function timersOn<S extends Plain, V>(
  { timers }: KeyTable<S, V>,
  clock: Clock,
  of: Key,
): ClockTimers | undefined {
  if (clock.timers === undefined || clock.timers.keys === 0) clock.timers = timers.clockNamed(of);
  return clock.timers;
}

/** Drops a key with its state and timers. */
export function closeKey<S extends Plain, V>(
  { entries, timers, copies }: KeyTable<S, V>,
  entry: KeyEntry<S, V>,
): void {
  copies.close(entry);
  entry.state = undefined;
  entries.delete(entry.key);
  if (entry.timers !== undefined) timers.forget(entry.timers);
  entry.timers = undefined;
}

/** Fills an empty table from a checkpoint. */
export function restoreTable<S extends Plain, V>(
  table: KeyTable<S, V>,
  { clocks, timers, states }: Snapshot,
): void {
  clocks.keys.forEach((of, index) => {
    clockAt(table, of).time = (clocks.times[index] ?? BEGINNING) as EventTime;
  });
  for (const { key, rule, due, pauses } of timers) {
    table.timers.set(table.timers.of(key), rule, due, pauses);
  }
  // The version of the snapshot says that its states have this shape.
  for (const [key, state] of states) entryOf(table, key).state = state as S;
}

/** Begins a checkpoint: the head as it is now, the states while work goes on. */
export function beginCheckpoint<S extends Plain, V>(
  { entries, clocks, timers, copies }: KeyTable<S, V>,
  version: number,
  whole: boolean,
  copy: Copy,
): Omit<Saved, 'knowledge'> {
  const head = { version, timers: timers.all(), clocks: packClocks(clocks) };
  return { head, ...copies.begin(entries, whole, copy) };
}

function packClocks(clocks: ReadonlyMap<Key, Clock>): Head['clocks'] {
  const keys: Key[] = [];
  const times = new Float64Array(clocks.size);
  for (const [of, { time }] of clocks) {
    if (time === BEGINNING) continue;
    times[keys.length] = time;
    keys.push(of);
  }
  return { keys, times: times.subarray(0, keys.length) };
}
