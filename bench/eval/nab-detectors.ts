import type { Flag } from './score-nab.ts';

/** Rows that the running range watches before it says anything. */
const WARM_UP = 100;
/** Of the windowed Gaussian of NAB: so many values are known, and so many are exchanged at a time. */
const KNOWN = 6_400;
const STEP = 100;
/**
 * Its published threshold is 1, and its scores are written with twelve digits: all whose normal tail is below 5e-13 are 1.
 * That tail begins at 7.1305 deviations.
 */
const SURE = 7.1305;

/** Distance outside of all values before, in widths of their range: the novelty detector of two numbers. */
export function runningRange(values: readonly number[]): readonly Flag[] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const flags: Flag[] = [];
  for (const [row, value] of values.entries()) {
    const score = Math.max(low - value, value - high) / (high - low || Math.abs(high) || 1);
    if (row >= WARM_UP && score > 0) flags.push({ row, score });
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return flags;
}

/** Of flagged rows the first of each run: rows that follow each other are one onset, with the score of the first. */
export function onsetsOf(flags: readonly Flag[]): readonly Flag[] {
  return flags.filter(({ row }, at) => flags[at - 1]?.row !== row - 1);
}

/**
 * The rows that NAB's own windowed Gaussian detector flags at its published threshold: mean and standard deviation of the
 * last 6400 values, a hundred exchanged at a time (`nab/detectors/gaussian` of numenta/NAB). It is here because what
 * it scores in each file is published.
 */
export function windowedGaussian(values: readonly number[]): readonly Flag[] {
  let known: number[] = [];
  let mean = 0;
  let deviation = 1;
  const flags: Flag[] = [];
  for (const [row, value] of values.entries()) {
    if (row > 0 && Math.abs(value - mean) > SURE * deviation) flags.push({ row, score: 1 });
    known.push(value);
    if (known.length > KNOWN && known.length < KNOWN + STEP) continue;
    known = known.slice(-KNOWN);
    mean = known.reduce((sum, each) => sum + each, 0) / known.length;
    const squares = known.reduce((sum, each) => sum + (each - mean) ** 2, 0);
    deviation = Math.sqrt(squares / known.length) || 1e-6;
  }
  return flags;
}
