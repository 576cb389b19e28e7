import type { PatternRule, PatternStageRule } from '../model/pattern-rule.ts';
import type { Duration } from '../model/time.ts';
import type { Contiguity, Pattern, PatternStage, Quantifier, Skip } from './pattern.ts';

const FOLLOWS = { strict: 'strict', relaxed: 'relaxed', 'relaxed-any': 'relaxedAny' } as const;
const ABSENT = { strict: 'notNext', relaxed: 'notFollowedBy' } as const;
const SKIPS = {
  'no-skip': 'noSkip',
  'past-last-event': 'skipPastLastEvent',
  'to-next': 'skipToNext',
} as const;

/** The YAML door: a rule as the one pattern type. */
export function patternOf(rule: PatternRule): Pattern {
  return { stages: lineOf(rule.pattern, rule.within), skip: skipOf(rule.skip) };
}

function lineOf(
  line: readonly PatternStageRule[],
  within: Duration | undefined,
): readonly PatternStage[] {
  return line.map((stage, index) => {
    const quantifier = quantifierOf(stage);
    return {
      name: stage.name,
      contiguity: contiguityOf(stage, index),
      ...(stage.where === undefined ? {} : { condition: stage.where }),
      ...(within === undefined ? {} : { within }),
      ...(stage.within_previous === undefined ? {} : { within_previous: stage.within_previous }),
      ...(Object.keys(quantifier).length === 0 ? {} : { quantifier }),
      ...(stage.until === undefined ? {} : { until: stage.until }),
      ...(stage.stages === undefined ? {} : { group: lineOf(stage.stages, within) }),
    };
  });
}

function contiguityOf({ follows, absent }: PatternStageRule, index: number): Contiguity {
  if (index === 0) return 'begin';
  return absent === undefined ? FOLLOWS[follows ?? 'relaxed'] : ABSENT[absent];
}

function quantifierOf(stage: PatternStageRule): Quantifier {
  const { times, optional, greedy, repeats, repeat_within } = stage;
  return {
    ...(times === undefined ? {} : { times }),
    ...(optional === true ? { optional } : {}),
    ...(greedy === true ? { greedy } : {}),
    ...(repeats === undefined ? {} : { inner: FOLLOWS[repeats] }),
    ...(repeat_within === undefined ? {} : { times_window: repeat_within }),
  };
}

function skipOf(skip: PatternRule['skip']): Skip {
  if (typeof skip === 'string') return { type: SKIPS[skip] };
  return 'to-first' in skip
    ? { type: 'skipToFirst', stage: skip['to-first'] }
    : { type: 'skipToLast', stage: skip['to-last'] };
}
