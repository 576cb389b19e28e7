/** The detector `drift`: whether a baseline has become stale. */

import type { DetectorRule } from '../model/detector-rule.ts';
import { formatNumber } from '../model/format-number.ts';
import { type BaselineMode, type Baselines, learnSample, unscaled } from './baseline-modes.ts';
import { type DetectorInput, deadbandOf, type Evaluation, formatQuantity } from './evaluation.ts';

type DriftRule = Extract<DetectorRule, { kind: 'drift' }>;

/** So many quantiles stand for the learnt samples: 4 kB. */
const QUANTILES = 500;

/**
 * Whether a baseline is stale: the latest `recent` samples of a mode against those that were learnt, by the greatest
 * distance of the two distribution functions (two-sample Kolmogorov-Smirnov statistic, 0 to 1). It tells that the machine
 * is not the one that was learnt, not that it is faulty: a notice to learn anew. No significance is claimed, because
 * samples of machines are not independent; `distance` is the share of samples that moved away. Level: `stale`.
 */
export function drift(
  memory: Baselines,
  rule: DriftRule,
  input: DetectorInput,
): Evaluation | undefined {
  const known = learnSample(memory, rule, input);
  if (!known?.ready) return undefined;
  const { mode, name, value } = known;
  const recent = takeRecent(mode, value, rule);
  if (recent === undefined) return undefined;
  const sorted = recent.slice().sort();
  const usual = mode.track.subarray(rule.recent + 1);
  const distance = distanceOf(sorted, usual);
  const now = unscaled(rule, sorted[sorted.length >> 1] ?? value);
  const before = unscaled(rule, mode.median);
  const { unit } = input.sample;
  return {
    level: distance > rule.distance ? 'stale' : '',
    levelWithDeadband: distance > rule.distance - deadbandOf(rule, rule.distance) ? 'stale' : '',
    value: now,
    unit,
    limit: before,
    score: distance / rule.distance,
    text: () =>
      `in the median of its latest ${rule.recent} values, learnt were ${formatQuantity(before, unit)}: ${formatNumber(100 * distance)} % of them moved away from the baseline of ${name}, which may be stale`,
    evidence: () => ({
      distance,
      recent: rule.recent,
      median: before,
      samples: mode.count,
      mode: name,
    }),
  };
}

/**
 * Takes a sample among the recent ones, and returns them when they are complete. `track`: how many were taken, the ring of
 * the recent ones, the learnt ones in rising order.
 */
function takeRecent(
  mode: BaselineMode,
  value: number,
  { recent }: DriftRule,
): Float64Array | undefined {
  if (mode.samples !== null) {
    const usual = quantilesOf(mode.samples.slice(0, mode.filled).sort());
    mode.track = new Float64Array(1 + recent + usual.length);
    mode.track.set(usual, 1 + recent);
    mode.samples = null;
  }
  const taken = mode.track[0] ?? 0;
  mode.track[1 + (taken % recent)] = value;
  mode.track[0] = taken + 1;
  return taken + 1 < recent ? undefined : mode.track.subarray(1, 1 + recent);
}

function quantilesOf(sorted: Float64Array): Float64Array {
  if (sorted.length <= QUANTILES) return sorted;
  return Float64Array.from({ length: QUANTILES }, (_, at) => {
    return sorted[Math.round((at * (sorted.length - 1)) / (QUANTILES - 1))] ?? 0;
  });
}

/** The greatest difference of the two empirical distribution functions; both columns in rising order. */
function distanceOf(a: Float64Array, b: Float64Array): number {
  let [i, j, most] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const at = Math.min(a[i] ?? 0, b[j] ?? 0);
    while (i < a.length && (a[i] ?? 0) <= at) i += 1;
    while (j < b.length && (b[j] ?? 0) <= at) j += 1;
    most = Math.max(most, Math.abs(i / a.length - j / b.length));
  }
  return most;
}
