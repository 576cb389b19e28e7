import type { AssetKey } from './key.ts';
import type { ScheduleEntry } from './schedule.ts';
import type { EventTime } from './time.ts';

/**
 * Something that happened in the schedule of one machine. `begun` and `ended` come when the line's time reaches the
 * start or end of an entry, as the schedule says it then; the others when a message changes the schedule, at the time
 * that the line has reached by then.
 */
export type ScheduleEvent = {
  readonly kind: 'schedule';
  readonly asset: AssetKey;
  readonly time: EventTime;
  readonly type: 'begun' | 'ended' | 'added' | 'changed' | 'cancelled';
  /** As it stands after the change; a cancelled one as it stood before. */
  readonly entry: ScheduleEntry;
};
