/** The stage `window`: readings in, windows of each signal out. */

import type { Stage, StageId } from '../flow/flow.ts';
import { type Keyed, keyed, type Out } from '../flow/keyed.ts';
import type { States } from '../flow/states.ts';
import type { Frame } from '../model/decoded.ts';
import { type AssetKey, plantOf } from '../model/key.ts';
import { type Knowledge, rulesOf } from '../model/knowledge.ts';
import type { Window } from '../model/observation.ts';
import { type EventTime, later } from '../model/time.ts';
import { COUNT } from './aggregate.ts';
import {
  addInstant,
  addReadings,
  advance,
  nextDue,
  type SignalReadings,
  takesInstants,
} from './engine.ts';
import { dropReadings, NEVER, NONE, olderThan, remove, WIDTH } from './panes.ts';
import {
  belongsTo,
  findPlan,
  type Plans,
  planFrame,
  programsOf,
  type SourceWindows,
  type StorePlan,
  type WindowProgram,
  type WindowStore,
} from './plan.ts';
import { createWindowReport, type WindowReport } from './report.ts';
import { lastMomentOfAll } from './windower.ts';

/**
 * Windows each signal of each source by the plant's window rules, on the source's own time. A window is an event
 * once, when its time has come (version 1, at its end); every firing, also an early one (version 0) or a
 * corrected one (version 2 and on), lands in `windows`. Readings later than `time.correction` go to `dead_letters`; so does what open
 * windows had when their rule is reshaped or removed.
 */
export function window(states: States): Stage<Frame, Window> {
  return keyed(createLogic(), states);
}

function createLogic(): Keyed<SourceWindows, Frame, Window> {
  const report = createWindowReport();
  let plans: Plans = new WeakMap();
  let planned: Knowledge | undefined;
  return {
    id: 'window' as StageId,
    version: 1,
    scope: 'source',
    open: () => ({ asset: '', stores: [], due: NEVER }),
    onEvent(state, { value: frame }, knowledge, out) {
      if (knowledge.rules !== planned?.rules || knowledge.models !== planned.models) {
        plans = new WeakMap();
        planned = knowledge;
      }
      state.asset = frame.asset;
      report.late.counted.clear();
      let { due } = state;
      const stores =
        findPlan(plans, state, frame) ??
        planFrame(plans, state, frame, inForce(knowledge, frame.asset));
      for (const plan of stores) {
        const { program, store } = plan;
        report.subject = { source: state, program, store, out };
        addFrame(plan, frame, report, out);
        due = Math.min(due, nextDue(store.state, out.now));
      }
      setDue(state, due, out);
    },
    onTimer(state, due, knowledge, out) {
      // The clock of a source that fell silent stands: what is due fires all the same.
      const until = later(due, out.now);
      if (state.asset !== '')
        fireSource(state, inForce(knowledge, state.asset), until, report, out);
    },
    onChange(state, knowledge, out, { value: { kind } }) {
      // A model has the clock of days and shifts.
      if (state.asset === '' || kind === 'schedule') return;
      const programs = inForce(knowledge, state.asset);
      state.stores = state.stores.filter((store) => {
        const program = programs.find((each) => belongsTo(store, each));
        endWindows(store, (signal) => program?.takes(signal) !== true, out);
        return program !== undefined;
      });
      fireSource(state, programs, out.now, report, out);
    },
  };
}

const NO_PROGRAMS: readonly WindowProgram[] = [];

function inForce(knowledge: Knowledge, asset: AssetKey): readonly WindowProgram[] {
  const rules = rulesOf(knowledge, asset);
  const model = knowledge.models[plantOf(asset)];
  return rules === undefined ? NO_PROGRAMS : programsOf(rules, model);
}

/** Adds a frame to the windows of one rule. */
function addFrame(plan: StorePlan, frame: Frame, report: WindowReport, out: Out<Window>): void {
  const { program, store, columns, lastPanes } = plan;
  const { windower, id } = program;
  const { times, values, evaluated = values } = frame;
  const { late } = report;
  late.count = 0;
  const refused =
    times.length === 1 && takesInstants(windower)
      ? addInstant(
          windower,
          store.state,
          columns,
          lastPanes,
          evaluated,
          times[0] ?? 0,
          out.now,
          report,
        )
      : addColumns(plan, frame, out.now, report);
  if (late.count > 0) {
    const { signal, time, value, count } = late;
    const detail = `window ${id}: all windows of the reading are closed`;
    out.deadLetter('too-late', detail, { signal, time, value }, count);
  }
  if (refused > 0) {
    const detail = `window ${id}: values beyond 1e150 have no statistics`;
    out.deadLetter('not-finite', detail, `message ${frame.origin.sequence}`, refused);
  }
}

/** One for all calls. */
const readings: { -readonly [K in keyof SignalReadings]: SignalReadings[K] } = {
  column: 0,
  times: new Float64Array(0),
  values: new Float64Array(0),
  from: 0,
};

function addColumns(
  { program, store, columns }: StorePlan,
  { times, values, evaluated = values }: Frame,
  now: number,
  report: WindowReport,
): number {
  let refused = 0;
  readings.times = times;
  readings.values = evaluated;
  for (let pair = 0; pair < columns.length; pair += 2) {
    readings.column = columns[pair + 1] ?? 0;
    readings.from = (columns[pair] ?? 0) * times.length;
    refused += addReadings(program.windower, store.state, readings, now, report);
  }
  return refused;
}

/** Brings all windows of a source to a time, and sets its timer to what is due next. */
function fireSource(
  source: SourceWindows,
  programs: readonly WindowProgram[],
  until: EventTime,
  report: WindowReport,
  out: Out<Window>,
): void {
  let due = NEVER;
  for (const store of source.stores) {
    const program = programs.find((each) => belongsTo(store, each));
    if (program === undefined) continue;
    report.subject = { source, program, store, out };
    advance(program.windower, store.state, until, report);
    due = Math.min(due, store.state.next);
  }
  source.due = NEVER;
  setDue(source, due, out);
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
