import { z } from 'zod';
import { advance, type Match, type Moved, process } from '../../operators/correlate/matcher.ts';
import { type MatchState, openMatches } from '../../operators/correlate/partials.ts';
import type { Program } from '../../operators/correlate/program.ts';
import { SkipMissedError } from '../../operators/correlate/skip.ts';
import type { EventTime } from '../../operators/model/time.ts';
import {
  programOfVector,
  type VectorEvent,
  vectorEventSchema,
  vectorPatternSchema,
} from './vector-patterns.ts';

const time = z.number().transform((at) => at as EventTime);

const stepSchema = z.discriminatedUnion('op', [
  z.object({ op: z.literal('advance'), ts: time }),
  z.object({ op: z.literal('event'), seq: z.number() }),
]);

/** One pattern vector; what it must bring is left out. */
export const patternVectorSchema = vectorPatternSchema.extend({
  events: z.array(vectorEventSchema).default([]),
  drive: z.enum(['standard', 'explicit-steps']).default('standard'),
  steps: z.array(stepSchema).optional(),
  final_advance: time.optional(),
  emit_timed_out: z.boolean().default(false),
});

type PatternVector = z.infer<typeof patternVectorSchema>;
type Stages = Record<string, number[]>;

export type PatternAnswer =
  | { readonly name: string; readonly error: string }
  | {
      readonly name: string;
      readonly matches: readonly Stages[];
      readonly timed_out: readonly { readonly match: Stages; readonly at: number }[];
      readonly late: readonly number[];
    };

/** Runs a vector through the matcher that the product's patterns run on. */
export function answerPatternVector(vector: PatternVector): PatternAnswer {
  const { name } = vector;
  const program = programOfVector(vector);
  if ('refused' in program) return { name, error: program.refused };
  try {
    const { moves } = runVector(vector, program);
    const timedOut = vector.emit_timed_out ? moves.flatMap((moved) => moved.timedOut) : [];
    return {
      name,
      matches: moves.flatMap((moved) => moved.matches.map(stagesOf)),
      timed_out: timedOut.map(({ match, at }) => ({ match: stagesOf(match), at })),
      late: [],
    };
  } catch (error) {
    if (error instanceof SkipMissedError) return { name, error: error.message };
    throw error;
  }
}

/** Every move of the matcher over the vector's steps, and what it remembers after them. `between` may copy that. */
export function runVector(
  vector: PatternVector,
  program: Program<VectorEvent>,
  between: (state: MatchState<VectorEvent>) => MatchState<VectorEvent> = (state) => state,
): { readonly moves: readonly Moved<VectorEvent>[]; readonly state: MatchState<VectorEvent> } {
  let state = openMatches<VectorEvent>('');
  const bySeq = new Map(vector.events.map((event) => [event.seq, event]));
  const moves = stepsOf(vector).map((step): Moved<VectorEvent> => {
    state = between(state);
    if (step.op === 'advance') return advance(program, state, step.ts);
    const event = bySeq.get(step.seq);
    if (event === undefined) throw new Error(`step: expected an event, found no seq ${step.seq}`);
    return process(program, state, event, event.timestamp);
  });
  return { moves, state };
}

function stepsOf(vector: PatternVector): readonly z.infer<typeof stepSchema>[] {
  const { drive, steps, events, final_advance } = vector;
  if (drive === 'explicit-steps' && steps !== undefined) return steps;
  const standard = events.flatMap(({ seq, timestamp }) => [
    { op: 'advance' as const, ts: timestamp },
    { op: 'event' as const, seq },
  ]);
  return final_advance === undefined
    ? standard
    : [...standard, { op: 'advance', ts: final_advance }];
}

/** A rejected pattern is answered with why it is. */
export function answerRejectedPattern(vector: z.infer<typeof vectorPatternSchema>): PatternAnswer {
  return answerPatternVector(patternVectorSchema.parse({ ...vector, events: [] }));
}

export function stagesOf(match: Match<VectorEvent>): Stages {
  const stages: Stages = {};
  for (const { stage, event } of match) {
    stages[stage] ??= [];
    stages[stage].push(event.seq);
  }
  return stages;
}
