import type { Pattern } from '../../../operators/correlate/pattern.ts';
import { buildProgram, type PatternProgram } from '../../../operators/correlate/program.ts';
import { patternVectorSchema, runVector, stagesOf } from '../../conformance/pattern-vectors.ts';
import {
  compileVectorCondition,
  programOfVector,
  type VectorEvent,
} from '../../conformance/vector-patterns.ts';

export type { VectorEvent };

/** A stage as `../shared/conformance` writes it. */
export type VectorStage = {
  readonly name: string;
  readonly contiguity: string;
  readonly condition?: string;
  readonly quantifier?: Readonly<Record<string, unknown>>;
  readonly until?: string;
  readonly within_ms?: number;
  readonly group?: readonly VectorStage[];
};

/** A pattern vector, as far as tests write one. */
export type Vector = {
  readonly name: string;
  readonly pattern: { readonly stages: readonly VectorStage[] };
  readonly skip_strategy: Pattern['skip'];
  readonly events: readonly VectorEvent[];
  readonly final_advance?: number;
};

export function build(pattern: Pattern): PatternProgram<VectorEvent> {
  const program = buildProgram<VectorEvent>(pattern, compileVectorCondition);
  if ('refused' in program) throw new Error(program.refused);
  return program;
}

/** Drives the matcher as the vectors' README says; throws when the pattern is refused. */
export function run(asked: Vector) {
  const vector = patternVectorSchema.parse(asked);
  const program = programOfVector(vector);
  if ('refused' in program) throw new Error(program.refused);
  const { results, state } = runVector(vector, program);
  const matches = results.flatMap((result) => result.matches.map(stagesOf).map(expectedText));
  const timedOut = results.flatMap((result) =>
    result.timedOut.map(({ match }) => expectedText(stagesOf(match))),
  );
  return { matches: matches.sort(), timedOut: timedOut.sort(), state };
}

export function expectedText(match: Readonly<Record<string, readonly number[]>>): string {
  return JSON.stringify(Object.entries(match).sort(([a], [b]) => (a < b ? -1 : 1)));
}
