import type { Duration } from '../model/time.ts';

/** How a stage follows the one before it, in the words of Flink CEP. `begin` is the first stage's. */
export type Contiguity =
  | 'begin'
  | 'strict'
  | 'relaxed'
  | 'relaxedAny'
  | 'notNext'
  | 'notFollowedBy';

/** How often a stage may take an event; exactly once without it. */
export type Quantifier = {
  readonly oneOrMore?: boolean;
  /** [least, most]; null: no upper bound. */
  readonly times?: readonly [least: number, most: number | null];
  readonly optional?: boolean;
  readonly greedy?: boolean;
  /** Contiguity between repetitions. */
  readonly inner?: 'strict' | 'relaxed' | 'relaxedAny';
  /** Largest gap between successive repetitions. */
  readonly times_window?: Duration;
};

export type PatternStage = {
  readonly name: string;
  readonly contiguity: Contiguity;
  /** Text in the language of the door it came through; every event is accepted without it. */
  readonly condition?: string;
  readonly quantifier?: Quantifier;
  /** Stop condition of a loop: the event that meets it is not taken. */
  readonly until?: string;
  /** First to last event; the smallest of all stages counts. */
  readonly within?: Duration;
  /** Largest gap between the event before and this stage's. */
  readonly within_previous?: Duration;
  readonly group?: readonly PatternStage[];
};

/** Which overlapping matches a finished match takes away. */
export type Skip =
  | { readonly type: 'noSkip' | 'skipToNext' | 'skipPastLastEvent' }
  | {
      readonly type: 'skipToFirst' | 'skipToLast';
      readonly stage: string;
      /** A match that cannot be skipped that way is an error; otherwise it takes nothing away. */
      readonly throw_on_miss?: boolean;
    };

/** A pattern as plain data: the one tree that both doors lead to. */
export type Pattern = { readonly stages: readonly PatternStage[]; readonly skip: Skip };
