import { z } from 'zod';
import {
  boundSchema,
  compared,
  deadbandSchema,
  direction,
  gateSchema,
  hasNoLimit,
  learning,
  NO_DEADBAND,
  NOT_OF_SILENCE,
  positiveBoundSchema,
  scaled,
  withDelays,
  zones,
} from './detector-bounds.ts';
import { nameSchema } from './plant-model.ts';
import { DAY, type Duration, durationSchema, MINUTE, positiveDurationSchema } from './time.ts';

// One entry of `detectors:` in `rules.yaml`: what all kinds have in common, then each kind.

export const SEVERITIES = ['notice', 'warning', 'alarm', 'danger'] as const;
export const severitySchema = z.enum(SEVERITIES);
export type Severity = z.infer<typeof severitySchema>;

/** Severity by duration: an anomaly that stood for so long is at least of that severity. */
const escalateSchema = z
  .strictObject({
    warning: positiveDurationSchema.optional(),
    alarm: positiveDurationSchema.optional(),
    danger: positiveDurationSchema.optional(),
  })
  .refine(
    (steps) => Object.values(steps).some((after) => after !== undefined),
    'expected a severity and how long it takes, such as { alarm: 1h, danger: 4h }',
  )
  .refine(({ warning = 0, alarm, danger = Number.POSITIVE_INFINITY }) => {
    return warning < (alarm ?? danger) && (alarm ?? warning) < danger;
  }, 'expected more time for a worse severity');

/** When an anomaly is raised, how severe it is, and how often it is reported. */
const raising = {
  /** On-delay (ISA-18.2): how long the condition must hold without a break. */
  after: durationSchema.optional(),
  /** And for how many evaluations in a row. */
  count: z.number().int().min(1).optional(),
  /** Time between two samples that counts for the delays at most; what is longer is a hole, and counts for none. */
  gap: positiveDurationSchema.optional(),
  /** One for all, or by level: zones of iso20816, `above` and `below` of a limit, `up` and `down` of a baseline. */
  severity: z.union([severitySchema, z.record(z.string(), severitySchema)]).optional(),
  /** Severity by duration: `{ alarm: 1h }` is at least an alarm once it stood for an hour. */
  escalate: escalateSchema.optional(),
  /** While it lasts, it is reported again this often (phase `updated`); every hour without it. */
  repeat: durationSchema.optional(),
};

/** When an anomaly clears. */
const clearing = {
  /** Off-delay: how long the condition must be gone. */
  after: durationSchema.optional(),
  /** And for how many evaluations in a row. */
  count: z.number().int().min(1).optional(),
  deadband: deadbandSchema.optional(),
  /** Down by one severity of the rule at a time, each after `after`, instead of at once. */
  stepwise: z.literal(true).optional(),
};

/** What every detector has. */
const common = {
  id: nameSchema,
  signal: z.string().min(1),
  /** Only assets of these classes, only these assets (`plant/line/asset`, `*` for any characters). */
  classes: z.array(nameSchema).optional(),
  assets: z.array(z.string()).optional(),
  /** CEL over the situation: evaluated only while the machine does what the rule is meant for. */
  while: z.string().max(4_096).optional(),
  when: gateSchema.optional(),
  raise: z.strictObject(raising).default({}),
  clear: z.strictObject(clearing).default({}),
  component: nameSchema.optional(),
  failure_mode: z.string().max(64).optional(),
};

/** Which window (by rule id) and which of its statistics is evaluated. Features of waveforms have a value of their own. */
const evaluated = { window: nameSchema.optional(), of: z.string().default('mean') };

/** Fields of a machine event's data, and the value that each must have. */
const eventDataSchema = z.record(nameSchema, z.union([z.string(), z.number(), z.boolean()]));

const days = (count: number) => (count * DAY) as Duration;
const minutes = (count: number) => (count * MINUTE) as Duration;

/**
 * Which levels a detector of a kind can reach, and so a `severity` may name. Those of `iso20816` are steps of one scale,
 * better first; those of the other kinds are sides or statistics, none of which is lower than another.
 */
export const DETECTOR_LEVELS: Readonly<Record<string, readonly string[]>> = {
  limit: ['above', 'below'],
  iso20816: ['B', 'C', 'D'],
  'iso20816-change': ['up', 'down'],
  baseline: ['up', 'down'],
  ewma: ['up', 'down'],
  cusum: ['up', 'down'],
  range: ['up', 'down'],
  multivariate: ['t2', 'spe'],
  rate: ['rising', 'falling'],
  trend: ['above', 'below'],
  'noise-floor': ['high', 'low'],
  drift: ['stale'],
  stuck: ['stuck'],
  usage: ['due'],
  silence: ['silent'],
  event: ['event'],
};

const ruleSchema = z.discriminatedUnion('kind', [
  z
    .strictObject({
      ...common,
      ...evaluated,
      kind: z.literal('limit'),
      above: boundSchema.optional(),
      below: boundSchema.optional(),
    })
    .refine(
      (rule) => rule.above !== undefined || rule.below !== undefined,
      'expected above, below or both',
    ),
  z.strictObject({ ...common, ...evaluated, kind: z.literal('iso20816'), ...zones }),
  z.strictObject({
    ...common,
    ...evaluated,
    ...learning,
    kind: z.literal('iso20816-change'),
    ...zones,
    learn: z.number().int().min(5).max(20_000).default(20),
    /** Which share of the B/C boundary a change must exceed. */
    share: z.number().positive().default(0.25),
  }),
  z.strictObject({
    ...common,
    ...evaluated,
    kind: z.literal('baseline'),
    ...learning,
    ...compared,
    /** Robust z (median and MAD of the logarithm) that counts as a breach. */
    limit: z.number().positive().default(6),
    /** The usual values follow the samples, by half in so long; without it, they stay for ever. */
    forget: positiveDurationSchema.optional(),
    direction: direction.default('up'),
  }),
  z.strictObject({
    ...common,
    ...evaluated,
    ...learning,
    ...compared,
    kind: z.literal('ewma'),
    /** Weight of the newest sample; small sees small lasting shifts, 1 sees single samples. */
    weight: z.number().gt(0).max(1).default(0.1),
    /** In standard deviations of the weighted mean. */
    limit: z.number().positive().default(8),
    direction: direction.default('up'),
  }),
  z.strictObject({
    ...common,
    ...evaluated,
    ...learning,
    ...compared,
    kind: z.literal('cusum'),
    /** Reference value k: deviations that are let pass at every sample. */
    slack: z.number().nonnegative().default(1),
    /** Decision interval h: the sum of deviations beyond the slack that is a breach. */
    limit: z.number().positive().default(20),
    direction: direction.default('both'),
  }),
  z.strictObject({
    ...common,
    ...evaluated,
    ...learning,
    kind: z.literal('range'),
    learn: z.number().int().min(20).max(20_000).default(100),
    /** How far outside of all that was seen before, as a share of the range's width. */
    margin: z.number().nonnegative().default(0.1),
    /** The range shrinks towards its middle by half in so long; without it, it only grows. */
    forget: positiveDurationSchema.optional(),
    direction: direction.default('both'),
  }),
  z.strictObject({
    ...common,
    ...evaluated,
    ...learning,
    kind: z.literal('multivariate'),
    clear: z
      .strictObject({
        ...clearing,
        /**
         * Also when both statistics have stayed below this share of the most that they reached, for so long: the fault is
         * over, and what the signals show by then becomes their usual values.
         */
        subside: z
          .strictObject({
            share: z.number().gt(0).lt(1).default(0.03),
            after: positiveDurationSchema,
          })
          .optional(),
      })
      .default({}),
    /** The feature vector, by exact names; `signal` is what it is called together. */
    signals: z.array(z.string().min(1)).min(2).max(32),
    learn: z.number().int().min(20).max(20_000).default(400),
    /** Weight of the newest vector in a weighted mean of each feature; 1 evaluates each vector alone. */
    weight: z.number().gt(0).max(1).default(0.05),
    /** Share of the variance that the kept components carry. What they leave over is evaluated by SPE; at 1 that is nothing. */
    explained: z.number().gt(0).max(1).default(1),
    /** How far the covariance is drawn towards equal variances without correlation; few samples make certainties by chance. */
    shrink: z.number().min(0).max(1).default(0.5),
    /** How many times its 99.9 % quantile in learning a statistic must reach. */
    limit: z.number().positive().default(3),
    /** The usual values follow the vectors, by half in so long, while no anomaly is active; without it, they stay for ever. */
    follow: positiveDurationSchema.optional(),
  }),
  z
    .strictObject({
      ...common,
      ...evaluated,
      kind: z.literal('rate'),
      /** Greatest rise and fall in `per`, in the signal's unit; positive numbers. */
      rise: positiveBoundSchema.optional(),
      fall: positiveBoundSchema.optional(),
      per: positiveDurationSchema.default(minutes(1)),
      /** The straight line is laid through the samples of so long. */
      over: positiveDurationSchema.default(minutes(10)),
    })
    .refine((rule) => rule.rise !== undefined || rule.fall !== undefined, 'expected rise or fall'),
  z
    .strictObject({
      ...common,
      ...evaluated,
      kind: z.literal('trend'),
      above: boundSchema.optional(),
      below: boundSchema.optional(),
      over: positiveDurationSchema.default(days(7)),
      /** The limit must be reached within so long, if it goes on like this. */
      horizon: positiveDurationSchema.default(days(7)),
      /** How many times its standard error the slope must be. */
      certainty: z.number().positive().default(5),
    })
    .refine(
      (rule) => rule.above !== undefined || rule.below !== undefined,
      'expected above, below or both',
    ),
  z.strictObject({
    ...common,
    ...evaluated,
    ...learning,
    kind: z.literal('noise-floor'),
    learn: z.number().int().min(5).max(20_000).default(20),
    /** How many times the usual noise of the standing machine, or what part of it. */
    ratio: z.number().gt(1).default(3),
  }),
  z.strictObject({
    ...common,
    ...evaluated,
    ...learning,
    ...scaled,
    kind: z.literal('drift'),
    /** How many of the latest evaluated samples are compared with those that were learnt. */
    recent: z.number().int().min(20).max(500).default(100),
    /** Greatest distance of the two distributions (Kolmogorov-Smirnov): the share of samples that has moved away. */
    distance: z.number().gt(0).lt(1).default(0.6),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('stuck'),
    window: nameSchema.optional(),
    /** Windows in a row without any change. */
    windows: z.number().int().min(2).default(6),
  }),
  z.strictObject({
    ...common,
    window: nameSchema.optional(),
    of: z.string().default('sum'),
    kind: z.literal('usage'),
    /** How much is counted from one service to the next, in the signal's unit. */
    every: positiveBoundSchema,
  }),
  z.strictObject({
    ...common,
    kind: z.literal('silence'),
    window: nameSchema.optional(),
    /** No window or waveform of the signal for so long; stands still in blind time. */
    after: durationSchema,
    /** Also signals that the plant model declares and that never spoke since the rules came into force. */
    declared: z.literal(true).optional(),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('event'),
    /** What the anomaly calls its signal; the type of the event without it. */
    signal: z.string().min(1).default(''),
    /** Machine events of this type (`*` for any characters), and with these values in their data, raise it. */
    type: z.string().min(1),
    data: eventDataSchema.optional(),
    /** A field of the data: each of its values is an anomaly of its own, as codes of alarms are. */
    by: nameSchema.optional(),
    /** It ends with an event of this type and data, or when none that raises it came for `after`. */
    clear: z
      .strictObject({
        type: z.string().min(1).optional(),
        data: eventDataSchema.optional(),
        after: positiveDurationSchema.optional(),
      })
      .refine(
        ({ type, after }) => type !== undefined || after !== undefined,
        'expected type or after: what begins with an event must be able to end',
      )
      .refine(
        ({ type, data }) => data === undefined || type !== undefined,
        'expected data only beside the type of the event that clears',
      ),
  }),
]);

/** The lowest severity that a rule raises with. */
function lowestSeverity({ kind, raise: { severity } }: z.infer<typeof ruleSchema>): Severity {
  if (typeof severity === 'string') return severity;
  const named = Object.values(severity ?? {});
  const isComplete = kind === 'iso20816' || named.length >= (DETECTOR_LEVELS[kind] ?? []).length;
  const all: readonly Severity[] = named.length > 0 && isComplete ? named : [...named, 'warning'];
  return SEVERITIES.find((one) => all.includes(one)) ?? 'warning';
}

/** One entry of `detectors:` in `rules.yaml`. */
export const detectorRuleSchema = ruleSchema
  .superRefine((rule, context) => {
    const { kind, raise, when } = rule;
    const refuse = (path: string[], message: string) => {
      context.addIssue({ code: 'custom', path, message });
    };
    if ((kind === 'silence' || kind === 'event') && when !== undefined) {
      const why = kind === 'event' ? 'an event is no sample' : 'silence is noticed by time alone';
      refuse(['when'], `expected no "when": ${why}; it has "while"`);
    }
    if ((kind === 'silence' || kind === 'event') && raise.gap !== undefined) {
      refuse(['raise', 'gap'], `expected no "gap": a detector of kind ${kind} reads no samples`);
    }
    for (const [part, field] of kind === 'silence' ? NOT_OF_SILENCE : []) {
      if (!Object.hasOwn(rule[part], field)) continue;
      refuse([part, field], `expected no "${field}": ${NO_DEADBAND.silence}, "after" begins it`);
    }
    if (hasNoLimit(kind) && 'deadband' in rule.clear && rule.clear.deadband !== undefined) {
      refuse(['clear', 'deadband'], `expected no "deadband": ${NO_DEADBAND[kind]}`);
    }
    if (kind === 'baseline' && rule.forget !== undefined && rule.follow !== undefined) {
      refuse(['follow'], 'expected either "forget" or "follow": with "forget" it follows anyway');
    }
    checkEscalation(rule, refuse);
    const { severity } = raise;
    if (typeof severity !== 'object') return;
    const levels = DETECTOR_LEVELS[kind] ?? [];
    for (const level of Object.keys(severity).filter((name) => !levels.includes(name))) {
      const message = `expected one of ${levels.join(', ')}, found "${level}"`;
      refuse(['raise', 'severity', level], message);
    }
  })
  .transform((rule) => withDelays(rule));

/** A step that no anomaly can reach, or steps down where there are none up, are slips of the pen. */
function checkEscalation(
  rule: z.infer<typeof ruleSchema>,
  refuse: (path: string[], message: string) => void,
): void {
  const { escalate } = rule.raise;
  const lowest = lowestSeverity(rule);
  for (const severity of SEVERITIES) {
    if (severity === 'notice' || escalate?.[severity] === undefined) continue;
    if (SEVERITIES.indexOf(severity) > SEVERITIES.indexOf(lowest)) continue;
    const message = `expected a severity above ${lowest}, with which it is raised`;
    refuse(['raise', 'escalate', severity], message);
  }
  const isStepwise = 'stepwise' in rule.clear && rule.clear.stepwise === true;
  if (!isStepwise) return;
  if (escalate === undefined && rule.kind !== 'iso20816') {
    refuse(['clear', 'stepwise'], 'expected it beside raise.escalate, which makes the steps');
  }
  if (rule.kind === 'silence') {
    refuse(['clear', 'stepwise'], 'expected no "stepwise": one value ends a silence');
  }
}

export type DetectorRule = z.infer<typeof detectorRuleSchema>;
export type EventRule = Extract<DetectorRule, { kind: 'event' }>;
export type SilenceRule = Extract<DetectorRule, { kind: 'silence' }>;
/** A rule that reads windows or features of a signal. */
export type SampleRule = Exclude<DetectorRule, EventRule>;
/** A rule that evaluates their values. */
export type ValueRule = Exclude<SampleRule, SilenceRule>;
export type DetectorKind = DetectorRule['kind'];
