import type { DetectorRule } from '../model/detector-rule.ts';
import { type Baselines, deviationOf, learnt, type Milestone, unscaled } from './modes.ts';
import { deadbandOf, type Hearing, measure, short, type Verdict } from './verdict.ts';

type EwmaRule = Extract<DetectorRule, { kind: 'ewma' }>;

/**
 * Exponentially weighted moving average of the deviations z from the mode's frozen baseline, w ← λz + (1 − λ)w, held
 * against L standard deviations of w: L · √(λ/(2 − λ) · (1 − (1 − λ)^2t)) after t samples (Roberts 1959; NIST/SEMATECH
 * e-Handbook 6.3.2.4). λ is `weight`, L is `limit`. Sees small lasting shifts that no single sample shows. `value` and
 * `limit` are w and its bound, back in the signal's unit. Levels: `up`, `down`.
 */
export function ewma(
  memory: Baselines,
  rule: EwmaRule,
  hearing: Hearing,
  show: (milestone: Milestone) => void,
): Verdict | undefined {
  const known = learnt(memory, rule, hearing, show);
  if (!known?.ready) return undefined;
  const { mode, name } = known;
  if (mode.track.length === 0) mode.track = new Float64Array(2);
  const [before = 0, seen = 0] = mode.track;
  const { weight, limit: width, direction } = rule;
  const deviation = deviationOf(rule, mode);
  const mean = weight * ((known.value - mode.median) / deviation) + (1 - weight) * before;
  mode.track.set([mean, seen + 1]);
  const spread = Math.sqrt((weight / (2 - weight)) * (1 - (1 - weight) ** (2 * (seen + 1))));
  const score = mean / spread;
  const isDown = direction === 'down' || (direction === 'both' && mean < 0);
  const side = isDown ? 'down' : 'up';
  const reach = isDown ? -score : score;
  const bound = (isDown ? -width : width) * spread * deviation;
  const limit = unscaled(rule, mode.median + bound);
  const { unit } = hearing.sample;
  const value = unscaled(rule, mode.median + mean * deviation);
  const usual = unscaled(rule, mode.median);
  return {
    level: reach > width ? side : '',
    calm: reach > width - deadbandOf(rule, width) ? side : '',
    value,
    unit,
    limit,
    score: reach,
    text: () =>
      `in the weighted mean, ${short(Math.abs(score))} deviations ${mean < 0 ? 'below' : 'above'} its usual ${measure(usual, unit)} (limit ${measure(limit, unit)})`,
    evidence: () => ({
      sample: hearing.value,
      median: usual,
      deviation,
      spread,
      scale: rule.scale,
      samples: mode.count,
      mode: name,
    }),
  };
}
