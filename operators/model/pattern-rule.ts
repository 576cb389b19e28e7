import { z } from 'zod';
import { severitySchema } from './detector-rule.ts';
import { durationSchema } from './duration.ts';
import { nameSchema } from './plant-model.ts';

export const CONTIGUITIES = ['strict', 'relaxed', 'relaxed-any'] as const;
const contiguity = z.enum(CONTIGUITIES);

/**
 * One stage of a pattern. The first stage begins a match at any event it accepts; every other stage says how it
 * `follows` the one before it, or what must be `absent` (strict: not next, relaxed: not until the following stage).
 * An absent last stage completes when `within` has passed.
 */
export const patternStageSchema = z.strictObject({
  name: nameSchema,
  follows: contiguity.optional(),
  absent: z.enum(['strict', 'relaxed']).optional(),
  /** CEL over the event and `first('name')`, `last('name')`, `count('name')`, `sum('name', 'field')`. */
  where: z.string().min(1),
});

export const patternRuleSchema = z.strictObject({
  id: nameSchema,
  key: z.enum(['asset', 'line']).default('asset'),
  pattern: z.array(patternStageSchema).min(1).max(32),
  within: durationSchema.optional(),
  skip: z.enum(['no-skip', 'past-last-event', 'to-next']).default('past-last-event'),
  raise: z.strictObject({
    severity: severitySchema.default('alarm'),
    failure_mode: z.string().max(64).optional(),
    component: nameSchema.optional(),
  }),
});

export type PatternStage = z.infer<typeof patternStageSchema>;
export type PatternRule = z.infer<typeof patternRuleSchema>;
