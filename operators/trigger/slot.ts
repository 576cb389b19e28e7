import type { Slot } from '../model/request.ts';
import type { ScheduleEntry } from '../model/schedule.ts';
import { between, type Duration, type EventTime } from '../model/time.ts';

/**
 * The first stretch after `now` in which the machine stands anyway, long enough for the work: a changeover, a
 * planned stop, maintenance, or the free time before or after an order (kind `gap`, named after the entry it follows).
 * Time between two stops is none: a schedule that lists only stops says nothing of what runs between them.
 * Null when the schedule knows none. `entries` are sorted by start.
 */
export function nextGap(
  entries: readonly ScheduleEntry[],
  now: EventTime,
  duration: Duration,
): Slot | null {
  const stretches: Slot[] = [];
  let busy: ScheduleEntry | undefined;
  for (const entry of entries) {
    const { id, kind, start, end } = entry;
    const besideOrder = kind === 'order' || busy?.kind === 'order';
    if (busy !== undefined && start > busy.end && besideOrder) {
      stretches.push({ start: busy.end, end: start, entry: busy.id, kind: 'gap' });
    }
    if (kind !== 'order') stretches.push({ start, end, entry: id, kind });
    if (busy === undefined || end > busy.end) busy = entry;
  }
  const long = stretches.filter(({ start, end }) => start > now && between(start, end) >= duration);
  return long.sort((a, b) => a.start - b.start || a.end - b.end)[0] ?? null;
}
