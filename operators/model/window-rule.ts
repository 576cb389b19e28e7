import { z } from 'zod';
import { durationSchema } from './duration.ts';
import { nameSchema } from './plant-model.ts';

const positive = durationSchema.refine((duration) => duration > 0, 'expected more than 0s');

const common = {
  id: nameSchema,
  /** Signals by name; `*` stands for any characters. */
  signals: z.array(z.string().min(1)).min(1).default(['*']),
  /** Which quantiles a sketch keeps (relative error 1 %), besides the exact statistics. Each costs memory per key. */
  quantiles: z.array(z.number().gt(0).lt(1)).max(9).default([]),
  /** Fires the open window every so often with what it has, as a row, never as an event. */
  early: positive.optional(),
};

/** One entry of `windows:` in `rules.yaml`. Windows are [start, end) on the source's own event time. */
export const windowRuleSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...common,
    kind: z.literal('tumbling'),
    size: positive,
    offset: durationSchema.optional(),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('hopping'),
    size: positive,
    hop: positive,
    offset: durationSchema.optional(),
  }),
  z.strictObject({ ...common, kind: z.literal('session'), gap: positive }),
  z.strictObject({
    ...common,
    kind: z.literal('count'),
    count: z.number().int().min(1).max(1_000_000),
  }),
]);

export type WindowRule = z.infer<typeof windowRuleSchema>;
