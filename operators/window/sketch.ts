import { DDSketch } from '@datadog/sketches-js';

/** Counts by bucket; `counts[i]` belongs to bucket `lowest + i`. */
type Buckets = { lowest: number; counts: Float64Array };

/**
 * Quantiles within 1 % of the value (DDSketch: Masson, Rim, Lee, VLDB 2019). Buckets and ranks are the library's; the
 * counts are kept here as plain columns, because the library's stores are objects that no snapshot could copy and its
 * `merge` leaves out negative values. Below 1e-9 in magnitude a value counts as 0.
 */
export type Sketch = { zeros: number; readonly positive: Buckets; readonly negative: Buckets };

const { mapping } = new DDSketch({ relativeAccuracy: 0.01 });

/** Covers a factor of 1e17 between the smallest and the largest magnitude; below that, buckets are joined. */
const MOST_BUCKETS = 2_048;
const GROWTH = 16;
const SMALLEST = 1e-9;

export function openSketch(): Sketch {
  return {
    zeros: 0,
    positive: { lowest: 0, counts: new Float64Array(0) },
    negative: { lowest: 0, counts: new Float64Array(0) },
  };
}

export function addToSketch(sketch: Sketch, value: number): void {
  if (value > SMALLEST) count(sketch.positive, mapping.key(value), 1);
  else if (value < -SMALLEST) count(sketch.negative, mapping.key(-value), 1);
  else sketch.zeros += 1;
}

export function mergeSketch(into: Sketch, other: Sketch): void {
  into.zeros += other.zeros;
  mergeBuckets(into.positive, other.positive);
  mergeBuckets(into.negative, other.negative);
}

/** The value of rank `quantile · (n − 1)`; 0 for an empty sketch. */
export function quantileOf(sketch: Sketch, quantile: number): number {
  const below = total(sketch.negative);
  const rank = quantile * (below + sketch.zeros + total(sketch.positive) - 1);
  if (rank < below) return -valueAt(sketch.negative, below - rank - 1, true);
  if (rank < below + sketch.zeros) return 0;
  return valueAt(sketch.positive, rank - below - sketch.zeros, false);
}

function total({ counts }: Buckets): number {
  let sum = 0;
  for (const each of counts) sum += each;
  return sum;
}

/** Negative values are ranked from the other side, so a rank between two of them falls to the other one. */
function valueAt({ lowest, counts }: Buckets, rank: number, mirrored: boolean): number {
  let seen = 0;
  let last = 0;
  for (const [index, each] of counts.entries()) {
    if (each === 0) continue;
    seen += each;
    last = mapping.value(lowest + index);
    if (mirrored ? seen >= rank + 1 : seen > rank) return last;
  }
  return last;
}

function mergeBuckets(into: Buckets, other: Buckets): void {
  for (let index = other.counts.length - 1; index >= 0; index -= 1) {
    const times = other.counts[index] ?? 0;
    if (times > 0) count(into, other.lowest + index, times);
  }
}

function count(buckets: Buckets, bucket: number, times: number): void {
  const { lowest, counts } = buckets;
  if (counts.length === 0 || bucket < lowest || bucket >= lowest + counts.length) {
    grow(buckets, bucket);
  }
  const index = Math.max(0, bucket - buckets.lowest);
  buckets.counts[index] = (buckets.counts[index] ?? 0) + times;
}

/** Makes room for a bucket; beyond `MOST_BUCKETS` the lowest ones become one. */
function grow(buckets: Buckets, bucket: number): void {
  const { lowest, counts } = buckets;
  const empty = counts.length === 0;
  const from = empty ? bucket - GROWTH / 2 : Math.min(lowest, bucket - GROWTH);
  const to = empty ? bucket + GROWTH / 2 : Math.max(lowest + counts.length, bucket + GROWTH);
  const start = Math.max(from, to - MOST_BUCKETS);
  const grown = new Float64Array(to - start);
  for (const [index, each] of counts.entries()) {
    const place = Math.max(0, lowest + index - start);
    grown[place] = (grown[place] ?? 0) + each;
  }
  buckets.lowest = start;
  buckets.counts = grown;
}
