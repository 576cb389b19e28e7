import type { PatternEvent } from './event-fields.ts';
import type { PatternState } from './partial-matches.ts';

/**
 * The state of one asset or line: the patterns that have matches under way, by pattern and value of its key. Bounded,
 * since the values of a key can be anything. Plain data.
 */
export type CorrelateState = {
  /** In the order in which their matches began. */
  patterns: Record<string, PatternState<PatternEvent>>;
  /** How many of them each pattern has. */
  counts: Record<string, number>;
  /** Issues of patterns that cannot run, which were reported already. */
  refused: string[];
};

export function openState(): CorrelateState {
  return { patterns: {}, counts: {}, refused: [] };
}

/** The pattern of a state by its name, which is the pattern's id, or that and a value of its key. */
export function patternIn(name: string): string {
  const end = name.indexOf('/');
  return end < 0 ? name : name.slice(0, end);
}

export function keepState(
  keyState: CorrelateState,
  name: string,
  state: PatternState<PatternEvent>,
): void {
  if (keyState.patterns[name] === undefined) {
    const id = patternIn(name);
    keyState.counts[id] = (keyState.counts[id] ?? 0) + 1;
  }
  keyState.patterns[name] = state;
}

export function removeState(keyState: CorrelateState, name: string): void {
  if (keyState.patterns[name] === undefined) return;
  delete keyState.patterns[name];
  const id = patternIn(name);
  // Never deleted: an object that loses properties all the time is slow.
  keyState.counts[id] = (keyState.counts[id] ?? 1) - 1;
}

/** Values of its key that one pattern may have under way at a line; beyond it the oldest go. */
export const MOST_KEYS = 10_000;

/** So many at once, so that not every further event has to look for the oldest. */
const DROPPED_AT_ONCE = MOST_KEYS / 16;

/** The states of a pattern that must go before one more can be kept. */
export function oldestOverBound(
  { patterns, counts }: CorrelateState,
  id: string,
): readonly (readonly [name: string, state: PatternState<PatternEvent>])[] {
  if ((counts[id] ?? 0) < MOST_KEYS) return [];
  const own = Object.entries(patterns).filter(([name]) => patternIn(name) === id);
  return own.slice(0, DROPPED_AT_ONCE);
}
