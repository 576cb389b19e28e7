/** What is kept of the readings of a window, and the statistics that come of it. */

import type { Statistics } from '../model/observation.ts';

/**
 * One accumulator is `ACCUMULATOR` neighbouring numbers of a Float64Array; these are the columns. Sums over time
 * count microseconds from REFERENCE, the time of the reading that arrived first.
 */
export const COUNT = 0;
const REFERENCE = 1;
export const FIRST_TIME = 2;
const FIRST = 3;
export const LAST_TIME = 4;
const LAST = 5;
const MIN = 6;
const MAX = 7;
const SUM = 8;
const SQUARES = 10;
const TIMES = 12;
const TIMES_SQUARED = 13;
const PRODUCTS = 15;
export const ACCUMULATOR = 17;

/** Beyond this magnitude squares overflow: no sensor means it. */
export const LARGEST = 1e150;

/** Drops what was added. */
export function clearAccumulator(columns: Float64Array, at: number): void {
  columns.fill(0, at, at + ACCUMULATOR);
}

/** Takes in one reading: event time in microseconds, a value of magnitude `LARGEST` at most. */
export function addReading(columns: Float64Array, at: number, time: number, value: number): void {
  const count = columns[at + COUNT] ?? 0;
  columns[at + COUNT] = count + 1;
  if (count === 0) {
    columns[at + REFERENCE] = time;
    columns[at + FIRST_TIME] = time;
    columns[at + FIRST] = value;
    columns[at + LAST_TIME] = time;
    columns[at + LAST] = value;
    columns[at + MIN] = value;
    columns[at + MAX] = value;
    columns[at + SUM] = value;
    const square = value * value;
    columns[at + SQUARES] = square;
    columns[at + SQUARES + 1] = productError(value, value, square);
    return;
  }
  if (time < (columns[at + FIRST_TIME] ?? 0)) {
    columns[at + FIRST_TIME] = time;
    columns[at + FIRST] = value;
  }
  if (time >= (columns[at + LAST_TIME] ?? 0)) {
    columns[at + LAST_TIME] = time;
    columns[at + LAST] = value;
  }
  if (value < (columns[at + MIN] ?? 0)) columns[at + MIN] = value;
  if (value > (columns[at + MAX] ?? 0)) columns[at + MAX] = value;
  addExact(columns, at + SUM, value, 0);
  const square = value * value;
  addExact(columns, at + SQUARES, square, productError(value, value, square));
  const elapsed = time - (columns[at + REFERENCE] ?? 0);
  columns[at + TIMES] = (columns[at + TIMES] ?? 0) + elapsed;
  const elapsedSquared = elapsed * elapsed;
  const error = productError(elapsed, elapsed, elapsedSquared);
  addExact(columns, at + TIMES_SQUARED, elapsedSquared, error);
  const moment = value * elapsed;
  addExact(columns, at + PRODUCTS, moment, productError(value, elapsed, moment));
}

/** Adds all that one accumulator knows to another. Of readings at one time, those of `into` count as the earlier arrivals. */
export function mergeAccumulators(
  into: Float64Array,
  at: number,
  other: Float64Array,
  otherAt: number,
): void {
  const added = other[otherAt + COUNT] ?? 0;
  if (added === 0) return;
  if ((into[at + COUNT] ?? 0) === 0) {
    for (let column = 0; column < ACCUMULATOR; column += 1) {
      into[at + column] = other[otherAt + column] ?? 0;
    }
    return;
  }
  into[at + COUNT] = (into[at + COUNT] ?? 0) + added;
  if ((other[otherAt + FIRST_TIME] ?? 0) < (into[at + FIRST_TIME] ?? 0)) {
    into[at + FIRST_TIME] = other[otherAt + FIRST_TIME] ?? 0;
    into[at + FIRST] = other[otherAt + FIRST] ?? 0;
  }
  if ((other[otherAt + LAST_TIME] ?? 0) >= (into[at + LAST_TIME] ?? 0)) {
    into[at + LAST_TIME] = other[otherAt + LAST_TIME] ?? 0;
    into[at + LAST] = other[otherAt + LAST] ?? 0;
  }
  into[at + MIN] = Math.min(into[at + MIN] ?? 0, other[otherAt + MIN] ?? 0);
  into[at + MAX] = Math.max(into[at + MAX] ?? 0, other[otherAt + MAX] ?? 0);
  for (const column of [SUM, SQUARES, TIMES_SQUARED, PRODUCTS]) {
    addExact(into, at + column, other[otherAt + column] ?? 0, other[otherAt + column + 1] ?? 0);
  }
  // With u = t + shift: Σu = Σt + n·shift, Σu² = Σt² + shift·(2·Σt + n·shift), Σxu = Σxt + shift·Σx.
  const shift = (other[otherAt + REFERENCE] ?? 0) - (into[at + REFERENCE] ?? 0);
  const times = other[otherAt + TIMES] ?? 0;
  into[at + TIMES] = (into[at + TIMES] ?? 0) + times + added * shift;
  addScaled(into, at + TIMES_SQUARED, shift, 2 * times + added * shift);
  addScaled(into, at + PRODUCTS, shift, other[otherAt + SUM] ?? 0);
  addExact(into, at + PRODUCTS, shift * (other[otherAt + SUM + 1] ?? 0), 0);
}

function addScaled(into: Float64Array, at: number, factor: number, value: number): void {
  const high = factor * value;
  addExact(into, at, high, productError(factor, value, high));
}

/** Says what an accumulator of at least one reading knows. */
export function statistics(columns: Float64Array, at: number): Statistics {
  const count = columns[at + COUNT] ?? 0;
  const min = columns[at + MIN] ?? 0;
  const max = columns[at + MAX] ?? 0;
  const sum = exactAt(columns, at + SUM);
  const squares = exactAt(columns, at + SQUARES);
  const rms = Math.sqrt(rounded(squares) / count);
  let deviation = 0;
  let slope = 0;
  // A constant signal has exactly none of either: what the sums would give is the noise of their last digit.
  if (min !== max) {
    const n = { high: count, low: 0 };
    const times = { high: columns[at + TIMES] ?? 0, low: 0 };
    const spread = differenceOf(productOf(n, squares), productOf(sum, sum));
    deviation = Math.sqrt(Math.max(0, spread) / (count * (count - 1)));
    if (columns[at + FIRST_TIME] !== columns[at + LAST_TIME]) {
      const over = productOf(n, exactAt(columns, at + TIMES_SQUARED));
      const rise = differenceOf(
        productOf(n, exactAt(columns, at + PRODUCTS)),
        productOf(sum, times),
      );
      slope = (rise / differenceOf(over, productOf(times, times))) * 1_000_000;
    }
  }
  return {
    count,
    first: columns[at + FIRST] ?? 0,
    last: columns[at + LAST] ?? 0,
    min,
    max,
    sum: rounded(sum),
    mean: rounded(sum) / count,
    deviation,
    rms,
    peak_to_peak: max - min,
    crest: rms === 0 ? 0 : Math.max(-min, max) / rms,
    slope,
  };
}

/** Of a window that has none, because it became part of another one. */
export const NO_READINGS: Statistics = {
  count: 0,
  first: 0,
  last: 0,
  min: 0,
  max: 0,
  sum: 0,
  mean: 0,
  deviation: 0,
  rms: 0,
  peak_to_peak: 0,
  crest: 0,
  slope: 0,
};

/**
 * Sums that carry their own rounding error (Dekker 1971, Knuth's two-sum): about 32 significant digits. Windows need
 * them for three reasons: readings that arrive in another order must give the same window, panes and sessions must
 * merge without loss, and a deviation must survive a mean that is a million times larger.
 */
type DoubleDouble = { readonly high: number; readonly low: number };

/** 2^27 + 1 cuts a double into two halves whose products are exact. */
const SPLITTER = 134_217_729;

/** What `a * b` lost by rounding, where `rounded` is `a * b`. Both factors stay below 1e150 or the halves overflow. */
function productError(a: number, b: number, rounded: number): number {
  const wideA = SPLITTER * a;
  const highA = wideA - (wideA - a);
  const lowA = a - highA;
  const wideB = SPLITTER * b;
  const highB = wideB - (wideB - b);
  const lowB = b - highB;
  return highA * highB - rounded + highA * lowB + lowA * highB + lowA * lowB;
}

/** Adds a number and its error to the sum that stands in two neighbouring columns: high, low. */
function addExact(columns: Float64Array, at: number, high: number, low: number): void {
  const before = columns[at] ?? 0;
  const after = before + high;
  const part = after - before;
  const lost = before - (after - part) + (high - part);
  columns[at] = after;
  columns[at + 1] = (columns[at + 1] ?? 0) + lost + low;
}

function exactAt(columns: Float64Array, at: number): DoubleDouble {
  return { high: columns[at] ?? 0, low: columns[at + 1] ?? 0 };
}

function productOf(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const high = a.high * b.high;
  const low = productError(a.high, b.high, high) + a.high * b.low + a.low * b.high;
  return { high, low };
}

/** `a - b`, rounded once. */
function differenceOf(a: DoubleDouble, b: DoubleDouble): number {
  const high = a.high - b.high;
  const part = high - a.high;
  const lost = a.high - (high - part) - (b.high + part);
  return high + (lost + a.low - b.low);
}

function rounded(value: DoubleDouble): number {
  return value.high + value.low;
}
