/** The detector `multivariate`: several signals at once, by how they move together. */

import { formatNumber } from '../model/canonical.ts';
import type { DetectorRule } from '../model/detector-rule.ts';
import { BEGINNING, type EventTime } from '../model/time.ts';
import {
  countSample,
  followingShare,
  type LearningProgress,
  modeName,
  modeOf,
  noProgress,
  progressOf,
} from './baseline-modes.ts';
import { type DetectorInput, deadbandOf, type Evaluation } from './evaluation.ts';
import { learnSubspace, moveCenter, type Subspace, smoothen, statisticsOf } from './subspace.ts';

type MultivariateRule = Extract<DetectorRule, { kind: 'multivariate' }>;

/** One mode: the vectors that it has learnt, in rows, until it knows its subspace; then the smoothed deviations. */
type VectorMode = LearningProgress & {
  rows: Float32Array | null;
  filled: number;
  stride: number;
  subspace: Subspace | null;
  smooth: Float64Array;
  /** The highest score since the breach that began; 0 while there is none. */
  peak: number;
  /** Since when the score is a small share of it, and the mean of the vectors since then; null while it is not. */
  calm: { since: EventTime; count: number; mean: Float64Array } | null;
};

/** The vector of one time as far as its features have come, and what was learnt. */
export type Vector = {
  kind: 'vector';
  time: EventTime;
  values: Float64Array;
  /** How many of its features have not come yet. */
  missing: number;
  modes: Record<string, VectorMode>;
};

/** 14 kB: 400 vectors of 9 features. Beyond it every other vector is dropped. */
const MOST_NUMBERS = 3_600;
/** Vectors are learnt as numbers of 32 bits; no signal of a machine is that large. */
const LARGEST = 1e30;
/** So many signals are named in the reason. */
const MOST_NAMED = 3;

export function noVector(): Vector {
  return { kind: 'vector', time: BEGINNING, values: new Float64Array(0), missing: 0, modes: {} };
}

/** Puts a feature into the vector of its time. True when that is complete with it; an incomplete one is given up. */
export function completeVector(
  memory: Vector,
  rule: MultivariateRule,
  signal: string,
  input: DetectorInput,
): boolean {
  const { time } = input.sample;
  const size = rule.signals.length;
  if (memory.time !== time || memory.values.length !== size) {
    memory.time = time;
    memory.values = new Float64Array(size).fill(Number.NaN);
    memory.missing = size;
  }
  const at = rule.signals.indexOf(signal);
  if (Number.isNaN(memory.values[at])) memory.missing -= 1;
  memory.values[at] = Math.min(Math.max(input.value, -LARGEST), LARGEST);
  return memory.missing === 0;
}

/**
 * Hotelling's T² and SPE of a complete feature vector against the subspace of its mode, each over its 99.9 % quantile in
 * learning times `limit`. A high T²: moving together as usual, but too far; a high SPE: not in the way these features move together. What
 * each feature contributes is part of the evaluation. Levels: `t2`, `spe`.
 */
export function multivariate(
  memory: Vector,
  rule: MultivariateRule,
  input: DetectorInput,
): Evaluation | undefined {
  const name = modeName(rule, input);
  const size = rule.signals.length;
  const mode = modeOf(memory.modes, name, () => openVectorMode(size));
  if (mode === undefined) return input.refuse(`too many modes, ${name} has no baseline`);
  if (mode.subspace === null) {
    const { isTaken, isMilestone } = countSample(mode, rule, input);
    if (isTaken) appendVector(mode, memory.values);
    if (mode.status === 'ready' && mode.rows !== null) {
      mode.subspace = learnSubspace(mode.rows.slice(0, mode.filled * size), size, rule);
      mode.rows = null;
    }
    if (isMilestone) {
      input.reportProgress({ ...progressOf(name, mode, rule), median: 0, mad: 0 });
    }
    return undefined;
  }
  smoothen(mode.smooth, memory.values, mode.subspace, rule.weight);
  const about = { rule, name, samples: mode.count };
  let evaluation = evaluationOf(mode.smooth, mode.subspace, about);
  const settled = settledAt(mode, rule, evaluation, memory.values, input.sample.time);
  if (settled !== undefined) {
    mode.subspace.center.set(settled);
    mode.smooth.fill(0);
    evaluation = evaluationOf(mode.smooth, mode.subspace, about);
  }
  const share = followingShare(mode, input.sample.time, rule.follow);
  if (share > 0 && evaluation.level === '' && input.suspicion() === '') {
    moveCenter(mode.subspace, memory.values, share);
  }
  return evaluation;
}

function openVectorMode(size: number): VectorMode {
  const rows = new Float32Array(MOST_NUMBERS - (MOST_NUMBERS % size));
  return {
    ...noProgress(),
    rows,
    filled: 0,
    stride: 1,
    subspace: null,
    smooth: new Float64Array(size),
    peak: 0,
    calm: null,
  };
}

/**
 * Where the signals have settled when a fault is over though its machine is not where it was: the score has stayed below a
 * small share of its peak for long enough, and their means over that time are what is usual from then on. A breach begins
 * at the limit and ends below the deadband, or here. Undefined: not over.
 */
function settledAt(
  mode: VectorMode,
  { clear: { subside } }: MultivariateRule,
  { score, level, levelWithDeadband }: Evaluation,
  vector: Float64Array,
  time: EventTime,
): Float64Array | undefined {
  if (subside === undefined || (mode.peak === 0 && level === '')) return undefined;
  mode.peak = Math.max(mode.peak, score);
  if (score >= subside.share * mode.peak) mode.calm = null;
  else mode.calm = addCalm(mode.calm, vector, time);
  const { calm } = mode;
  const isOver = calm !== null && time - calm.since >= subside.after;
  if (isOver || levelWithDeadband === '') Object.assign(mode, { peak: 0, calm: null });
  return isOver && levelWithDeadband !== '' ? calm.mean : undefined;
}

function addCalm(calm: VectorMode['calm'], vector: Float64Array, time: EventTime) {
  if (calm === null) return { since: time, count: 1, mean: vector.slice() };
  calm.count += 1;
  for (const [at, value] of vector.entries()) {
    const mean = calm.mean[at] ?? value;
    calm.mean[at] = mean + (value - mean) / calm.count;
  }
  return calm;
}

/** Appends every `stride`-th vector; when there is no room, every other one is dropped and the stride doubled. */
function appendVector(mode: VectorMode, vector: Float64Array): void {
  const { rows } = mode;
  const size = vector.length;
  if (rows === null || (mode.count - 1) % mode.stride !== 0) return;
  if (mode.filled * size === rows.length) {
    mode.stride *= 2;
    mode.filled = Math.ceil(mode.filled / 2);
    for (let row = 1; row < mode.filled; row += 1) {
      rows.copyWithin(row * size, 2 * row * size, (2 * row + 1) * size);
    }
    if ((mode.count - 1) % mode.stride !== 0) return;
  }
  rows.set(vector, mode.filled * size);
  mode.filled += 1;
}

function evaluationOf(
  smooth: Float64Array,
  subspace: Subspace,
  { rule, name, samples }: { rule: MultivariateRule; name: string; samples: number },
): Evaluation {
  const { t2, spe, toT2, toSpe } = statisticsOf(smooth, subspace);
  // Signals that stood still while they were learnt had no T²; then one deviation is as much as any.
  const most = { t2: rule.limit * (subspace.t2 || 1), spe: rule.limit * subspace.spe };
  // A subspace of all components leaves nothing over, so its SPE is rounding alone.
  const isSpe = subspace.spe > 1e-9 && spe / most.spe > t2 / most.t2;
  const side = isSpe ? 'spe' : 't2';
  const value = isSpe ? spe : t2;
  const limit = most[side];
  const shares = () => sharesOf(isSpe ? toSpe : toT2, rule.signals);
  return {
    level: value > limit ? side : '',
    levelWithDeadband: value > limit - deadbandOf(rule, limit) ? side : '',
    value,
    unit: '',
    limit,
    score: value / limit,
    text: () =>
      `the ${isSpe ? 'SPE' : "Hotelling's T²"} of ${rule.signals.length} signals (limit ${formatNumber(limit)}), by ${largestShares(shares())}`,
    evidence: () => ({
      statistic: side,
      t2,
      spe,
      t2_limit: most.t2,
      spe_limit: most.spe,
      samples,
      mode: name,
    }),
    contributions: shares,
  };
}

/** What each feature adds, as shares of all that add. */
function sharesOf(parts: Float64Array, signals: readonly string[]): Record<string, number> {
  const sum = parts.reduce((total, part) => total + Math.max(0, part), 0) || 1;
  return Object.fromEntries(
    signals.map((signal, at) => [signal, Math.max(0, parts[at] ?? 0) / sum]),
  );
}

/** `vibration_rms 60 %, temperature 25 %`. */
function largestShares(shares: Readonly<Record<string, number>>): string {
  const most = Object.entries(shares).sort(([, a], [, b]) => b - a);
  return most
    .slice(0, MOST_NAMED)
    .map(([signal, share]) => `${signal} ${Math.round(100 * share)} %`)
    .join(', ');
}
