import { isStarting } from '../model/machine-event.ts';
import type { Enriched, Observation } from '../model/observation.ts';
import { later } from '../model/time.ts';
import type { SuppressionRule } from '../model/trigger-rule.ts';
import { fits } from '../model/wildcard.ts';
import {
  type Alarm,
  type AlarmContext,
  changeAlarm,
  type PlannedStretches,
} from './line-alarms.ts';

/**
 * Suppression by design: suppresses an alarm by a planned stretch or as part of a group alarm, or no longer (`kind` is '').
 * Of two reasons the last that is left keeps it suppressed.
 */
export function setSuppression(
  alarm: Alarm,
  by: 'planned' | 'group',
  kind: string,
  context: AlarmContext,
): void {
  const before = alarm[by];
  if (before === kind) return;
  alarm[by] = kind;
  const isSuppressed = alarm.planned !== '' || alarm.group !== '';
  if (isSuppressed === alarm.suppressed) return;
  const reason = by === 'group' ? kind || before : kind;
  changeAlarm(alarm, isSuppressed ? 'suppressed' : 'unsuppressed', context, { reason });
}

/** Records in which planned stretch an asset is, and which has just ended. */
export function recordStretches(
  stretches: PlannedStretches,
  { value, situation }: Enriched<Observation>,
  { time }: AlarmContext,
): void {
  const { planned, state, started, order } = situation;
  const record = (kind: string, at = time) => {
    stretches[kind] = later(stretches[kind] ?? at, at);
  };
  if (planned !== '') record(planned);
  if (value.kind === 'schedule' && value.type === 'ended') record(value.entry.kind);
  if (isStarting(state)) record('startup');
  else if (started !== null) record('startup', started);
  if (order !== '') record('order');
}

/** The kind of planned stretch that suppresses a signal by design now; '' for none. */
export function plannedKind(
  rules: readonly SuppressionRule[],
  stretches: PlannedStretches | undefined,
  signal: string,
  { time }: AlarmContext,
): string {
  if (stretches === undefined) return '';
  for (const { during, settle = 0, signals } of rules) {
    if (!signals.some((pattern) => fits(pattern, signal))) continue;
    const kind = during.find((name) => {
      const last = stretches[name];
      // At the very time of its end a stretch without `settle` still counts: a microsecond later it does not.
      return last !== undefined && time <= last + settle;
    });
    if (kind !== undefined) return kind;
  }
  return '';
}
