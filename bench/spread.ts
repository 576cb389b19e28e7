import { median } from '../pipelines/base/median.ts';

/** What several runs of the same thing gave: of each figure the one in the middle, and how far the others were from it. */
export type Spread = {
  readonly median: number;
  readonly least: number;
  readonly greatest: number;
};

/** Digits that mean something at most. */
const DIGITS = 4;

export function spreadOf(values: readonly number[]): Spread {
  const rounded = values.map((value) => Number(value.toPrecision(DIGITS)));
  return {
    median: median(rounded) ?? Number.NaN,
    least: Math.min(...rounded),
    greatest: Math.max(...rounded),
  };
}

export function isSpread(value: unknown): value is Spread {
  return typeof value === 'object' && value !== null && 'median' in value && 'least' in value;
}

/** A number as it is, of several the one in the middle; undefined for anything else. */
export function numberIn(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return isSpread(value) ? value.median : undefined;
}

/**
 * Reports of one part by several processes as one: numbers that differ become a spread, what was true is true when it
 * always was, and whatever else there is must be the same.
 */
export function combined(reports: readonly unknown[]): unknown {
  const [first] = reports;
  if (typeof first === 'number') {
    const numbers = reports.map(Number);
    return numbers.every((number) => number === first) ? first : spreadOf(numbers);
  }
  if (typeof first === 'boolean') return reports.every((report) => report === true);
  if (typeof first !== 'object' || first === null) return first;
  const parts = reports as readonly Readonly<Record<string, unknown>>[];
  const each = Object.keys(first).map(
    (name) => [name, combined(parts.map((part) => part[name]))] as const,
  );
  return Array.isArray(first) ? each.map(([, value]) => value) : Object.fromEntries(each);
}

/** Events a second, by the clock, and for each CPU second of all threads, which other programs disturb less. */
export type Speed = { readonly events_per_s: number; readonly events_per_cpu_s: number };

/** `cold`: the first round of a process. `warm`: the one in the middle of all its rounds, the first among them. */
export type Speeds = { readonly cold: Speed; readonly warm: Speed };

/** `rounds`: what each took, of so many events. */
export function speedsOf(
  events: number,
  rounds: readonly { readonly seconds: number; readonly cpu: number }[],
): Speeds {
  const first = rounds[0] ?? { seconds: Number.NaN, cpu: Number.NaN };
  const of = (seconds: number, cpu: number): Speed => {
    return { events_per_s: events / seconds, events_per_cpu_s: events / cpu };
  };
  return {
    cold: of(first.seconds, first.cpu),
    warm: of(
      median(rounds.map(({ seconds }) => seconds)) ?? Number.NaN,
      median(rounds.map(({ cpu }) => cpu)) ?? Number.NaN,
    ),
  };
}

export function speedsTold({ cold, warm }: Speeds): string {
  const thousands = (value: number) => `${Math.round(value / 1_000)} k`;
  const told = (speed: Speed) =>
    `${thousands(speed.events_per_s)}/s (${thousands(speed.events_per_cpu_s)} a CPU second)`;
  return `cold ${told(cold)}, warm ${told(warm)}`;
}
