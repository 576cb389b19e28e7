import type { Duration } from '../model/time.ts';
import type { Place } from './automaton.ts';
import { buildAutomaton } from './build.ts';
import { NO_CAPTURES } from './captures.ts';
import { createDecisions, type Decisions } from './decisions.ts';
import type { Pattern, PatternStage, Skip } from './pattern.ts';
import { allOf, refusal, shortestWithin } from './refusal.ts';
import { type Accepts, ALWAYS, createVerdicts, type Test } from './verdict.ts';

/** A pattern made ready to run. */
export type Program<E> = {
  readonly places: readonly Place[];
  readonly start: number;
  readonly within: Duration | null;
  readonly skip: Skip;
  /** What follows from one event at each place. Scratch: it remembers nothing from event to event. */
  readonly decisions: Decisions<E>;
  /** Time alone can end or complete a match. */
  readonly timed: boolean;
  /** Who began first need not be late first: there are gaps of their own, or absences at the end. */
  readonly staggered: boolean;
  /** Some stage must follow at once, so that every event counts. */
  readonly strict: boolean;
};

export type Compile<E> = (
  condition: string,
  stage: PatternStage,
  which: 'condition' | 'until',
) => Accepts<E>;

/** Makes a pattern ready, or says in one sentence why it cannot be. */
export function programOf<E>(
  pattern: Pattern,
  compile: Compile<E>,
): Program<E> | { readonly refused: string } {
  const refused = refusal(pattern);
  if (refused !== undefined) return { refused };
  const accepts: Accepts<E>[] = [];
  const known = new Map<PatternStage, Partial<Record<'condition' | 'until', Test>>>();
  const atoms = (stage: PatternStage, which: 'condition' | 'until'): Test => {
    const text = stage[which];
    if (text === undefined) return ALWAYS;
    const tests = known.get(stage) ?? {};
    known.set(stage, tests);
    tests[which] ??= { kind: 'atom', atom: accepts.push(compile(text, stage, which)) - 1 };
    return tests[which];
  };
  const within = shortestWithin(pattern.stages);
  const { places, start } = buildAutomaton(pattern.stages, atoms, within !== null);
  const decisions = createDecisions(places, accepts, createVerdicts(accepts, NO_CAPTURES));
  const strict = allOf(pattern.stages).some(({ contiguity, quantifier }) => {
    return contiguity === 'strict' || contiguity === 'notNext' || quantifier?.inner === 'strict';
  });
  const timed = within !== null || places.some(({ gap }) => gap !== null);
  const staggered = places.some(({ gap, kind }) => gap !== null || kind === 'pending');
  const { skip } = pattern;
  return { places, start: start.number, within, skip, decisions, timed, staggered, strict };
}
