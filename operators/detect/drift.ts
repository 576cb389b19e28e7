import type { DetectorRule } from '../model/detector-rule.ts';
import { type Baselines, learnt, type Milestone, type Mode, unscaled } from './modes.ts';
import { deadbandOf, type Hearing, measure, short, type Verdict } from './verdict.ts';

type DriftRule = Extract<DetectorRule, { kind: 'drift' }>;

/** Of the learnt samples as many quantiles are kept: 4 kB. */
const KEPT = 500;

/**
 * Whether a baseline is stale: the latest `recent` samples of a mode against those that were learnt, by the greatest
 * distance of the two distribution functions (two-sample Kolmogorov-Smirnov statistic, 0 to 1). It says that the machine
 * is not the one that was learnt, not that it is faulty: a notice to learn anew. No significance is claimed, because
 * samples of machines are not independent; `distance` is the share of samples that moved away. Level: `stale`.
 */
export function drift(
  memory: Baselines,
  rule: DriftRule,
  hearing: Hearing,
  show: (milestone: Milestone) => void,
): Verdict | undefined {
  const known = learnt(memory, rule, hearing, show);
  if (!known?.ready) return undefined;
  const { mode, name, value } = known;
  const recent = remember(mode, value, rule);
  if (recent === undefined) return undefined;
  const sorted = recent.slice().sort();
  const usual = mode.track.subarray(rule.recent + 1);
  const distance = distanceOf(sorted, usual);
  const now = unscaled(rule, sorted[sorted.length >> 1] ?? value);
  const before = unscaled(rule, mode.median);
  const { unit } = hearing.sample;
  return {
    level: distance > rule.distance ? 'stale' : '',
    calm: distance > rule.distance - deadbandOf(rule, rule.distance) ? 'stale' : '',
    value: now,
    unit,
    limit: before,
    score: distance / rule.distance,
    text: () =>
      `in the median of its latest ${rule.recent} values, learnt were ${measure(before, unit)}: ${short(100 * distance)} % of them moved away from the baseline of ${name}, which may be stale`,
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
 * Takes a sample among the recent ones, and gives them when they are complete. `track`: how many were taken, the ring of
 * the recent ones, the learnt ones in rising order.
 */
function remember(mode: Mode, value: number, { recent }: DriftRule): Float64Array | undefined {
  if (mode.samples !== null) {
    const usual = thinned(mode.samples.slice(0, mode.kept).sort());
    mode.track = new Float64Array(1 + recent + usual.length);
    mode.track.set(usual, 1 + recent);
    mode.samples = null;
  }
  const taken = mode.track[0] ?? 0;
  mode.track[1 + (taken % recent)] = value;
  mode.track[0] = taken + 1;
  return taken + 1 < recent ? undefined : mode.track.subarray(1, 1 + recent);
}

function thinned(sorted: Float64Array): Float64Array {
  if (sorted.length <= KEPT) return sorted;
  return Float64Array.from({ length: KEPT }, (_, at) => {
    return sorted[Math.round((at * (sorted.length - 1)) / (KEPT - 1))] ?? 0;
  });
}

/** The greatest difference of the two empirical distribution functions; both columns in rising order. */
export function distanceOf(a: Float64Array, b: Float64Array): number {
  let [i, j, most] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const at = Math.min(a[i] ?? 0, b[j] ?? 0);
    while (i < a.length && (a[i] ?? 0) <= at) i += 1;
    while (j < b.length && (b[j] ?? 0) <= at) j += 1;
    most = Math.max(most, Math.abs(i / a.length - j / b.length));
  }
  return most;
}
