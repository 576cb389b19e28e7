/** Eigenvalues, greatest first, and their vectors as rows of `size` numbers each. */
export type Eigen = { readonly values: Float64Array; readonly vectors: Float64Array };

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
