import type { Key } from '../model/key.ts';
import type { PatternRule } from '../model/pattern-rule.ts';
import type { EventTime } from '../model/time.ts';
import type { Captured } from './captured.ts';
import type { Moved } from './matcher.ts';
import type { MatchState } from './partials.ts';
import type { Program } from './program.ts';

/** One move of a pattern at one key, right after it was made. */
export type PatternMove = {
  readonly rule: PatternRule;
  readonly program: Program<Captured>;
  readonly key: Key;
  /** What is under way now. Live: only to be looked at, and only during the call. */
  readonly state: MatchState<Captured>;
  readonly moved: Moved<Captured>;
  readonly time: EventTime;
  /** The event that moved it; undefined: time alone. */
  readonly event: Captured | undefined;
};

/** Looks on while patterns move, for people and metrics. It has no say: with or without it the same comes out. */
export interface PatternWatch {
  moved(move: PatternMove): void;
  /** A changed or removed rule ended what was under way. */
  ended(pattern: string, key: Key, state: MatchState<Captured>): void;
}
