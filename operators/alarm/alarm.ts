import type { Stage, StageId } from '../flow/flow.ts';
import { keyed } from '../flow/keyed.ts';
import type { States } from '../flow/states.ts';
import type { Anomaly } from '../model/anomaly.ts';
import { lineOf } from '../model/key.ts';
import { type Knowledge, learn, nothingKnown, rulesOf } from '../model/knowledge.ts';
import { type Duration, plus } from '../model/time.ts';
import { ebb, FLOOD, isFlooded, rankOf } from './flood.ts';
import { type Alarm, alarmKey, type LineAlarms, noAlarms, openAlarm } from './line-alarms.ts';
import { endShelving, isHeld, SHELF, takeEvent } from './people.ts';
import { noteStretch, plannedFor, replan } from './planned.ts';
import { giveUp, leaveRegime, mayBeRegime, REGIME, release } from './regime.ts';
import { storm } from './storm.ts';
import { cause, type Moment, repeat, type Told, tell } from './tell.ts';

/**
 * Decides what patterns and people are told of the anomalies of a line: each is an alarm with the states of ISA-18.2. What
 * is shelved, suppressed by design, out of service, one of a flood or of a change of regime lands, and is told when that is
 * over and it still stands. Everything else passes at once. Input is in order by line time, so one clock serves all.
 */
export function alarm(states: States): Stage<Told, Told> {
  return keyed<LineAlarms, Knowledge, Told, Told>(
    {
      id: 'annunciate' as StageId,
      version: 1,
      scope: 'line',
      keyOf: ({ value }) => lineOf('kind' in value ? value.asset : value.value.asset),
      open: noAlarms,
      openShared: nothingKnown,
      onEvent(state, { key, time, late = false, value }, shared, out) {
        const moment = { state, shared, time, out };
        if ('kind' in value) {
          onAnomaly(value, late, moment);
          return;
        }
        out.emit(value, { key, time, late });
        const suppress = alarmRules(moment)?.suppress ?? [];
        if (suppress.length > 0) {
          const { asset } = value.value;
          const lately = state.lately[asset] ?? {};
          state.lately[asset] = lately;
          noteStretch(lately, value, moment);
          for (const alarm of Object.values(state.alarms)) {
            if (alarm.asset !== asset) continue;
            replan(alarm, plannedFor(suppress, lately, alarm.signal, moment), moment);
          }
        }
        if (value.value.kind === 'event') takeEvent(value.value, moment);
      },
      onTimer(state, due, shared, out, rule) {
        const moment = { state, shared, time: due, out };
        if (rule === SHELF) endShelving(moment);
        else if (rule === FLOOD) ebb(alarmRules(moment)?.flood, moment);
        else if (rule.startsWith(REGIME)) giveUp(rule.slice(REGIME.length + 1), moment);
        else realarm(rule.slice(rule.indexOf(' ') + 1), moment);
      },
      onChange: (shared, change) => learn(shared, change.value),
      onChanged(state, shared, out, change) {
        if (change.value.kind === 'rules') {
          // Just after line time: at it, what is said would count as behind.
          reconsider({ state, shared, time: plus(out.now, 1 as Duration), out });
        }
      },
    },
    states,
  );
}

function alarmRules({ shared, out }: Moment) {
  return rulesOf(shared, out.key)?.alarms;
}

function onAnomaly(anomaly: Anomaly, late: boolean, moment: Moment): void {
  const { state } = moment;
  const key = alarmKey(anomaly);
  const alarm = state.alarms[key] ?? openAlarm(anomaly);
  // It was raised before there were alarms: everybody was told.
  if (anomaly.phase !== 'raised' && !alarm.active) {
    Object.assign(alarm, { active: true, acknowledged: false, told: true });
  }
  state.alarms[key] = alarm;
  const before = alarm.anomaly;
  alarm.anomaly = anomaly;
  switch (anomaly.phase) {
    case 'raised':
      hide(alarm, anomaly, moment);
      cause(alarm, 'raised', moment, { reason: anomaly.reason });
      tell(alarm, anomaly, late, moment);
      return;
    case 'updated':
      if (before === null || rankOf(anomaly) <= rankOf(before)) tell(alarm, anomaly, late, moment);
      else rise(alarm, anomaly, late, moment);
      return;
    case 'cleared':
      end(alarm, anomaly, late, moment);
      return;
  }
}

/** Before an alarm is raised: what hides it. */
function hide(alarm: Alarm, anomaly: Anomaly, moment: Moment): void {
  const { state } = moment;
  const rules = alarmRules(moment);
  alarm.added = 0;
  alarm.out = isHeld(state.holds, 'taken-out', alarm);
  alarm.shelved = isHeld(state.holds, 'shelved', alarm);
  alarm.planned = plannedFor(
    rules?.suppress ?? [],
    state.lately[alarm.asset],
    alarm.signal,
    moment,
  );
  alarm.storm = '';
  const isHidden = alarm.out || alarm.shelved || alarm.planned !== '';
  if (!isHidden && rules !== undefined) alarm.storm = stormOf(anomaly, rules, moment);
  alarm.suppressed = alarm.planned !== '' || alarm.storm !== '';
}

function stormOf(
  anomaly: Anomaly,
  { regime, flood }: NonNullable<ReturnType<typeof alarmRules>>,
  moment: Moment,
) {
  if (regime !== undefined && mayBeRegime(anomaly, regime, moment)) return REGIME;
  return flood !== undefined && isFlooded(anomaly, flood, moment) ? FLOOD : '';
}

/** The severity rose: whoever acknowledged it acknowledged less; and a storm may spare it now. */
function rise(alarm: Alarm, anomaly: Anomaly, late: boolean, moment: Moment): void {
  const rules = alarmRules(moment);
  const spare = alarm.storm === REGIME ? rules?.regime?.spare : rules?.flood?.spare;
  cause(alarm, 'risen', moment, { reason: anomaly.reason });
  if (alarm.storm !== '' && spare !== undefined && rankOf(anomaly) >= rankOf({ severity: spare })) {
    storm(alarm, '', moment);
    return;
  }
  tell(alarm, anomaly, late, moment);
}

function end(alarm: Alarm, anomaly: Anomaly, late: boolean, moment: Moment): void {
  const { state, out } = moment;
  const wasTold = alarm.told;
  cause(alarm, 'cleared', moment, { reason: anomaly.reason });
  tell(alarm, anomaly, late, moment, wasTold);
  leaveRegime(alarm, moment);
  out.sleep(`realarm ${alarmKey(alarm)}`);
  alarm.storm = '';
  alarm.suppressed = alarm.planned !== '';
  if (alarm.acknowledged) delete state.alarms[alarmKey(alarm)];
}

function realarm(key: string, moment: Moment): void {
  const alarm = moment.state.alarms[key];
  if (alarm === undefined || !alarm.active || !alarm.acknowledged) return;
  cause(alarm, 'realarm', moment, { reason: 'it was acknowledged, and stands' });
  if (alarm.told) repeat(alarm, 'updated', moment);
}

/** Other rules may ask for less silence. */
function reconsider(moment: Moment): void {
  const { state } = moment;
  const rules = alarmRules(moment);
  ebb(rules?.flood === undefined ? undefined : rules.flood, moment);
  if (rules?.regime === undefined)
    for (const scope of Object.keys(state.regimes).sort()) release(scope, moment);
  for (const alarm of Object.values(state.alarms)) {
    replan(
      alarm,
      plannedFor(rules?.suppress ?? [], state.lately[alarm.asset], alarm.signal, moment),
      moment,
    );
  }
}
