import { type AssetKey, lineOf, nameOf } from '../model/key.ts';
import type { Schedule, ScheduleEntry } from '../model/schedule.ts';
import { DAY, type EventTime } from '../model/time.ts';

/** The entries in force of every line, by id. */
export type LineSchedules = Record<string, Record<string, ScheduleEntry>>;

const MOST_ENTRIES = 20_000;

/** Takes a schedule message in: each entry replaces the one with its id; what ended long before is forgotten. */
export function reschedule(schedules: LineSchedules, { line, entries }: Schedule): void {
  const known = schedules[line] ?? {};
  for (const entry of entries) {
    if (entry.cancelled === true) delete known[entry.id];
    else known[entry.id] = entry;
  }
  const newest = Math.max(...entries.map(({ end }) => end));
  const all = Object.values(known);
  const full = all.length > MOST_ENTRIES;
  for (const { id, end } of all) if (full && end < newest - 2 * DAY) delete known[id];
  schedules[line] = known;
}

/** What the schedule says of an asset at a time: the entries that run then, in the order of their start. */
export function scheduledAt(
  schedules: LineSchedules,
  asset: AssetKey,
  time: EventTime,
): readonly ScheduleEntry[] {
  const line = schedules[lineOf(asset)];
  if (line === undefined) return [];
  return Object.values(line)
    .filter((entry) => entry.start <= time && time < entry.end && concerns(entry, asset))
    .sort((a, b) => a.start - b.start || (a.id < b.id ? -1 : 1));
}

/** The latest end of each kind of planned stretch that was over by `time` and not longer ago than a day. */
export function endedBefore(
  schedules: LineSchedules,
  asset: AssetKey,
  time: EventTime,
): readonly (readonly [kind: string, end: EventTime])[] {
  const ends = new Map<string, EventTime>();
  for (const entry of Object.values(schedules[lineOf(asset)] ?? {})) {
    if (entry.end > time || entry.end < time - DAY || !concerns(entry, asset)) continue;
    const known = ends.get(entry.kind);
    if (known === undefined || entry.end > known) ends.set(entry.kind, entry.end);
  }
  return [...ends].sort(([a], [b]) => (a < b ? -1 : 1));
}

function concerns(entry: ScheduleEntry, asset: AssetKey): boolean {
  return entry.assets === undefined || entry.assets.includes(nameOf(asset));
}
