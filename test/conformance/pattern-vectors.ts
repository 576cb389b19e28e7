import { z } from 'zod';
import { advanceTime, type MatchResult, processEvent } from '../../operators/correlate/matcher.ts';
import {
  type Match,
  openPatternState,
  type PatternState,
} from '../../operators/correlate/partial-matches.ts';
import type { PatternProgram } from '../../operators/correlate/program.ts';
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
    const { results } = runVector(vector, program);
    const timedOut = vector.emit_timed_out ? results.flatMap((result) => result.timedOut) : [];
    return {
      name,
      matches: results.flatMap((result) => result.matches.map(stagesOf)),
      timed_out: timedOut.map(({ match, at }) => ({ match: stagesOf(match), at })),
      late: [],
    };
  } catch (error) {
    if (error instanceof SkipMissedError) return { name, error: error.message };
    throw error;
  }
}

/** The results of the matcher over the vector's steps, and its state after them. `between` may copy the state. */
export function runVector(
  vector: PatternVector,
  program: PatternProgram<VectorEvent>,
  between: (state: PatternState<VectorEvent>) => PatternState<VectorEvent> = (state) => state,
): {
  readonly results: readonly MatchResult<VectorEvent>[];
  readonly state: PatternState<VectorEvent>;
} {
  let state = openPatternState<VectorEvent>('');
  const bySeq = new Map(vector.events.map((event) => [event.seq, event]));
  const run = (step: z.infer<typeof stepSchema>): MatchResult<VectorEvent> => {
    if (step.op === 'advance') return advanceTime(program, state, step.ts);
    const event = bySeq.get(step.seq);
    if (event === undefined) throw new Error(`step: expected an event, found no seq ${step.seq}`);
    return processEvent(program, state, event, event.timestamp);
  };
  const results = stepsOf(vector).map((step) => {
    state = between(state);
    const result = run(step);
    for (const match of result.matches) throwOnMiss(vector.skip_strategy, match);
    return result;
  });
  return { results, state };
}

/** Flink can be told to fail where a match has nothing to skip to. The rules of a plant have no such setting. */
class SkipMissedError extends Error {}

function throwOnMiss(skip: PatternVector['skip_strategy'], match: Match<VectorEvent>): void {
  if (!('stage' in skip) || skip.throw_on_miss !== true) return;
  const taken = match.filter(({ stage }) => stage === skip.stage);
  const target = skip.type === 'skipToFirst' ? taken[0] : taken.at(-1);
  if (target === undefined) {
    throw new SkipMissedError(`could not skip to ${skip.stage}: the match found has no such event`);
  }
  if (target.event === match[0]?.event) {
    throw new SkipMissedError(
      `could not skip to ${skip.stage}: that is the first event of the match, so it would be found again`,
    );
  }
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
