/**
 * Windows as their definition reads: all readings of a signal, sorted by time, grouped, aggregated. For plants whose rules
 * stay as they are.
 */

import { sourceOf } from '../../../operators/model/message.ts';
import type { Statistics } from '../../../operators/model/observation.ts';
import { type Rules, rulesSchema, type WindowRule } from '../../../operators/model/rules.ts';
import type { WindowRow } from '../../../operators/model/tables.ts';
import { type Decisions, rowsOf } from '../decisions.ts';

type Reading = { readonly time: number; readonly value: number; readonly appended: number };

/** A window as rows are compared: its name, and of its statistics those that are exact in any order. */
type Said = { readonly name: string; readonly end: number; readonly text: string };

/** The steps of counters, by signal. */
type Rollovers = Readonly<Record<string, number>>;

/** What the plant model says: its counters, its shifts by the clock, and how far that is ahead of UTC (microseconds). */
type Declared = {
  readonly rollovers: Rollovers;
  readonly shifts: readonly { readonly start: string; readonly end: string }[];
  readonly ahead: number;
};

/** What a source's readings make, window by window. `source` is a subject, live or backfill. */
export function windowsByDefinition(
  decisions: Decisions,
  rules: object,
  declared: Declared,
): Map<string, Said> {
  const { windows } = rulesSchema.parse(rules);
  const found = new Map<string, Said>();
  for (const [name, readings] of readingsBySignal(decisions)) {
    const signal = name.split(' ').at(-1) ?? '';
    const inOrder = [...readings].sort((a, b) => a.time - b.time);
    const rollover = declared.rollovers[signal];
    const sorted = rollover === undefined ? inOrder : increments(inOrder, rollover);
    for (const rule of windows.filter((each) => takes(each, signal))) {
      for (const [start, end, inside] of grouped(rule, sorted, declared)) {
        const said = saidOf(`${name} ${rule.id} ${start}`, end, statisticsOf(inside));
        found.set(said.name, said);
      }
    }
  }
  return found;
}

/** What the pipeline's rows say in the end: of each window the highest version, unless it was retracted. */
export function windowsInTheEnd(decisions: Decisions): Map<string, Said> {
  const last = new Map<string, WindowRow>();
  for (const row of rowsOf(decisions, 'windows')) {
    const source = `telemetry.p1.${row.line}.${row.asset}${row.backfill ? ' backfill' : ''}`;
    const name = `${source} ${row.signal} ${row.window} ${row.start}`;
    if (row.version > (last.get(name)?.version ?? 0)) last.set(name, row);
  }
  const alive = [...last].filter(([, { count }]) => count > 0);
  return new Map(alive.map(([name, row]) => [name, saidOf(name, row.end, row)]));
}

function saidOf(name: string, end: number, values: Exact): Said {
  const { count, first, last: latest, min, max, sum } = values;
  return { name, end, text: [count, first, latest, min, max, sum].join(' ') };
}

type Exact = Pick<Statistics, 'count' | 'first' | 'last' | 'min' | 'max' | 'sum'>;

function statisticsOf(readings: readonly Reading[]): Exact {
  const values = readings.map(({ value }) => value);
  return {
    ...{ count: values.length, first: values[0] ?? 0, last: values.at(-1) ?? 0 },
    ...{ min: Math.min(...values), max: Math.max(...values) },
    sum: values.reduce((sum, value) => sum + value, 0),
  };
}

/** Of each source and signal that the model has, what landed and is evaluated, in the order of arrival. */
function readingsBySignal(decisions: Decisions): Map<string, Reading[]> {
  const found = new Map<string, Reading[]>();
  for (const frame of rowsOf(decisions, 'readings')) {
    const { times, signals, values, evaluated = values, unknown = [], origin } = frame;
    const source = `${sourceOf(origin)}`;
    for (const [column, signal] of signals.entries()) {
      if (unknown.includes(signal)) continue;
      for (const [index, time] of times.entries()) {
        const value = evaluated[column * times.length + index] ?? Number.NaN;
        if (Number.isNaN(value)) continue;
        const name = `${source} ${signal}`;
        const { appended } = origin;
        found.set(name, [...(found.get(name) ?? []), { time, value, appended }]);
      }
    }
  }
  return found;
}

/** What was counted from each reading to the next, at the time of the next. */
function increments(sorted: readonly Reading[], rollover: number): Reading[] {
  return sorted.slice(1).map((reading, index) => {
    const counted = reading.value - (sorted[index]?.value ?? 0);
    if (counted >= 0) return { ...reading, value: counted };
    const across = counted + rollover;
    // More than half of its steps cannot have passed unseen: it was set to 0.
    return { ...reading, value: across < rollover / 2 ? across : reading.value };
  });
}

/** `source signal` of counters of which a reading came later than within `disorder`, or after a silence. Microseconds. */
export function disorderlyCounters(
  decisions: Decisions,
  rollovers: Rollovers,
  { disorder, idle }: { readonly disorder: number; readonly idle: number },
): Set<string> {
  const found = new Set<string>();
  for (const [name, readings] of readingsBySignal(decisions)) {
    if (!((name.split(' ').at(-1) ?? '') in rollovers)) continue;
    let latest: Reading | undefined;
    for (const reading of readings) {
      if (latest === undefined || reading.time >= latest.time) {
        latest = reading;
        continue;
      }
      const isLate = reading.time <= latest.time - disorder;
      if (isLate || reading.appended - latest.appended >= idle) found.add(name);
    }
  }
  return found;
}

function takes({ signals }: WindowRule, signal: string): boolean {
  return signals.some((name) => {
    return name.endsWith('*') ? signal.startsWith(name.slice(0, -1)) : signal === name;
  });
}

type Group = readonly [start: number, end: number, readings: readonly Reading[]];

function grouped(
  rule: Rules['windows'][number],
  sorted: readonly Reading[],
  declared: Declared,
): Group[] {
  switch (rule.kind) {
    case 'tumbling':
      return aligned(sorted, rule.size, rule.size, rule.offset ?? 0);
    case 'hopping':
      return aligned(sorted, rule.size, rule.hop, rule.offset ?? 0);
    case 'session':
      return sessions(sorted, rule.gap);
    case 'count':
      return chunks(sorted, rule.count);
    case 'calendar':
      return byShift(sorted, declared);
  }
}

const MINUTE = 60_000_000;
const DAY = 24 * 60 * MINUTE;

/** For plants whose clocks do not change while they live. */
function byShift(sorted: readonly Reading[], { shifts, ahead }: Declared): Group[] {
  const clock = (text: string) => {
    const [hours = 0, minutes = 0] = text.split(':').map(Number);
    return (hours * 60 + minutes) * MINUTE;
  };
  const days = sorted.map(({ time }) => Math.floor((time + ahead) / DAY) * DAY - ahead);
  const spans = [...new Set(days.flatMap((day) => [day - DAY, day]))].flatMap((day) => {
    return shifts.map(({ start, end }): Group => {
      const from = day + clock(start);
      const to = day + clock(end) + (end < start ? DAY : 0);
      return [from, to, sorted.filter(({ time }) => time >= from && time < to)];
    });
  });
  return spans.filter(([, , readings]) => readings.length > 0);
}

function aligned(sorted: readonly Reading[], size: number, hop: number, offset: number): Group[] {
  const groups = new Map<number, Reading[]>();
  for (const reading of sorted) {
    const newest = Math.floor((reading.time - offset) / hop) * hop + offset;
    for (let start = newest; start > reading.time - size; start -= hop) {
      groups.set(start, [...(groups.get(start) ?? []), reading]);
    }
  }
  return [...groups].map(([start, readings]) => [start, start + size, readings]);
}

function sessions(sorted: readonly Reading[], gap: number): Group[] {
  const groups: Reading[][] = [];
  for (const reading of sorted) {
    const current = groups.at(-1);
    const last = current?.at(-1);
    if (current !== undefined && last !== undefined && reading.time - last.time <= gap) {
      current.push(reading);
    } else groups.push([reading]);
  }
  return groups.map((group) => [group[0]?.time ?? 0, (group.at(-1)?.time ?? 0) + gap, group]);
}

/** The last of them only when it is full. */
function chunks(sorted: readonly Reading[], count: number): Group[] {
  const groups: Group[] = [];
  for (let from = 0; from + count <= sorted.length; from += count) {
    const group = sorted.slice(from, from + count);
    groups.push([group[0]?.time ?? 0, (group.at(-1)?.time ?? 0) + 1, group]);
  }
  return groups;
}
