import type { Statistics } from '../model/window.ts';
import {
  COUNT,
  FIRST,
  FIRST_TIME,
  LAST,
  LAST_TIME,
  MAX,
  MIN,
  PRODUCTS,
  SQUARES,
  SUM,
  TIMES,
  TIMES_SQUARED,
} from './accumulator.ts';
import { difference, exactAt, product, rounded } from './exact.ts';

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
  // A constant signal has exactly none of either: what the sums would say is the noise of their last digit.
  if (min !== max) {
    const n = { high: count, low: 0 };
    const times = { high: columns[at + TIMES] ?? 0, low: 0 };
    const spread = difference(product(n, squares), product(sum, sum));
    deviation = Math.sqrt(Math.max(0, spread) / (count * (count - 1)));
    if (columns[at + FIRST_TIME] !== columns[at + LAST_TIME]) {
      const over = product(n, exactAt(columns, at + TIMES_SQUARED));
      const rise = difference(product(n, exactAt(columns, at + PRODUCTS)), product(sum, times));
      slope = (rise / difference(over, product(times, times))) * 1_000_000;
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
