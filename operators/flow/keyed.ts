import { type Key, lineOf } from '../model/key.ts';
import type { Plain } from '../model/plain.ts';
import type { AsideReason, TableName, Tables } from '../model/tables.ts';
import { BEGINNING, between, type EventTime } from '../model/time.ts';
import type { Change, Event, Flow, Stage, StageId } from './flow.ts';
import { row } from './flow.ts';
import { stage } from './stage.ts';
import type { States } from './states.ts';
import { createTimers } from './timers.ts';

/** A stage that remembers: one state per key, and one shared value for all. State is changed in place and stays plain. */
export interface Keyed<S extends Plain, C extends Plain, I, O> {
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
  onEvent(state: S, event: Event<I>, shared: Readonly<C>, out: Out<O>): void;
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
    at?: { readonly time?: EventTime; readonly key?: Key; readonly behind?: boolean },
  ): void;
  land<N extends TableName>(table: N, content: Tables[N]): void;
  /** `value` is what left the main way: it is kept as text. */
  aside(reason: AsideReason, detail: string, value: unknown, count?: number): void;
  /** One timer per key and rule: a new one replaces the old. `seeing`: it stands still in blind time. */
  wakeAt(due: EventTime, rule?: string, seeing?: boolean): void;
  sleep(rule?: string): void;
  /** Forgets this key. */
  close(): void;
}

export function keyed<S extends Plain, C extends Plain, I, O>(
  logic: Keyed<S, C, I, O>,
  states: States,
): Stage<I, O> {
  return stage((emit) => createRuntime(logic, states, emit));
}

function createRuntime<S extends Plain, C extends Plain, I, O>(
  logic: Keyed<S, C, I, O>,
  states: States,
  emit: (item: Flow<O>) => void,
): (item: Flow<I>) => void {
  const timers = createTimers(logic.scope);
  const clockOf = logic.scope === 'line' ? lineOf : (key: Key) => key;
  const restored = states.restore(logic.id);
  const cells = new Map<Key, S>();
  const clocks = new Map<Key, EventTime>(restored?.clocks);
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
  for (const [key, state] of restored?.cells ?? []) {
    cells.set(key, upgrade(state, logic.migrate?.bind(logic)));
  }
  for (const timer of restored?.timers ?? []) timers.set(timer);

  // One Out for all calls: it is valid only during a call, so only its position changes.
  let time: EventTime = BEGINNING;
  let ringing = false;
  const out = {
    key: '' as Key,
    now: BEGINNING as EventTime,
    emit(value: O, at?: { time?: EventTime; key?: Key; behind?: boolean }) {
      const event = {
        kind: 'event',
        key: at?.key ?? out.key,
        time: at?.time ?? time,
        value,
      } as const;
      emit(at?.behind === true ? { ...event, behind: true } : event);
    },
    land<N extends TableName>(table: N, content: Tables[N]) {
      emit(row(table, content));
    },
    aside(reason: AsideReason, detail: string, value: unknown, count = 1) {
      const original = typeof value === 'string' ? value : JSON.stringify(value);
      const aside = { reason, stage: logic.id, source: out.key, detail, count, original };
      emit(row('asides', aside));
    },
    wakeAt(due: EventTime, rule = '', seeing = false) {
      // A timer that sets itself again for the time that just came would ring for ever.
      if (ringing && due <= time)
        throw new Error(`stage ${logic.id}: timer ${rule} rings for ever`);
      timers.set({ key: out.key, rule, due, seeing });
    },
    sleep(rule = '') {
      timers.cancel(out.key, rule);
    },
    close() {
      cells.delete(out.key);
      timers.forget(out.key);
    },
  };

  function turnTo(key: Key, at: EventTime): void {
    out.key = key;
    out.now = clocks.get(clockOf(key)) ?? BEGINNING;
    time = at;
  }

  function fire(key: Key, due: EventTime, rule: string): void {
    const state = cells.get(key);
    if (state === undefined) return;
    turnTo(key, due);
    ringing = true;
    logic.onTimer?.(state, due, shared, out, rule);
    ringing = false;
  }

  function onEvent(event: Event<I>): void {
    const key = logic.keyOf === undefined ? event.key : logic.keyOf(event);
    if (logic.scope === 'line' && logic.unordered !== true && event.behind !== true) {
      for (let due = timers.takeDueOf(key, event.time); due !== undefined; ) {
        fire(key, due.due, due.rule);
        due = timers.takeDueOf(key, event.time);
      }
    }
    let state = cells.get(key);
    if (state === undefined) {
      state = logic.open(key);
      cells.set(key, state);
    }
    turnTo(key, event.time);
    logic.onEvent(state, event, shared, out);
  }

  function onWatermark(of: Key, to: EventTime, blind?: { from: EventTime; to: EventTime }): void {
    if (blind !== undefined) timers.putOff(of, blind.from, between(blind.from, blind.to));
    const now = clocks.get(of) ?? BEGINNING;
    if (to > now) clocks.set(of, to);
    for (let due = timers.takeDue(of, to); due !== undefined; due = timers.takeDue(of, to)) {
      fire(due.key, due.due, due.rule);
    }
  }

  function onChange(change: Change): void {
    logic.onChange?.(shared, change);
    if (logic.onChanged === undefined) return;
    for (const key of [...cells.keys()].sort()) {
      const state = cells.get(key);
      if (state === undefined) continue;
      turnTo(key, clocks.get(clockOf(key)) ?? BEGINNING);
      logic.onChanged(state, shared, out, change);
    }
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
        states.save(logic.id, () => ({
          version: logic.version,
          shared,
          cells: [...cells],
          timers: timers.all(),
          clocks: [...clocks],
        }));
        emit(item);
        return;
    }
  };
}
