import { z } from 'zod';
import { nameSchema } from './plant-model.ts';
import { durationSchema } from './time.ts';

// Limits, deadbands, ranges and bands of detectors, as `rules.yaml` writes them.

/** `5%` of the limit, or a plain number in the signal's unit. */
export const deadbandSchema = z.union([
  z.number().nonnegative(),
  z.string().regex(/^\d+(\.\d+)?%$/, 'expected a number or a percentage such as 5%'),
]);

/**
 * A limit: a number in the signal's unit, or an attribute of the asset in the plant model, with a default for assets
 * that have none. Without a default, an asset that lacks the attribute is not evaluated, and `apply` says so.
 */
export const boundSchema = z.union([
  z.number(),
  z.strictObject({ attribute: nameSchema, default: z.number().optional() }),
]);

/** The same of a limit that is a distance: more than 0. */
export const positiveBoundSchema = z.union([
  z.number().positive(),
  z.strictObject({ attribute: nameSchema, default: z.number().positive().optional() }),
]);

export type Bound = z.infer<typeof boundSchema>;

/** Signals of the asset by name (`rpm` is also the shaft speed that a waveform carries), each with a range [low, high). */
const rangesSchema = z.record(
  nameSchema,
  z
    .tuple([z.number(), z.number()])
    .refine(([low, high]) => low < high, 'expected the lower end first'),
);

/** Signals of the asset by name, each with the boundaries of its bands, rising. */
export const bandsSchema = z.record(
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

/** In which situations a sample is evaluated, besides `while`. */
export const gateSchema = z.strictObject({
  /** State, mode and product unchanged, and every signal of `within` and `bands` in its band, for so long before the sample begins. */
  steady: durationSchema.optional(),
  /** Not during a start-up, changeover, planned stop or maintenance, nor within so long of its end. */
  settle: durationSchema.optional(),
  /** Only while these signals of the asset are in these ranges: speed, load. */
  within: rangesSchema.optional(),
  /** Only windows that began after the signal was first heard: one that reaches back further is filled in part. */
  whole: z.literal(true).optional(),
});
