import { type Key, lineOf } from '../model/key.ts';
import type { Plain } from '../model/plain.ts';
import type { DeadLetterReason, TableName, Tables } from '../model/tables.ts';
import { BEGINNING, between, type EventTime } from '../model/time.ts';
import { type Copied, createCopying } from './copying.ts';
import { type Change, type Event, type Flow, row, type Stage, type StageId } from './flow.ts';

import { stage } from './stage.ts';
import type { Copy, Head, Saved, States } from './states.ts';
import { type Alarms, createTimers } from './timers.ts';

/** A stage that remembers: one state per key, and one shared value for all. State is changed in place and stays plain. */
export interface Keyed<S extends Plain, C extends Plain, I, O, V = undefined> {
  /** Where the states are found after a restart: written by hand, unique, never used again. */
  readonly id: StageId;
  /** Of the shape of `S` and `C`. */
  readonly version: number;
  /** Whose watermark is this stage's clock: the source's (keys are subjects), or the line's (keys are paths). */
  readonly scope: 'source' | 'line';
  /** Input is not ordered by event time: events do not fire timers, only watermarks do. */
  readonly unordered?: true;
  keyOf?(event: Event<I>): Key;
  open(key: Key): S;
  openShared(): C;
  /**
   * What a key needs of the shared value: derived, never state. Made when first asked for, and again after each
   * change. Events of a key whose view is undefined concern nobody here and open no state.
   */
  view?(shared: Readonly<C>, key: Key): V | undefined;
  onEvent(state: S, event: Event<I>, shared: Readonly<C>, out: Out<O>, view: V): void;
  onTimer?(state: S, due: EventTime, shared: Readonly<C>, out: Out<O>, rule: string): void;
  /** Takes a change into the shared value. */
  onChange?(shared: C, change: Change): void;
  /** Called for every open key, in key order, after a change was taken in. */
  onChanged?(state: S, shared: Readonly<C>, out: Out<O>, change: Change): void;
  migrate?(state: Plain, from: number): S;
  migrateShared?(shared: Plain, from: number): C;
}

/** What a keyed stage can do besides changing its state. Valid only during the call that it was given to. */
export interface Out<O> {
  readonly key: Key;
  /** The watermark of this key's clock; the beginning of time before the first. */
  readonly now: EventTime;
  /** Without `at`: the event's or timer's own time, and this state's key. */
  emit(
    value: O,
    at?: { readonly time?: EventTime; readonly key?: Key; readonly late?: boolean },
  ): void;
  /** The event as it is, of whatever key. */
  pass(event: Event<O>): void;
  land<N extends TableName>(table: N, content: Tables[N]): void;
  /** `value` is what left the main way: it is kept as text. */
  deadLetter(reason: DeadLetterReason, detail: string, value: unknown, count?: number): void;
  /** One timer per key and rule: a new one replaces the old. `seeing`: it stands still in blind time. */
  wakeAt(due: EventTime, rule?: string, seeing?: boolean): void;
  sleep(rule?: string): void;
  /** Forgets this key. */
  close(): void;
}

export function keyed<S extends Plain, C extends Plain, I, O, V = undefined>(
  logic: Keyed<S, C, I, O, V>,
  states: States,
): Stage<I, O> {
  return stage((emit) => createRuntime(logic, states, emit));
}

/** A key with all that is known of it, so that an event costs one search. */
type Slot<S extends Plain, V> = Copied<S> & {
  readonly clock: Clock;
  alarms: Alarms | undefined;
  view: V | undefined;
  /** How many changes there had been when the view was made. */
  viewed: number;
};

type Clock = { time: EventTime };

function createRuntime<S extends Plain, C extends Plain, I, O, V>(
  logic: Keyed<S, C, I, O, V>,
  states: States,
  emit: (item: Flow<O>) => void,
): (item: Flow<I>) => void {
  const timers = createTimers(logic.scope);
  const clockOf = logic.scope === 'line' ? lineOf : (key: Key) => key;
  const restored = states.restore(logic.id);
  const slots = new Map<Key, Slot<S, V>>();
  const clocks = new Map<Key, Clock>();
  let changes = 0;
  const copying = createCopying<S>();
  const from = restored?.version ?? logic.version;
  const upgrade = <T extends Plain>(
    state: Plain,
    migrate?: (state: Plain, from: number) => T,
  ): T => {
    if (from === logic.version) return state as T;
    if (migrate !== undefined) return migrate(state, from);
    throw new Error(
      `stage ${logic.id}: state of version ${from}, code of version ${logic.version}, no migration`,
    );
  };
  const shared: C =
    restored === undefined
      ? logic.openShared()
      : upgrade(restored.shared, logic.migrateShared?.bind(logic));
  restored?.clocks.keys.forEach((of, index) => {
    clockAt(of).time = (restored.clocks.times[index] ?? BEGINNING) as EventTime;
  });
  for (const { key, rule, due, seeing } of restored?.timers ?? []) {
    timers.set(timers.of(key), rule, due, seeing);
  }
  for (const [key, state] of restored?.cells ?? []) {
    slotOf(key).state = upgrade(state, logic.migrate?.bind(logic));
  }

  // One Out for all calls: it is valid only during a call, so only its position changes.
  let time: EventTime = BEGINNING;
  let ringing = false;
  let current: Slot<S, V> | undefined;
  const out = {
    key: '' as Key,
    now: BEGINNING as EventTime,
    emit(value: O, at?: { time?: EventTime; key?: Key; late?: boolean }) {
      const [key, of] = [at?.key ?? out.key, at?.time ?? time];
      if (at?.late === true) emit({ kind: 'event', key, time: of, late: true, value });
      else emit({ kind: 'event', key, time: of, value });
    },
    pass: emit,
    land<N extends TableName>(table: N, content: Tables[N]) {
      emit(row(table, content));
    },
    deadLetter(reason: DeadLetterReason, detail: string, value: unknown, count = 1) {
      const original = typeof value === 'string' ? value : JSON.stringify(value);
      const content = { reason, stage: logic.id, source: out.key, detail, count, original };
      emit(row('dead_letters', content));
    },
    wakeAt(due: EventTime, rule = '', seeing = false) {
      // A timer that sets itself again for the time that just came would ring for ever.
      if (ringing && due <= time)
        throw new Error(`stage ${logic.id}: timer ${rule} rings for ever`);
      if (current === undefined) return;
      current.alarms ??= timers.of(out.key);
      timers.set(current.alarms, rule, due, seeing);
    },
    sleep(rule = '') {
      if (current?.alarms !== undefined) timers.cancel(current.alarms, rule);
    },
    close() {
      if (current === undefined) return;
      current.state = undefined;
      slots.delete(out.key);
      if (current.alarms !== undefined) timers.forget(current.alarms);
      current.alarms = undefined;
    },
  };

  function clockAt(of: Key): Clock {
    let clock = clocks.get(of);
    if (clock === undefined) {
      clock = { time: BEGINNING };
      clocks.set(of, clock);
    }
    return clock;
  }

  function slotOf(key: Key): Slot<S, V> {
    let slot = slots.get(key);
    if (slot === undefined) {
      const [clock, alarms] = [clockAt(clockOf(key)), timers.known(key)];
      slot = {
        key,
        clock,
        state: undefined,
        alarms,
        view: undefined,
        viewed: -1,
        copied: copying.checkpoint,
      };
      slots.set(key, slot);
    }
    return slot;
  }

  function viewOf(slot: Slot<S, V>): V | undefined {
    if (slot.viewed !== changes) {
      slot.view = logic.view?.(shared, slot.key);
      slot.viewed = changes;
    }
    return slot.view;
  }

  function turnTo(slot: Slot<S, V>, at: EventTime): void {
    current = slot;
    out.key = slot.key;
    out.now = slot.clock.time;
    time = at;
  }

  function fire(slot: Slot<S, V> | undefined, due: EventTime, rule: string): void {
    if (slot?.state === undefined) return;
    copying.keep(slot);
    turnTo(slot, due);
    ringing = true;
    logic.onTimer?.(slot.state, due, shared, out, rule);
    ringing = false;
  }

  function fireDueOf(slot: Slot<S, V>, until: EventTime): void {
    while (slot.alarms !== undefined) {
      const timer = timers.takeDueOf(slot.alarms, until);
      if (timer === undefined) return;
      fire(slot, timer.due, timer.rule);
    }
  }

  const timely = logic.scope === 'line' && logic.unordered !== true;

  function onEvent(event: Event<I>): void {
    const key = logic.keyOf === undefined ? event.key : logic.keyOf(event);
    let slot = slotOf(key);
    if (timely && slot.alarms !== undefined && event.late !== true) {
      fireDueOf(slot, event.time);
      // The timer may have closed the key.
      if (slot.state === undefined) slot = slotOf(key);
    }
    const view = viewOf(slot);
    if (logic.view !== undefined && view === undefined) return;
    copying.keep(slot);
    if (slot.state === undefined) slot.state = logic.open(key);
    turnTo(slot, event.time);
    logic.onEvent(slot.state, event, shared, out, view as V);
  }

  function onWatermark(of: Key, to: EventTime, blind?: { from: EventTime; to: EventTime }): void {
    if (blind !== undefined) timers.putOff(of, blind.from, between(blind.from, blind.to));
    const clock = clockAt(of);
    if (to > clock.time) clock.time = to;
    for (let due = timers.takeDue(of, to); due !== undefined; due = timers.takeDue(of, to)) {
      fire(slots.get(due.key), due.due, due.rule);
    }
  }

  function onChange(change: Change): void {
    logic.onChange?.(shared, change);
    changes += 1;
    if (logic.onChanged === undefined) return;
    for (const key of [...slots.keys()].sort()) {
      const slot = slots.get(key);
      if (slot?.state === undefined) continue;
      copying.keep(slot);
      turnTo(slot, slot.clock.time);
      logic.onChanged(slot.state, shared, out, change);
    }
  }

  function clocksNow(): Head['clocks'] {
    const keys: Key[] = [];
    const times = new Float64Array(clocks.size);
    for (const [of, { time: at }] of clocks) {
      if (at === BEGINNING) continue;
      times[keys.length] = at;
      keys.push(of);
    }
    return { keys, times: times.subarray(0, keys.length) };
  }

  function beginCopy(copy: Copy): Saved {
    const head = { version: logic.version, timers: timers.all(), clocks: clocksNow() };
    return { head, cells: [], shared, changes, more: copying.begin(slots.values(), copy) };
  }

  return function handle(item) {
    switch (item.kind) {
      case 'event':
        onEvent(item);
        return;
      case 'row':
        emit(item);
        return;
      case 'watermark':
        if (item.scope === logic.scope) onWatermark(item.of, item.time, item.blind);
        emit(item);
        return;
      case 'change':
        onChange(item);
        emit(item);
        return;
      case 'barrier':
        states.save(logic.id, beginCopy);
        emit(item);
        return;
    }
  };
}
