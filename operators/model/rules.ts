import { z } from 'zod';
import { detectorRuleSchema, severitySchema } from './detector-rule.ts';
import { rulesExampleSchema } from './examples.ts';
import { patternRuleSchema } from './pattern-rule.ts';
import { nameSchema } from './plant-model.ts';
import {
  type Duration,
  durationSchema,
  HOUR,
  MINUTE,
  positiveDurationSchema,
  SECOND,
} from './time.ts';
import { reportRulesSchema, suppressionRuleSchema, triggerRuleSchema } from './trigger-rule.ts';

// `rules.yaml` as a whole; detectors, patterns, triggers and examples have files of their own.

const common = {
  id: nameSchema,
  /** Signals by name; `*` stands for any characters. */
  signals: z.array(z.string().min(1)).min(1).default(['*']),
  /** Which quantiles a sketch keeps (relative error 1 %), besides the exact statistics. Each costs memory per key. */
  quantiles: z.array(z.number().gt(0).lt(1)).max(9).default([]),
  /** Fires the open window every so often with what it has, as a row, never as an event. */
  early: positiveDurationSchema.optional(),
};

/** One entry of `windows:` in `rules.yaml`. Windows are [start, end) on the source's own event time. */
const windowRuleSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...common,
    kind: z.literal('tumbling'),
    size: positiveDurationSchema,
    offset: durationSchema.optional(),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('hopping'),
    size: positiveDurationSchema,
    hop: positiveDurationSchema,
    offset: durationSchema.optional(),
  }),
  z.strictObject({ ...common, kind: z.literal('session'), gap: positiveDurationSchema }),
  z.strictObject({
    ...common,
    kind: z.literal('count'),
    count: z.number().int().min(1).max(1_000_000),
  }),
]);

export type WindowRule = z.infer<typeof windowRuleSchema>;

/** `alarms:` in `rules.yaml`: which anomalies are reported to patterns and people. Without it, all. */
const alarmRulesSchema = z.strictObject({
  /** More than `limit` alarms of a line in `per` are a flood: one notice, and no further ones until fewer than `resume` come. */
  flood: z
    .strictObject({
      limit: z.number().int().min(1).default(10),
      per: positiveDurationSchema,
      resume: z.number().int().min(1).default(5),
      /** Alarms of this severity and above are always reported. */
      spare: severitySchema.default('danger'),
    })
    .optional(),
  /** So many signals that leave their usual values within `per` are one change of regime: one notice instead of their alarms. */
  regime: z
    .strictObject({
      signals: z.number().int().min(2).default(4),
      per: positiveDurationSchema,
      /** Signals of one asset, or of a whole line. */
      of: z.enum(['asset', 'line']).default('asset'),
      spare: severitySchema.default('alarm'),
    })
    .optional(),
  /** Suppressed by design: evaluated as ever, reported when it is over. */
  suppress: z.array(suppressionRuleSchema).default([]),
  /** An acknowledged alarm that is still active after so long is unacknowledged again, and reported again (re-alarm). */
  realarm: positiveDurationSchema.optional(),
});

export type AlarmRules = z.infer<typeof alarmRulesSchema>;

const seconds = (count: number) => (count * SECOND) as Duration;

/** Everything about time that can change an answer. */
export const timeRulesSchema = z.strictObject({
  /** How far events of one source may arrive out of order. */
  disorder: durationSchema.default(seconds(2)),
  /** A source not heard for so long (append time) no longer holds up its line. */
  idle: durationSchema.default(seconds(10)),
  /** The most that one source may delay its line. One that lags by more, or is so far ahead, is out of step. */
  hold: durationSchema.default(seconds(30)),
  /** How far an event may be ahead of its append time before its clock is called wrong. */
  skew: durationSchema.default((5 * MINUTE) as Duration),
  /** And behind it; telemetry and waveforms only: facts are never too old. */
  skew_behind: durationSchema.default((10 * MINUTE) as Duration),
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
  reports: reportRulesSchema.prefault({}),
  suppress: z.array(suppressionRuleSchema).default([]),
  /** What `andon test` checks the rules as a whole with. */
  examples: z.array(rulesExampleSchema).max(100).default([]),
  alarms: alarmRulesSchema.prefault({}),
});

export type Rules = z.infer<typeof rulesSchema>;
