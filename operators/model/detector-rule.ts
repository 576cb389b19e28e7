import { z } from 'zod';
import { durationSchema } from './duration.ts';
import { nameSchema } from './plant-model.ts';

export const SEVERITIES = ['notice', 'warning', 'alarm', 'danger'] as const;
export const severitySchema = z.enum(SEVERITIES);
export type Severity = z.infer<typeof severitySchema>;

/** `5%` of the limit, or a plain number in the signal's unit. */
const deadbandSchema = z.union([
  z.number().nonnegative(),
  z.string().regex(/^\d+(\.\d+)?%$/, 'expected a number or a percentage such as 5%'),
]);

const common = {
  id: nameSchema,
  signal: z.string().min(1),
  /** Only assets of these classes, only these assets (`plant/line/asset`, `*` for any characters). */
  classes: z.array(nameSchema).optional(),
  assets: z.array(z.string()).optional(),
  /** CEL over the situation: judged only while the machine does what it is judged for. */
  while: z.string().optional(),
  raise: z
    .strictObject({
      /** On-delay (ISA-18.2): how long the condition must hold without a break. */
      after: durationSchema.optional(),
      /** And how many judgements in a row must say so. */
      count: z.number().int().min(1).optional(),
      /** One for all, or by level: zones of iso20816, `above` and `below` of a limit, `up` and `down` of a baseline. */
      severity: z.union([severitySchema, z.record(z.string(), severitySchema)]).optional(),
      /** While it lasts, it is said again this often (phase `updated`); every hour without it. */
      repeat: durationSchema.optional(),
    })
    .default({}),
  clear: z
    .strictObject({
      /** Off-delay: how long the condition must be gone. */
      after: durationSchema.optional(),
      deadband: deadbandSchema.optional(),
    })
    .default({}),
  component: nameSchema.optional(),
  failure_mode: z.string().max(64).optional(),
};

/** Which window (by rule id) and which of its statistics is judged. Features of waveforms have a value of their own. */
const judged = { window: nameSchema.optional(), of: z.string().default('mean') };

/** Which levels a detector of a kind can reach, and so a `severity` may name. */
const LEVELS: Readonly<Record<string, readonly string[]>> = {
  limit: ['above', 'below'],
  iso20816: ['B', 'C', 'D'],
  baseline: ['up', 'down'],
  stuck: ['stuck'],
  silence: ['silent'],
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
  z.strictObject({
    ...common,
    ...judged,
    kind: z.literal('iso20816'),
    edition: z.string().default('ISO 20816-3:2022, boundaries of ISO 10816-3:2009'),
    /** mm/s rms, by `<group>-<support>`: [A/B, B/C, C/D]. The built-in table without it. */
    table: z.record(z.string(), z.tuple([z.number(), z.number(), z.number()])).optional(),
  }),
  z.strictObject({
    ...common,
    ...judged,
    kind: z.literal('baseline'),
    /** How many judged samples of one mode are learnt before the baseline is frozen. */
    learn: z.number().int().min(20).max(20_000).default(200),
    /** Robust z (median and MAD of the logarithm) that counts as a breach. */
    limit: z.number().positive().default(6),
    scale: z.enum(['log', 'linear']).default('log'),
    direction: z.enum(['up', 'down', 'both']).default('up'),
    /** Parts of the situation that make a mode: each has a baseline of its own. */
    modes: z
      .array(z.enum(['state', 'mode', 'product', 'operation']))
      .default(['state', 'mode', 'product']),
    /** The smallest MAD, as a share of the median (linear) or in log units: a dead calm signal is no reason for alarm. */
    floor: z.number().nonnegative().default(0.02),
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
export const detectorRuleSchema = ruleSchema.superRefine(({ kind, raise }, context) => {
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
