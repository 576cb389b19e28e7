import type { AlarmRules } from '../model/alarm-rule.ts';
import type { Anomaly } from '../model/anomaly.ts';
import { SEVERITIES } from '../model/detector-common.ts';
import { formatDuration } from '../model/duration.ts';
import { plus } from '../model/time.ts';
import { rankOf } from './flood.ts';
import { type Alarm, alarmKey } from './line-alarms.ts';
import { endNotice, notice } from './notice.ts';
import { storm } from './storm.ts';
import type { Moment } from './tell.ts';

type RegimeRules = NonNullable<AlarmRules['regime']>;

export const REGIME = 'regime change';

/** Detectors that hold a value against what was usual. Limits, zones and dead sensors are what they are in any regime. */
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
 * them. When `signals` of them came, one notice is said instead of all, and they stay suppressed until each has cleared;
 * when not, they are told at the end of the wait. Alarms from `spare` on wait for nothing.
 */
export function mayBeRegime(anomaly: Anomaly, rules: RegimeRules, moment: Moment): boolean {
  if (!COMPARING.has(anomaly.detector)) return false;
  if (rankOf(anomaly) >= SEVERITIES.indexOf(rules.spare)) return false;
  const { state, time, out } = moment;
  const scope = scopeOf(anomaly, rules, moment);
  const regime = state.regimes[scope] ?? { since: time, members: [], notice: null };
  state.regimes[scope] = regime;
  const key = alarmKey(anomaly);
  if (!regime.members.includes(key)) regime.members.push(key);
  if (regime.notice !== null) return true;
  const signals = new Set(regime.members.map(signalOf));
  if (signals.size < rules.signals) {
    out.wakeAt(plus(regime.since, rules.per), `${REGIME} ${scope}`);
    return true;
  }
  out.sleep(`${REGIME} ${scope}`);
  const names = [...signals].map((name) => name.slice(name.lastIndexOf('|') + 1));
  const reason = `${signals.size} signals of ${scope} left what is usual within ${formatDuration(rules.per)}: ${[...new Set(names)].sort().join(', ')}; a change of regime, said once instead of ${regime.members.length} alarms`;
  const count = { value: signals.size, limit: rules.signals, reason };
  regime.notice = notice('regime', scope, anomaly, count, moment);
  return true;
}

/** Too few came in time: each is an alarm of its own. */
export function giveUp(scope: string, moment: Moment): void {
  const regime = moment.state.regimes[scope];
  if (regime === undefined || regime.notice !== null) return;
  release(scope, moment);
}

/** An alarm has cleared; with the last of its regime the notice ends. */
export function leaveRegime(alarm: Alarm, moment: Moment): void {
  const { state, out } = moment;
  const key = alarmKey(alarm);
  for (const [scope, regime] of Object.entries(state.regimes)) {
    if (!regime.members.includes(key)) continue;
    regime.members = regime.members.filter((member) => member !== key);
    if (regime.members.length > 0) continue;
    if (regime.notice !== null)
      endNotice(regime.notice, `all signals of ${scope} are as usual again`, moment);
    out.sleep(`${REGIME} ${scope}`);
    delete state.regimes[scope];
  }
}

/** Ends a regime, and tells what stands. */
export function release(scope: string, moment: Moment): void {
  const { state, out } = moment;
  const regime = state.regimes[scope];
  if (regime === undefined) return;
  delete state.regimes[scope];
  out.sleep(`${REGIME} ${scope}`);
  if (regime.notice !== null)
    endNotice(regime.notice, 'rules changed: no regimes are told of any more', moment);
  for (const key of regime.members) {
    const alarm = state.alarms[key];
    if (alarm?.storm === REGIME) storm(alarm, '', moment);
  }
}

function scopeOf(anomaly: Anomaly, { of }: RegimeRules, { out }: Moment): string {
  return of === 'asset' ? anomaly.asset : out.key;
}

/** Of an alarm's key all but the rule: two rules on one signal are one signal. */
function signalOf(key: string): string {
  const [asset = '', , point = '', ...signal] = key.split('|');
  return `${asset}|${point}|${signal.join('|')}`;
}
