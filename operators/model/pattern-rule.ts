import { z } from 'zod';
import { severitySchema } from './detector-rule.ts';
import { durationSchema } from './duration.ts';
import { nameSchema } from './plant-model.ts';

export const CONTIGUITIES = ['strict', 'relaxed', 'relaxed-any'] as const;
const contiguity = z.enum(CONTIGUITIES);

const LATER = new Set([
  'times',
  'optional',
  'greedy',
  'one-or-more',
  'until',
  'group',
  'quantifier',
]);

/**
 * One stage of a pattern. The first stage begins a match at any event it accepts; every other stage says how it
 * `follows` the one before it, or what must be `absent` (strict: not next, relaxed: not until the following stage).
 * An absent last stage completes when `within` has passed.
 */
export const patternStageSchema = z.strictObject(
  {
    name: nameSchema,
    follows: contiguity.optional(),
    absent: z.enum(['strict', 'relaxed']).optional(),
    /** CEL over the event and `first('name')`, `last('name')`, `count('name')`, `sum('name', 'field')`. */
    where: z.string().min(1).max(4_096),
    /** Largest gap between the event before and this stage's. */
    within_previous: durationSchema.optional(),
  },
  {
    error(issue) {
      if (issue.code !== 'unrecognized_keys') return undefined;
      const later = issue.keys.filter((key) => LATER.has(key));
      if (later.length === 0) return undefined;
      return `${later.join(', ')}: repeated, optional and grouped stages are not supported yet; write each stage on its own, or one pattern for each variant`;
    },
  },
);

type StageDraft = z.infer<typeof patternStageSchema>;

/** Why these stages are no pattern: [index of the stage, sentence]. The same shapes that Flink CEP refuses. */
function objections(stages: readonly StageDraft[], within: number | undefined): [number, string][] {
  const found: [number, string][] = [];
  const names = new Set<string>();
  for (const [index, stage] of stages.entries()) {
    const object = (sentence: string) => found.push([index, `stage "${stage.name}" ${sentence}`]);
    if (names.has(stage.name)) object('has the name of an earlier stage: expected each name once');
    names.add(stage.name);
    const relations = (stage.follows ? 1 : 0) + (stage.absent ? 1 : 0);
    if (index === 0 && relations > 0) {
      object('is the first: a match begins with it, so leave out follows and absent');
    }
    if (index > 0 && relations !== 1) {
      object('needs either follows (strict, relaxed, relaxed-any) or absent (strict, relaxed)');
    }
    const next = stages[index + 1];
    if (stage.absent === 'relaxed' && next === undefined && within === undefined) {
      object('is absent at the end: only time can complete it, so give the pattern a within');
    }
    if (stage.absent === 'relaxed' && next?.absent === 'strict') {
      object('cannot stand right before an absent: strict stage; put the strict one first');
    }
    if (stage.within_previous !== undefined && within !== undefined) {
      if (stage.within_previous > within) object('has a within_previous longer than within');
    }
  }
  return found;
}

export const patternRuleSchema = z
  .strictObject({
    id: nameSchema,
    key: z.enum(['asset', 'line']).default('asset'),
    pattern: z.array(patternStageSchema).min(1).max(32),
    within: durationSchema.optional(),
    skip: z.enum(['no-skip', 'past-last-event', 'to-next']).default('past-last-event'),
    raise: z
      .strictObject({
        severity: severitySchema.default('alarm'),
        failure_mode: z.string().max(64).optional(),
        component: nameSchema.optional(),
      })
      .prefault({}),
  })
  .superRefine((rule, context) => {
    for (const [index, message] of objections(rule.pattern, rule.within)) {
      context.addIssue({ code: 'custom', path: ['pattern', index], message });
    }
  });

export type PatternStageRule = z.infer<typeof patternStageSchema>;
export type PatternRule = z.infer<typeof patternRuleSchema>;
