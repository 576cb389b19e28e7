/** Milliseconds, of so many probes. NaN where there are none. */
export type Percentiles = {
  readonly probes: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
};

/** The nearest rank: the p99 of fewer than 100 values is the greatest. */
export function percentilesOf(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  return { probes: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}
