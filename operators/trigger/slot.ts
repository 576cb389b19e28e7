import type { Slot } from '../model/request.ts';
import type { Standstill } from '../model/standstill.ts';
import { between, type Duration, type EventTime } from '../model/time.ts';

/**
 * The first stretch after `now` in which the machine stands anyway, long enough for the work; null when the schedule
 * knows none. `standstills` are sorted by start.
 */
export function nextGap(
  standstills: readonly Standstill[],
  now: EventTime,
  duration: Duration,
): Slot | null {
  const long = standstills.find(({ start, end }) => {
    return start > now && between(start, end) >= duration;
  });
  return long ?? null;
}
