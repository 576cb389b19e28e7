/** The stage `window`: readings in, windows of each signal out. */

import type { Stage, StageId } from '../flow/flow.ts';
import { type Keyed, keyed, type Out } from '../flow/keyed.ts';
import type { States } from '../flow/states.ts';
import type { Frame } from '../model/decoded.ts';
import type { AssetKey } from '../model/key.ts';
import { assetOf, type Knowledge, plantModelOf, rulesOf } from '../model/knowledge.ts';
import type { Window } from '../model/observation.ts';
import type { Asset } from '../model/plant-model.ts';
import { BEGINNING, type EventTime, later } from '../model/time.ts';
import { COUNT } from './aggregate.ts';
import { addReadings, advance, nextDue } from './engine.ts';
import { takeFrame } from './frames.ts';
import {
  dropCounters,
  dropReadings,
  enqueueReading,
  NEVER,
  NONE,
  olderThan,
  openCounters,
  releaseCounters,
  remove,
  takeCounted,
  WIDTH,
} from './panes.ts';
import {
  columnOf,
  type FramePlan,
  findPlan,
  isCounted,
  openPlans,
  planFrame,
  programOf,
  programsOf,
  type SourcePlans,
  type SourceWindows,
  type StorePlan,
  storeOf,
  takersOf,
  type WindowProgram,
  type WindowStore,
} from './plan.ts';
import { createWindowReport, type WindowReport } from './report.ts';
import { lastMomentOfAll } from './windower.ts';

/**
 * Windows each signal of each source by the plant's window rules, on the source's own time. A window is an event
 * once, when its time has come (version 1, at its end); every firing, also an early one (version 0) or a
 * corrected one (version 2 and on), lands in `windows`. Readings later than `time.correction` go to `dead_letters`; so does what open
 * windows had when their rule is reshaped or removed. Of counters the windows have increments.
 */
export function window(states: States): Stage<Frame, Window> {
  return keyed(createLogic(), states);
}

function createLogic(): Keyed<SourceWindows, Frame, Window, SourcePlans> {
  const report = createWindowReport();
  return {
    id: 'window' as StageId,
    version: 2,
    scope: 'source',
    open: () => ({ asset: '', stores: [], counters: openCounters(), due: NEVER }),
    view: openPlans,
    onEvent(state, { value: frame }, knowledge, out, plans) {
      state.asset = frame.asset;
      if (report.late.counted.size > 0) report.late.counted.clear();
      report.out = out;
      let { due } = state;
      const { stores, counters } =
        findPlan(plans, frame) ?? plannedBy(plans, state, frame, knowledge);
      for (const plan of stores) {
        report.subject = plan;
        addFrame(plan, frame, report, out);
        due = Math.min(due, nextDue(plan.store.state, out.now));
      }
      if (counters.length > 0) {
        const counting = countingOf(state, knowledge, report, out);
        due = Math.min(due, addCounters(counters, frame, counting));
      }
      setDue(state, due, out);
    },
    onTimer(state, due, knowledge, out) {
      if (state.asset === '') return;
      // The clock of a source that fell silent stands: what is due fires all the same.
      const until = later(due, out.now);
      const counting = countingOf(state, knowledge, report, out);
      const waits = release(counting, until);
      // Most increments only go into windows that are still open. A mark of silence is more than time.
      const isDue = ({ state: windows }: WindowStore) => nextDue(windows, until - 1) <= until;
      if (until > out.now || state.stores.some(isDue)) fireSource(counting, until, waits);
      else restart(state, Math.min(waits, ...state.stores.map((store) => store.state.next)), out);
    },
    onChange(state, knowledge, out, { value: { kind } }, before) {
      // A model has the clock of days and shifts.
      if (state.asset === '' || kind === 'schedule') return;
      const programs = inForce(knowledge, state.asset);
      const [was, is] = [before, knowledge].map((each) => assetOf(each, state.asset as AssetKey));
      const isOther = (signal: string) => counts(was, signal) !== counts(is ?? was, signal);
      state.stores = state.stores.filter((store) => {
        const program = programOf(programs, store);
        endWindows(store, (signal) => program?.takes(signal) !== true || isOther(signal), out);
        return program !== undefined;
      });
      endCounters(state, programs, assetOf(knowledge, state.asset), out);
      const counting = countingOf(state, knowledge, report, out);
      fireSource(counting, out.now, release(counting, out.now));
    },
  };
}

/** Whether a signal counts, by the plant model: its windows have increments then, and readings otherwise. */
function counts(asset: Asset | undefined, signal: string): boolean {
  return asset?.signals[signal]?.kind === 'counter';
}

function plannedBy(
  plans: SourcePlans,
  state: SourceWindows,
  frame: Frame,
  knowledge: Knowledge,
): FramePlan {
  const asset = assetOf(knowledge, frame.asset);
  return planFrame(plans, state, frame, inForce(knowledge, frame.asset), asset);
}

const NO_PROGRAMS: readonly WindowProgram[] = [];

function inForce(knowledge: Knowledge, asset: AssetKey): readonly WindowProgram[] {
  const rules = rulesOf(knowledge, asset);
  const model = plantModelOf(knowledge, asset);
  return rules === undefined ? NO_PROGRAMS : programsOf(rules, model);
}

/** Adds a frame to the windows of one rule. */
function addFrame(plan: StorePlan, frame: Frame, report: WindowReport, out: Out<Window>): void {
  const { program, store } = plan;
  const { windower } = program;
  const { times, values, evaluated = values } = frame;
  report.late.count = 0;
  const refused = takeFrame(windower, store.state, plan, times, evaluated, out.now, report);
  reportLost(program, report, refused, `message ${frame.origin.sequence}`, out);
}

/** Readings that were too late for all windows of a rule, and so many that were refused. */
function reportLost(
  { id }: WindowProgram,
  { late }: WindowReport,
  refused: number,
  original: string,
  out: Out<Window>,
): void {
  if (late.count > 0) {
    const { signal, time, value, count } = late;
    const detail = `window ${id}: all windows of the reading are closed`;
    out.deadLetter('too-late', detail, { signal, time, value }, count);
  }
  if (refused > 0) {
    const detail = `window ${id}: values beyond 1e150 have no statistics`;
    out.deadLetter('not-finite', detail, original, refused);
  }
}

/** A source and what is known of it. */
type Counting = {
  readonly source: SourceWindows;
  readonly programs: readonly WindowProgram[];
  readonly asset: Asset | undefined;
  readonly report: WindowReport;
  readonly out: Out<Window>;
};

function countingOf(
  source: SourceWindows,
  knowledge: Knowledge,
  report: WindowReport,
  out: Out<Window>,
): Counting {
  report.out = out;
  const key = source.asset as AssetKey;
  const programs = inForce(knowledge, key);
  return { source, programs, asset: assetOf(knowledge, key), report, out };
}

/** Readings of counters wait for the time of their source; those that it has passed already are taken at once. */
function addCounters(columns: Int32Array, frame: Frame, counting: Counting): number {
  const { counters } = counting.source;
  const { times, values, evaluated = values } = frame;
  const { now } = counting.out;
  let due = NEVER;
  for (let pair = 0; pair < columns.length; pair += 2) {
    const from = (columns[pair] ?? 0) * times.length;
    const column = columns[pair + 1] ?? 0;
    for (let index = 0; index < times.length; index += 1) {
      const value = evaluated[from + index] ?? Number.NaN;
      const time = times[index] ?? 0;
      if (Number.isNaN(value)) continue;
      if (time > now) {
        enqueueReading(counters.queue, column, time, value);
        due = Math.min(due, time);
        continue;
      }
      takeCounted(counters, column, time, value, rolloverOf(counting), (signal, at, increment) => {
        counting.report.late.counted.clear();
        due = Math.min(due, addIncrement(counting, signal, at, increment, now));
      });
    }
  }
  return due;
}

function rolloverOf({ asset }: Counting): (signal: string) => number | undefined {
  return (signal) => asset?.signals[signal]?.rollover;
}

/** Adds what was counted up to a time to the windows of that time; returns when one of them is due next. */
function addIncrement(
  { source, programs, report, out }: Counting,
  signal: string,
  time: number,
  increment: number,
  now: number,
): number {
  let due = NEVER;
  for (const program of takersOf(programs, signal)) {
    const store = storeOf(source, program);
    report.subject = { source, program, store };
    report.late.count = 0;
    const column = columnOf(store, signal);
    const [times, values] = [Float64Array.of(time), Float64Array.of(increment)];
    const { windower } = program;
    const refused = addReadings(windower, store.state, column, times, values, 0, now, report);
    reportLost(program, report, refused, `counter ${signal}`, out);
    due = Math.min(due, nextDue(store.state, out.now));
  }
  return due;
}

/**
 * Adds what was counted up to a time, before the windows that it belongs to fire; returns the earliest time for which
 * readings of counters still wait.
 */
function release(counting: Counting, until: EventTime): number {
  const { counters } = counting.source;
  if (counters.queue.used === 0) return NEVER;
  return releaseCounters(counters, until, rolloverOf(counting), (signal, time, increment) => {
    addIncrement(counting, signal, time, increment, BEGINNING);
  });
}

/** Brings all windows of a source to a time, and sets its timer to what is due next, or to what `waits`. */
function fireSource(counting: Counting, until: EventTime, waits: number): void {
  const { source, programs, report, out } = counting;
  let due = waits;
  for (const store of source.stores) {
    const program = programOf(programs, store);
    if (program === undefined) continue;
    report.subject = { source, program, store };
    advance(program.windower, store.state, until, report, out.now);
    due = Math.min(due, store.state.next);
  }
  restart(source, due, out);
}

/** Sets the timer anew after it has fired. */
function restart(source: SourceWindows, due: number, out: Out<Window>): void {
  source.due = NEVER;
  setDue(source, due, out);
}

/** Signals that count no more, or that no rule wants any more: what waited of them becomes a dead letter. */
function endCounters(
  { counters }: SourceWindows,
  programs: readonly WindowProgram[],
  asset: Asset | undefined,
  out: Out<Window>,
): void {
  const ended = counters.signals.filter((signal) => !isCounted(signal, programs, asset));
  const lost = dropCounters(counters, (signal) => ended.includes(signal));
  if (lost === 0) return;
  const detail = 'readings of a counter waited for the time of their source when it was changed';
  out.deadLetter('rule-changed', detail, ended.join(', '), lost);
}

function setDue(source: SourceWindows, due: number, out: Out<Window>): void {
  if (due === source.due) return;
  source.due = due;
  if (due < NEVER) out.setTimer(due as EventTime);
  else out.cancelTimer();
}

/** Ends the windows of signals that no rule wants any more; what the open ones had becomes a dead letter. */
function endWindows(
  { rule, windows, signals, state: { panes, queue } }: WindowStore,
  isUnwanted: (signal: string) => boolean,
  out: Out<Window>,
): void {
  const ended: string[] = [];
  let lost = 0;
  for (const [column, signal] of signals.entries()) {
    if (!isUnwanted(signal)) continue;
    let open = 0;
    let pane = panes.heads[column] ?? NONE;
    while (pane !== NONE) {
      if (lastMomentOfAll(windows, panes, pane) > out.now) {
        open += panes.numbers[pane * WIDTH + COUNT] ?? 0;
      }
      const older = olderThan(panes, pane);
      remove(panes, pane);
      pane = older;
    }
    if (open > 0) ended.push(signal);
    lost += open;
  }
  lost += dropReadings(queue, (column) => isUnwanted(signals[column] ?? ''));
  if (lost === 0) return;
  const detail = `window ${rule}: its open windows ended when the rule was changed or removed`;
  out.deadLetter('rule-changed', detail, ended.join(', '), lost);
}
