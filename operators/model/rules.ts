import { z } from 'zod';
import { assumedReplySchema } from './assumed-reply.ts';
import { detectorRuleSchema, severitySchema } from './detector-rule.ts';
import { rulesExampleSchema } from './examples.ts';
import { notifyRuleSchema } from './notify-rule.ts';
import { patternRuleSchema } from './pattern-rule.ts';
import { nameSchema } from './plant-model.ts';
import {
  DAY,
  type Duration,
  durationSchema,
  formatDuration,
  greatestCommonDivisor,
  HOUR,
  MILLISECOND,
  MINUTE,
  positiveDurationSchema,
  SECOND,
} from './time.ts';
import { reportRulesSchema, suppressionRuleSchema, triggerRuleSchema } from './trigger-rule.ts';
import { workflowRuleSchema } from './workflow-rule.ts';

// `rules.yaml` as a whole; detectors, patterns, triggers and examples have files of their own.

/** Of a window. Readings are kept no longer, and the end of the window must be a time that can be written down. */
const MOST_DAYS = 400;
const spanSchema = positiveDurationSchema.refine(
  (span) => span <= MOST_DAYS * DAY,
  `expected at most ${MOST_DAYS}d`,
);

const common = {
  id: nameSchema,
  /** Signals by name; `*` stands for any characters. */
  signals: z.array(z.string().min(1)).min(1).default(['*']),
  /** Which quantiles a sketch keeps (relative error 1 %), besides the exact statistics. Each costs memory per key. */
  quantiles: z.array(z.number().gt(0).lt(1)).max(9).default([]),
  /** Fires the open window every so often with what it has, as a row, never as an event. */
  early: positiveDurationSchema.optional(),
};

const offsetSchema = durationSchema.refine(
  (offset) => offset <= MOST_DAYS * DAY,
  `expected at most ${MOST_DAYS}d`,
);

/** One entry of `windows:` in `rules.yaml`. Windows are [start, end) on the source's own event time. */
const windowRuleSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...common,
    kind: z.literal('tumbling'),
    size: spanSchema,
    offset: offsetSchema.optional(),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('hopping'),
    size: spanSchema,
    hop: spanSchema,
    offset: offsetSchema.optional(),
  }),
  z
    .strictObject({
      ...common,
      kind: z.literal('calendar'),
      /** By the clock of the plant: `time_zone` and `shifts` of its model. */
      size: z.enum(['day', 'shift']),
      /** How long after midnight by the clock a day begins. */
      offset: durationSchema.refine((offset) => offset < DAY, 'expected less than 1d').optional(),
    })
    .refine(
      ({ size, offset }) => size === 'day' || offset === undefined,
      'expected offset of days only: shifts begin when the plant model says',
    ),
  z.strictObject({ ...common, kind: z.literal('session'), gap: spanSchema }),
  z.strictObject({
    ...common,
    kind: z.literal('count'),
    count: z.number().int().min(1).max(1_000_000),
  }),
]);

export type WindowRule = z.infer<typeof windowRuleSchema>;

/** What a rule may take for one signal: so many panes, which are windows or parts of them, and so many for a window. */
export const MOST_PANES = 20_000;
const MOST_PANES_OF_A_WINDOW = 1_440;

type WindowProblem = { readonly field: string; readonly message: string };

/** Windows so short, or a hop that has so little in common with the size, that there would be a pane for each reading. */
function windowProblem(rule: WindowRule, time: TimeRules): WindowProblem | undefined {
  switch (rule.kind) {
    case 'tumbling':
      return keptProblem('size', 'a size', rule.size, rule.size, time);
    case 'session':
      return keptProblem('gap', 'a gap', rule.gap, rule.gap, time);
    case 'hopping': {
      const { size, hop } = rule;
      if (hop >= size) return keptProblem('hop', 'a hop', hop, size, time);
      const pane = greatestCommonDivisor(size, hop) as Duration;
      const panes = size / pane;
      if (panes > MOST_PANES_OF_A_WINDOW) {
        const message = `expected a hop that divides the size, such as ${formatDuration(hopLike(rule))}: windows of ${formatDuration(size)} every ${formatDuration(hop)} would be made of ${panes} panes of ${formatDuration(pane)}, more than ${MOST_PANES_OF_A_WINDOW}`;
        return { field: 'hop', message };
      }
      return keptProblem('hop', 'a greatest common divisor with the size', pane, size, time);
    }
    case 'calendar':
    case 'count':
      return undefined;
  }
}

/** The nearest hop that divides the size into few enough panes. */
function hopLike({ size, hop }: { readonly size: Duration; readonly hop: Duration }): Duration {
  let panes = Math.min(MOST_PANES_OF_A_WINDOW, Math.max(1, Math.round(size / hop)));
  while (size % panes !== 0) panes -= 1;
  return (size / panes) as Duration;
}

/** Each pane stays until its windows cannot be corrected any more. */
function keptProblem(
  field: string,
  what: string,
  pane: Duration,
  size: Duration,
  { correction, disorder }: TimeRules,
): WindowProblem | undefined {
  const kept = size + disorder + correction;
  const panes = Math.ceil(kept / pane);
  if (panes <= MOST_PANES) return undefined;
  const exact = (size === pane ? kept - size : kept) / (MOST_PANES - 1);
  const least = formatDuration((Math.ceil(exact / MILLISECOND) * MILLISECOND) as Duration);
  const message = `expected ${what} of at least ${least}, or a shorter time.correction (${formatDuration(correction)}): each signal would keep ${panes} panes, more than ${MOST_PANES}`;
  return { field, message };
}

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

const wholeSchema = z.strictObject({
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
  /** What systems are asked to do for a request. */
  workflows: list(workflowRuleSchema),
  /** Who must hear of a request. */
  notify: list(notifyRuleSchema),
  /** What systems would answer, for backtests of records that do not say. */
  assume: z.array(assumedReplySchema).max(200).default([]),
});

/** `rules.yaml`. Published per plant as `rules.<plant>`. */
export const rulesSchema = wholeSchema.superRefine(({ windows, time }, context) => {
  for (const [index, rule] of windows.entries()) {
    const problem = windowProblem(rule, time);
    if (problem === undefined) continue;
    const { field, message } = problem;
    context.addIssue({ code: 'custom', path: ['windows', index, field], message });
  }
});

export type Rules = z.infer<typeof rulesSchema>;
