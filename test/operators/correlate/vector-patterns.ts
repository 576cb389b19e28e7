import { Environment } from '@marcbachmann/cel-js';
import { advance, type Match, type Moved, process } from '../../../operators/correlate/matcher.ts';
import { openMatches } from '../../../operators/correlate/partials.ts';
import type { Pattern, PatternStage, Skip } from '../../../operators/correlate/pattern.ts';
import { type Captures, programOf } from '../../../operators/correlate/program.ts';
import type { EventTime } from '../../../operators/model/time.ts';

/** An event and a pattern as `../shared/conformance` writes them; stage fields that are not named here pass through. */
export type VectorEvent = {
  readonly seq: number;
  readonly id: number;
  readonly name: string;
  readonly price: number;
  readonly timestamp: number;
  readonly type?: string;
  readonly volume?: number;
};

type VectorStage = Omit<PatternStage, 'within' | 'within_previous' | 'group'> & {
  readonly within_ms?: number;
  readonly within_previous_ms?: number;
  readonly group?: readonly VectorStage[];
};

export type Vector = {
  readonly name: string;
  readonly pattern: { readonly stages: readonly VectorStage[] };
  readonly skip_strategy: Skip;
  readonly events: readonly VectorEvent[];
  readonly drive?: string;
  readonly final_advance?: number;
  readonly emit_timed_out: boolean;
  readonly expected_error?: string;
  readonly expected: readonly Readonly<Record<string, readonly number[]>>[];
  readonly expected_timed_out?: readonly {
    readonly match: Record<string, number[]>;
    readonly at: number;
  }[];
};

let asked: Captures<VectorEvent> | undefined;

const environment = new Environment({ unlistedVariablesAreDyn: true })
  .registerFunction('contains(string, string): bool', (text, part) => text.includes(part))
  .registerFunction('startsWith(string, string): bool', (text, part) => text.startsWith(part))
  .registerFunction('first(string): dyn', (stage) => asked?.first(stage))
  .registerFunction('last(string): dyn', (stage) => asked?.last(stage))
  .registerFunction('count(string): int', (stage) => BigInt(asked?.all(stage).length ?? 0))
  .registerFunction('sum(string, string): double', (stage, field) =>
    (asked?.all(stage) ?? []).reduce(
      (total, event) => total + Number(Reflect.get(event, field)),
      0,
    ),
  );

export function patternOf(vector: Pick<Vector, 'pattern' | 'skip_strategy'>): Pattern {
  const convert = (stage: VectorStage): PatternStage => {
    const { within_ms, within_previous_ms, group, ...rest } = stage;
    return {
      ...rest,
      ...(within_ms === undefined ? {} : { within: within_ms as PatternStage['within'] & number }),
      ...(within_previous_ms === undefined
        ? {}
        : { within_previous: within_previous_ms as PatternStage['within'] & number }),
      ...(group === undefined ? {} : { group: group.map(convert) }),
    };
  };
  return { stages: vector.pattern.stages.map(convert), skip: vector.skip_strategy };
}

export function build(pattern: Pattern) {
  return programOf<VectorEvent>(pattern, (condition) => {
    // CEL itself means something by `type`.
    const parsed = environment.parse(condition.replaceAll(/\btype\b/g, 'kind'));
    return (event, captures) => {
      asked = captures;
      try {
        return (
          parsed({
            kind: 'Event',
            ...event,
            ...(event.type === undefined ? {} : { kind: event.type }),
          }) === true
        );
      } catch {
        return false;
      }
    };
  });
}

/** Drives the matcher as the vectors' README says; undefined when the pattern is not supported yet. */
export function run(vector: Vector) {
  const program = build(patternOf(vector));
  if ('refused' in program) return undefined;
  const state = openMatches<VectorEvent>('');
  const matches: string[] = [];
  const timedOut: string[] = [];
  const take = (moved: Moved<VectorEvent>) => {
    matches.push(...moved.matches.map(text));
    timedOut.push(...moved.timedOut.map(text));
  };
  for (const event of vector.events) {
    take(advance(program, state, event.timestamp as EventTime));
    take(process(program, state, event, event.timestamp as EventTime));
  }
  if (vector.final_advance !== undefined) {
    take(advance(program, state, vector.final_advance as EventTime));
  }
  return { matches: matches.sort(), timedOut: timedOut.sort(), state };
}

function text(match: Match<VectorEvent>): string {
  const stages: Record<string, number[]> = {};
  for (const { stage, event } of match) {
    stages[stage] ??= [];
    stages[stage].push(event.seq);
  }
  return expectedText(stages);
}

export function expectedText(match: Readonly<Record<string, readonly number[]>>): string {
  return JSON.stringify(Object.entries(match).sort(([a], [b]) => (a < b ? -1 : 1)));
}
