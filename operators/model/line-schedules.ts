import { canonicalJson } from './canonical.ts';
import { type AssetKey, lineOf, nameOf } from './key.ts';
import { orderOf, type Schedule, type ScheduleEntry, type ScheduleEvent } from './schedule.ts';
import type { EventTime } from './time.ts';

/** The entries in force of one line, by id; of every line. */
type LineSchedule = Readonly<Record<string, ScheduleEntry>>;
export type LineSchedules = Readonly<Record<string, LineSchedule>>;

/** What a schedule message changed. An entry that repeats what was known is no change. */
export type ScheduleEntryChange = Pick<ScheduleEvent, 'type' | 'entry'>;

const MOST_ENTRIES = 20_000;

/**
 * The schedules after a message: each entry replaces the one with its id, a cancelled one goes. A line keeps 20,000
 * entries; what ended first is dropped first.
 */
export function applySchedule(schedules: LineSchedules, message: Schedule): LineSchedules {
  const { line, entries } = message;
  const known = { ...schedules[line] };
  for (const entry of entries) {
    if (entry.cancelled === true) delete known[entry.id];
    else known[entry.id] = entry;
  }
  const spare = Object.keys(known).length - MOST_ENTRIES;
  if (spare > 0) {
    const byEnd = Object.values(known).sort((a, b) => a.end - b.end || (a.id < b.id ? -1 : 1));
    for (const { id } of byEnd.slice(0, spare)) delete known[id];
  }
  return { ...schedules, [line]: known };
}

/** What a message changes of these schedules. */
export function entryChanges(
  schedules: LineSchedules,
  { line, entries }: Schedule,
): readonly ScheduleEntryChange[] {
  const known = new Map(Object.entries(schedules[line] ?? {}));
  const changes: ScheduleEntryChange[] = [];
  for (const entry of entries) {
    const before = known.get(entry.id);
    if (entry.cancelled === true) {
      known.delete(entry.id);
      if (before !== undefined) changes.push({ type: 'cancelled', entry: before });
      continue;
    }
    known.set(entry.id, entry);
    if (before === undefined) changes.push({ type: 'added', entry });
    else if (canonicalJson(before) !== canonicalJson(entry))
      changes.push({ type: 'changed', entry });
  }
  return changes;
}

/** All that the schedule holds for an asset, in the order of start. */
export function scheduledFor(schedules: LineSchedules, asset: AssetKey): readonly ScheduleEntry[] {
  return timetableOf(schedules, asset).entries;
}

/** The entries of an asset at a time: the entries that run then, what began last first. */
export function scheduledAt(
  schedules: LineSchedules,
  asset: AssetKey,
  time: EventTime,
): readonly ScheduleEntry[] {
  const { entries, longest } = timetableOf(schedules, asset);
  const running: ScheduleEntry[] = [];
  for (let at = countUntil(entries, time, startOf) - 1; at >= 0; at -= 1) {
    const entry = entries[at];
    if (entry === undefined || entry.start < time - longest) break;
    if (time < entry.end) running.push(entry);
  }
  return running.sort((a, b) => b.start - a.start || byStart(a, b));
}

/** Of a machine's schedule: an entry's start or end. */
export type Boundary = { readonly time: EventTime; readonly type: 'begun' | 'ended' } & {
  readonly entry: ScheduleEntry;
};

/** What begins and ends for an asset in (from, to], by time; of one time what ends first. */
export function boundariesBetween(
  schedules: LineSchedules,
  asset: AssetKey,
  from: EventTime,
  to: EventTime,
): readonly Boundary[] {
  const { boundaries } = timetableOf(schedules, asset);
  return boundaries.slice(countUntil(boundaries, from, timeOf), countUntil(boundaries, to, timeOf));
}

/** The next time after `time` at which something begins or ends for an asset. */
export function boundaryAfter(
  schedules: LineSchedules,
  asset: AssetKey,
  time: EventTime,
): EventTime | undefined {
  const { boundaries } = timetableOf(schedules, asset);
  return boundaries[countUntil(boundaries, time, timeOf)]?.time;
}

/** The order with that number, wherever on the asset's line and whenever it runs. */
export function orderNamed(
  schedules: LineSchedules,
  asset: AssetKey,
  order: string,
): ScheduleEntry | undefined {
  const line = schedules[lineOf(asset)];
  return line === undefined ? undefined : lineTableOf(line).orders.get(order);
}

/** Whether an entry of the line concerns an asset. */
export function concerns({ assets }: ScheduleEntry, asset: AssetKey): boolean {
  return assets?.includes(nameOf(asset)) !== false;
}

/** One asset's entries in the order of start, and their starts and ends. */
type Timetable = {
  readonly entries: readonly ScheduleEntry[];
  readonly longest: number;
  readonly boundaries: readonly Boundary[];
};
type LineTable = {
  readonly entries: readonly ScheduleEntry[];
  readonly orders: ReadonlyMap<string, ScheduleEntry>;
  /** The orders of which the schedule has operations. */
  readonly detailed: ReadonlySet<string>;
  readonly assets: Map<AssetKey, Timetable>;
};

const EMPTY: Timetable = { entries: [], longest: 0, boundaries: [] };

// Derived, so no state: looked through for every observation, made again when the entries of the line are others.
const tables = new WeakMap<LineSchedule, LineTable>();

function lineTableOf(line: LineSchedule): LineTable {
  const known = tables.get(line);
  if (known !== undefined) return known;
  const entries = Object.values(line).sort(byStart);
  const ofKind = (kind: string) => entries.filter((entry) => entry.kind === kind);
  const table: LineTable = {
    entries,
    orders: new Map(ofKind('order').map((entry) => [orderOf(entry), entry])),
    detailed: new Set(ofKind('operation').map(orderOf)),
    assets: new Map(),
  };
  tables.set(line, table);
  return table;
}

function timetableOf(schedules: LineSchedules, asset: AssetKey): Timetable {
  const line = schedules[lineOf(asset)];
  if (line === undefined) return EMPTY;
  const { entries: all, detailed, assets } = lineTableOf(line);
  const known = assets.get(asset);
  if (known !== undefined) return known;
  // Where there are operations of an order, they alone determine when a machine works on it.
  const entries = all.filter((entry) => {
    return concerns(entry, asset) && !(entry.kind === 'order' && detailed.has(orderOf(entry)));
  });
  const longest = entries.reduce((most, { start, end }) => Math.max(most, end - start), 0);
  const boundaries = entries
    .flatMap((entry): Boundary[] => [
      { time: entry.start, type: 'begun', entry },
      { time: entry.end, type: 'ended', entry },
    ])
    .sort((a, b) => a.time - b.time || byType(a, b) || byStart(a.entry, b.entry));
  const timetable = { entries, longest, boundaries };
  assets.set(asset, timetable);
  return timetable;
}

/** How many of the items, which are sorted by time, are not after `time`. */
function countUntil<T>(items: readonly T[], time: EventTime, of: (item: T) => EventTime): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = items[middle];
    if (item !== undefined && of(item) <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

function startOf({ start }: ScheduleEntry): EventTime {
  return start;
}

function timeOf({ time }: Boundary): EventTime {
  return time;
}

function byType(a: Boundary, b: Boundary): number {
  return Number(a.type === 'begun') - Number(b.type === 'begun');
}

function byStart(a: ScheduleEntry, b: ScheduleEntry): number {
  return a.start - b.start || a.end - b.end || (a.id < b.id ? -1 : 1);
}
