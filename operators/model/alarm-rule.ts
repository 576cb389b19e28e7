import { z } from 'zod';
import { severitySchema } from './detector-common.ts';
import { durationSchema } from './duration.ts';
import { suppressionRuleSchema } from './trigger-rule.ts';

const positive = durationSchema.refine((duration) => duration > 0, 'expected more than 0s');

/** `alarms:` in `rules.yaml`: of what detectors say, what patterns and people are told. Without it, all. */
export const alarmRulesSchema = z.strictObject({
  /** More than `limit` alarms of a line in `per` are a flood: one notice, and no further ones until fewer than `resume` come. */
  flood: z
    .strictObject({
      limit: z.number().int().min(1).default(10),
      per: positive,
      resume: z.number().int().min(1).default(5),
      /** Alarms of this severity and above are always told. */
      spare: severitySchema.default('danger'),
    })
    .optional(),
  /** So many signals that leave what is usual within `per` are one change of regime: one notice instead of their alarms. */
  regime: z
    .strictObject({
      signals: z.number().int().min(2).default(4),
      per: positive,
      /** Signals of one asset, or of a whole line. */
      of: z.enum(['asset', 'line']).default('asset'),
      spare: severitySchema.default('alarm'),
    })
    .optional(),
  /** Suppressed by design: judged as ever, told of when it is over. */
  suppress: z.array(suppressionRuleSchema).default([]),
  /** An acknowledged alarm that stands so long is an unacknowledged one again, and said again. */
  realarm: positive.optional(),
});

export type AlarmRules = z.infer<typeof alarmRulesSchema>;
