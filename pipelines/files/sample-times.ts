/** The times of samples in a table: whether they are even, how many samples they make a second, and what if not. */

import { parseNumber } from '../base/csv.ts';
import { wrongInput } from '../base/problem.ts';
import type { Table } from './table.ts';

export type SampleTimes = {
  /** Samples per second; undefined where the unit of the times is not known. */
  readonly rate?: number;
  /** Seconds since the first sample, where they are not even. */
  readonly uneven?: Float64Array;
  readonly notes: readonly string[];
};

const SECONDS: Readonly<Record<string, number>> = {
  ...{ '': 1, s: 1, sec: 1, secs: 1, seconds: 1, sek: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, μs: 1e-6 },
  ...{ ns: 1e-9, min: 60, h: 3_600 },
};
const DAY = 86_400;
/** Share of a step by which a time may differ from the even one before samples are put elsewhere for it. */
const UNEVEN = 0.05;
/** Steps outside of these shares of the usual one are no jitter: samples are missing or doubled. */
const LEAST_STEP = 0.25;
const MOST_STEP = 1.75;

/** What a column of times says of the samples beside it. Throws a `Problem` with the line of a gap. */
export function timesOf(file: string, table: Table, column: number): SampleTimes {
  const { rows, names, units } = table;
  const { seconds, clock, digit } = secondsOf(file, table, column);
  const named = /[ _-](s|ms|us|µs|ns)$/i.exec(names[column] ?? '')?.[1]?.toLowerCase() ?? '';
  const unit = units[column] || named;
  const factor = clock ? 1 : SECONDS[unit.toLowerCase()];
  if (factor === undefined || seconds.length < 2) return { notes: [] };
  const span = (seconds.at(-1) ?? 0) - (seconds[0] ?? 0);
  const step = span / (seconds.length - 1);
  const steps = Float64Array.from({ length: seconds.length - 1 }, (_, at) => {
    return (seconds[at + 1] ?? 0) - (seconds[at] ?? 0);
  });
  const usual = steps.slice().sort()[steps.length >> 1] ?? 0;
  if (usual === 0 && span > 0) return { notes: ['the times have too few digits to say the rate'] };
  // Printing with few digits moves each time by up to half a digit, so a step by a whole one.
  for (const [at, found] of steps.entries()) {
    const isUsual =
      found > LEAST_STEP * usual - 1.01 * digit && found < MOST_STEP * usual + 1.01 * digit;
    if (step > 0 && isUsual) continue;
    const where = `${file}, line ${rows[at + 1]?.line}`;
    const expected = `times in even steps of ${usual.toPrecision(4)}`;
    throw wrongInput(where, expected, found.toPrecision(4), 'Cut out a part without gaps.');
  }
  const furthest = seconds.reduce((most, time, at) => {
    return Math.max(most, Math.abs(time - (seconds[0] ?? 0) - at * step));
  }, 0);
  const rate = roundRate(seconds.length - 1, span * factor, digit * factor);
  if (furthest <= UNEVEN * step + 1.01 * digit) return { rate, notes: [] };
  const uneven = seconds.map((time) => (time - (seconds[0] ?? 0)) * factor);
  return { rate, uneven, notes: [noteOf(steps, factor, rate)] };
}

function noteOf(steps: Float64Array, factor: number, rate: number): string {
  const sorted = steps.slice().sort();
  const [least, most] = [sorted[0] ?? 0, sorted.at(-1) ?? 0].map((each) =>
    (each * factor).toPrecision(3),
  );
  return `the times are uneven (steps of ${least} to ${most} s): the samples were put on even times of ${Number(rate.toPrecision(6))} Hz, which blurs what is above ${Math.round(rate / 5)} Hz`;
}

/** As round as the digits of the times allow. */
function roundRate(steps: number, span: number, digit: number): number {
  const rate = steps / span;
  const uncertain = (2 * digit) / span;
  for (let places = 1; places < 9; places++) {
    const round = Number(rate.toPrecision(places));
    if (Math.abs(round / rate - 1) <= uncertain) return round;
  }
  return rate;
}

/** The times as numbers in the unit of their column, or clock times in seconds, and what their last digit counts. */
function secondsOf(
  file: string,
  { rows, decimal }: Table,
  column: number,
): { readonly seconds: Float64Array; readonly clock: boolean; readonly digit: number } {
  let digits = 0;
  let clock = false;
  let days = 0;
  let before = Number.NEGATIVE_INFINITY;
  const seconds = Float64Array.from(rows, ({ cells, line }) => {
    const cell = cells[column] ?? '';
    const value = parseNumber(cell, decimal);
    if (!Number.isNaN(value)) {
      const [, places = '', exponent = '0'] = /[.,](\d+)(?:e([+-]?\d+))?/i.exec(cell) ?? [];
      digits = Math.max(digits, places.length - Number(exponent));
      return value;
    }
    const [, hours, minutes, rest, fraction = ''] =
      /(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?(?: *[ap]m)?(?: *(?:Z|UTC|[+-]\d\d:?\d\d))?$/i.exec(
        cell,
      ) ?? [];
    if (hours === undefined) {
      const where = `${file}, line ${line}, column ${column + 1}`;
      const remedy = 'A waveform must have no gaps: cut out a part that has none.';
      throw wrongInput(where, 'a time', JSON.stringify(cell), remedy);
    }
    clock = true;
    digits = Math.max(digits, fraction.length);
    const time =
      Number(hours) * 3_600 + Number(minutes) * 60 + Number(`${rest ?? '0'}.${fraction || '0'}`);
    // Past midnight the clock begins again.
    if (time + days * DAY < before - DAY / 2) days += 1;
    before = time + days * DAY;
    return before;
  });
  return { seconds, clock, digit: 10 ** -digits };
}

/**
 * Samples at even times: as they are where they were even, else on the cubic through each two neighbours with the slopes
 * between theirs (Catmull and Rom, 1974), at the mean rate.
 */
export function evenSamples(values: Float64Array, times: SampleTimes | undefined): Float32Array {
  const uneven = times?.uneven;
  if (uneven === undefined) return Float32Array.from(values);
  const last = values.length - 1;
  const step = (uneven[last] ?? 0) / last;
  const slope = (at: number) => {
    const [from, to] = [Math.max(0, at - 1), Math.min(last, at + 1)];
    return ((values[to] ?? 0) - (values[from] ?? 0)) / ((uneven[to] ?? 0) - (uneven[from] ?? 0));
  };
  let left = 0;
  return Float32Array.from({ length: values.length }, (_, index) => {
    const time = Math.min(index * step, uneven[last] ?? 0);
    while (left < last - 1 && (uneven[left + 1] ?? 0) < time) left += 1;
    const width = (uneven[left + 1] ?? 0) - (uneven[left] ?? 0);
    const x = (time - (uneven[left] ?? 0)) / width;
    const [from, to] = [values[left] ?? 0, values[left + 1] ?? 0];
    const [begins, ends] = [slope(left) * width, slope(left + 1) * width];
    return (
      (2 * x ** 3 - 3 * x ** 2 + 1) * from +
      (x ** 3 - 2 * x ** 2 + x) * begins +
      (3 * x ** 2 - 2 * x ** 3) * to +
      (x ** 3 - x ** 2) * ends
    );
  });
}
