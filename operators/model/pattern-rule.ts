import { z } from 'zod';
import { severitySchema } from './detector-rule.ts';
import { EXPECTED_TIMES, type PatternExample, patternExampleSchema } from './examples.ts';
import { nameSchema } from './plant-model.ts';
import { durationSchema } from './time.ts';

const contiguity = z.enum(['strict', 'relaxed', 'relaxed-any']);
const condition = z.string().min(1).max(4_096);

const HOW_OFTEN = 'expected how often: 3, 2..5 (from two to five times) or 2+ (twice or more)';

/** How often: `3`, `2..5` or `2+`; read as [least, most], where null is without an upper bound. */
const times = z
  .union(
    [
      z.number().int(),
      z.string().regex(/^\d+(\.\.\d+|\+)?$/, HOW_OFTEN),
      z.tuple([z.number().int(), z.number().int().nullable()]),
    ],
    HOW_OFTEN,
  )
  .transform((value): [number, number | null] => {
    if (typeof value === 'number') return [value, value];
    if (typeof value !== 'string') return value;
    const [least, most] = value.split(/\.\.|(?=\+)/);
    return [Number(least), most === '+' ? null : Number(most ?? least)];
  });

/**
 * One stage of a pattern. The first stage begins a match at any event it accepts; every other stage says how it
 * `follows` the one before it, or what must be `absent` (strict: not next, relaxed: not until the following stage).
 * An absent last stage completes when `within` has passed.
 */
const stageFields = z.strictObject({
  name: nameSchema,
  follows: contiguity.optional(),
  absent: z.enum(['strict', 'relaxed']).optional(),
  /** CEL over the event and `first('name')`, `last('name')`, `count('name')`, `sum('name', 'field')`. */
  where: condition.optional(),
  /** Largest gap between the event before and this stage's. */
  within_previous: durationSchema.optional(),
  times: times.optional(),
  /** A match may do without it. */
  optional: z.boolean().optional(),
  /** Takes an event that the next stage could take too. */
  greedy: z.boolean().optional(),
  /** How one repetition follows another: relaxed without it. */
  repeats: contiguity.optional(),
  /** Largest gap between one repetition and the next. */
  repeat_within: durationSchema.optional(),
  /** CEL: the event that meets it ends the repetition, and is not taken. */
  until: condition.optional(),
});

export type PatternStageRule = z.infer<typeof stageFields> & {
  /** A group, instead of `where`: these stages one after the other, as one. */
  stages?: PatternStageRule[] | undefined;
};

export const patternStageSchema: z.ZodType<PatternStageRule> = z.lazy(() =>
  stageFields.extend({ stages: z.array(patternStageSchema).min(1).max(32).optional() }),
);

type PatternProblem = readonly [path: readonly (string | number)[], sentence: string];

/** Why these stages cannot be read as a pattern. What Flink CEP refuses besides, correlate refuses too. */
function problemsOf(
  stages: readonly PatternStageRule[],
  within: number | undefined,
  names = new Set<string>(),
  at: readonly (string | number)[] = ['pattern'],
): PatternProblem[] {
  return stages.flatMap((stage, index): PatternProblem[] => {
    const path = [...at, index];
    const object = (sentence: string): PatternProblem => [
      path,
      `stage "${stage.name}" ${sentence}`,
    ];
    const found = [
      ...positionProblems(stage, index, stages[index + 1]),
      ...formProblems(stage),
    ].map(object);
    if (names.has(stage.name)) {
      found.push(object('has the name of an earlier stage: expected each name once'));
    }
    names.add(stage.name);
    const last = at.length === 1 && index === stages.length - 1;
    if (last && stage.absent === 'relaxed' && within === undefined) {
      found.push(
        object('is absent at the end: only time can complete it, so give the pattern a within'),
      );
    }
    if (within !== undefined && (stage.within_previous ?? 0) > within) {
      found.push(object('has a within_previous longer than within'));
    }
    return [...found, ...problemsOf(stage.stages ?? [], within, names, [...path, 'stages'])];
  });
}

function positionProblems(
  { follows, absent }: PatternStageRule,
  index: number,
  next: PatternStageRule | undefined,
): string[] {
  const found: string[] = [];
  const relations = (follows ? 1 : 0) + (absent ? 1 : 0);
  if (index === 0 && relations > 0) {
    found.push('is the first: a match begins with it, so leave out follows and absent');
  }
  if (index > 0 && relations !== 1) {
    found.push('needs either follows (strict, relaxed, relaxed-any) or absent (strict, relaxed)');
  }
  if (absent === 'relaxed' && next?.absent === 'strict') {
    found.push('cannot stand right before an absent: strict stage; put the strict one first');
  }
  return found;
}

function formProblems({ where, stages, times: often, repeat_within, repeats }: PatternStageRule) {
  const found: string[] = [];
  if ((where === undefined) === (stages === undefined)) {
    found.push('needs either where (one event) or stages (a group)');
  }
  if (often === undefined && (repeats !== undefined || repeat_within !== undefined)) {
    found.push('says how its repetitions follow, but not how often it repeats: give it times');
  }
  return found;
}

/** Expectations of stages that no match can have. */
function unknownStages(
  stages: readonly PatternStageRule[],
  { expect }: PatternExample,
): PatternProblem[] {
  const names = namesOf(stages);
  const reserved = EXPECTED_TIMES.filter((word) => names.includes(word));
  return expect.flatMap(({ taken }, index): PatternProblem[] => [
    ...Object.keys(taken).flatMap((name): PatternProblem[] => {
      if (names.includes(name)) return [];
      return [[[index, name], `expected a stage that takes events: ${names.join(', ')}`]];
    }),
    ...reserved.map((word): PatternProblem => {
      return [[index], `expected another name for stage "${word}": here it means a time`];
    }),
  ]);
}

function namesOf(stages: readonly PatternStageRule[]): readonly string[] {
  return stages.flatMap(({ name, absent, stages: inner }) => {
    if (inner !== undefined) return namesOf(inner);
    return absent === undefined ? [name] : [];
  });
}

const skip = z.union(
  [
    z.enum(['no-skip', 'past-last-event', 'to-next']),
    z.strictObject({ 'to-first': nameSchema }),
    z.strictObject({ 'to-last': nameSchema }),
  ],
  {
    error:
      'expected past-last-event, to-next, no-skip, { to-first: a stage } or { to-last: a stage }',
  },
);

const raised = {
  failure_mode: z.string().max(64).optional(),
  component: nameSchema.optional(),
};

export const patternRuleSchema = z
  .strictObject({
    id: nameSchema,
    /** `asset`, `line`, or an expression over an event: its matches are kept apart by its value, within a line. */
    key: z.string().min(1).max(256).default('asset'),
    pattern: z.array(patternStageSchema).min(1).max(32),
    within: durationSchema.optional(),
    skip: skip.default('past-last-event'),
    raise: z
      .strictObject({
        severity: severitySchema.default('alarm'),
        ...raised,
      })
      .prefault({}),
    /** A match that began and whose time ran out is an incident too, of the rule `<id>-timeout`. */
    on_timeout: z
      .strictObject({
        severity: severitySchema.default('notice'),
        ...raised,
      })
      .optional(),
    /** What `andon test` checks the pattern with. */
    examples: z.array(patternExampleSchema).max(100).default([]),
  })
  .superRefine((rule, context) => {
    for (const [path, message] of problemsOf(rule.pattern, rule.within)) {
      context.addIssue({ code: 'custom', path: [...path], message });
    }
    for (const [index, example] of rule.examples.entries()) {
      for (const [path, message] of unknownStages(rule.pattern, example)) {
        const at = ['examples', index, 'expect', ...path];
        context.addIssue({ code: 'custom', path: at, message });
      }
    }
  });

export type PatternRule = z.infer<typeof patternRuleSchema>;

/** The rule ids that incidents of this pattern carry: triggers can name each. */
export function incidentRulesOf({ id, on_timeout }: PatternRule): readonly string[] {
  return on_timeout === undefined ? [id] : [id, timeoutRuleOf(id)];
}

/** The rule of incidents for matches whose time ran out. */
export function timeoutRuleOf(pattern: string): string {
  return `${pattern}-timeout`;
}
