import type { Alarm } from './line-alarms.ts';
import { cause, type Moment } from './tell.ts';

/** Suppresses an alarm because too much comes at once, or no longer (`why` is ''). */
export function storm(alarm: Alarm, why: string, moment: Moment): void {
  if (alarm.storm === why) return;
  const reason = why || alarm.storm;
  alarm.storm = why;
  const isSuppressed = why !== '' || alarm.planned !== '';
  if (isSuppressed === alarm.suppressed) return;
  cause(alarm, isSuppressed ? 'suppressed' : 'unsuppressed', moment, { reason });
}
