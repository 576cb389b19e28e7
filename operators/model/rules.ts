import { z } from 'zod';
import { alarmRulesSchema } from './alarm-rule.ts';
import { detectorRuleSchema } from './detector-rule.ts';
import { durationSchema } from './duration.ts';
import { patternRuleSchema } from './pattern-rule.ts';
import { rulesExampleSchema } from './rules-example.ts';
import { type Duration, HOUR, MINUTE, SECOND } from './time.ts';
import { suppressionRuleSchema, triggerRuleSchema } from './trigger-rule.ts';
import { windowRuleSchema } from './window-rule.ts';

const seconds = (count: number) => (count * SECOND) as Duration;

/** Everything about time that can change an answer. */
export const timeRulesSchema = z.strictObject({
  /** How far events of one source may arrive out of order. */
  disorder: durationSchema.default(seconds(2)),
  /** A source not heard for so long (append time) no longer holds up its line. */
  idle: durationSchema.default(seconds(10)),
  /** How far an event may be ahead of its append time before its clock is called wrong. */
  skew: durationSchema.default((5 * MINUTE) as Duration),
  /** How long a fired window can still be corrected. */
  correction: durationSchema.default(HOUR),
});

export type TimeRules = z.infer<typeof timeRulesSchema>;

function unique<T extends { readonly id: string }>(list: readonly T[]): boolean {
  return new Set(list.map(({ id }) => id)).size === list.length;
}

const list = <S extends z.ZodType<{ readonly id: string }>>(schema: S) =>
  z.array(schema).default([]).refine(unique, 'expected each id once');

/** `rules.yaml`. Published per plant as `rules.<plant>`. */
export const rulesSchema = z.strictObject({
  time: timeRulesSchema.prefault({}),
  windows: list(windowRuleSchema),
  detectors: list(detectorRuleSchema),
  patterns: list(patternRuleSchema),
  triggers: list(triggerRuleSchema),
  suppress: z.array(suppressionRuleSchema).default([]),
  /** What `andon test` holds the rules as a whole to. */
  examples: z.array(rulesExampleSchema).max(100).default([]),
  alarms: alarmRulesSchema.prefault({}),
});

export type Rules = z.infer<typeof rulesSchema>;
export type { DetectorRule } from './detector-rule.ts';
export type { PatternRule } from './pattern-rule.ts';
export type { SuppressionRule, TriggerRule } from './trigger-rule.ts';
export type { WindowRule } from './window-rule.ts';
