import { eigen } from '../../operators/detect/subspace.ts';

const EXPLAINED = 0.85;
const CONFIDENCE = 0.999;
/** The normal deviate of 99.9 %. */
const DEVIATE = 3.0902;

type Model = {
  readonly mean: readonly number[];
  readonly scale: readonly number[];
  readonly axes: readonly (readonly number[])[];
  readonly variances: readonly number[];
  readonly t2: number;
  readonly q: number;
};

/**
 * T² and Q as in textbooks, which is what SKAB's table calls T2+Q: the first `learn` rows give means, standard deviations and
 * the principal components that carry 85 % of the variance. A row is alarmed when its Hotelling T² within them is beyond
 * (n² − 1) k / (n (n − k)) · F(k, n − k), or its squared remainder beyond the limit of Jackson & Mudholkar (1979), both at
 * 99.9 %. One answer per row; none while it learns.
 */
export function t2q(rows: readonly (readonly number[])[], learn: number): readonly boolean[] {
  const model = learnt(rows.slice(0, learn));
  return rows.map((row, at) => at >= learn && isOutside(row, model));
}

function isOutside(
  row: readonly number[],
  { mean, scale, axes, variances, t2, q }: Model,
): boolean {
  const values = row.map((value, at) => (value - (mean[at] ?? 0)) / (scale[at] ?? 1));
  let [within, left] = [0, values.reduce((sum, value) => sum + value ** 2, 0)];
  for (const [component, axis] of axes.entries()) {
    const score = axis.reduce((sum, loading, at) => sum + loading * (values[at] ?? 0), 0);
    within += score ** 2 / (variances[component] ?? 1);
    left -= score ** 2;
  }
  return within > t2 || left > q;
}

function learnt(rows: readonly (readonly number[])[]): Model {
  const count = rows.length;
  const size = rows[0]?.length ?? 0;
  const columns = Array.from({ length: size }, (_, at) => rows.map((row) => row[at] ?? 0));
  const mean = columns.map((column) => average(column));
  const scale = columns.map((column, at) => {
    return Math.sqrt(average(column.map((value) => (value - (mean[at] ?? 0)) ** 2))) || 1;
  });
  const standard = columns.map((column, at) => {
    return column.map((value) => (value - (mean[at] ?? 0)) / (scale[at] ?? 1));
  });
  const covariance = standard.flatMap((one) => {
    return standard.map((other) => {
      return one.reduce((sum, value, row) => sum + value * (other[row] ?? 0), 0) / (count - 1);
    });
  });
  const { values, vectors } = eigen(Float64Array.from(covariance), size);
  const kept = keptOf(values);
  const axes = Array.from({ length: kept }, (_, at) => [
    ...vectors.slice(at * size, (at + 1) * size),
  ]);
  const t2 = (((count ** 2 - 1) * kept) / (count * (count - kept))) * fisher(kept, count - kept);
  return {
    mean,
    scale,
    axes,
    variances: [...values.slice(0, kept)],
    t2,
    q: limitOfQ(values.slice(kept)),
  };
}

/** As few components as carry the share. */
function keptOf(variances: Float64Array): number {
  const total = variances.reduce((sum, variance) => sum + variance, 0);
  return 1 + reach(variances, EXPLAINED * total);
}

/** Where the running sum of values comes to so much. */
function reach(values: ArrayLike<number>, most: number): number {
  let at = 0;
  for (let sum = values[0] ?? 0; sum < most; sum += values[at] ?? 0) at += 1;
  return at;
}

/**
 * Limit of the squared remainder by the variances that are left over, with θi = Σ λ^i and h = 1 − 2 θ1 θ3 / (3 θ2²):
 * θ1 (1 + c √(2 θ2 h²) / θ1 + θ2 h (h − 1) / θ1²)^(1/h). Jackson & Mudholkar, Technometrics 21 (1979) 341–349.
 */
export function limitOfQ(variances: ArrayLike<number>): number {
  const theta = (power: number) => {
    return Array.from(variances).reduce((sum, variance) => sum + variance ** power, 0);
  };
  const [one, two, three] = [theta(1), theta(2), theta(3)];
  if (one === 0) return Number.POSITIVE_INFINITY;
  const h = 1 - (2 * one * three) / (3 * two ** 2);
  const spread = (DEVIATE * Math.sqrt(2 * two * h ** 2)) / one;
  return one * (1 + spread + (two * h * (h - 1)) / one ** 2) ** (1 / h);
}

/**
 * The 99.9 % point of Fisher's F with `a` and `b` degrees of freedom: x = aF / (aF + b) has a beta distribution, which is
 * summed up in 100,000 steps.
 */
export function fisher(a: number, b: number): number {
  const steps = 100_000;
  const density = (x: number) => x ** (a / 2 - 1) * (1 - x) ** (b / 2 - 1);
  const parts = Array.from({ length: steps }, (_, step) => density((step + 0.5) / steps));
  const total = parts.reduce((sum, part) => sum + part, 0);
  const step = reach(parts, CONFIDENCE * total);
  const x = (step + 0.5) / steps;
  return ((x / (1 - x)) * b) / a;
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
