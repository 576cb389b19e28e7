/**
 * Sums that carry their own rounding error (Dekker 1971, Knuth's two-sum): about 32 significant digits. Windows need
 * them for three reasons: readings that arrive in another order must give the same window, panes and sessions must
 * merge without loss, and a deviation must survive a mean that is a million times larger.
 */
export type Exact = { readonly high: number; readonly low: number };

/** 2^27 + 1 cuts a double into two halves whose products are exact. */
const SPLITTER = 134_217_729;

/** What `a * b` lost by rounding, where `rounded` is `a * b`. Both factors stay below 1e150 or the halves overflow. */
export function productError(a: number, b: number, rounded: number): number {
  const wideA = SPLITTER * a;
  const highA = wideA - (wideA - a);
  const lowA = a - highA;
  const wideB = SPLITTER * b;
  const highB = wideB - (wideB - b);
  const lowB = b - highB;
  return highA * highB - rounded + highA * lowB + lowA * highB + lowA * lowB;
}

/** Adds a number and its error to the sum that stands in two neighbouring columns: high, low. */
export function addExact(columns: Float64Array, at: number, high: number, low: number): void {
  const before = columns[at] ?? 0;
  const after = before + high;
  const part = after - before;
  const lost = before - (after - part) + (high - part);
  columns[at] = after;
  columns[at + 1] = (columns[at + 1] ?? 0) + lost + low;
}

export function exactAt(columns: Float64Array, at: number): Exact {
  return { high: columns[at] ?? 0, low: columns[at + 1] ?? 0 };
}

export function product(a: Exact, b: Exact): Exact {
  const high = a.high * b.high;
  const low = productError(a.high, b.high, high) + a.high * b.low + a.low * b.high;
  return { high, low };
}

/** `a - b`, rounded once. */
export function difference(a: Exact, b: Exact): number {
  const high = a.high - b.high;
  const part = high - a.high;
  const lost = a.high - (high - part) - (b.high + part);
  return high + (lost + a.low - b.low);
}

export function rounded(value: Exact): number {
  return value.high + value.low;
}
