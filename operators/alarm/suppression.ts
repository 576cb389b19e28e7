import { fitsAny } from '../model/key.ts';
import { isStarting } from '../model/machine-event.ts';
import type { Enriched, Observation } from '../model/observation.ts';
import { later } from '../model/time.ts';
import type { SuppressionRule } from '../model/trigger-rule.ts';
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
  { observation, situation }: Enriched<Observation>,
  { time }: AlarmContext,
): void {
  const { planned, state, started, order } = situation;
  const record = (kind: string, at = time) => {
    stretches[kind] = later(stretches[kind] ?? at, at);
  };
  if (planned !== '') record(planned);
  if (observation.kind === 'schedule' && observation.type === 'ended')
    record(observation.entry.kind);
  if (isStarting(state)) record('startup');
  else if (started !== null) record('startup', started);
  if (order !== '') record('order');
}

/** The kind of planned stretch in which each rule suppresses now; '' for none. */
export function plannedKinds(
  rules: readonly SuppressionRule[],
  stretches: PlannedStretches | undefined,
  { time }: AlarmContext,
): readonly string[] {
  return rules.map(({ during, settle = 0 }) => {
    const kind = during.find((name) => {
      const last = stretches?.[name];
      // At the very time of its end a stretch without `settle` still counts: a microsecond later it does not.
      return last !== undefined && time <= last + settle;
    });
    return kind ?? '';
  });
}

/** The kind of planned stretch that suppresses a signal by design, of those in which the rules suppress now; '' for none. */
export function plannedKind(
  rules: readonly SuppressionRule[],
  kinds: readonly string[],
  signal: string,
): string {
  const at = rules.findIndex(({ signals }, index) => {
    return kinds[index] !== '' && fitsAny(signals, signal);
  });
  return kinds[at] ?? '';
}
