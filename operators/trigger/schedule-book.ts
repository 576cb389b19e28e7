import { type AssetKey, lineOf, nameOf } from '../model/key.ts';
import type { Schedule, ScheduleEntry } from '../model/schedule.ts';

/** Of each line, its entries by id. */
export type ScheduleBook = Record<string, Record<string, ScheduleEntry>>;

const LIMIT = 10_000;

/** Takes a schedule message in: an entry replaces the one with its id, a cancelled one goes; the earliest ended go first. */
export function enter(book: ScheduleBook, schedule: Schedule): void {
  const line = { ...book[schedule.line] };
  for (const entry of schedule.entries) {
    if (entry.cancelled === true) delete line[entry.id];
    else line[entry.id] = entry;
  }
  const spare = Object.keys(line).length - LIMIT;
  if (spare > 0) {
    const byEnd = Object.values(line).sort((a, b) => a.end - b.end);
    for (const { id } of byEnd.slice(0, spare)) delete line[id];
  }
  book[schedule.line] = line;
}

/** What the schedule holds for an asset, by start. */
export function entriesFor(book: ScheduleBook, asset: AssetKey): readonly ScheduleEntry[] {
  const name = nameOf(asset);
  return Object.values(book[lineOf(asset)] ?? {})
    .filter(({ assets }) => assets?.includes(name) !== false)
    .sort((a, b) => a.start - b.start || a.end - b.end || (a.id < b.id ? -1 : 1));
}
