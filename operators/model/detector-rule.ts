import { z } from 'zod';
import { common, direction, judged, learning, scaled } from './detector-common.ts';
import { durationSchema } from './duration.ts';
import { nameSchema } from './plant-model.ts';
import { DAY, type Duration, MINUTE } from './time.ts';

export { SEVERITIES, type Severity, severitySchema } from './detector-common.ts';

const days = (count: number) => (count * DAY) as Duration;
const minutes = (count: number) => (count * MINUTE) as Duration;
const positive = durationSchema.refine((duration) => duration > 0, 'expected more than 0s');

/** Which levels a detector of a kind can reach, and so a `severity` may name. */
const LEVELS: Readonly<Record<string, readonly string[]>> = {
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
  silence: ['silent'],
};

/** mm/s rms, by `<group>-<support>`: [A/B, B/C, C/D]. The built-in table without it. */
const zones = {
  edition: z.string().default('ISO 20816-3:2022, boundaries of ISO 10816-3:2009'),
  table: z.record(z.string(), z.tuple([z.number(), z.number(), z.number()])).optional(),
};

const ruleSchema = z.discriminatedUnion('kind', [
  z
    .strictObject({
      ...common,
      ...judged,
      kind: z.literal('limit'),
      above: z.number().optional(),
      below: z.number().optional(),
    })
    .refine(
      (rule) => rule.above !== undefined || rule.below !== undefined,
      'expected above, below or both',
    ),
  z.strictObject({ ...common, ...judged, kind: z.literal('iso20816'), ...zones }),
  z.strictObject({
    ...common,
    ...judged,
    ...learning,
    kind: z.literal('iso20816-change'),
    ...zones,
    learn: z.number().int().min(5).max(20_000).default(20),
    /** Which share of the B/C boundary a change must exceed. */
    share: z.number().positive().default(0.25),
  }),
  z.strictObject({
    ...common,
    ...judged,
    kind: z.literal('baseline'),
    ...learning,
    ...scaled,
    /** Robust z (median and MAD of the logarithm) that counts as a breach. */
    limit: z.number().positive().default(6),
    /** What is usual follows the values, by half in so long; without it, it stands for ever. */
    forget: positive.optional(),
    direction: direction.default('up'),
  }),
  z.strictObject({
    ...common,
    ...judged,
    ...learning,
    ...scaled,
    kind: z.literal('ewma'),
    /** Weight of the newest sample; small sees small lasting shifts, 1 sees single samples. */
    weight: z.number().gt(0).max(1).default(0.1),
    /** In standard deviations of the weighted mean. */
    limit: z.number().positive().default(8),
    direction: direction.default('up'),
  }),
  z.strictObject({
    ...common,
    ...judged,
    ...learning,
    ...scaled,
    kind: z.literal('cusum'),
    /** Reference value k: deviations that are let pass at every sample. */
    slack: z.number().nonnegative().default(1),
    /** Decision interval h: the sum of deviations beyond the slack that is a breach. */
    limit: z.number().positive().default(20),
    direction: direction.default('both'),
  }),
  z.strictObject({
    ...common,
    ...judged,
    ...learning,
    kind: z.literal('range'),
    learn: z.number().int().min(20).max(20_000).default(100),
    /** How far outside of all that was seen before, as a share of the range's width. */
    margin: z.number().nonnegative().default(0.1),
    /** The range shrinks towards its middle by half in so long; without it, it only grows. */
    forget: positive.optional(),
    direction: direction.default('both'),
  }),
  z.strictObject({
    ...common,
    ...judged,
    ...learning,
    kind: z.literal('multivariate'),
    /** The feature vector, by exact names; `signal` is what it is called together. */
    signals: z.array(z.string().min(1)).min(2).max(32),
    learn: z.number().int().min(20).max(20_000).default(400),
    /** Weight of the newest vector in a weighted mean of each feature; 1 judges each vector alone. */
    weight: z.number().gt(0).max(1).default(0.05),
    /** Share of the variance that the kept components carry. What they leave over is judged by SPE; at 1 that is nothing. */
    explained: z.number().gt(0).max(1).default(1),
    /** How far the covariance is drawn towards equal variances without correlation; few samples make certainties by chance. */
    shrink: z.number().min(0).max(1).default(0.5),
    /** How many times its 99.9 % quantile in learning a statistic must reach. */
    limit: z.number().positive().default(3),
    /** The usual values follow the vectors, by half in so long, while no anomaly stands; without it, they stand for ever. */
    follow: positive.optional(),
  }),
  z
    .strictObject({
      ...common,
      ...judged,
      kind: z.literal('rate'),
      /** Greatest rise and fall in `per`, in the signal's unit; positive numbers. */
      rise: z.number().positive().optional(),
      fall: z.number().positive().optional(),
      per: positive.default(minutes(1)),
      /** The straight line is laid through the samples of so long. */
      over: positive.default(minutes(10)),
    })
    .refine((rule) => rule.rise !== undefined || rule.fall !== undefined, 'expected rise or fall'),
  z
    .strictObject({
      ...common,
      ...judged,
      kind: z.literal('trend'),
      above: z.number().optional(),
      below: z.number().optional(),
      over: positive.default(days(7)),
      /** The limit must be reached within so long, if it goes on like this. */
      horizon: positive.default(days(7)),
      /** How many times its standard error the slope must be. */
      certainty: z.number().positive().default(5),
    })
    .refine(
      (rule) => rule.above !== undefined || rule.below !== undefined,
      'expected above, below or both',
    ),
  z.strictObject({
    ...common,
    ...judged,
    ...learning,
    kind: z.literal('noise-floor'),
    learn: z.number().int().min(5).max(20_000).default(20),
    /** How many times the usual noise of the standing machine, or what part of it. */
    ratio: z.number().gt(1).default(3),
  }),
  z.strictObject({
    ...common,
    ...judged,
    ...learning,
    ...scaled,
    kind: z.literal('drift'),
    /** How many of the latest judged samples are held against what was learnt. */
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
    kind: z.literal('silence'),
    window: nameSchema.optional(),
    /** No window or waveform of the signal for so long; stands still in blind time. */
    after: durationSchema,
  }),
]);

/** One entry of `detectors:` in `rules.yaml`. */
export const detectorRuleSchema = ruleSchema.superRefine(({ kind, raise, when }, context) => {
  if (kind === 'silence' && when !== undefined) {
    const message = 'expected no "when": silence is noticed by time alone; it has "while"';
    context.addIssue({ code: 'custom', path: ['when'], message });
  }
  const { severity } = raise;
  if (typeof severity !== 'object') return;
  const levels = LEVELS[kind] ?? [];
  for (const level of Object.keys(severity).filter((name) => !levels.includes(name))) {
    context.addIssue({
      code: 'custom',
      path: ['raise', 'severity', level],
      message: `expected one of ${levels.join(', ')}, found "${level}"`,
    });
  }
});

export type DetectorRule = z.infer<typeof detectorRuleSchema>;
export type DetectorKind = DetectorRule['kind'];
