import { canonicalJson } from './canonical.ts';
import { type AssetKey, type Key, lineKey, lineOf, nameOf } from './key.ts';
import { lookup } from './plain.ts';
import type { PlantModel } from './plant-model.ts';
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
  const before = schedules[line] ?? {};
  const known = { ...before };
  const named = new Set<string>();
  for (const entry of entries) {
    named.add(entry.id);
    if (entry.cancelled === true) delete known[entry.id];
    // A planning system sends all that it has again and again: what it repeats stays the object that it was.
    else if (!isSame(lookup(before, entry.id), entry)) known[entry.id] = entry;
    else known[entry.id] = before[entry.id] ?? entry;
  }
  const spare = Object.keys(known).length - MOST_ENTRIES;
  if (spare > 0) {
    const byEnd = Object.values(known).sort((a, b) => a.end - b.end || (a.id < b.id ? -1 : 1));
    for (const { id } of byEnd.slice(0, spare)) {
      delete known[id];
      named.add(id);
    }
  }
  keepTables(before, known, named);
  return { ...schedules, [line]: known };
}

function isSame(a: ScheduleEntry | undefined, b: ScheduleEntry): boolean {
  return a !== undefined && JSON.stringify(a) === JSON.stringify(b);
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

/** Lines without a model (which may come later) whose schedules are kept; beyond it the oldest go. */
const MOST_UNKNOWN_LINES = 1_000;

/** The schedules without those of the oldest lines that no model has, if there are too many of them. */
export function withoutUnknownLines(
  schedules: LineSchedules,
  models: Readonly<Record<string, PlantModel>>,
): LineSchedules {
  if (Object.keys(schedules).length <= MOST_UNKNOWN_LINES) return schedules;
  const known = new Set(
    Object.values(models).flatMap((model) => model.lines.map(({ id }) => lineKey(model.id, id))),
  );
  const unknown = Object.keys(schedules).filter((line) => !known.has(line as Key));
  const dropped = new Set(unknown.slice(0, Math.max(0, unknown.length - MOST_UNKNOWN_LINES)));
  if (dropped.size === 0) return schedules;
  return Object.fromEntries(Object.entries(schedules).filter(([line]) => !dropped.has(line)));
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
  /** How many operations the schedule has of an order. */
  readonly operations: ReadonlyMap<string, number>;
  readonly assets: Map<AssetKey, Timetable>;
};

const EMPTY: Timetable = { entries: [], longest: 0, boundaries: [] };

// Derived, so no state: looked through for every observation. A message that changes little changes little of them.
const tables = new WeakMap<LineSchedule, LineTable>();

function lineTableOf(line: LineSchedule): LineTable {
  const known = tables.get(line);
  if (known !== undefined) return known;
  const entries = Object.values(line).sort(byStart);
  const orders = entries.filter(({ kind }) => kind === 'order');
  const table: LineTable = {
    entries,
    orders: new Map(orders.map((entry) => [orderOf(entry), entry])),
    operations: countOperations(new Map(), entries, 1),
    assets: new Map(),
  };
  tables.set(line, table);
  return table;
}

function countOperations(
  counts: Map<string, number>,
  entries: readonly ScheduleEntry[],
  by: 1 | -1,
): Map<string, number> {
  for (const entry of entries) {
    if (entry.kind !== 'operation') continue;
    const order = orderOf(entry);
    counts.set(order, (counts.get(order) ?? 0) + by);
  }
  return counts;
}

/** Where there are operations of an order, they alone determine when a machine works on it. */
function isCounted(entry: ScheduleEntry, { operations }: Pick<LineTable, 'operations'>): boolean {
  return entry.kind !== 'order' || (operations.get(orderOf(entry)) ?? 0) === 0;
}

function timetableOf(schedules: LineSchedules, asset: AssetKey): Timetable {
  const line = schedules[lineOf(asset)];
  if (line === undefined) return EMPTY;
  const table = lineTableOf(line);
  const known = table.assets.get(asset);
  if (known !== undefined) return known;
  const entries = table.entries.filter((entry) => {
    return concerns(entry, asset) && isCounted(entry, table);
  });
  const same = [...new Set(table.assets.values())].find((one) => hasSame(one.entries, entries));
  const timetable = same ?? {
    entries,
    longest: longestOf(entries),
    boundaries: entries.flatMap(boundariesOf).sort(byTime),
  };
  table.assets.set(asset, timetable);
  return timetable;
}

/** Most machines of a line have the same schedule, and share what is made of it. */
function hasSame(a: readonly ScheduleEntry[], b: readonly ScheduleEntry[]): boolean {
  return a.length === b.length && a.every((entry, index) => entry === b[index]);
}

function boundariesOf(entry: ScheduleEntry): readonly Boundary[] {
  return [
    { time: entry.start, type: 'begun', entry },
    { time: entry.end, type: 'ended', entry },
  ];
}

function longestOf(entries: readonly ScheduleEntry[]): number {
  return entries.reduce((most, { start, end }) => Math.max(most, end - start), 0);
}

type Difference = {
  readonly removed: readonly ScheduleEntry[];
  readonly added: readonly ScheduleEntry[];
};

/** Takes the tables of a line over to what it has become, unless so much has changed that they are better made anew. */
function keepTables(before: LineSchedule, after: LineSchedule, named: ReadonlySet<string>): void {
  const table = tables.get(before);
  if (table === undefined) return;
  const ids = [...named].filter((id) => lookup(before, id) !== lookup(after, id));
  if (ids.length > table.entries.length / 2) return;
  const entriesOf = (line: LineSchedule) => ids.flatMap((id) => lookup(line, id) ?? []);
  const changed = { removed: entriesOf(before), added: entriesOf(after) };
  const entries = patched(table.entries, changed, byStart);
  const operations = countOperations(new Map(table.operations), changed.removed, -1);
  countOperations(operations, changed.added, 1);
  const next = { entries, operations, orders: ordersAfter(table, changed, entries) };
  const counted = countedDifference(table, next, changed);
  const shared = new Map<string, Timetable>();
  const positions = new Map([...new Set(table.assets.values())].map((one, index) => [one, index]));
  const assets = new Map<AssetKey, Timetable>();
  for (const [asset, timetable] of table.assets) {
    const own = {
      removed: counted.removed.filter((entry) => concerns(entry, asset)),
      added: counted.added.filter((entry) => concerns(entry, asset)),
    };
    const ids = [own.removed, own.added].map((list) => list.map(({ id }) => id));
    const key = JSON.stringify([positions.get(timetable), ids]);
    const known = shared.get(key) ?? timetableAfter(timetable, own);
    shared.set(key, known);
    assets.set(asset, known);
  }
  tables.set(after, { ...next, assets });
}

/** Of two entries with the number of an order, the later counts. */
function ordersAfter(
  { orders }: LineTable,
  { removed, added }: Difference,
  entries: readonly ScheduleEntry[],
): ReadonlyMap<string, ScheduleEntry> {
  const all = [...removed, ...added].filter(({ kind }) => kind === 'order');
  if (all.length === 0) return orders;
  const numbers = new Set(all.map(orderOf));
  const after = new Map(orders);
  for (const number of numbers) after.delete(number);
  for (const entry of entries) {
    if (entry.kind === 'order' && numbers.has(orderOf(entry))) after.set(orderOf(entry), entry);
  }
  return after;
}

/** The same of what machines work by: with its first operation an order's own entry no longer counts, and the reverse. */
function countedDifference(
  before: LineTable,
  after: Pick<LineTable, 'entries' | 'operations'>,
  { removed, added }: Difference,
): Difference {
  const turned = new Set(
    [...removed, ...added]
      .filter(({ kind }) => kind === 'operation')
      .map(orderOf)
      .filter((order) => {
        return (before.operations.get(order) ?? 0) > 0 !== (after.operations.get(order) ?? 0) > 0;
      }),
  );
  const isTurned = (entry: ScheduleEntry) => entry.kind === 'order' && turned.has(orderOf(entry));
  const all = (entries: readonly ScheduleEntry[], changed: readonly ScheduleEntry[]) => {
    return turned.size === 0 ? changed : [...new Set([...changed, ...entries.filter(isTurned)])];
  };
  return {
    removed: all(before.entries, removed).filter((entry) => isCounted(entry, before)),
    added: all(after.entries, added).filter((entry) => isCounted(entry, after)),
  };
}

function timetableAfter(timetable: Timetable, own: Difference): Timetable {
  if (own.removed.length === 0 && own.added.length === 0) return timetable;
  const entries = patched(timetable.entries, own, byStart);
  const ends = {
    removed: own.removed.flatMap(boundariesOf),
    added: own.added.flatMap(boundariesOf),
  };
  const isLongestLeft = longestOf(own.removed) < timetable.longest;
  return {
    entries,
    boundaries: patched(timetable.boundaries, ends, byTime),
    longest: isLongestLeft ? Math.max(timetable.longest, longestOf(own.added)) : longestOf(entries),
  };
}

/** A sorted list without some of its items and with others. No two items are equal to the comparison. */
function patched<T>(
  items: readonly T[],
  { removed, added }: { readonly removed: readonly T[]; readonly added: readonly T[] },
  compare: (a: T, b: T) => number,
): readonly T[] {
  const at = (item: T) => countBefore(items, (other) => compare(other, item) < 0);
  const edits = [
    ...added.toSorted(compare).map((item) => ({ at: at(item), item: [item] })),
    ...removed.map((item) => ({ at: at(item), item: [] })),
  ].sort((a, b) => a.at - b.at || b.item.length - a.item.length);
  const parts: (readonly T[])[] = [];
  let from = 0;
  for (const { at: to, item } of edits) {
    if (to > from) parts.push(items.slice(from, to));
    parts.push(item);
    from = item.length === 0 ? to + 1 : Math.max(from, to);
  }
  parts.push(items.slice(from));
  return ([] as readonly T[]).concat(...parts);
}

/** How many of the items, which are sorted by time, are not after `time`. */
function countUntil<T>(items: readonly T[], time: EventTime, of: (item: T) => EventTime): number {
  return countBefore(items, (item) => of(item) <= time);
}

/** How many items stand at the front of a list for which this holds, and for none behind them. */
function countBefore<T>(items: readonly T[], holds: (item: T) => boolean): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = items[middle];
    if (item !== undefined && holds(item)) low = middle + 1;
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

function byTime(a: Boundary, b: Boundary): number {
  return a.time - b.time || byType(a, b) || byStart(a.entry, b.entry);
}

function byType(a: Boundary, b: Boundary): number {
  return Number(a.type === 'begun') - Number(b.type === 'begun');
}

function byStart(a: ScheduleEntry, b: ScheduleEntry): number {
  return a.start - b.start || a.end - b.end || (a.id < b.id ? -1 : 1);
}
