import { type AssetKey, lineOf, nameOf } from './key.ts';
import type { Schedule, ScheduleEntry } from './schedule.ts';
import { DAY, type EventTime, minus } from './time.ts';

/** The entries in force of every line, by id. */
export type LineSchedules = Record<string, Record<string, ScheduleEntry>>;

const MOST_ENTRIES = 20_000;

/**
 * Takes a schedule message in: each entry replaces the one with its id, a cancelled one goes. A line keeps 20,000
 * entries; what ended first is forgotten first.
 */
export function reschedule(schedules: LineSchedules, { line, entries }: Schedule): void {
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
  schedules[line] = known;
}

/** All that the schedule holds for an asset, in the order of start. */
export function scheduledFor(schedules: LineSchedules, asset: AssetKey): readonly ScheduleEntry[] {
  return timetableOf(schedules, asset).entries.filter(concerns(asset));
}

/** What the schedule says of an asset at a time: the entries that run then, in the order of start. */
export function scheduledAt(
  schedules: LineSchedules,
  asset: AssetKey,
  time: EventTime,
): readonly ScheduleEntry[] {
  const lately = begunBetween(timetableOf(schedules, asset), time, time);
  return lately.filter(({ end }) => time < end).filter(concerns(asset));
}

/** The latest end of each kind of planned stretch that was over by `time` and not longer ago than a day. */
export function endedBefore(
  schedules: LineSchedules,
  asset: AssetKey,
  time: EventTime,
): readonly (readonly [kind: string, end: EventTime])[] {
  const ends = new Map<string, EventTime>();
  const lately = begunBetween(timetableOf(schedules, asset), minus(time, DAY), time);
  const ended = lately.filter(({ end }) => end <= time && end >= time - DAY);
  for (const { kind, end } of ended.filter(concerns(asset))) {
    const known = ends.get(kind);
    if (known === undefined || end > known) ends.set(kind, end);
  }
  return [...ends].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** A line's entries in the order of start. */
type Timetable = { readonly entries: readonly ScheduleEntry[]; readonly longest: number };

const EMPTY: Timetable = { entries: [], longest: 0 };

// Derived, so no state: looked through for every observation, made again when the entries of the line are others.
const timetables = new WeakMap<Record<string, ScheduleEntry>, Timetable>();

function timetableOf(schedules: LineSchedules, asset: AssetKey): Timetable {
  const line = schedules[lineOf(asset)];
  if (line === undefined) return EMPTY;
  const known = timetables.get(line);
  if (known !== undefined) return known;
  const entries = Object.values(line).sort(byStart);
  const longest = entries.reduce((most, { start, end }) => Math.max(most, end - start), 0);
  const timetable = { entries, longest };
  timetables.set(line, timetable);
  return timetable;
}

/** The entries that begin at or before `to`, and that can still run at `from`. */
function begunBetween({ entries, longest }: Timetable, from: EventTime, to: EventTime) {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle]?.start ?? to) <= to) low = middle + 1;
    else high = middle;
  }
  let first = low;
  while (first > 0 && (entries[first - 1]?.start ?? from) >= from - longest) first -= 1;
  return entries.slice(first, low);
}

function concerns(asset: AssetKey): (entry: ScheduleEntry) => boolean {
  const name = nameOf(asset);
  return ({ assets }) => assets?.includes(name) !== false;
}

function byStart(a: ScheduleEntry, b: ScheduleEntry): number {
  return a.start - b.start || a.end - b.end || (a.id < b.id ? -1 : 1);
}
