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

/** Signals of the asset by name (`rpm` is also the shaft speed that a waveform carries), each with a range [low, high). */
const rangesSchema = z.record(
  nameSchema,
  z
    .tuple([z.number(), z.number()])
    .refine(([low, high]) => low < high, 'expected the lower end first'),
);

/** Signals of the asset by name, each with the boundaries of its bands, rising. */
const bandsSchema = z.record(
  nameSchema,
  z
    .array(z.number())
    .min(1)
    .max(16)
    .refine(
      (bounds) => bounds.every((bound, at) => at === 0 || bound > (bounds[at - 1] ?? bound)),
      'expected boundaries that rise',
    ),
);

/** In which situations a sample is judged, besides `while`. */
const gateSchema = z.strictObject({
  /** State, mode and product unchanged, and every signal of `within` and `bands` in its band, for so long before the sample begins. */
  steady: durationSchema.optional(),
  /** Not during a start-up, changeover, planned stop or maintenance, nor within so long of its end. */
  settle: durationSchema.optional(),
  /** Only while these signals of the asset are in these ranges: speed, load. */
  within: rangesSchema.optional(),
  /** Only windows that began after the signal was first heard: one that reaches back further is filled in part. */
  whole: z.literal(true).optional(),
});
export type Gate = z.infer<typeof gateSchema>;

/** What every detector says. */
export const common = {
  id: nameSchema,
  signal: z.string().min(1),
  /** Only assets of these classes, only these assets (`plant/line/asset`, `*` for any characters). */
  classes: z.array(nameSchema).optional(),
  assets: z.array(z.string()).optional(),
  /** CEL over the situation: judged only while the machine does what it is judged for. */
  while: z.string().optional(),
  when: gateSchema.optional(),
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
export const judged = { window: nameSchema.optional(), of: z.string().default('mean') };

/** How a mode is told from another, and how long one is learnt. */
export const learning = {
  /** How many judged samples of one mode are learnt before the baseline is frozen. */
  learn: z.number().int().min(20).max(20_000).default(200),
  /** And for how much running time of that mode. */
  learn_time: durationSchema.optional(),
  /** Parts of the situation that make a mode: each has a baseline of its own. */
  modes: z
    .array(z.enum(['state', 'mode', 'product', 'operation']))
    .default(['state', 'mode', 'product']),
  /** And bands of these signals (speed, load): `{ speed: [600, 1200] }` makes three modes of each. */
  bands: bandsSchema.optional(),
};

/** How samples become deviations from the baseline. */
export const scaled = {
  scale: z.enum(['log', 'linear']).default('log'),
  /** The smallest MAD, as a share of the median (linear) or in log units: a dead calm signal is no reason for alarm. */
  floor: z.number().nonnegative().default(0.02),
};

export const direction = z.enum(['up', 'down', 'both']);
