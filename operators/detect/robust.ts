/** Of a normal distribution, the standard deviation is this many median absolute deviations: 1 / Φ⁻¹(3/4). */
export const DEVIATIONS_PER_MAD = 1.4826;

/** Median and median absolute deviation: up to half of the values may be wrong without moving either far. */
export function robust(values: Float64Array): { median: number; mad: number } {
  const median = medianOf(values);
  return { median, mad: medianOf(values.map((value) => Math.abs(value - median))) };
}

/** Mean and standard deviation in their place, the deviation as a MAD of a normal distribution. */
export function moments(values: Float64Array): { median: number; mad: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { median: mean, mad: Math.sqrt(squares / values.length) / DEVIATIONS_PER_MAD };
}

function medianOf(values: Float64Array): number {
  const sorted = values.slice().sort();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}
