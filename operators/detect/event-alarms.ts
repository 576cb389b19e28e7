/** Anomalies of machine events alone: alarms of a controller, which begin with an event and end with one, or by time. */

import type { EventRule } from '../model/detector-rule.ts';
import { fits } from '../model/key.ts';
import type { MachineEvent } from '../model/machine-event.ts';
import {
  BEGINNING,
  type Duration,
  type EventTime,
  formatDuration,
  later,
  plus,
} from '../model/time.ts';
import type { CompiledDetector } from './compile.ts';
import {
  type AssetDetectors,
  type DetectorState,
  detectorKey,
  type EventCount,
  memoryOf,
  stateFor,
} from './detector-state.ts';
import {
  type AssetContext,
  applyEvaluation,
  type KnownAssetContext,
  refuseOutdated,
} from './evaluate.ts';
import type { Evaluation } from './evaluation.ts';
import { delaysOf, nextStep } from './life-cycle.ts';
import { ESCALATION, situationOfAsset } from './silence.ts';

/** Prefix of the timers of an on-delay. */
export const ON_DELAY = 'raise ';

/** More values of a field at one asset are no codes of alarms any more. */
const MOST_VALUES = 256;

/** Takes a machine event into the anomalies that it begins, goes on with or ends. */
export function evaluateEvent(
  context: KnownAssetContext,
  compiled: CompiledDetector<EventRule>,
  event: MachineEvent,
): void {
  const { rule } = compiled;
  if (isOf(event, rule.clear.type, rule.clear.data)) {
    for (const state of statesOf(context, rule, event)) endByEvent(context, rule, state, event);
  } else if (isOf(event, rule.type, rule.data)) {
    if (!compiled.holds(situationOfAsset(context), context.asset)) return;
    const signal = signalOf(rule, event);
    if (isTooMany(context, rule, signal)) return;
    const about = { signal, point: '', component: '', time: event.time };
    begin(context, rule, stateFor(context.detectors, compiled, about), event);
  }
}

/** Whether an event has this type and these values in its data. */
function isOf(
  { type, data }: MachineEvent,
  expected: string | undefined,
  values: EventRule['data'] = {},
): boolean {
  if (expected === undefined || !fits(expected, type)) return false;
  return Object.entries(values).every(([name, value]) => {
    return Object.hasOwn(data, name) && data[name] === value;
  });
}

/** What the anomaly calls its signal: one for each value of the field `by`. */
function signalOf({ signal, type, by }: EventRule, { data }: MachineEvent): string {
  const name = signal === '' ? type : signal;
  const value = by === undefined || !Object.hasOwn(data, by) ? null : data[by];
  return value === null || value === undefined ? name : `${name} ${String(value)}`;
}

/** What an event ends: all that the rule knows, where the event does not say which. */
function statesOf({ detectors }: AssetContext, rule: EventRule, event: MachineEvent) {
  if (rule.by !== undefined && !Object.hasOwn(event.data, rule.by)) {
    return ofRule(detectors, rule).map(([, state]) => state);
  }
  const state =
    detectors.states[detectorKey(rule.id, { point: '', signal: signalOf(rule, event) })];
  return state === undefined ? [] : [state];
}

function ofRule({ states }: AssetDetectors, { id }: EventRule) {
  return Object.entries(states).filter(([, state]) => state.rule === id);
}

/** Makes room for one more value of `by`: the one that is calm for the longest time goes. */
function isTooMany({ detectors, out }: AssetContext, rule: EventRule, signal: string): boolean {
  const key = detectorKey(rule.id, { point: '', signal });
  if (rule.by === undefined || detectors.states[key] !== undefined) return false;
  const known = ofRule(detectors, rule);
  if (known.length < MOST_VALUES) return false;
  const [calm] = known
    .filter(([, { memory }]) => memoryOf('event', memory).count === 0)
    .sort(([a, one], [b, other]) => one.lastSample - other.lastSample || (a < b ? -1 : 1));
  if (calm !== undefined) {
    delete detectors.states[calm[0]];
    return false;
  }
  const detail = `${rule.id} judges at most ${MOST_VALUES} values of ${rule.by} at one asset`;
  out.deadLetter('overflow', detail, signal);
  return true;
}

function begin(
  context: AssetContext,
  rule: EventRule,
  state: DetectorState,
  event: MachineEvent,
): void {
  const { time } = event;
  if (refuseOutdated(context, state, time)) return;
  const memory = memoryOf('event', state.memory);
  const { out } = context;
  if (memory.count === 0) memory.since = time;
  Object.assign(memory, { last: time, count: memory.count + 1, text: textOf(event) });
  const { count: needed = 1, after: onDelay = 0 as Duration } = rule.raise;
  const key = detectorKey(rule.id, state);
  if (state.anomaly !== null) {
    report(context, rule, state, time, state.lifeCycle.lasted);
  } else if (memory.count >= needed && onDelay === 0) {
    report(context, rule, state, time, time - memory.since);
  } else if (memory.count >= needed && out.timerAt(ON_DELAY + key) === undefined) {
    out.setTimer(notBefore(plus(memory.since, onDelay), context), ON_DELAY + key, true);
  }
  const { after } = rule.clear;
  if (after !== undefined) out.setTimer(notBefore(plus(time, after), context), key, true);
}

/** Just after line time at the earliest: at it, what a timer says would count as late. */
function notBefore(due: EventTime, { out }: AssetContext): EventTime {
  return later(due, plus(out.now, 1 as Duration));
}

/** The on-delay is over, and no event has ended what began. */
export function raiseAfterDelay(
  context: AssetContext,
  state: DetectorState,
  rule: EventRule,
  due: EventTime,
): void {
  if (state.anomaly === null) report(context, rule, state, due, rule.raise.after ?? 0);
}

/** An open anomaly has lasted so long that its severity rises. */
export function escalateEvents(
  context: AssetContext,
  state: DetectorState,
  rule: EventRule,
  due: EventTime,
): void {
  const lasted = nextStep(state.lifeCycle, delaysOf(rule));
  if (state.anomaly !== null && lasted !== undefined) report(context, rule, state, due, lasted);
}

/** No event came for so long that the rule takes it for over. */
export function endByTime(
  context: AssetContext,
  state: DetectorState,
  rule: EventRule,
  due: EventTime,
): void {
  const { after = 0 as Duration } = rule.clear;
  end(context, rule, state, due, `did not come again for ${formatDuration(after)}`);
}

/** After a change of rules: sets the timers of what has begun by what the rule says now. */
export function restartEvents(context: AssetContext, rule: EventRule): void {
  const { out } = context;
  for (const [key, state] of ofRule(context.detectors, rule)) {
    const { count, since, last } = memoryOf('event', state.memory);
    if (count === 0) continue;
    const isOpen = state.anomaly !== null;
    const { after: onDelay = 0 as Duration, count: needed = 1 } = rule.raise;
    const next = isOpen ? nextStep(state.lifeCycle, delaysOf(rule)) : undefined;
    const isDelayed = !isOpen && count >= needed;
    const dues: (readonly [string, EventTime | undefined])[] = [
      [key, rule.clear.after === undefined ? undefined : plus(last, rule.clear.after)],
      [ON_DELAY + key, isDelayed ? plus(since, onDelay) : undefined],
      [ESCALATION + key, next === undefined ? undefined : plus(since, next as Duration)],
    ];
    for (const [timer, due] of dues) {
      if (due === undefined) out.cancelTimer(timer);
      else out.setTimer(notBefore(due, context), timer, true);
    }
  }
}

function endByEvent(
  context: AssetContext,
  rule: EventRule,
  state: DetectorState,
  event: MachineEvent,
): void {
  if (refuseOutdated(context, state, event.time)) return;
  end(context, rule, state, event.time, `was ended by the event ${textOf(event)}`);
}

function report(
  context: AssetContext,
  rule: EventRule,
  state: DetectorState,
  time: EventTime,
  lasted: number,
): void {
  const memory = memoryOf('event', state.memory);
  const evaluation = evaluationOf(
    rule,
    memory,
    'event',
    `was reported by the event ${memory.text}`,
  );
  apply(context, rule, state, evaluation, time, lasted);
  const next = nextStep(state.lifeCycle, delaysOf(rule));
  const timer = ESCALATION + detectorKey(rule.id, state);
  if (next === undefined || context.out.timerAt(timer) !== undefined) return;
  context.out.setTimer(plus(time, Math.max(1, next - lasted) as Duration), timer, true);
}

function end(
  context: AssetContext,
  rule: EventRule,
  state: DetectorState,
  time: EventTime,
  text: string,
): void {
  const memory = memoryOf('event', state.memory);
  const evaluation = evaluationOf(rule, memory, '', text);
  apply(context, rule, state, evaluation, time, 0);
  Object.assign(memory, { since: BEGINNING, count: 0, text: '' });
  const key = detectorKey(rule.id, state);
  for (const timer of [key, ON_DELAY + key, ESCALATION + key]) context.out.cancelTimer(timer);
}

function apply(
  context: AssetContext,
  rule: EventRule,
  state: DetectorState,
  evaluation: Evaluation,
  time: EventTime,
  lasted: number,
): void {
  const situation = situationOfAsset(context);
  applyEvaluation(context, state, rule, evaluation, { time, situation, lasted });
}

function evaluationOf(
  rule: EventRule,
  { count, since }: EventCount,
  level: string,
  text: string,
): Evaluation {
  const limit = rule.raise.count ?? 1;
  return {
    ...{ level, levelWithDeadband: level, value: count, unit: '', limit, score: count / limit },
    text: () => text,
    ...(level === '' ? {} : { since }),
    evidence: () => ({ events: count }),
  };
}

/** So many fields of an event are named in a reason, each in so many characters. */
const MOST_FIELDS = 5;
const MOST_CHARACTERS = 64;

/** `"alarm" (code E101, text Guard open)`. */
function textOf({ type, data }: MachineEvent): string {
  const fields = Object.entries(data)
    .filter(([, value]) => value !== null)
    .slice(0, MOST_FIELDS)
    .map(([name, value]) => `${name} ${String(value).slice(0, MOST_CHARACTERS)}`);
  return `"${type}"${fields.length === 0 ? '' : ` (${fields.join(', ')})`}`;
}
