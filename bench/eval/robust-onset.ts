/**
 * The plain detector of the published figures on run-to-failure tests: index of the last of `row` values in a row whose
 * logarithm is more than `limit` robust deviations (1.4826 · MAD) above the median of `learnt` [from, to). Undefined: never.
 */
export function robustOnset(
  values: readonly number[],
  [from, to]: readonly [number, number],
  limit: number,
  row: number,
): number | undefined {
  const logs = values.map((value) => Math.log(value));
  const learnt = logs.slice(from, to);
  const centre = median(learnt);
  const scale = 1.4826 * median(learnt.map((value) => Math.abs(value - centre)));
  let beyond = 0;
  for (let at = to; at < logs.length; at++) {
    beyond = ((logs[at] ?? 0) - centre) / scale > limit ? beyond + 1 : 0;
    if (beyond === row) return at;
  }
  return undefined;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
