import type { AlarmRules } from '../model/alarm-rule.ts';
import type { Anomaly } from '../model/anomaly.ts';
import { SEVERITIES } from '../model/detector-common.ts';
import { formatDuration } from '../model/duration.ts';
import { type EventTime, plus } from '../model/time.ts';
import type { LineAlarms } from './line-alarms.ts';
import { endNotice, notice } from './notice.ts';
import { storm } from './storm.ts';
import type { Moment } from './tell.ts';

type FloodRules = NonNullable<AlarmRules['flood']>;

export const FLOOD = 'flood';
/** Enough to tell any flood from none; a limit beyond it is no limit. */
const MOST_COUNTED = 10_000;

/**
 * Counts an alarm that comes, and says whether it is one too many. A flood (EEMUA 191: more than 10 in 10 minutes) begins
 * with a notice and ends when fewer than `resume` came in `per`; meanwhile alarms below `spare` are withheld.
 */
export function isFlooded(anomaly: Anomaly, rules: FloodRules, moment: Moment): boolean {
  const { state, time, out } = moment;
  recount(state, rules, time);
  if (state.raised.length < MOST_COUNTED) state.raised.push(time);
  if (state.flood === null && state.raised.length <= rules.limit) return false;
  if (state.flood === null) {
    const reason = `${state.raised.length} alarms of ${out.key} within ${formatDuration(rules.per)} (limit ${rules.limit}): those below ${rules.spare} are withheld until fewer than ${rules.resume} come`;
    const count = { value: state.raised.length, limit: rules.limit, reason };
    state.flood = notice('flood', out.key, anomaly, count, moment);
  }
  const next = state.raised.at(-rules.resume) ?? state.raised[0] ?? time;
  out.wakeAt(plus(next, rules.per), FLOOD);
  return rankOf(anomaly) < SEVERITIES.indexOf(rules.spare);
}

/** Ends a flood when few enough came lately, or nobody counts any more. */
export function ebb(rules: FloodRules | undefined, moment: Moment): void {
  const { state, time, out } = moment;
  if (state.flood === null) return;
  if (rules !== undefined) {
    recount(state, rules, time);
    if (state.raised.length >= rules.resume) {
      const next = state.raised.at(-rules.resume) ?? time;
      out.wakeAt(plus(next, rules.per), FLOOD);
      return;
    }
  }
  endNotice(
    state.flood,
    `fewer alarms of ${out.key}: what was withheld and stands is told now`,
    moment,
  );
  state.flood = null;
  for (const key of Object.keys(state.alarms).sort()) {
    const alarm = state.alarms[key];
    if (alarm?.storm === FLOOD) storm(alarm, '', moment);
  }
}

/** Forgets alarms that came `per` ago. */
function recount(state: LineAlarms, { per }: FloodRules, time: EventTime): void {
  state.raised = state.raised.filter((at) => at > time - per);
}

export function rankOf({ severity }: Pick<Anomaly, 'severity'>): number {
  return SEVERITIES.indexOf(severity);
}
