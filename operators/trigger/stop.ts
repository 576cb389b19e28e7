import type { Slot, Stop } from '../model/request.ts';
import { type Duration, type EventTime, HOUR, later, plus } from '../model/time.ts';
import type { Work } from '../model/work.ts';

/** What a stop of `duration` would mean, now and in the slot. `hourly`: the asset's `stop_cost`. */
export function stopOf(
  figures: { readonly hourly: number | undefined; readonly currency: string },
  duration: Duration | null,
  slot: Slot | null,
  { end, due }: Work,
  now: EventTime,
): Stop {
  const { hourly, currency } = figures;
  const known = hourly !== undefined && duration !== null;
  const done = duration === null || end === null ? null : plus(later(end, now), duration);
  return {
    cost: known ? Math.round((100 * hourly * duration) / HOUR) / 100 : null,
    cost_in_slot: slot === null ? null : 0,
    currency,
    done,
    late: done === null || due === null ? null : done > due,
  };
}
