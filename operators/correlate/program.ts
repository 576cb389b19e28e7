import type { Duration } from '../model/time.ts';
import type { Pattern, PatternStage, Skip } from './pattern.ts';

/** What a partial match has taken so far, as conditions ask for it. */
export interface Captures<E> {
  first(stage: string): E | undefined;
  last(stage: string): E | undefined;
  all(stage: string): readonly E[];
}

export type Accepts<E> = (event: E, captures: Captures<E>) => boolean;

/**
 * One place where a partial match can wait. `take`: for an event of its own. `not-next`: for any event but one.
 * `pending`: for time to pass. `guards`: what must not happen while it waits (the absent stages right before it).
 */
export type Step<E> = {
  readonly kind: 'take' | 'not-next' | 'pending';
  readonly name: string;
  readonly accepts: Accepts<E>;
  readonly strictness: 'strict' | 'relaxed' | 'relaxedAny';
  readonly guards: readonly Accepts<E>[];
  readonly within_previous: Duration | null;
};

/** A pattern made ready to run. */
export type Program<E> = {
  readonly steps: readonly Step<E>[];
  readonly within: Duration | null;
  readonly skip: Skip;
};

/** Makes a pattern ready, or says in one sentence why it cannot be. */
export function programOf<E>(
  pattern: Pattern,
  compile: (condition: string, stage: PatternStage) => Accepts<E>,
): Program<E> | { readonly refused: string } {
  const refused = refusal(pattern);
  if (refused !== undefined) return { refused };
  const steps: Step<E>[] = [];
  let guards: Accepts<E>[] = [];
  for (const [index, stage] of pattern.stages.entries()) {
    const { name, contiguity, condition } = stage;
    const accepts = condition === undefined ? () => true : compile(condition, stage);
    const last = index === pattern.stages.length - 1;
    if (contiguity === 'notFollowedBy' && !last) {
      guards.push(accepts);
      continue;
    }
    const step = { name, accepts, within_previous: stage.within_previous ?? null };
    switch (contiguity) {
      case 'notNext':
        steps.push({ ...step, kind: 'not-next', strictness: 'strict', guards: [] });
        break;
      case 'notFollowedBy':
        steps.push({ ...step, kind: 'pending', strictness: 'relaxed', guards: [] });
        break;
      case 'begin':
      case 'strict':
        steps.push({ ...step, kind: 'take', strictness: 'strict', guards });
        break;
      case 'relaxed':
      case 'relaxedAny':
        steps.push({ ...step, kind: 'take', strictness: contiguity, guards });
        break;
    }
    guards = [];
  }
  return { steps, within: shortest(pattern.stages), skip: pattern.skip };
}

function shortest(stages: readonly PatternStage[]): Duration | null {
  const all = stages.flatMap(({ within }) => (within === undefined ? [] : [within]));
  return all.length === 0 ? null : (Math.min(...all) as Duration);
}

/** The shapes that Flink refuses, and those that are not supported yet. */
function refusal(pattern: Pattern): string | undefined {
  const { stages } = pattern;
  const names = stages.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return `stage name "${twice}" stands twice: expected each name once`;
  for (const [index, { name, contiguity, quantifier, group, until }] of stages.entries()) {
    if ((contiguity === 'begin') !== (index === 0)) {
      return `stage "${name}": the first stage, and only the first, begins a match`;
    }
    if (quantifier !== undefined || group !== undefined || until !== undefined) {
      return `stage "${name}": repeated, optional and grouped stages are not supported yet`;
    }
  }
  const last = stages.at(-1);
  const timed = shortest(stages) !== null || last?.within_previous !== undefined;
  if (last?.contiguity === 'notFollowedBy' && !timed) {
    return `stage "${last.name}" is absent at the end: only time can complete it, so within is needed`;
  }
  const { skip } = pattern;
  if ('stage' in skip && !names.includes(skip.stage)) {
    return `skip strategy names stage "${skip.stage}", which the pattern does not have`;
  }
  return undefined;
}
