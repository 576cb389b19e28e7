import { z } from 'zod';
import { isSpread, numberIn, type Spread } from './spread.ts';

/** Something that is asked for, and what a report has of it. */
export type Bar = {
  /** What is measured; several figures of it can have the same bar. */
  readonly bar: string;
  readonly figure: string;
  readonly asked: string;
  readonly measured: number | Spread | boolean;
  readonly met: boolean;
};

type Wanted = {
  readonly part: string;
  /** Which entries of the part. */
  readonly of: Readonly<Record<string, string | number>>;
  readonly what: string;
  readonly paths: readonly string[];
  readonly least: number;
};

const PINNED = ['ratio', 'ratio_cpu'] as const;
/** A cold engine beside a cold engine, and a warm one beside a warm one: by the clock, and for each CPU second. */
const BESIDE = ['cold.clock', 'cold.cpu', 'warm.clock', 'warm.cpu'] as const;

function endToEnd(signals: number, least: number): Wanted {
  const what = `end to end, frames of ${signals}, to the pinned loop`;
  return { part: 'end_to_end', of: { signals }, what, paths: PINNED, least };
}

function toLoop(name: string, least: number): Wanted {
  const what = `${name}, frames of 20, to a plain loop`;
  return { part: 'windows', of: { name, signals: 20 }, what, paths: ['ratio_to_loop'], least };
}

function toPeer(name: string, peer: string, signals: number, least: number): Wanted {
  const frames = signals === 0 ? '' : `, frames of ${signals}`;
  const what = `${name}${frames}, to ${peer}`;
  return { part: 'peers', of: { name, peer, signals }, what, paths: BESIDE, least };
}

/** Ratios alone: another machine, or a busy one, changes both sides. */
const WANTED: readonly Wanted[] = [
  ...[endToEnd(20, 0.85), endToEnd(1, 0.7)],
  ...[toLoop('A1', 0.06), toLoop('A2', 0.02), toLoop('A3', 0.02)],
  ...[toPeer('A1', 'Flink', 20, 1), toPeer('A2', 'Flink', 20, 3), toPeer('A3', 'Flink', 20, 3)],
  ...[toPeer('A1', 'Flink', 1, 0.5), toPeer('A2', 'Flink', 1, 1.5), toPeer('A3', 'Flink', 1, 1.5)],
  ...[toPeer('W1', 'Esper', 0, 1), toPeer('W2', 'Esper', 0, 0.8), toPeer('W3', 'Flink', 0, 2)],
  ...[toPeer('W4', 'Esper', 0, 1), toPeer('W5', 'Esper', 0, 1)],
];

const fieldsSchema = z.record(z.string(), z.unknown());
type Fields = z.infer<typeof fieldsSchema>;

/**
 * Everything that is asked for of what a report has: the ratios above, and whatever the parts themselves found right or not
 * (`right` of an entry, `kept` by its name).
 */
export function barsOf(report: Fields): readonly Bar[] {
  const ratios = WANTED.flatMap(({ part, of, what, paths, least }) => {
    const entry = partEntries(report, part).find((one) => {
      return Object.entries(of).every(([field, value]) => one[field] === value);
    });
    return paths.flatMap((path): readonly Bar[] => {
      const measured = figureAt(entry, path);
      const number = numberIn(measured);
      if (number === undefined) return [];
      const asked = `at least ${least}`;
      const shown = isSpread(measured) ? measured : number;
      return [{ bar: what, figure: path, asked, measured: shown, met: number >= least }];
    });
  });
  return [...ratios, ...Object.keys(report).flatMap((part) => rightnessOf(report, part))];
}

function rightnessOf(report: Fields, part: string): readonly Bar[] {
  const said: (readonly [name: string, value: unknown])[] = [];
  if (part === 'kept') said.push(...Object.entries(fieldsSchema.parse(report[part])));
  for (const entry of partEntries(report, part)) {
    const name = `${part} ${entry.name ?? ''}`.trim();
    if ('right' in entry) said.push([`${name}: check sums`, entry.right]);
    const kept = fieldsSchema.safeParse(entry.kept);
    if (kept.success) said.push(...Object.entries(kept.data));
  }
  return said.map(([bar, value]) => ({
    ...{ bar, figure: '', asked: 'true', measured: value === true, met: value === true },
  }));
}

/** Each bar as a sentence on standard error; whether all were met. */
export function tellBars(report: Fields): boolean {
  const bars = barsOf(report);
  for (const { bar, asked, measured, met } of bars) {
    if (typeof measured === 'boolean' && met) continue;
    console.error(
      `${met ? 'met' : 'MISSED'}: ${bar}: asked ${asked}, measured ${shownIn(measured)}`,
    );
  }
  return bars.every(({ met }) => met);
}

/** A figure for people: three digits, and how far it went. */
export function shownIn(value: unknown): string {
  if (isSpread(value)) {
    return `${digits(value.median)} (${digits(value.least)} to ${digits(value.greatest)})`;
  }
  return typeof value === 'number' ? digits(value) : String(value ?? '');
}

function digits(value: number): string {
  if (!Number.isFinite(value)) return 'none';
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`;
  if (value >= 1e4) return `${Number((value / 1e3).toPrecision(3))} k`;
  return String(Number(value.toPrecision(3)));
}

/** A part as a list: some have one entry only. */
export function partEntries(report: Fields, part: string): readonly Fields[] {
  const found = report[part];
  const list = Array.isArray(found) ? found : [found];
  return list.flatMap((entry) => {
    const parsed = fieldsSchema.safeParse(entry);
    return parsed.success ? [parsed.data] : [];
  });
}

/** What stands at a path of names in an entry. */
export function figureAt(entry: unknown, path: string): unknown {
  return path.split('.').reduce((inside: unknown, field) => {
    const parsed = fieldsSchema.safeParse(inside);
    return parsed.success ? parsed.data[field] : undefined;
  }, entry);
}
