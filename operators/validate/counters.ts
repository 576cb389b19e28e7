import type { SignalRule } from './signal-rules.ts';

/** The latest reading of each counter of one source. */
export type Counters = Record<string, { time: number; value: number }>;

/**
 * Puts the increments of a counter in place of its readings, `values[from + i]` at `times[i]`, NaN where there is none:
 * at its first reading, and at one that is older than its source's latest, whose increment is part of that one.
 * In disorder across messages a later increment therefore holds what an earlier reading would have had.
 */
export function toIncrements(
  values: Float64Array,
  from: number,
  times: Float64Array,
  { signal, rollover }: SignalRule,
  counters: Counters,
): void {
  for (const index of inOrder(times)) {
    const value = values[from + index] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    const time = times[index] ?? 0;
    const last = counters[signal];
    if (last === undefined) {
      counters[signal] = { time, value };
      values[from + index] = Number.NaN;
    } else if (time < last.time) values[from + index] = Number.NaN;
    else {
      values[from + index] = incrementOf(last.value, value, rollover);
      last.time = time;
      last.value = value;
    }
  }
}

/**
 * What was counted from one reading to the next. A fall is no negative count: the counter rolled over, if by that it
 * counted less than half of its steps, or else it was set to 0 in between and has counted `value` since.
 */
function incrementOf(last: number, value: number, rollover: number | undefined): number {
  if (value >= last) return value - last;
  if (rollover !== undefined && last < rollover) {
    const across = rollover - last + value;
    if (value >= 0 && across < rollover / 2) return across;
  }
  return Math.max(0, value);
}

/** The positions of a frame's samples by their time. */
function inOrder(times: Float64Array): Iterable<number> {
  const positions = times.keys();
  for (let index = 1; index < times.length; index += 1) {
    if ((times[index] ?? 0) >= (times[index - 1] ?? 0)) continue;
    return [...positions].sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0));
  }
  return positions;
}
