/** Control charts over the deviations from a learnt baseline: single values, EWMA and CUSUM. */

import { formatNumber } from '../model/canonical.ts';
import type { DetectorRule } from '../model/detector-rule.ts';
import type { EventTime } from '../model/time.ts';
import {
  type BaselineMode,
  type Baselines,
  DEVIATIONS_PER_MAD,
  deviationOf,
  followingShare,
  learnSample,
  unscaled,
} from './baseline-modes.ts';
import { type DetectorInput, deadbandOf, type Evaluation, formatQuantity } from './evaluation.ts';

type BaselineRule = Extract<DetectorRule, { kind: 'baseline' }>;
type EwmaRule = Extract<DetectorRule, { kind: 'ewma' }>;
type CusumRule = Extract<DetectorRule, { kind: 'cusum' }>;

/** One absurd value must not stay in a weighted mean for ever. */
const MOST_DEVIATIONS = 1e6;

/** Deviations beyond which a value counts as if it were there. */
const HUBER = 3;

/** A sum goes no higher than this many times its limit: it must come down again when the machine is well. */
const MOST_LIMITS = 2;

/**
 * Learns `learn` samples of each mode, then holds every further one against their median and MAD, for ever: a
 * baseline that followed the machine would follow the wear (a Shewhart chart of single values). With `forget` it does
 * follow, for signals that have no level of their own. While an anomaly of the signal is open nothing is learnt
 * (`frozen`). Levels: `up`, `down`.
 */
export function baseline(
  memory: Baselines,
  rule: BaselineRule,
  input: DetectorInput,
): Evaluation | undefined {
  const standard = standardize(memory, rule, input);
  if (standard === undefined) return undefined;
  const evaluation = evaluateSingle(rule, input, standard);
  if (rule.forget === undefined) return settle(evaluation, rule, input, standard);
  const share = followingShare(standard.mode, input.sample.time, rule.forget);
  if (share > 0) follow(standard.mode, standard.value, share);
  return evaluation;
}

/**
 * Exponentially weighted moving average of the deviations z from the mode's frozen baseline, w ← λz + (1 − λ)w, held
 * against L standard deviations of w: L · √(λ/(2 − λ) · (1 − (1 − λ)^2t)) after t samples (Roberts 1959; NIST/SEMATECH
 * e-Handbook 6.3.2.4). λ is `weight`, L is `limit`. Sees small lasting shifts that no single sample shows. `value` and
 * `limit` are w and its bound, back in the signal's unit. Levels: `up`, `down`.
 */
export function ewma(
  memory: Baselines,
  rule: EwmaRule,
  input: DetectorInput,
): Evaluation | undefined {
  const standard = standardize(memory, rule, input);
  if (standard === undefined) return undefined;
  const { mode, name, deviation, usual } = standard;
  const z = Math.min(Math.max(standard.z, -MOST_DEVIATIONS), MOST_DEVIATIONS);
  if (mode.track.length === 0) mode.track = new Float64Array(2);
  const [before = 0, seen = 0] = mode.track;
  const { weight, limit: width } = rule;
  const mean = weight * z + (1 - weight) * before;
  mode.track.set([mean, seen + 1]);
  const spread = Math.sqrt((weight / (2 - weight)) * (1 - (1 - weight) ** (2 * (seen + 1))));
  const score = mean / spread;
  const side = sideOf(rule, mean < 0);
  const reach = side === 'down' ? -score : score;
  const bound = (side === 'down' ? -width : width) * spread * deviation;
  const limit = unscaled(rule, mode.median + bound);
  const { unit } = input.sample;
  const evaluation: Evaluation = {
    level: reach > width ? side : '',
    levelWithDeadband: reach > width - deadbandOf(rule, width) ? side : '',
    value: unscaled(rule, mode.median + mean * deviation),
    unit,
    limit,
    score: reach,
    text: () =>
      `in the weighted mean, ${formatNumber(Math.abs(score))} deviations ${mean < 0 ? 'below' : 'above'} its usual ${formatQuantity(usual, unit)} (limit ${formatQuantity(limit, unit)})`,
    evidence: () => ({
      sample: input.value,
      median: usual,
      deviation,
      spread,
      scale: rule.scale,
      samples: mode.count,
      mode: name,
    }),
  };
  return settle(evaluation, rule, input, standard);
}

/**
 * Two-sided cumulative sum of the deviations z from the mode's frozen baseline: S⁺ ← max(0, S⁺ + z − k), S⁻ ← max(0, S⁻ −
 * z − k); a breach beyond h (Page 1954; NIST/SEMATECH e-Handbook 6.3.2.3). k is `slack`, h is `limit`. Quickest at slow
 * drift; `since` is when the sum left 0, which dates the change, and it is over when the sum is back at 0: in between it is
 * one excursion, however often the sum crosses h, and whatever other modes show meanwhile. Levels: `up`, `down`.
 */
export function cusum(
  memory: Baselines,
  rule: CusumRule,
  input: DetectorInput,
): Evaluation | undefined {
  const standard = standardize(memory, rule, input);
  if (standard === undefined) return undefined;
  const { mode, name, deviation, z, usual } = standard;
  if (mode.track.length === 0) mode.track = new Float64Array(4);
  const { time, unit } = input.sample;
  addToSum(mode.track, 0, z - rule.slack, rule, time);
  addToSum(mode.track, 2, -z - rule.slack, rule, time);
  const [up = 0, upSince = 0, down = 0, downSince = 0] = mode.track;
  const excursion = excursionOf(memory);
  const side = excursion?.side ?? sideOf(rule, down > up);
  const [sum, since] = side === 'down' ? [down, downSince] : [up, upSince];
  const level = sum > rule.limit ? side : '';
  if (level !== '' && excursion === null) memory.excursion = { mode: name, side };
  const evaluation: Evaluation = {
    level,
    levelWithDeadband: excursion?.side ?? level,
    value: input.value,
    unit,
    limit: usual,
    score: sum / rule.limit,
    ...(level === '' ? {} : { since: since as EventTime }),
    text: () =>
      `and has been ${side === 'down' ? 'below' : 'above'} its usual ${formatQuantity(usual, unit)} for long: cumulative sum ${formatNumber(sum)} (limit ${rule.limit})`,
    evidence: () => ({
      sum,
      deviations: z,
      median: usual,
      deviation,
      scale: rule.scale,
      samples: mode.count,
      mode: name,
    }),
  };
  return settle(evaluation, rule, input, standard);
}

/** The excursion that has not ended: its sum is not back at 0. */
function excursionOf(memory: Baselines): Baselines['excursion'] {
  const { excursion, modes } = memory;
  if (excursion === null) return null;
  const sum = modes[excursion.mode]?.track[excursion.side === 'down' ? 2 : 0] ?? 0;
  if (sum === 0) memory.excursion = null;
  return memory.excursion;
}

/** A sample beside the baseline of its mode. */
type Standardized = {
  readonly name: string;
  readonly mode: BaselineMode;
  /** On the rule's scale. */
  readonly value: number;
  /** One deviation, on the rule's scale, and how many of them the value is above the median. */
  readonly deviation: number;
  readonly z: number;
  /** The median, in the signal's unit. */
  readonly usual: number;
};

/** Learns a sample, or expresses it in deviations from what was learnt; undefined while its mode is still learning. */
function standardize(
  memory: Baselines,
  rule: BaselineRule | EwmaRule | CusumRule,
  input: DetectorInput,
): Standardized | undefined {
  const known = learnSample(memory, rule, input);
  if (!known?.ready) return undefined;
  const { name, mode, value } = known;
  const deviation = deviationOf(rule, mode);
  const z = (value - mode.median) / deviation;
  return { name, mode, value, deviation, z, usual: unscaled(rule, mode.median) };
}

/** Which side of its baseline a rule looks at. */
function sideOf(
  { direction }: BaselineRule | EwmaRule | CusumRule,
  isBelow: boolean,
): 'up' | 'down' {
  return direction === 'down' || (direction === 'both' && isBelow) ? 'down' : 'up';
}

function evaluateSingle(
  rule: BaselineRule,
  { value, sample: { unit } }: DetectorInput,
  { name, mode, deviation, z, usual }: Standardized,
): Evaluation {
  const { median, mad, count } = mode;
  const side = sideOf(rule, z < 0);
  const limit = unscaled(rule, median + (side === 'down' ? -rule.limit : rule.limit) * deviation);
  const beyond = side === 'down' ? limit - value : value - limit;
  return {
    level: beyond > 0 ? side : '',
    levelWithDeadband: beyond > -deadbandOf(rule, limit) ? side : '',
    value,
    unit,
    limit,
    score: side === 'down' ? -z : z,
    text: () =>
      `${formatNumber(Math.abs(z))} ${rule.forget === undefined ? 'robust ' : ''}deviations ${z < 0 ? 'below' : 'above'} its usual ${formatQuantity(usual, unit)} (limit ${formatQuantity(limit, unit)})`,
    evidence: () => ({
      median: usual,
      mad,
      // What one deviation is after the floor: the score can be worked out again from these.
      deviation,
      scale: rule.scale,
      samples: count,
      mode: name,
    }),
  };
}

/**
 * Moves what is usual towards a value by the share a: m ← m + ad, σ² ← (1 − a)(σ² + ad²) with d = x − m (Finch,
 * Incremental calculation of weighted mean and variance, 2009, section 9). A level that lasts becomes usual, whether or not
 * an anomaly is open.
 */
function follow(mode: BaselineMode, value: number, share: number): void {
  const distance = value - mode.median;
  const squared = (DEVIATIONS_PER_MAD * mode.mad) ** 2;
  mode.mad = Math.sqrt((1 - share) * (squared + share * distance ** 2)) / DEVIATIONS_PER_MAD;
  mode.median += share * distance;
}

/**
 * The usual value goes with the samples (`follow`) while nothing is wrong there: m ← m + a · ψ(z) · σ with Huber's ψ, so that
 * a wild value moves it no further than one at its bound does (Huber, Robust Statistics, 1981, section 4.5). The deviation
 * stays as it was learnt.
 */
function settle(
  evaluation: Evaluation,
  { follow: half }: BaselineRule | EwmaRule | CusumRule,
  input: DetectorInput,
  { mode, z, deviation }: Standardized,
): Evaluation {
  const share = followingShare(mode, input.sample.time, half);
  if (share > 0 && evaluation.levelWithDeadband === '' && input.suspicion() === '') {
    mode.median += share * Math.min(Math.max(z, -HUBER), HUBER) * deviation;
  }
  return evaluation;
}

/** Adds to the sum at `at`; when it leaves 0, that time is written beside it. */
function addToSum(
  track: Float64Array,
  at: number,
  by: number,
  rule: CusumRule,
  time: EventTime,
): void {
  const before = track[at] ?? 0;
  const sum = Math.min(Math.max(0, before + by), MOST_LIMITS * rule.limit);
  track[at] = sum;
  if (before === 0 && sum > 0) track[at + 1] = time;
}
