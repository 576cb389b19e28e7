import { type AssetKey, lineOf, nameOf } from './key.ts';
import type { Schedule, ScheduleEntry } from './schedule.ts';
import { DAY, type EventTime } from './time.ts';

/** The entries in force of every line, by id. */
export type LineSchedules = Record<string, Record<string, ScheduleEntry>>;

const MOST_ENTRIES = 20_000;

/**
 * Takes a schedule message in: each entry replaces the one with its id, a cancelled one goes. A line keeps 20,000
 * entries; what ended first is forgotten first.
 */
export function reschedule(schedules: LineSchedules, { line, entries }: Schedule): void {
  const known = schedules[line] ?? {};
  for (const entry of entries) {
    if (entry.cancelled === true) delete known[entry.id];
    else known[entry.id] = entry;
  }
  const spare = Object.keys(known).length - MOST_ENTRIES;
  if (spare > 0) {
    const byEnd = Object.values(known).sort((a, b) => a.end - b.end || (a.id < b.id ? -1 : 1));
    for (const { id } of byEnd.slice(0, spare)) delete known[id];
  }
  schedules[line] = known;
}

/** All that the schedule holds for an asset, in the order of start. */
export function scheduledFor(schedules: LineSchedules, asset: AssetKey): readonly ScheduleEntry[] {
  return entriesWhere(schedules, asset, () => true).sort(byStart);
}

/** What the schedule says of an asset at a time: the entries that run then, in the order of start. */
export function scheduledAt(
  schedules: LineSchedules,
  asset: AssetKey,
  time: EventTime,
): readonly ScheduleEntry[] {
  return entriesWhere(schedules, asset, ({ start, end }) => start <= time && time < end).sort(
    byStart,
  );
}

/** The latest end of each kind of planned stretch that was over by `time` and not longer ago than a day. */
export function endedBefore(
  schedules: LineSchedules,
  asset: AssetKey,
  time: EventTime,
): readonly (readonly [kind: string, end: EventTime])[] {
  const ends = new Map<string, EventTime>();
  const lately = ({ end }: ScheduleEntry) => end <= time && end >= time - DAY;
  for (const { kind, end } of entriesWhere(schedules, asset, lately)) {
    const known = ends.get(kind);
    if (known === undefined || end > known) ends.set(kind, end);
  }
  return [...ends].sort(([a], [b]) => (a < b ? -1 : 1));
}

function entriesWhere(
  schedules: LineSchedules,
  asset: AssetKey,
  fits: (entry: ScheduleEntry) => boolean,
): ScheduleEntry[] {
  const name = nameOf(asset);
  return Object.values(schedules[lineOf(asset)] ?? {}).filter(
    (entry) => fits(entry) && entry.assets?.includes(name) !== false,
  );
}

function byStart(a: ScheduleEntry, b: ScheduleEntry): number {
  return a.start - b.start || a.end - b.end || (a.id < b.id ? -1 : 1);
}
