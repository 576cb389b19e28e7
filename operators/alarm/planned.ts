import { isStarting } from '../model/machine-event.ts';
import type { Enriched, Observation } from '../model/situation.ts';
import { later } from '../model/time.ts';
import type { SuppressionRule } from '../model/trigger-rule.ts';
import { fits } from '../model/wildcard.ts';
import type { Alarm, Lately } from './line-alarms.ts';
import { cause, type Moment } from './tell.ts';

/** Notes in which planned stretch an asset is, and which has just ended. */
export function noteStretch(
  lately: Lately,
  { value, situation }: Enriched<Observation>,
  moment: Moment,
): void {
  const { time } = moment;
  const { planned, state, started } = situation;
  const note = (kind: string, at = time) => {
    lately[kind] = later(lately[kind] ?? at, at);
  };
  if (planned !== '') note(planned);
  if (value.kind === 'schedule' && value.type === 'ended') note(value.entry.kind);
  if (isStarting(state)) note('startup');
  else if (started !== null) note('startup', started);
  if (situation.order !== '') note('order');
}

/** The kind of stretch that suppresses a signal by design now; '' for none. */
export function plannedFor(
  rules: readonly SuppressionRule[],
  lately: Lately | undefined,
  signal: string,
  { time }: Moment,
): string {
  if (lately === undefined) return '';
  for (const { during, settle = 0, signals } of rules) {
    if (!signals.some((pattern) => fits(pattern, signal))) continue;
    const kind = during.find((name) => {
      const last = lately[name];
      // At the very moment of its end a stretch without `settle` still counts: the next moment does not.
      return last !== undefined && time <= last + settle;
    });
    if (kind !== undefined) return kind;
  }
  return '';
}

/** Suppresses an alarm by design, or no longer. */
export function replan(alarm: Alarm, kind: string, moment: Moment): void {
  if (alarm.planned === kind) return;
  alarm.planned = kind;
  const isSuppressed = kind !== '' || alarm.storm !== '';
  if (isSuppressed === alarm.suppressed) return;
  cause(alarm, isSuppressed ? 'suppressed' : 'unsuppressed', moment, { reason: kind });
}
