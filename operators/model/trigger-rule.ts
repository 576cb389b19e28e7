import { z } from 'zod';
import { severitySchema } from './detector-rule.ts';
import { nameSchema } from './plant-model.ts';
import { SCHEDULE_KINDS } from './schedule.ts';
import { durationSchema, positiveDurationSchema } from './time.ts';

export const PRIORITIES = ['low', 'medium', 'high', 'urgent'] as const;
export const prioritySchema = z.enum(PRIORITIES);
export type Priority = z.infer<typeof prioritySchema>;

export const triggerRuleSchema = z.strictObject({
  id: nameSchema,
  /** A pattern, or a detector whose raised anomaly is reason enough. */
  on: nameSchema,
  /** One request for the whole asset, or one for each component that incidents name. */
  per: z.enum(['asset', 'component']).default('asset'),
  request: z.strictObject({
    kind: z.enum(['inspection', 'repair', 'replacement', 'calibration']).default('inspection'),
    priority: prioritySchema.default('medium'),
    parts: z.array(z.string().max(64)).default([]),
    duration: durationSchema.optional(),
    instructions: z.string().max(4_096).optional(),
  }),
  /** After a request was closed or rejected while its anomaly is active: how long before a new round. 24 h without it. */
  cooldown: durationSchema.optional(),
  /** How long all anomalies must be clear before the problem is over. 10 min without it. */
  rearm: durationSchema.optional(),
  /** Priority rises one step when nobody accepted the request for so long. */
  escalate: durationSchema.optional(),
  /** The request is withdrawn when its anomalies are clear for `rearm` before anyone accepted it. */
  withdraw: z.boolean().default(false),
  slot: z.enum(['none', 'next-gap']).default('none'),
  /** How late an incident may come and still open a request or join one. 10 min without it. */
  late: durationSchema.optional(),
});

/** `reports:` in `rules.yaml`: what becomes of the reports of operators, where a report itself does not say. */
export const reportRulesSchema = z.strictObject({
  enabled: z.boolean().default(true),
  ...triggerRuleSchema.shape.request.shape,
  severity: severitySchema.default('warning'),
  ...triggerRuleSchema.pick({ cooldown: true, rearm: true, escalate: true, slot: true }).shape,
  /** A report that its operator takes back is withdrawn before anyone accepted it. */
  withdraw: z.boolean().default(true),
  /** After so long a report that nobody answered is over. */
  expire: positiveDurationSchema.optional(),
});

/** No requests from these: the anomaly stays, the request becomes a row in `dead_letters`. */
export const suppressionRuleSchema = z.strictObject({
  during: z.array(z.enum([...SCHEDULE_KINDS, 'startup'])).min(1),
  /** And so long after it ended. */
  settle: durationSchema.optional(),
  signals: z.array(z.string()).default(['*']),
});

export type TriggerRule = z.infer<typeof triggerRuleSchema>;
export type ReportRules = z.infer<typeof reportRulesSchema>;
export type SuppressionRule = z.infer<typeof suppressionRuleSchema>;
