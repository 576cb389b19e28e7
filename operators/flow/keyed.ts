/** Stages with state: one trait, one runtime. */

import type { Key } from '../model/key.ts';
import { applyChange, type Knowledge } from '../model/knowledge.ts';
import type { Plain } from '../model/plain.ts';
import type { DeadLetterReason, TableName, Tables } from '../model/tables.ts';
import { BEGINNING, between, type EventTime } from '../model/time.ts';
import {
  type Change,
  type ClockScope,
  type Event,
  type Flow,
  row,
  type Stage,
  type StageId,
  type Watermark,
} from './flow.ts';
import {
  beginCheckpoint,
  clockAt,
  closeKey,
  createKeyTable,
  entryOf,
  type KeyEntry,
  type KeyTable,
  restoreTable,
  timersOn,
} from './key-table.ts';
import { stage } from './stage.ts';
import { type States, StateVersionError } from './states.ts';

/** A stage with one state per key. State is changed in place and stays plain; knowledge is read and never changed. */
export interface Keyed<S extends Plain, I, O, V = undefined> {
  /** Where the states are found after a restart: written by hand, unique, never used again. */
  readonly id: StageId;
  /** Of the shape of `S`. */
  readonly version: number;
  /**
   * Whose watermark is this stage's clock: the source's (keys are subjects), the line's (keys are paths), or the log's,
   * which is append time (any keys).
   */
  readonly scope: ClockScope;
  /** Input is not ordered by event time: events do not fire timers, only watermarks do. */
  readonly unordered?: true;
  keyOf?(event: Event<I>): Key;
  open(key: Key): S;
  /**
   * What a key needs of the knowledge: derived, never state. Made when first asked for, and again after each
   * change. Events of a key whose view is undefined concern nobody here and open no state.
   */
  view?(knowledge: Knowledge, key: Key): V | undefined;
  /**
   * False: `view` is undefined for all keys, and no key has a timer left, so that events need not be looked at: an event
   * also fires the timers of its key that are due before it. `onChange` ends what has timers when this becomes false.
   */
  concerns?(knowledge: Knowledge): boolean;
  onEvent(state: S, event: Event<I>, knowledge: Knowledge, out: Out<O>, view: V): void;
  onTimer?(state: S, due: EventTime, knowledge: Knowledge, out: Out<O>, rule: string): void;
  /** Keys that have a state from a change on, before any event of theirs: what is missing is noticed there. */
  opens?(knowledge: Knowledge, change: Change): Iterable<Key>;
  /** Called for every key that has a state, in key order, after a change; `before`: what was known until then. */
  onChange?(state: S, knowledge: Knowledge, out: Out<O>, change: Change, before: Knowledge): void;
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
  /** As it is: an event of whatever key, or a watermark of the stage that makes them. */
  pass(item: Event<O> | Watermark): void;
  land<N extends TableName>(table: N, content: Tables[N]): void;
  /** `value` is what left the main way: it is kept as text. */
  deadLetter(reason: DeadLetterReason, detail: string, value: unknown, count?: number): void;
  /** One timer per key and rule: a new one replaces the old. `pauses`: it stands still in blind time. */
  setTimer(due: EventTime, rule?: string, pauses?: boolean): void;
  cancelTimer(rule?: string): void;
  /** When a timer is due, put off by blind time as it may be; undefined where there is none. */
  timerAt(rule?: string): EventTime | undefined;
  /** Forgets this key. */
  close(): void;
}

export function keyed<S extends Plain, I, O, V = undefined>(
  logic: Keyed<S, I, O, V>,
  states: States,
): Stage<I, O> {
  return stage((emit) => {
    const runtime = createRuntime(logic, states, emit);
    return (item) => {
      switch (item.kind) {
        case 'event':
          if (runtime.concerned) onEvent(runtime, item);
          return;
        case 'row':
          emit(item);
          return;
        case 'watermark':
          if (item.scope === logic.scope) onWatermark(runtime, item);
          emit(item);
          return;
        case 'change':
          onChange(runtime, item);
          emit(item);
          return;
        case 'barrier':
          states.save(logic.id, (copy, whole) => {
            const { table, known } = runtime;
            return { ...beginCheckpoint(table, logic.version, whole, copy), knowledge: known };
          });
          emit(item);
          return;
      }
    };
  });
}

type Runtime<S extends Plain, I, O, V> = {
  readonly logic: Keyed<S, I, O, V>;
  readonly table: KeyTable<S, V>;
  /** All that is known: what a checkpoint keeps. */
  known: Knowledge;
  /** What the logic is shown of it. */
  knowledge: Knowledge;
  readonly see: (knowledge: Knowledge) => Knowledge;
  /** Some key may be concerned by what is known. */
  concerned: boolean;
  /** Events fire the timers of their key that are due before them. */
  readonly firesBeforeEvents: boolean;
  readonly call: Call<S, V>;
  readonly out: Positioned<O>;
};

/** The call of the logic that is under way. */
type Call<S extends Plain, V> = {
  entry: KeyEntry<S, V> | undefined;
  /** Of the event or timer. */
  time: EventTime;
  ofTimer: boolean;
};

/** One for all calls: it is valid only during a call, so only its position changes. */
type Positioned<O> = Out<O> & { key: Key; now: EventTime };

function createRuntime<S extends Plain, I, O, V>(
  logic: Keyed<S, I, O, V>,
  states: States,
  emit: (item: Flow<O>) => void,
): Runtime<S, I, O, V> {
  const { id, version, scope } = logic;
  const table = createKeyTable<S, V>(scope);
  const restored = states.restore(id);
  if (restored !== undefined) {
    if (restored.version !== version) {
      throw new StateVersionError(id, version, restored.version);
    }
    restoreTable(table, restored);
  }
  const call: Call<S, V> = { entry: undefined, time: BEGINNING, ofTimer: false };
  const { knowledge: known, see = (all) => all } = states;
  const knowledge = see(known);
  return {
    ...{ logic, table, known, knowledge, see },
    concerned: logic.concerns?.(knowledge) ?? true,
    firesBeforeEvents: scope === 'line' && logic.unordered !== true,
    call,
    out: createOut(logic, table, call, emit),
  };
}

function createOut<S extends Plain, I, O, V>(
  { id, scope, unordered }: Keyed<S, I, O, V>,
  table: KeyTable<S, V>,
  call: Call<S, V>,
  emit: (item: Flow<O>) => void,
): Positioned<O> {
  const { timers } = table;
  const keepsPromise = scope === 'line' && unordered !== true;
  const out: Positioned<O> = {
    key: '' as Key,
    now: BEGINNING,
    emit(value, at) {
      const [key, time] = [at?.key ?? out.key, at?.time ?? call.time];
      if (at?.late === true) emit({ kind: 'event', key, time, late: true, value });
      else {
        // Watermarks promise that nothing follows at or before them, and the stages after this one rely on it.
        if (time <= out.now && keepsPromise && call.time > out.now) {
          throw new Error(`stage ${id}: event of ${time} behind the watermark ${out.now}`);
        }
        emit({ kind: 'event', key, time, value });
      }
    },
    pass: emit,
    land(table, content) {
      emit(row(table, content));
    },
    deadLetter(reason, detail, value, count = 1) {
      const original = typeof value === 'string' ? value : JSON.stringify(value);
      const content = { reason, stage: id, source: out.key, detail, count, original };
      emit(row('dead_letters', content));
    },
    setTimer(due, rule = '', pauses = false) {
      // A timer that sets itself again for the time that just came would fire for ever.
      if (call.ofTimer && due <= call.time) {
        throw new Error(`stage ${id}: timer ${rule} fires for ever`);
      }
      if (call.entry === undefined) return;
      call.entry.timers ??= timers.of(out.key);
      timers.set(call.entry.timers, rule, due, pauses);
    },
    cancelTimer(rule = '') {
      if (call.entry?.timers !== undefined) timers.cancel(call.entry.timers, rule);
    },
    timerAt: (rule = '') => call.entry?.timers?.byRule.get(rule)?.due,
    close() {
      if (call.entry !== undefined) closeKey(table, call.entry);
    },
  };
  return out;
}

function onEvent<S extends Plain, I, O, V>(runtime: Runtime<S, I, O, V>, event: Event<I>): void {
  const { logic, table } = runtime;
  const key = logic.keyOf === undefined ? event.key : logic.keyOf(event);
  let entry = entryOf(table, key);
  if (runtime.firesBeforeEvents && entry.timers !== undefined && event.late !== true) {
    fireTimersOf(runtime, entry, event.time);
    // The timer may have closed the key.
    if (entry.state === undefined) entry = entryOf(table, key);
  }
  const view = viewOf(runtime, entry);
  if (logic.view !== undefined && view === undefined) return;
  table.copies.beforeChange(entry);
  if (entry.state === undefined) entry.state = logic.open(key);
  moveTo(runtime, entry, event.time);
  logic.onEvent(entry.state, event, runtime.knowledge, runtime.out, view as V);
}

function onWatermark<S extends Plain, I, O, V>(
  runtime: Runtime<S, I, O, V>,
  { of, time, silence, blind }: Watermark,
): void {
  const { table } = runtime;
  const { timers, entries } = table;
  if (blind !== undefined) timers.putOff(of, blind.from, between(blind.from, blind.to));
  const clock = clockAt(table, of);
  if (time > clock.time && silence !== true) clock.time = time;
  for (;;) {
    // Looked for each time: what fires may close the last key of the clock, and open it anew.
    const waiting = timersOn(table, clock, of);
    const due = waiting === undefined ? undefined : timers.takeDue(waiting, time);
    if (due === undefined) return;
    fire(runtime, entries.get(due.key), due.due, due.rule);
  }
}

function onChange<S extends Plain, I, O, V>(runtime: Runtime<S, I, O, V>, change: Change): void {
  const { logic, table, knowledge: before, out } = runtime;
  runtime.known = applyChange(runtime.known, change.value);
  const knowledge = runtime.see(runtime.known);
  runtime.knowledge = knowledge;
  runtime.concerned = logic.concerns?.(knowledge) ?? true;
  for (const key of logic.opens?.(knowledge, change) ?? []) {
    const entry = entryOf(table, key);
    if (entry.state !== undefined) continue;
    table.copies.beforeChange(entry);
    entry.state = logic.open(key);
  }
  if (logic.onChange === undefined) return;
  for (const key of [...table.entries.keys()].sort()) {
    const entry = table.entries.get(key);
    if (entry?.state === undefined) continue;
    table.copies.beforeChange(entry);
    moveTo(runtime, entry, entry.clock.time);
    logic.onChange(entry.state, knowledge, out, change, before);
  }
}

/** Fires the timers of one key that are due by `until`. */
function fireTimersOf<S extends Plain, I, O, V>(
  runtime: Runtime<S, I, O, V>,
  entry: KeyEntry<S, V>,
  until: EventTime,
): void {
  while (entry.timers !== undefined) {
    const timer = runtime.table.timers.takeDueOf(entry.timers, until);
    if (timer === undefined) return;
    fire(runtime, entry, timer.due, timer.rule);
  }
}

function fire<S extends Plain, I, O, V>(
  runtime: Runtime<S, I, O, V>,
  entry: KeyEntry<S, V> | undefined,
  due: EventTime,
  rule: string,
): void {
  if (entry?.state === undefined) return;
  const { logic, table, call, knowledge, out } = runtime;
  table.copies.beforeChange(entry);
  moveTo(runtime, entry, due);
  call.ofTimer = true;
  logic.onTimer?.(entry.state, due, knowledge, out, rule);
  call.ofTimer = false;
}

function viewOf<S extends Plain, I, O, V>(
  { logic, knowledge }: Runtime<S, I, O, V>,
  entry: KeyEntry<S, V>,
): V | undefined {
  if (entry.viewed !== knowledge) {
    entry.view = logic.view?.(knowledge, entry.key);
    entry.viewed = knowledge;
  }
  return entry.view;
}

/** Puts the call under way to a key and time. */
function moveTo<S extends Plain, I, O, V>(
  { call, out }: Runtime<S, I, O, V>,
  entry: KeyEntry<S, V>,
  time: EventTime,
): void {
  call.entry = entry;
  call.time = time;
  out.key = entry.key;
  out.now = entry.clock.time;
}
