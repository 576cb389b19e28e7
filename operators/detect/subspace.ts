/** Principal components of feature vectors, with Hotelling's T² and SPE. */

import { DEVIATIONS_PER_MAD, medianAndMad } from './baseline-modes.ts';

/**
 * What is usual for a feature vector. `center` and `scale` make deviations of features, which are smoothed. `axes` are the
 * principal components of those in rows, `variances` theirs, greatest first; the first `retained` carry the share `explained`.
 * `t2`, `spe`: the 99.9 % quantiles of the two statistics in learning.
 */
export type Subspace = {
  readonly center: Float64Array;
  readonly scale: Float64Array;
  readonly axes: Float64Array;
  readonly variances: Float64Array;
  readonly retained: number;
  readonly t2: number;
  readonly spe: number;
};

type SubspaceSettings = {
  readonly weight: number;
  readonly shrink: number;
  readonly explained: number;
};

const QUANTILE = 0.999;
/** One absurd value must not stay in the weighted mean for ever. */
const MOST_DEVIATIONS = 1e12;
/** As a share of the standard deviation. */
const LEAST_SCALE = 0.1;

/** Learns a subspace from vectors in rows of `size` numbers, in the order of time. */
export function learnSubspace(
  rows: Float32Array,
  size: number,
  settings: SubspaceSettings,
): Subspace {
  const count = rows.length / size;
  const columns = Array.from({ length: size }, (_, at) => {
    return Float64Array.from({ length: count }, (_, row) => rows[row * size + at] ?? 0);
  });
  const center = new Float64Array(size);
  const scale = new Float64Array(size);
  for (const [at, column] of columns.entries()) {
    const { median, mad } = medianAndMad(column);
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
  const retained = retainedOf(variances, settings.explained);
  const learnt = { center, scale, axes, variances, retained };
  const statistics = smoothed.map((vector) => statisticsOf(vector, learnt));
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
    const exact = ((vector[at] ?? 0) - (center[at] ?? 0)) / (scale[at] ?? 1);
    const deviation = Math.min(Math.max(exact, -MOST_DEVIATIONS), MOST_DEVIATIONS);
    smooth[at] = weight * deviation + (1 - weight) * (smooth[at] ?? 0);
  }
}

/**
 * Of smoothed deviations, Hotelling's T² = Σ t²/λ over all components, and the squared prediction error SPE (Q): the squared
 * length of what the retained components leave over (Jackson & Mudholkar 1979). And what each feature adds to either:
 * uᵢ Σ pᵢ t/λ, and the square of its remainder.
 */
export function statisticsOf(
  smooth: Float64Array,
  { axes, variances, retained }: Pick<Subspace, 'axes' | 'variances' | 'retained'>,
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
      if (component < retained) rest[at] = (rest[at] ?? 0) - loading * score;
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
function retainedOf(values: Float64Array, explained: number): number {
  const total = values.reduce((sum, value) => sum + value, 0);
  let [retained, sum] = [0, 0];
  for (const value of values) {
    if (retained > 0 && sum >= (explained - 1e-9) * total) break;
    sum += value;
    retained += 1;
  }
  return retained;
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

/** Eigenvalues, greatest first, and their vectors as rows of `size` numbers each. */
type Eigen = { readonly values: Float64Array; readonly vectors: Float64Array };

const MOST_SWEEPS = 50;

/**
 * Eigenvalues and vectors of a real symmetric matrix, given in rows, by Jacobi's rotations (Golub & Van Loan, Matrix
 * Computations, 8.5): each turns one pair of axes until their product is 0. Exact to rounding, and of no concern up to the
 * few dozen signals of a machine.
 */
export function eigen(matrix: Float64Array, size: number): Eigen {
  const a = matrix.slice();
  const v = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) v[i * size + i] = 1;
  for (let sweep = 0; sweep < MOST_SWEEPS && !isDiagonal(a, size); sweep += 1) {
    for (let p = 0; p < size; p += 1) {
      for (let q = p + 1; q < size; q += 1) rotate(a, v, size, p, q);
    }
  }
  const order = Array.from({ length: size }, (_, i) => i).sort((i, j) => {
    return (a[j * size + j] ?? 0) - (a[i * size + i] ?? 0);
  });
  const vectors = new Float64Array(size * size);
  for (const [row, i] of order.entries())
    vectors.set(v.subarray(i * size, (i + 1) * size), row * size);
  return { values: Float64Array.from(order, (i) => a[i * size + i] ?? 0), vectors };
}

function isDiagonal(a: Float64Array, size: number): boolean {
  let [off, on] = [0, 0];
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j < size; j += 1) {
      const square = (a[i * size + j] ?? 0) ** 2;
      if (i === j) on += square;
      else off += square;
    }
  }
  return off <= 1e-24 * on;
}

function rotate(a: Float64Array, v: Float64Array, size: number, p: number, q: number): void {
  const off = a[p * size + q] ?? 0;
  if (off === 0) return;
  const theta = ((a[q * size + q] ?? 0) - (a[p * size + p] ?? 0)) / (2 * off);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < size; k += 1) turn(a, k * size + p, k * size + q, c, s);
  for (let k = 0; k < size; k += 1) turn(a, p * size + k, q * size + k, c, s);
  for (let k = 0; k < size; k += 1) turn(v, p * size + k, q * size + k, c, s);
}

function turn(m: Float64Array, i: number, j: number, c: number, s: number): void {
  const [x, y] = [m[i] ?? 0, m[j] ?? 0];
  m[i] = c * x - s * y;
  m[j] = s * x + c * y;
}
