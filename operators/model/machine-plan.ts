import type { AssetKey } from './key.ts';
import { type LineSchedules, orderNamed, scheduledAt, scheduledFor } from './line-schedules.ts';
import { isWork, orderOf, type ScheduleEntry } from './schedule.ts';
import type { EventTime } from './time.ts';

// The schedule of a line as seen by one machine: what it works on, and when it stands.

/** What a machine works on. `end`: when the order should be done by plan; `due`: when it must be. */
export type Work = {
  readonly order: string;
  /** Segment of the order at this machine, where the schedule has operations. */
  readonly operation: string;
  readonly product: string;
  readonly due: EventTime | null;
  readonly end: EventTime | null;
};

/**
 * What a machine works on at a time: as it reported itself, and by the schedule where it reported nothing. Of several
 * entries that run, the one that began last counts.
 */
export function workAt(
  schedules: LineSchedules,
  asset: AssetKey,
  time: EventTime,
  reported: { readonly order: string; readonly product: string },
): Work {
  const running = scheduledAt(schedules, asset, time).filter(isWork);
  const entry =
    reported.order === '' ? running[0] : running.find((one) => orderOf(one) === reported.order);
  const order = reported.order || (entry === undefined ? '' : orderOf(entry));
  const whole = order === '' ? undefined : orderNamed(schedules, asset, order);
  return {
    order,
    operation: entry?.kind === 'operation' ? (entry.segment ?? entry.id) : '',
    product: reported.product || entry?.product || whole?.product || '',
    due: whole?.due ?? entry?.due ?? null,
    end: whole?.end ?? entry?.end ?? null,
  };
}

/** A time in which a machine stands by plan. `kind`: of the entry, or `gap` for free time after the entry. */
export type Standstill = {
  readonly start: EventTime;
  readonly end: EventTime;
  readonly entry: string;
  readonly kind: string;
};

// Derived, so no state: made again when the schedule of the asset is another.
const known = new WeakMap<readonly ScheduleEntry[], Standstills>();
type Standstills = { readonly list: readonly Standstill[]; readonly latest: readonly EventTime[] };

/**
 * When a machine stands anyway, in the order of start: in changeovers, planned stops and maintenance, and in the free
 * time before or after an order. Time between two stops is none: a schedule that lists only stops says nothing
 * of what runs between them.
 */
export function standstillsOf(schedules: LineSchedules, asset: AssetKey): readonly Standstill[] {
  return standstills(scheduledFor(schedules, asset)).list;
}

/** How long until a machine stands by plan: 0 while it does, null when the schedule knows of no stop. Microseconds. */
export function untilStandstill(
  schedules: LineSchedules,
  asset: AssetKey,
  time: EventTime,
): number | null {
  const { list, latest } = standstills(scheduledFor(schedules, asset));
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle]?.start ?? time) <= time) low = middle + 1;
    else high = middle;
  }
  if ((latest[low - 1] ?? time) > time) return 0;
  const next = list[low];
  return next === undefined ? null : next.start - time;
}

function standstills(entries: readonly ScheduleEntry[]): Standstills {
  const before = known.get(entries);
  if (before !== undefined) return before;
  const list: Standstill[] = [];
  let busy: ScheduleEntry | undefined;
  for (const entry of entries) {
    const { id, kind, start, end } = entry;
    const besideWork = isWork(entry) || (busy !== undefined && isWork(busy));
    if (busy !== undefined && start > busy.end && besideWork) {
      list.push({ start: busy.end, end: start, entry: busy.id, kind: 'gap' });
    }
    if (!isWork(entry)) list.push({ start, end, entry: id, kind });
    if (busy === undefined || end > busy.end) busy = entry;
  }
  list.sort((a, b) => a.start - b.start || a.end - b.end);
  const latest: EventTime[] = [];
  for (const { end } of list) latest.push(Math.max(end, latest.at(-1) ?? end) as EventTime);
  const found = { list, latest };
  known.set(entries, found);
  return found;
}
