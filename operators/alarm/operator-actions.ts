/** What operators do to alarms (ISA-18.2): acknowledge, shelve, take out of service, and feedback. */

import { fits } from '../model/key.ts';
import { rulesOf } from '../model/knowledge.ts';
import type { MachineEvent } from '../model/machine-event.ts';
import { fromMilliseconds, plus } from '../model/time.ts';
import { alarmState } from './alarm-state.ts';
import {
  type Alarm,
  type AlarmContext,
  type AlarmName,
  type Attribution,
  alarmKey,
  changeAlarm,
  landAlarmRow,
  type OperatorSuppression,
  setLineTimer,
} from './line-alarms.ts';

/** The timer that ends shelving. */
export const SHELVING = 'shelving';

/** Applies an event that is an operator action; other events change nothing here. */
export function applyOperatorAction(event: MachineEvent, context: AlarmContext): void {
  switch (event.type) {
    case 'acknowledged':
      acknowledge(event, context);
      return;
    case 'shelved':
    case 'out_of_service':
      suppress(event, context);
      return;
    case 'unshelved':
      endSuppression(context, 'shelved', selectorOf(event), attributionOf(event));
      return;
    case 'in_service':
      endSuppression(context, 'taken-out', selectorOf(event), attributionOf(event));
      return;
    case 'feedback':
      landFeedback(event, context);
      return;
  }
}

/** Shelving whose time is over ends. */
export function expireShelving(context: AlarmContext): void {
  const { state, time } = context;
  for (const expired of state.suppressions.filter(({ until }) => until !== null && until <= time)) {
    endSuppression(context, 'shelved', expired, { who: '', reason: 'its time is over' });
  }
  setShelvingTimer(context);
}

/** Whether an operator shelved an alarm or took it out of service. */
export function isSuppressedByOperator(
  suppressions: readonly OperatorSuppression[],
  cause: OperatorSuppression['cause'],
  alarm: AlarmName,
): boolean {
  return suppressions.some((other) => other.cause === cause && isAbout(other, alarm));
}

/** Which alarms an event is about: those of its asset, or fewer by `rule`, `signal`, `point` (with `*`) or `anomaly`. */
type Selector = AlarmName & { readonly anomaly: string };

function selectorOf({ asset, data }: MachineEvent): Selector {
  const text = (name: string) => (typeof data[name] === 'string' ? data[name] : '');
  const [rule, signal, point] = [text('rule'), text('signal'), text('point')];
  return { asset, rule, signal, point, anomaly: text('anomaly') };
}

function attributionOf({ data }: MachineEvent): Required<Attribution> {
  const text = (name: string) => (typeof data[name] === 'string' ? data[name] : '');
  return { who: text('by'), reason: text('reason') };
}

function isAbout(selector: AlarmName, alarm: AlarmName): boolean {
  if (selector.asset !== alarm.asset) return false;
  const agrees = (pattern: string, name: string) => pattern === '' || fits(pattern, name);
  return (
    agrees(selector.rule, alarm.rule) &&
    agrees(selector.signal, alarm.signal) &&
    agrees(selector.point, alarm.point)
  );
}

function selected({ state }: AlarmContext, selector: Selector): Alarm[] {
  return Object.keys(state.alarms)
    .sort()
    .flatMap((key) => state.alarms[key] ?? [])
    .filter((alarm) => {
      const isIt = selector.anomaly === '' || alarm.anomaly?.id === selector.anomaly;
      return isIt && isAbout(selector, alarm);
    });
}

function acknowledge(event: MachineEvent, context: AlarmContext): void {
  const { state, knowledge, time, out } = context;
  const realarm = rulesOf(knowledge, out.key)?.alarms.realarm;
  for (const alarm of selected(context, selectorOf(event))) {
    if (alarm.acknowledged) continue;
    changeAlarm(alarm, 'acknowledged', context, attributionOf(event));
    if (!alarm.active) delete state.alarms[alarmKey(alarm)];
    else if (realarm !== undefined)
      setLineTimer(plus(time, realarm), `realarm ${alarmKey(alarm)}`, context);
  }
}

/** Shelving ends by itself, at `until` (epoch milliseconds): without an end it is no shelving. */
function suppress(event: MachineEvent, context: AlarmContext): void {
  const { state, time, out } = context;
  const isShelving = event.type === 'shelved';
  const { until } = event.data;
  const end = typeof until === 'number' ? fromMilliseconds(until) : null;
  if (isShelving && (end === null || end <= time)) {
    const detail = 'expected until, in epoch milliseconds and behind the event, in a shelved event';
    out.deadLetter('refused', `${detail}; found ${String(until)}`, event.data);
    return;
  }
  const { anomaly: _, ...selector } = selectorOf(event);
  const { who, reason } = attributionOf(event);
  const cause = isShelving ? 'shelved' : 'taken-out';
  const added = { ...selector, who, reason, cause, until: isShelving ? end : null } as const;
  state.suppressions = [...state.suppressions.filter((other) => !isSame(other, added)), added];
  dropOldestSuppressions(context);
  setShelvingTimer(context);
  const about = { ...selector, anomaly: null };
  landAlarmRow(about, cause, context, { before: '', after: '', who, reason });
  for (const alarm of selected(context, { ...selector, anomaly: '' })) {
    changeAlarm(alarm, cause, context, { who, reason });
  }
}

/** What operators shelved or took out of service at one line: rules and signals are free text in their events. */
const MOST_SUPPRESSIONS = 1_000;

function dropOldestSuppressions(context: AlarmContext): void {
  const [oldest] = context.state.suppressions;
  if (oldest === undefined || context.state.suppressions.length <= MOST_SUPPRESSIONS) return;
  const reason = `more than ${MOST_SUPPRESSIONS} are shelved or out of service: the oldest ends`;
  context.out.deadLetter('overflow', reason, oldest);
  endSuppression(context, oldest.cause, oldest, { who: '', reason });
}

function endSuppression(
  context: AlarmContext,
  cause: OperatorSuppression['cause'],
  selector: AlarmName,
  attribution: Attribution,
): void {
  const { state } = context;
  const ended = state.suppressions.filter((other) => {
    return other.cause === cause && (isAbout(selector, other) || isSame(other, selector));
  });
  state.suppressions = state.suppressions.filter((other) => !ended.includes(other));
  const opposite = cause === 'shelved' ? 'unshelved' : 'put-back';
  for (const { asset, rule, signal, point } of ended) {
    const about = { asset, rule, signal, point, anomaly: null };
    landAlarmRow(about, opposite, context, { before: '', after: '', ...attribution });
  }
  for (const alarm of Object.values(state.alarms)) {
    const wasSuppressed = cause === 'shelved' ? alarm.shelved : alarm.out_of_service;
    if (wasSuppressed && !isSuppressedByOperator(state.suppressions, cause, alarm)) {
      changeAlarm(alarm, opposite, context, attribution);
    }
  }
}

function isSame(a: AlarmName, b: AlarmName): boolean {
  return alarmKey(a) === alarmKey(b);
}

function setShelvingTimer(context: AlarmContext): void {
  const { state, out } = context;
  const [next] = state.suppressions.flatMap(({ until }) => until ?? []).sort((a, b) => a - b);
  if (next === undefined) out.cancelTimer(SHELVING);
  else setLineTimer(next, SHELVING, context);
}

/** Right or wrong, and why: a row for each alarm that it is about, so that views can count them. */
function landFeedback(event: MachineEvent, context: AlarmContext): void {
  const { verdict } = event.data;
  if (verdict !== 'confirmed' && verdict !== 'false') {
    const detail = `expected verdict confirmed or false in a feedback event, found ${String(verdict)}`;
    context.out.deadLetter('refused', detail, event.data);
    return;
  }
  const selector = selectorOf(event);
  const attribution = attributionOf(event);
  const about = selected(context, selector);
  for (const alarm of about) {
    const state = alarmState(alarm);
    landAlarmRow(alarm, verdict, context, { before: state, after: state, ...attribution });
  }
  if (about.length > 0) return;
  // What has cleared and was acknowledged has no alarm here; the anomaly that the event names is in the table.
  const { anomaly: id, ...name } = selector;
  const change = { before: '', after: '', ...attribution };
  landAlarmRow({ ...name, anomaly: { id } }, verdict, context, change);
}
