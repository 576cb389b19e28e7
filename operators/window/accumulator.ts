import { addExact, productError } from './exact.ts';

/**
 * One accumulator is `ACCUMULATOR` neighbouring numbers of a Float64Array; these are the columns. Sums over time
 * count microseconds from REFERENCE, the time of the reading that arrived first.
 */
export const COUNT = 0;
export const REFERENCE = 1;
export const FIRST_TIME = 2;
export const FIRST = 3;
export const LAST_TIME = 4;
export const LAST = 5;
export const MIN = 6;
export const MAX = 7;
export const SUM = 8;
export const SQUARES = 10;
export const TIMES = 12;
export const TIMES_SQUARED = 13;
export const PRODUCTS = 15;
export const ACCUMULATOR = 17;

/** Beyond this magnitude squares overflow: no sensor means it. */
export const LARGEST = 1e150;

/** Forgets what was added. */
export function clear(columns: Float64Array, at: number): void {
  columns.fill(0, at, at + ACCUMULATOR);
}

/** Takes in one reading: event time in microseconds, a value of magnitude `LARGEST` at most. */
export function add(columns: Float64Array, at: number, time: number, value: number): void {
  const count = columns[at + COUNT] ?? 0;
  columns[at + COUNT] = count + 1;
  if (count === 0) {
    columns[at + REFERENCE] = time;
    columns[at + FIRST_TIME] = time;
    columns[at + FIRST] = value;
    columns[at + LAST_TIME] = time;
    columns[at + LAST] = value;
    columns[at + MIN] = value;
    columns[at + MAX] = value;
    columns[at + SUM] = value;
    const square = value * value;
    columns[at + SQUARES] = square;
    columns[at + SQUARES + 1] = productError(value, value, square);
    return;
  }
  if (time < (columns[at + FIRST_TIME] ?? 0)) {
    columns[at + FIRST_TIME] = time;
    columns[at + FIRST] = value;
  }
  if (time >= (columns[at + LAST_TIME] ?? 0)) {
    columns[at + LAST_TIME] = time;
    columns[at + LAST] = value;
  }
  if (value < (columns[at + MIN] ?? 0)) columns[at + MIN] = value;
  if (value > (columns[at + MAX] ?? 0)) columns[at + MAX] = value;
  addExact(columns, at + SUM, value, 0);
  const square = value * value;
  addExact(columns, at + SQUARES, square, productError(value, value, square));
  const elapsed = time - (columns[at + REFERENCE] ?? 0);
  columns[at + TIMES] = (columns[at + TIMES] ?? 0) + elapsed;
  const elapsedSquared = elapsed * elapsed;
  const error = productError(elapsed, elapsed, elapsedSquared);
  addExact(columns, at + TIMES_SQUARED, elapsedSquared, error);
  const moment = value * elapsed;
  addExact(columns, at + PRODUCTS, moment, productError(value, elapsed, moment));
}

/** Adds all that one accumulator knows to another. Of readings at one time, those of `into` count as the earlier arrivals. */
export function merge(into: Float64Array, at: number, other: Float64Array, otherAt: number): void {
  const added = other[otherAt + COUNT] ?? 0;
  if (added === 0) return;
  if ((into[at + COUNT] ?? 0) === 0) {
    for (let column = 0; column < ACCUMULATOR; column += 1) {
      into[at + column] = other[otherAt + column] ?? 0;
    }
    return;
  }
  into[at + COUNT] = (into[at + COUNT] ?? 0) + added;
  if ((other[otherAt + FIRST_TIME] ?? 0) < (into[at + FIRST_TIME] ?? 0)) {
    into[at + FIRST_TIME] = other[otherAt + FIRST_TIME] ?? 0;
    into[at + FIRST] = other[otherAt + FIRST] ?? 0;
  }
  if ((other[otherAt + LAST_TIME] ?? 0) >= (into[at + LAST_TIME] ?? 0)) {
    into[at + LAST_TIME] = other[otherAt + LAST_TIME] ?? 0;
    into[at + LAST] = other[otherAt + LAST] ?? 0;
  }
  into[at + MIN] = Math.min(into[at + MIN] ?? 0, other[otherAt + MIN] ?? 0);
  into[at + MAX] = Math.max(into[at + MAX] ?? 0, other[otherAt + MAX] ?? 0);
  for (const column of [SUM, SQUARES, TIMES_SQUARED, PRODUCTS]) {
    addExact(into, at + column, other[otherAt + column] ?? 0, other[otherAt + column + 1] ?? 0);
  }
  // With u = t + shift: Σu = Σt + n·shift, Σu² = Σt² + shift·(2·Σt + n·shift), Σxu = Σxt + shift·Σx.
  const shift = (other[otherAt + REFERENCE] ?? 0) - (into[at + REFERENCE] ?? 0);
  const times = other[otherAt + TIMES] ?? 0;
  into[at + TIMES] = (into[at + TIMES] ?? 0) + times + added * shift;
  addScaled(into, at + TIMES_SQUARED, shift, 2 * times + added * shift);
  addScaled(into, at + PRODUCTS, shift, other[otherAt + SUM] ?? 0);
  addExact(into, at + PRODUCTS, shift * (other[otherAt + SUM + 1] ?? 0), 0);
}

function addScaled(into: Float64Array, at: number, factor: number, value: number): void {
  const high = factor * value;
  addExact(into, at, high, productError(factor, value, high));
}
