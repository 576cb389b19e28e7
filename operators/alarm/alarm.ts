import type { Stage, StageId } from '../flow/flow.ts';
import { keyed } from '../flow/keyed.ts';
import type { States } from '../flow/states.ts';
import { type Anomaly, type Detected, isAnomaly } from '../model/anomaly.ts';
import { lineOf } from '../model/key.ts';
import { rulesOf } from '../model/knowledge.ts';
import type { Enriched, Observation } from '../model/observation.ts';
import type { AlarmRules } from '../model/rules.ts';
import { type Duration, plus } from '../model/time.ts';
import {
  addToFlood,
  addToRegime,
  compareSeverity,
  endFloodWhenOver,
  endRegimes,
  expireRegime,
  FLOOD,
  REGIME,
  removeFromRegime,
} from './flood.ts';
import {
  type Alarm,
  type AlarmContext,
  alarmKey,
  changeAlarm,
  type LineAlarms,
  noAlarms,
  openAlarm,
  repeatPhase,
  reportPhase,
} from './line-alarms.ts';
import {
  applyOperatorAction,
  expireShelving,
  isSuppressedByOperator,
  SHELVING,
} from './operator-actions.ts';
import { plannedKind, plannedKinds, recordStretches, setSuppression } from './suppression.ts';

/**
 * Decides which anomalies of a line are reported to patterns and people: each is an alarm with the states of ISA-18.2.
 * What is shelved, suppressed by design, out of service, one of a flood or of a change of regime lands, and is reported
 * when that is over and it is still active. Everything else passes at once. Input is in order by line time, so one clock
 * serves all.
 */
export function alarm(states: States): Stage<Detected, Detected> {
  return keyed<LineAlarms, Detected, Detected>(
    {
      id: 'alarm' as StageId,
      version: 1,
      scope: 'line',
      keyOf: ({ value }) => lineOf(isAnomaly(value) ? value.asset : value.observation.asset),
      open: noAlarms,
      onEvent(state, { key, time, late = false, value }, knowledge, out) {
        const context = { state, knowledge, time, out };
        if (isAnomaly(value)) {
          applyPhase(value, late, context);
          return;
        }
        out.emit(value, { key, time, late });
        updatePlanned(value, context);
        if (value.observation.kind === 'event') applyOperatorAction(value.observation, context);
      },
      onTimer(state, due, knowledge, out, rule) {
        const context = { state, knowledge, time: due, out };
        if (rule === SHELVING) expireShelving(context);
        else if (rule === FLOOD) endFloodWhenOver(alarmRules(context)?.flood, context);
        else if (rule.startsWith(REGIME)) expireRegime(rule.slice(REGIME.length + 1), context);
        else realarm(rule.slice(rule.indexOf(' ') + 1), context);
      },
      onChange(state, knowledge, out, change) {
        if (change.value.kind === 'rules') {
          // Just after line time: at it, what is reported would count as late.
          applyRules({ state, knowledge, time: plus(out.now, 1 as Duration), out });
        }
      },
    },
    states,
  );
}

function alarmRules({ knowledge, out }: AlarmContext): AlarmRules | undefined {
  return rulesOf(knowledge, out.key)?.alarms;
}

/** An observation may begin or end a planned stretch that suppresses alarms of its asset by design. */
function updatePlanned(enriched: Enriched<Observation>, context: AlarmContext): void {
  const { state } = context;
  const suppress = alarmRules(context)?.suppress ?? [];
  if (suppress.length === 0) return;
  const { asset } = enriched.observation;
  const stretches = state.stretches[asset] ?? {};
  state.stretches[asset] = stretches;
  recordStretches(stretches, enriched, context);
  const kinds = plannedKinds(suppress, stretches, context);
  // With every observation, so only a change of it is worth a look at all alarms.
  const compared = kinds.join();
  if (state.planned[asset] === compared) return;
  state.planned[asset] = compared;
  for (const alarm of Object.values(state.alarms)) {
    if (alarm.asset !== asset) continue;
    setSuppression(alarm, 'planned', plannedKind(suppress, kinds, alarm.signal), context);
  }
}

function applyPhase(anomaly: Anomaly, late: boolean, context: AlarmContext): void {
  const { state } = context;
  const key = alarmKey(anomaly);
  const alarm = state.alarms[key] ?? openAlarm(anomaly);
  // It was raised before there were alarms: it was reported.
  if (anomaly.phase !== 'raised' && !alarm.active) {
    Object.assign(alarm, { active: true, acknowledged: false, reported: true });
  }
  state.alarms[key] = alarm;
  const before = alarm.anomaly;
  alarm.anomaly = anomaly;
  switch (anomaly.phase) {
    case 'raised':
      suppressBeforeRaise(alarm, anomaly, context);
      changeAlarm(alarm, 'raised', context, { reason: anomaly.reason });
      reportPhase(alarm, anomaly, late, context);
      return;
    case 'updated':
      if (before !== null && compareSeverity(anomaly.severity, before.severity) > 0) {
        raiseSeverity(alarm, anomaly, late, context);
      } else {
        reportPhase(alarm, anomaly, late, context);
      }
      return;
    case 'cleared':
      clear(alarm, anomaly, late, context);
      return;
  }
}

/** What hides an alarm from the first. */
function suppressBeforeRaise(alarm: Alarm, anomaly: Anomaly, context: AlarmContext): void {
  const { state } = context;
  const { suppressions, stretches } = state;
  const rules = alarmRules(context);
  alarm.added = 0;
  alarm.out_of_service = isSuppressedByOperator(suppressions, 'taken-out', alarm);
  alarm.shelved = isSuppressedByOperator(suppressions, 'shelved', alarm);
  const suppress = rules?.suppress ?? [];
  const kinds = plannedKinds(suppress, stretches[alarm.asset], context);
  alarm.planned = plannedKind(suppress, kinds, alarm.signal);
  // Time alone may have ended a stretch since the alarms of the asset were compared: the next observation does so again.
  if (state.planned[alarm.asset] !== kinds.join()) delete state.planned[alarm.asset];
  alarm.group = '';
  const isHidden = alarm.out_of_service || alarm.shelved || alarm.planned !== '';
  if (!isHidden && rules !== undefined) alarm.group = groupOf(anomaly, rules, context);
  alarm.suppressed = alarm.planned !== '' || alarm.group !== '';
}

function groupOf(anomaly: Anomaly, { regime, flood }: AlarmRules, context: AlarmContext): string {
  if (regime !== undefined && addToRegime(anomaly, regime, context)) return REGIME;
  return flood !== undefined && addToFlood(anomaly, flood, context) ? FLOOD : '';
}

/** Whoever acknowledged it acknowledged less; and a flood or change of regime may spare it now. */
function raiseSeverity(alarm: Alarm, anomaly: Anomaly, late: boolean, context: AlarmContext): void {
  const rules = alarmRules(context);
  const spare = alarm.group === REGIME ? rules?.regime?.spare : rules?.flood?.spare;
  changeAlarm(alarm, 'risen', context, { reason: anomaly.reason });
  const isSpared = spare !== undefined && compareSeverity(anomaly.severity, spare) >= 0;
  if (alarm.group !== '' && isSpared) setSuppression(alarm, 'group', '', context);
  else reportPhase(alarm, anomaly, late, context);
}

function clear(alarm: Alarm, anomaly: Anomaly, late: boolean, context: AlarmContext): void {
  const { state, out } = context;
  const wasReported = alarm.reported;
  changeAlarm(alarm, 'cleared', context, { reason: anomaly.reason });
  reportPhase(alarm, anomaly, late, context, wasReported);
  removeFromRegime(alarm, context);
  out.cancelTimer(`realarm ${alarmKey(alarm)}`);
  alarm.group = '';
  alarm.suppressed = alarm.planned !== '';
  if (alarm.acknowledged) delete state.alarms[alarmKey(alarm)];
}

function realarm(key: string, context: AlarmContext): void {
  const alarm = context.state.alarms[key];
  if (alarm === undefined || !alarm.active || !alarm.acknowledged) return;
  changeAlarm(alarm, 'realarm', context, { reason: 'it was acknowledged, and stands' });
  if (alarm.reported) repeatPhase(alarm, 'updated', context);
}

/** Other rules may suppress less. */
function applyRules(context: AlarmContext): void {
  const { state } = context;
  const rules = alarmRules(context);
  endFloodWhenOver(rules?.flood, context);
  if (rules?.regime === undefined) endRegimes(context);
  state.planned = {};
  for (const alarm of Object.values(state.alarms)) {
    const suppress = rules?.suppress ?? [];
    const kinds = plannedKinds(suppress, state.stretches[alarm.asset], context);
    setSuppression(alarm, 'planned', plannedKind(suppress, kinds, alarm.signal), context);
  }
}
