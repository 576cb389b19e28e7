/**
 * Alarm floods and changes of regime: too many alarms at once become one group alarm (an anomaly of severity `notice`),
 * and are suppressed until the flood or the change is over.
 */

import type { Anomaly, ClearCause } from '../model/anomaly.ts';
import { identity } from '../model/canonical.ts';
import { SEVERITIES, type Severity } from '../model/detector-rule.ts';
import type { AlarmRules } from '../model/rules.ts';
import { type EventTime, formatDuration, plus } from '../model/time.ts';
import {
  type Alarm,
  type AlarmContext,
  alarmKey,
  anomalyRow,
  type LineAlarms,
  setLineTimer,
} from './line-alarms.ts';
import { setSuppression } from './suppression.ts';

type FloodRules = NonNullable<AlarmRules['flood']>;
type RegimeRules = NonNullable<AlarmRules['regime']>;

/** Names of groups, and of their timers. */
export const FLOOD = 'flood';
export const REGIME = 'regime change';

/** Enough for any flood; a limit beyond it is no limit. */
const MOST_COUNTED = 10_000;

/**
 * Counts an alarm that comes, and says whether it is one too many. A flood (EEMUA 191: more than 10 in 10 minutes) begins
 * with a group alarm and ends when fewer than `resume` came in `per`; meanwhile alarms below `spare` are suppressed.
 */
export function addToFlood(anomaly: Anomaly, rules: FloodRules, context: AlarmContext): boolean {
  const { state, time, out } = context;
  forgetEarlier(state, rules, time);
  addRecent(state, time);
  if (state.flood === null && state.recent.length <= rules.limit) return false;
  if (state.flood === null) {
    const reason = `${state.recent.length} alarms of ${out.key} within ${formatDuration(rules.per)} (limit ${rules.limit}): those below ${rules.spare} are withheld until fewer than ${rules.resume} come`;
    const count = { value: state.recent.length, limit: rules.limit, reason };
    state.flood = raiseGroupAlarm('flood', out.key, anomaly, count, context);
  }
  const next = state.recent.at(-rules.resume) ?? state.recent[0] ?? time;
  setLineTimer(plus(next, rules.per), FLOOD, context);
  return compareSeverity(anomaly.severity, rules.spare) < 0;
}

/** Ends a flood when few enough came of late, or the rules count none any more. */
export function endFloodWhenOver(rules: FloodRules | undefined, context: AlarmContext): void {
  const { state, time, out } = context;
  if (state.flood === null) return;
  if (rules !== undefined) {
    forgetEarlier(state, rules, time);
    if (state.recent.length >= rules.resume) {
      const next = state.recent.at(-rules.resume) ?? time;
      setLineTimer(plus(next, rules.per), FLOOD, context);
      return;
    }
  }
  const reason = `fewer alarms of ${out.key}: what was withheld and stands is told now`;
  clearGroupAlarm(state.flood, rules === undefined ? 'rule changed' : 'well', reason, context);
  state.flood = null;
  for (const key of Object.keys(state.alarms).sort()) {
    const alarm = state.alarms[key];
    if (alarm?.group === FLOOD) setSuppression(alarm, 'group', '', context);
  }
}

/** Forgets alarms that came `per` ago. */
function forgetEarlier(state: LineAlarms, { per }: FloodRules, time: EventTime): void {
  if (earliestOf(state.recent) > time - per) return;
  state.recent = state.recent.filter((at) => at > time - per);
}

/** The earliest of some alarms. Derived, so no state: thousands would be looked through at each of them. */
const earliest = new WeakMap<LineAlarms['recent'], number>();

function earliestOf(recent: LineAlarms['recent']): number {
  let known = earliest.get(recent);
  if (known === undefined) {
    known = recent.reduce((least, at) => Math.min(least, at), Infinity);
    earliest.set(recent, known);
  }
  return known;
}

function addRecent({ recent }: LineAlarms, time: EventTime): void {
  if (recent.length >= MOST_COUNTED) return;
  earliest.set(recent, Math.min(earliestOf(recent), time));
  recent.push(time);
}

/** Detectors that compare a value with what was usual. Limits, zones and dead sensors mean the same in any regime. */
const COMPARING: ReadonlySet<string> = new Set([
  'baseline',
  'ewma',
  'cusum',
  'range',
  'multivariate',
  'iso20816-change',
  'rate',
  'drift',
]);

/**
 * Whether an alarm may be one of many that a change of regime raises at once; then it waits for `per` from the first of
 * them. When `signals` of them came, one group alarm is raised, and they stay suppressed until each has cleared; when
 * not, they are reported at the end of the wait. Alarms from `spare` on wait for nothing.
 */
export function addToRegime(anomaly: Anomaly, rules: RegimeRules, context: AlarmContext): boolean {
  if (!COMPARING.has(anomaly.detector)) return false;
  if (compareSeverity(anomaly.severity, rules.spare) >= 0) return false;
  const { state, time, out } = context;
  const scope = rules.of === 'asset' ? anomaly.asset : out.key;
  const regime = state.regimes[scope] ?? { since: time, members: [], group_alarm: null };
  state.regimes[scope] = regime;
  const key = alarmKey(anomaly);
  addMember(regime.members, key);
  if (regime.group_alarm !== null) return true;
  const signals = new Set(regime.members.map(signalOf));
  if (signals.size < rules.signals) {
    setLineTimer(plus(regime.since, rules.per), `${REGIME} ${scope}`, context);
    return true;
  }
  out.cancelTimer(`${REGIME} ${scope}`);
  const names = [...signals].map((name) => name.slice(name.lastIndexOf('|') + 1));
  const reason = `${signals.size} signals of ${scope} left what is usual within ${formatDuration(rules.per)}: ${[...new Set(names)].sort().join(', ')}; a change of regime, said once instead of ${regime.members.length} alarms`;
  const count = { value: signals.size, limit: rules.signals, reason };
  regime.group_alarm = raiseGroupAlarm('regime', scope, anomaly, count, context);
  return true;
}

/** Too few came in time: each is an alarm of its own. */
export function expireRegime(scope: string, context: AlarmContext): void {
  const regime = context.state.regimes[scope];
  if (regime === undefined || regime.group_alarm !== null) return;
  endRegime(scope, context);
}

/** An alarm has cleared; with the last of its regime the group alarm clears. */
export function removeFromRegime(alarm: Alarm, context: AlarmContext): void {
  const { state, out } = context;
  const key = alarmKey(alarm);
  for (const [scope, regime] of Object.entries(state.regimes)) {
    if (!removeMember(regime.members, key)) continue;
    if (regime.members.length > 0) continue;
    if (regime.group_alarm !== null) {
      clearGroupAlarm(
        regime.group_alarm,
        alarm.anomaly?.cause || 'well',
        `all signals of ${scope} are as usual again`,
        context,
      );
    }
    out.cancelTimer(`${REGIME} ${scope}`);
    delete state.regimes[scope];
  }
}

/** The members of a regime, to be asked for. Derived, so no state: all signals of a machine can be of one. */
const memberSets = new WeakMap<readonly string[], Set<string>>();

function memberSet(members: readonly string[]): Set<string> {
  let known = memberSets.get(members);
  if (known === undefined) {
    known = new Set(members);
    memberSets.set(members, known);
  }
  return known;
}

function addMember(members: string[], key: string): void {
  const known = memberSet(members);
  if (known.has(key)) return;
  known.add(key);
  members.push(key);
}

/** False when it is none of them. */
function removeMember(members: string[], key: string): boolean {
  if (!memberSet(members).delete(key)) return false;
  members.splice(members.indexOf(key), 1);
  return true;
}

/** The rules ask for no regimes any more: what is active is reported. */
export function endRegimes(context: AlarmContext): void {
  for (const scope of Object.keys(context.state.regimes).sort()) endRegime(scope, context);
}

function endRegime(scope: string, context: AlarmContext): void {
  const { state, out } = context;
  const regime = state.regimes[scope];
  if (regime === undefined) return;
  delete state.regimes[scope];
  out.cancelTimer(`${REGIME} ${scope}`);
  if (regime.group_alarm !== null) {
    const reason = 'rules changed: no regimes are told of any more';
    clearGroupAlarm(regime.group_alarm, 'rule changed', reason, context);
  }
  for (const key of regime.members) {
    const alarm = state.alarms[key];
    if (alarm?.group === REGIME) setSuppression(alarm, 'group', '', context);
  }
}

/** Of an alarm's key all but the rule: two rules on one signal are one signal. */
function signalOf(key: string): string {
  const [asset = '', , point = '', ...signal] = key.split('|');
  return `${asset}|${point}|${signal.join('|')}`;
}

/** Below 0: `a` is less severe than `b`. */
export function compareSeverity(a: Severity, b: Severity): number {
  return SEVERITIES.indexOf(a) - SEVERITIES.indexOf(b);
}

/** Raised at the asset whose alarm made it so. `about` is the line or asset that it is about. */
function raiseGroupAlarm(
  kind: 'flood' | 'regime',
  about: string,
  like: Anomaly,
  count: { readonly value: number; readonly limit: number; readonly reason: string },
  context: AlarmContext,
): Anomaly {
  const { time } = context;
  const anomaly: Anomaly = {
    ...{
      kind: 'anomaly',
      id: identity([kind, about, time]),
      phase: 'raised',
      cause: '',
      revision: 1,
    },
    ...{ asset: like.asset, rule: kind, detector: kind, signal: 'alarms', point: '' },
    ...{ component: '', failure_mode: '', severity: 'notice', since: like.since, time },
    ...{ value: count.value, limit: count.limit, score: count.value / count.limit, unit: '' },
    ...{ situation: like.situation, reason: count.reason, sensor: '', contributions: {}, part: '' },
    advice:
      'Look at what changed for all of them: speed, load, product, supply, a restart; then at each.',
    evidence: { about },
  };
  reportGroupAlarm(anomaly, context);
  return anomaly;
}

function clearGroupAlarm(
  anomaly: Anomaly,
  cause: ClearCause,
  reason: string,
  context: AlarmContext,
): void {
  const { time } = context;
  const revision = anomaly.revision + 1;
  reportGroupAlarm({ ...anomaly, phase: 'cleared', cause, revision, time, reason }, context);
}

function reportGroupAlarm(anomaly: Anomaly, { out }: AlarmContext): void {
  const state = anomaly.phase === 'cleared' ? 'normal' : 'unacknowledged';
  out.land('anomalies', anomalyRow(anomaly, state, ''));
  out.emit(anomaly, { time: anomaly.time, key: anomaly.asset });
}
