import type { Out } from '../flow/keyed.ts';
import type { AssetKey } from '../model/key.ts';
import {
  boundariesBetween,
  boundaryAfter,
  concerns,
  type LineSchedules,
  type ScheduleNews,
} from '../model/line-schedules.ts';
import type { ScheduleEvent } from '../model/schedule-event.ts';
import { BEGINNING, between, DAY, type Duration, type EventTime, plus } from '../model/time.ts';

/** Per machine and message. A plan of a year that is sent at once is no news for the shop floor. */
const MOST_NEWS = 100;

/** What began and ended in (from, to] for a machine, each as an event at its own time. */
export function tellBoundaries(
  from: EventTime,
  to: EventTime,
  schedules: LineSchedules,
  asset: AssetKey,
): readonly ScheduleEvent[] {
  return boundariesBetween(schedules, asset, from, to).map(({ time, type, entry }) => {
    return { kind: 'schedule', asset, time, type, entry };
  });
}

export function wakeAtNext(
  told: EventTime,
  schedules: LineSchedules,
  out: Pick<Out<unknown>, 'key' | 'wakeAt' | 'sleep'>,
): void {
  const next = boundaryAfter(schedules, out.key, told);
  if (next === undefined) out.sleep();
  else out.wakeAt(next);
}

/**
 * What a message changed for a machine, as events at the time that its line has reached: of entries that begin within
 * a day or ended less than a day ago, at most 100; the rest is counted in `dead_letters`.
 */
export function newsOf(
  news: readonly ScheduleNews[],
  out: Pick<Out<unknown>, 'key' | 'now' | 'deadLetter'>,
): readonly ScheduleEvent[] {
  const { key: asset, now } = out;
  if (now === BEGINNING) return [];
  const near = news.filter(({ entry }) => {
    return (
      concerns(entry, asset) && between(now, entry.start) <= DAY && between(entry.end, now) <= DAY
    );
  });
  const more = near.length - MOST_NEWS;
  if (more > 0) {
    const detail = `a message changed more than ${MOST_NEWS} entries of one machine: patterns see the first`;
    out.deadLetter('overflow', detail, asset, more);
  }
  // Just after line time: at it, an event would count as behind.
  const time = plus(now, 1 as Duration);
  return near.slice(0, MOST_NEWS).map(({ type, entry }) => {
    return { kind: 'schedule', asset, time, type, entry };
  });
}
