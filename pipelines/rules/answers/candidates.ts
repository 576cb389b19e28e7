// What could be changed in a detector that calls too often: a longer delay, a mode, a higher limit. One field at a time.

import type { DetectorRule } from '../../../operators/model/detector-rule.ts';
import {
  type Duration,
  formatDuration,
  HOUR,
  MINUTE,
  SECOND,
} from '../../../operators/model/time.ts';
import type { Overlay } from '../../base/yaml-file.ts';

/** One field of a detector with another value, as `rules.yaml` has it. */
export type Candidate = {
  readonly field: readonly string[];
  readonly value: number | string;
  /** `raise.count` as it is in force: a `raise.after` of its own would take the default away, and be no longer delay. */
  readonly count?: number | undefined;
};

/** What is laid over the detector at a path of the file; a mistake is placed at the name. */
export function overlaysOf(
  { field, value, count }: Candidate,
  at: Overlay['path'] = [],
  name = '',
): readonly Overlay[] {
  const overlay = (path: readonly string[], to: number | string): Overlay => {
    return { name, path: [...at, ...path], value: to, text: String(to) };
  };
  const beside = count === undefined ? [] : [overlay(['raise', 'count'], count)];
  return [overlay(field, value), ...beside];
}

const DELAYS: readonly number[] = [
  ...[10 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE],
  ...[HOUR, 2 * HOUR, 4 * HOUR],
];
/** A limit that somebody wrote in the unit of the signal moves by so much of itself. */
const SHARES = [0.02, 0.05, 0.1, 0.2, 0.3, 0.5];
/** One that counts deviations, or widths of a range, is multiplied. */
const FACTORS = [1.25, 1.5, 2, 3, 4];
const RUNNING = "state == 'EXECUTE'";

/**
 * Changes that make it call less, the least first in each kind. A delay comes before a mode and a limit: what it keeps it
 * keeps unchanged, and only later. A limit that is an attribute of assets is theirs, and stays.
 */
export function candidatesFor(rule: DetectorRule): readonly Candidate[] {
  return [...delays(rule), ...modes(rule), ...limits(rule)];
}

function delays(rule: DetectorRule): readonly Candidate[] {
  // A silence has waited already, and has a delay of its own.
  const isSilence = rule.kind === 'silence';
  const now = isSilence ? rule.after : (rule.raise.after ?? 0);
  const field = isSilence ? ['after'] : ['raise', 'after'];
  const { count } = rule.raise;
  return DELAYS.filter((delay) => delay > now).map((delay) => {
    return { field, value: formatDuration(delay as Duration), count };
  });
}

function modes(rule: DetectorRule): readonly Candidate[] {
  return rule.while === undefined ? [{ field: ['while'], value: RUNNING }] : [];
}

function limits(rule: DetectorRule): readonly Candidate[] {
  const multiplied = (name: string, value: number) =>
    FACTORS.map((factor) => ({ field: [name], value: rounded(value * factor) }));
  switch (rule.kind) {
    case 'limit':
    case 'trend':
      return [...moved('above', rule.above, 1), ...moved('below', rule.below, -1)];
    case 'baseline':
    case 'ewma':
    case 'cusum':
    case 'multivariate':
      return multiplied('limit', rule.limit);
    case 'range':
      return multiplied('margin', rule.margin);
    default:
      return [];
  }
}

/** Away from what is right: up for an upper limit, down for a lower one. */
function moved(name: string, bound: unknown, direction: 1 | -1): readonly Candidate[] {
  if (typeof bound !== 'number' || bound === 0) return [];
  return SHARES.map((share) => ({
    field: [name],
    value: rounded(bound + direction * share * Math.abs(bound)),
  }));
}

function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
