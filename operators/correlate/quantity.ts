import type { Duration } from '../model/time.ts';
import type { PatternStage } from './pattern.ts';

/** How often a stage may take an event, in one form. `loop`: without an upper bound. */
export type Quantity = {
  readonly kind: 'once' | 'times' | 'loop';
  readonly least: number;
  /** Equal to `least` for a loop. */
  readonly most: number;
  readonly optional: boolean;
  readonly greedy: boolean;
  readonly inner: 'strict' | 'relaxed' | 'relaxedAny';
  readonly gap: Duration | null;
};

/** `times: [0, n]` is an optional `times: [1, n]`. */
export function quantityOf({ quantifier }: PatternStage): Quantity {
  const { oneOrMore, times, optional, greedy, inner, times_window } = quantifier ?? {};
  const common = {
    optional: optional === true || (times !== undefined && times[0] === 0),
    greedy: greedy === true,
    inner: inner ?? 'relaxed',
    gap: times_window ?? null,
  } as const;
  if (times !== undefined && oneOrMore !== true) {
    const [from, most] = times;
    const least = Math.max(from, 1);
    if (most !== null) return { ...common, kind: 'times', least, most };
    return { ...common, kind: 'loop', least, most: least };
  }
  const least = times === undefined ? 1 : Math.max(times[0], 1);
  return { ...common, kind: oneOrMore === true ? 'loop' : 'once', least, most: least };
}

export function isAbsent({ contiguity }: PatternStage): boolean {
  return contiguity === 'notNext' || contiguity === 'notFollowedBy';
}
