import { type Duration, formatDuration, parseDuration } from '../../../operators/model/time.ts';

import { wrongInput } from '../../base/problem.ts';

/** A value as `rules.yaml` would have it: a number, `5%` or `30s`. */
export type SweptValue = number | string;

/** What the numbers of a range count: itself, hundredths, microseconds. */
type Measure = {
  readonly amount: number;
  readonly kind: 'number' | 'percentage' | 'duration';
  /** What is gone up by when no step is said. */
  readonly one: number | undefined;
};

/** More values than anybody reads in one table; the states of all of them are in memory at once. */
export const MOST_VALUES = 64;

/**
 * The values of `4..10`, `0.1..0.5/0.1`, `10s..60s/10s`, `5%..20%/5%` or `4,6,8..12`, each once, in their order. A
 * range goes up by `/STEP`, or by one where that leads to its end. Throws a `Problem` that names the option.
 */
export function sweptValues(text: string, option: string): readonly SweptValue[] {
  const values = text.split(',').flatMap((part) => {
    const [from = '', rest, ...more] = part.split('..');
    if (more.length > 0) throw wrongValue(option, part);
    return rest === undefined ? [written(read(from, option))] : rangeOf(from, rest, option);
  });
  return [...new Set(values)];
}

function rangeOf(first: string, rest: string, option: string): readonly SweptValue[] {
  const [last = '', given] = rest.split('/');
  const from = read(first, option);
  const to = read(last, option);
  const step = given === undefined ? undefined : read(given, option);
  if (to.kind !== from.kind || (step !== undefined && step.kind !== from.kind)) {
    throw wrongInput(option, 'a range in one unit', `${first}..${rest}`);
  }
  if (to.amount < from.amount) {
    throw wrongInput(option, 'the lesser end first', `${first}..${last}`);
  }
  const by = step?.amount ?? (from.one === to.one ? from.one : undefined);
  const steps = by === undefined || by <= 0 ? Number.NaN : (to.amount - from.amount) / by;
  if (Number.isNaN(steps) || (step === undefined && !Number.isInteger(steps))) {
    const remedy = `Write it behind the range: ${first}..${last}/STEP.`;
    throw wrongInput(option, 'a step above 0 that leads to the end', given ?? 'none', remedy);
  }
  if (steps >= MOST_VALUES) {
    const remedy = `Widen the step: ${first}..${last}/STEP.`;
    throw wrongInput(option, `at most ${MOST_VALUES} values`, `${Math.floor(steps) + 1}`, remedy);
  }
  // A little more, so that 0.1..0.3/0.1 has its end in spite of rounding.
  return Array.from({ length: Math.floor(steps + 1e-9) + 1 }, (_, at) =>
    written({ ...from, amount: Number((from.amount + at * (by ?? 0)).toPrecision(12)) }),
  );
}

function read(text: string, option: string): Measure {
  const [, number, percent] = /^(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)(%?)$/.exec(text.trim()) ?? [];
  if (number !== undefined) {
    const kind = percent === '%' ? 'percentage' : 'number';
    return { amount: Number(number), kind, one: 1 };
  }
  const duration = parseDuration(text.trim());
  if (duration === undefined) throw wrongValue(option, text);
  const [, unit] = /^[\d.]+([a-z]+)$/.exec(text.trim()) ?? [];
  return {
    amount: duration,
    kind: 'duration',
    one: unit === undefined ? undefined : parseDuration(`1${unit}`),
  };
}

function written({ amount, kind }: Measure): SweptValue {
  switch (kind) {
    case 'number':
      return amount;
    case 'percentage':
      return `${amount}%`;
    case 'duration':
      return formatDuration(amount as Duration);
  }
}

function wrongValue(option: string, found: string) {
  const expected = 'numbers, percentages or durations as 4..10, 10s..60s/10s or 4,6,8';
  return wrongInput(option, expected, found === '' ? 'nothing' : found);
}
