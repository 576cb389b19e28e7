import type { PatternRule, PatternStageRule } from '../model/pattern-rule.ts';
import type { Duration } from '../model/time.ts';

/** A pattern as plain data: stages that follow each other, in the terms of Flink CEP. */
export type Pattern = { readonly stages: readonly PatternStage[]; readonly skip: Skip };

export type PatternStage = {
  readonly name: string;
  readonly contiguity: Contiguity;
  /** The text of the condition; without it every event is accepted. */
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

/** How a stage follows the one before it, in the words of Flink CEP. `begin`: the first stage. */
type Contiguity = 'begin' | 'strict' | 'relaxed' | 'relaxedAny' | 'notNext' | 'notFollowedBy';

/** How often a stage may take an event; exactly once without it. */
type Quantifier = {
  /** [least, most]; null: no upper bound. */
  readonly times?: readonly [least: number, most: number | null];
  readonly optional?: boolean;
  readonly greedy?: boolean;
  /** Contiguity between repetitions. */
  readonly inner?: 'strict' | 'relaxed' | 'relaxedAny';
  /** Largest gap between successive repetitions. */
  readonly times_window?: Duration;
};

/** After a match: which overlapping matches are dropped. */
export type Skip =
  | { readonly type: 'noSkip' | 'skipToNext' | 'skipPastLastEvent' }
  | { readonly type: 'skipToFirst' | 'skipToLast'; readonly stage: string };

const FOLLOWS = { strict: 'strict', relaxed: 'relaxed', 'relaxed-any': 'relaxedAny' } as const;
const ABSENT = { strict: 'notNext', relaxed: 'notFollowedBy' } as const;
const SKIPS = {
  'no-skip': 'noSkip',
  'past-last-event': 'skipPastLastEvent',
  'to-next': 'skipToNext',
} as const;

/** The pattern of a rule. */
export function toPattern(rule: PatternRule): Pattern {
  return { stages: toStages(rule.pattern, rule.within), skip: toSkip(rule.skip) };
}

function toStages(
  rules: readonly PatternStageRule[],
  within: Duration | undefined,
): readonly PatternStage[] {
  return rules.map((stage, index) => {
    const quantifier = toQuantifier(stage);
    return {
      name: stage.name,
      contiguity: toContiguity(stage, index),
      ...(stage.where === undefined ? {} : { condition: stage.where }),
      ...(within === undefined ? {} : { within }),
      ...(stage.within_previous === undefined ? {} : { within_previous: stage.within_previous }),
      ...(Object.keys(quantifier).length === 0 ? {} : { quantifier }),
      ...(stage.until === undefined ? {} : { until: stage.until }),
      ...(stage.stages === undefined ? {} : { group: toStages(stage.stages, within) }),
    };
  });
}

function toContiguity({ follows, absent }: PatternStageRule, index: number): Contiguity {
  if (index === 0) return 'begin';
  return absent === undefined ? FOLLOWS[follows ?? 'relaxed'] : ABSENT[absent];
}

function toQuantifier(stage: PatternStageRule): Quantifier {
  const { times, optional, greedy, repeats, repeat_within } = stage;
  return {
    ...(times === undefined ? {} : { times }),
    ...(optional === true ? { optional } : {}),
    ...(greedy === true ? { greedy } : {}),
    ...(repeats === undefined ? {} : { inner: FOLLOWS[repeats] }),
    ...(repeat_within === undefined ? {} : { times_window: repeat_within }),
  };
}

function toSkip(skip: PatternRule['skip']): Skip {
  if (typeof skip === 'string') return { type: SKIPS[skip] };
  return 'to-first' in skip
    ? { type: 'skipToFirst', stage: skip['to-first'] }
    : { type: 'skipToLast', stage: skip['to-last'] };
}

/** How often a stage takes an event, defaults filled in. `loop`: without an upper bound. */
export type Quantity = {
  readonly kind: 'once' | 'times' | 'loop';
  readonly least: number;
  /** Equal to `least` for a loop. */
  readonly most: number;
  readonly optional: boolean;
  readonly greedy: boolean;
  readonly inner: 'strict' | 'relaxed' | 'relaxedAny';
  readonly gap: Duration | null;
};

/** `times: [0, n]` is an optional `times: [1, n]`. */
export function quantityOf({ quantifier }: PatternStage): Quantity {
  const { times, optional, greedy, inner, times_window } = quantifier ?? {};
  const common = {
    optional: optional === true || (times !== undefined && times[0] === 0),
    greedy: greedy === true,
    inner: inner ?? 'relaxed',
    gap: times_window ?? null,
  } as const;
  if (times === undefined) return { ...common, kind: 'once', least: 1, most: 1 };
  const [from, most] = times;
  const least = Math.max(from, 1);
  if (most !== null) return { ...common, kind: 'times', least, most };
  return { ...common, kind: 'loop', least, most: least };
}

export function isAbsent({ contiguity }: PatternStage): boolean {
  return contiguity === 'notNext' || contiguity === 'notFollowedBy';
}

/** A repetition is made of one state each, a repeated group of all of its own: a few lines can ask for millions. */
const MOST_STATES = 5_000;

function statesOf(stages: readonly PatternStage[]): number {
  return stages.reduce((sum, stage) => {
    const inner = stage.group === undefined ? 1 : statesOf(stage.group);
    return sum + inner * quantityOf(stage).most;
  }, 0);
}

/** The shapes that Flink CEP refuses, each with what to write instead; undefined: the pattern can run. */
export function findRefusal({ stages, skip }: Pattern): string | undefined {
  const names = allStages(stages).flatMap(({ name, group }) => (group === undefined ? [name] : []));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return `stage name "${twice}" stands twice: expected each name once`;
  if (statesOf(stages) > MOST_STATES) {
    return `its stages repeat too often: expected at most ${MOST_STATES} repetitions of all stages, those of a group times those inside of it`;
  }
  const inSequence = sequenceRefusal(stages);
  if (inSequence !== undefined) return inSequence;
  const within = shortestWithin(stages);
  const last = stages.at(-1);
  const timed = within !== null || last?.within_previous !== undefined;
  if (last?.contiguity === 'notFollowedBy' && !timed) {
    return `stage "${last.name}" is absent at the end: only time can complete it, so within is needed`;
  }
  const longer = allStages(stages).find((stage) => within !== null && (gapOf(stage) ?? 0) > within);
  if (longer !== undefined) {
    return `stage "${longer.name}" allows a longer gap than the whole pattern: expected at most its within`;
  }
  if ('stage' in skip && !stages.some(({ name, group }) => !group && name === skip.stage)) {
    return `skip strategy names stage "${skip.stage}", which the pattern does not have outside its groups`;
  }
  return undefined;
}

/** The smallest `within` of all stages counts. */
export function shortestWithin(stages: readonly PatternStage[]): Duration | null {
  const all = allStages(stages).flatMap(({ within }) => (within === undefined ? [] : [within]));
  return all.reduce<Duration | null>((least, within) => {
    return least === null || within < least ? within : least;
  }, null);
}

/** These stages and all in their groups. */
export function allStages(stages: readonly PatternStage[]): readonly PatternStage[] {
  return stages.flatMap((stage) => [stage, ...allStages(stage.group ?? [])]);
}

function sequenceRefusal(sequence: readonly PatternStage[]): string | undefined {
  if (sequence.length === 0) return 'a pattern or group without stages: expected at least one';
  for (const [index, stage] of sequence.entries()) {
    const refusal =
      contiguityRefusal(stage, sequence[index - 1]) ??
      quantifierRefusal(stage) ??
      (stage.group === undefined ? undefined : sequenceRefusal(stage.group));
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function contiguityRefusal(
  stage: PatternStage,
  before: PatternStage | undefined,
): string | undefined {
  const { name, contiguity } = stage;
  if ((contiguity === 'begin') !== (before === undefined)) {
    return `stage "${name}": the first stage, and only the first, begins a match`;
  }
  if (before === undefined) return undefined;
  const quantity = quantityOf(before);
  if (isAbsent(stage) && quantity.optional) {
    return `stage "${name}" must be absent right after the optional stage "${before.name}": write two patterns, one with and one without "${before.name}"`;
  }
  if (stage.quantifier?.optional === true && quantity.greedy) {
    return `stage "${name}" is optional right after the greedy stage "${before.name}": make one of them neither`;
  }
  return undefined;
}

function quantifierRefusal(stage: PatternStage): string | undefined {
  const { name, quantifier, group, until } = stage;
  const quantity = quantityOf(stage);
  const [least, most] = quantifier?.times ?? [1, null];
  if (isAbsent(stage) && (quantifier !== undefined || group !== undefined)) {
    return `stage "${name}" must be absent: it can be neither repeated, optional nor a group`;
  }
  if (!Number.isInteger(least) || least < 0 || (most !== null && (most < 1 || most < least))) {
    return `stage "${name}" repeats ${least} to ${most} times: expected at least once, and no less than the least`;
  }
  if (least === 0 && most === null) {
    return `stage "${name}" repeats 0 times or more: write one or more, and optional`;
  }
  if (quantity.kind === 'once' && (quantifier?.greedy || quantifier?.inner)) {
    return `stage "${name}" takes one event: greedy and how its repetitions follow are for stages that repeat`;
  }
  if (quantity.kind !== 'loop' && until !== undefined) {
    return `stage "${name}" has an until: only one without an upper bound of repetitions can have it`;
  }
  if (group === undefined) return undefined;
  if (quantity.greedy) return `group "${name}" is greedy: only a single stage can be`;
  if (stage.condition !== undefined) {
    return `group "${name}" has a condition: give it to the stages inside`;
  }
  if (quantity.kind === 'loop' && group.every(canBeLeftOut)) {
    return `group "${name}" repeats, but all its stages are optional: it would repeat for ever without an event`;
  }
  return undefined;
}

function canBeLeftOut(stage: PatternStage): boolean {
  return quantityOf(stage).optional || stage.group?.every(canBeLeftOut) === true;
}

function gapOf(stage: PatternStage): Duration | undefined {
  const quantity = quantityOf(stage);
  return quantity.kind === 'once' ? stage.within_previous : (quantity.gap ?? undefined);
}
