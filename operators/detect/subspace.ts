import { eigen } from './eigen.ts';
import { DEVIATIONS_PER_MAD, robust } from './robust.ts';

/**
 * What is usual of a feature vector. `center` and `scale` make deviations of features, which are smoothed. `axes` are the
 * principal components of those in rows, `variances` theirs, greatest first; the first `kept` carry the share `explained`.
 * `t2`, `spe`: the 99.9 % quantiles of the two statistics in learning.
 */
export type Subspace = {
  readonly center: Float64Array;
  readonly scale: Float64Array;
  readonly axes: Float64Array;
  readonly variances: Float64Array;
  readonly kept: number;
  readonly t2: number;
  readonly spe: number;
};

export type Settings = {
  readonly weight: number;
  readonly shrink: number;
  readonly explained: number;
};

const QUANTILE = 0.999;
/** As a share of the standard deviation. */
const LEAST_SCALE = 0.1;

/** Learns a subspace from vectors in rows of `size` numbers, in the order of time. */
export function learnSubspace(rows: Float32Array, size: number, settings: Settings): Subspace {
  const count = rows.length / size;
  const columns = Array.from({ length: size }, (_, at) => {
    return Float64Array.from({ length: count }, (_, row) => rows[row * size + at] ?? 0);
  });
  const center = new Float64Array(size);
  const scale = new Float64Array(size);
  for (const [at, column] of columns.entries()) {
    const { median, mad } = robust(column);
    center[at] = median;
    // A signal that moves in steps may have no MAD, one that stood still while it was learnt nothing at all.
    const least = LEAST_SCALE * deviationOf(column) || 0.01 * Math.abs(median) || 1;
    scale[at] = Math.max(DEVIATIONS_PER_MAD * mad, least);
  }
  const smooth = new Float64Array(size);
  const smoothed = Array.from({ length: count }, (_, row) => {
    smoothen(
      smooth,
      rows.subarray(row * size, (row + 1) * size),
      { center, scale },
      settings.weight,
    );
    return smooth.slice();
  });
  const covariance = covarianceOf(smoothed, size, settings.shrink);
  const { values: variances, vectors: axes } = eigen(covariance, size);
  const kept = keptOf(variances, settings.explained);
  const learnt = { center, scale, axes, variances, kept };
  const statistics = smoothed.map((vector) => measure(vector, learnt));
  const t2 = quantile(statistics.map((each) => each.t2));
  return { ...learnt, t2, spe: quantile(statistics.map((each) => each.spe)) };
}

/** Takes a vector into the weighted mean of the deviations, in place. */
export function smoothen(
  smooth: Float64Array,
  vector: ArrayLike<number>,
  { center, scale }: Pick<Subspace, 'center' | 'scale'>,
  weight: number,
): void {
  for (let at = 0; at < smooth.length; at += 1) {
    const deviation = ((vector[at] ?? 0) - (center[at] ?? 0)) / (scale[at] ?? 1);
    smooth[at] = weight * deviation + (1 - weight) * (smooth[at] ?? 0);
  }
}

/**
 * Of smoothed deviations, Hotelling's T² = Σ t²/λ over all components, and the squared prediction error SPE (Q): the squared
 * length of what the kept components leave over (Jackson & Mudholkar 1979). And what each feature adds to either:
 * uᵢ Σ pᵢ t/λ, and the square of its remainder.
 */
export function measure(
  smooth: Float64Array,
  { axes, variances, kept }: Pick<Subspace, 'axes' | 'variances' | 'kept'>,
) {
  const size = smooth.length;
  const rest = smooth.slice();
  const weighted = new Float64Array(size);
  let t2 = 0;
  for (const [component, variance] of variances.entries()) {
    const axis = axes.subarray(component * size, (component + 1) * size);
    const score = axis.reduce((sum, loading, at) => sum + loading * (smooth[at] ?? 0), 0);
    t2 += score ** 2 / variance;
    for (const [at, loading] of axis.entries()) {
      if (component < kept) rest[at] = (rest[at] ?? 0) - loading * score;
      weighted[at] = (weighted[at] ?? 0) + (loading * score) / variance;
    }
  }
  const toT2 = smooth.map((value, at) => value * (weighted[at] ?? 0));
  const toSpe = rest.map((value) => value ** 2);
  return { t2, spe: toSpe.reduce((sum, square) => sum + square, 0), toT2, toSpe };
}

/** Moves the usual values towards a vector by a share of the way, in place. How they move together stays as it was learnt. */
export function moveCenter(
  { center }: Pick<Subspace, 'center'>,
  vector: ArrayLike<number>,
  share: number,
): void {
  for (let at = 0; at < center.length; at += 1) {
    const usual = center[at] ?? 0;
    center[at] = usual + share * ((vector[at] ?? usual) - usual);
  }
}

/**
 * Second moments of the smoothed deviations about their usual value, drawn by `shrink` towards their mean variance on the
 * diagonal and 0 beside it (Ledoit & Wolf 2004): directions that hardly moved while they were learnt are no certainties.
 */
function covarianceOf(vectors: readonly Float64Array[], size: number, shrink: number) {
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j < size; j += 1) {
      matrix[i * size + j] = mean(vectors.map((vector) => (vector[i] ?? 0) * (vector[j] ?? 0)));
    }
  }
  let trace = 0;
  for (let i = 0; i < size; i += 1) trace += matrix[i * size + i] ?? 0;
  const target = trace / size || 1;
  return matrix.map((product, at) => {
    return (1 - shrink) * product + (at % (size + 1) === 0 ? Math.max(shrink, 1e-9) * target : 0);
  });
}

/** As few components as carry the share `explained`. */
function keptOf(values: Float64Array, explained: number): number {
  const total = values.reduce((sum, value) => sum + value, 0);
  let [kept, sum] = [0, 0];
  for (const value of values) {
    if (kept > 0 && sum >= (explained - 1e-9) * total) break;
    sum += value;
    kept += 1;
  }
  return kept;
}

function quantile(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const at = QUANTILE * (sorted.length - 1);
  const [low = 0, high = low] = sorted.subarray(Math.floor(at), Math.floor(at) + 2);
  return low + (at - Math.floor(at)) * (high - low);
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < values.length; at += 1) sum += values[at] ?? 0;
  return sum / Math.max(1, values.length);
}

function deviationOf(column: Float64Array): number {
  const middle = mean(column);
  return Math.sqrt(mean(column.map((value) => (value - middle) ** 2)));
}
