import { z } from 'zod';
import { durationSchema } from './time.ts';

/**
 * A token of a subject: no dots, blanks, wildcards or slashes. Names become properties of plain state, so those that
 * every object has are none.
 */
export const nameSchema = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9_-]+$/, 'expected letters, digits, _ and - only')
  .refine((name) => !(name in {}), 'expected a name that means nothing to the language');

const signalSchema = z
  .strictObject({
    unit: z.string().max(32).optional(),
    description: z.string().optional(),
    /** What comes is the state of something, or a count that only rises: windows and detectors see its increments. */
    kind: z.enum(['gauge', 'counter']).optional(),
    /** Of a counter: how many steps it has. After `rollover - 1` it is 0. */
    rollover: z.number().positive().optional(),
    /** Physical range of the sensor, in its unit. Outside of it a value lands as suspect, and is not evaluated. */
    range: z
      .tuple([z.number(), z.number()])
      .refine(([low, high]) => low < high, 'expected the lower end of the range first')
      .optional(),
    /** What the source sends where it has no value: -999, 1e31, "---". */
    missing: z
      .array(z.union([z.number(), z.string()]))
      .max(16)
      .optional(),
  })
  .refine(
    ({ kind, rollover }) => rollover === undefined || kind === 'counter',
    'expected rollover of a counter only (kind: counter)',
  );

const bearingSchema = z.strictObject({
  name: z.string().optional(),
  balls: z.number().int().positive(),
  /** Millimetres. */
  ball_diameter: z.number().positive(),
  pitch_diameter: z.number().positive(),
  /** Degrees. */
  contact_angle: z.number().default(0),
});

const pointSchema = z.strictObject({
  id: nameSchema,
  component: nameSchema.optional(),
  quantity: z.enum(['acceleration', 'velocity', 'displacement']).default('acceleration'),
  unit: z.enum(['g', 'm/s2', 'mm/s2', 'mm/s', 'm/s', 'um', 'mm']).default('g'),
  direction: z.enum(['horizontal', 'vertical', 'axial', 'radial']).optional(),
  mounting: z.string().optional(),
  /** Nominal shaft speed, where waveforms do not carry it. */
  rpm: z.number().positive().optional(),
  bearing: bearingSchema.optional(),
});

export const assetSchema = z.strictObject({
  id: nameSchema,
  name: z.string().optional(),
  class: nameSchema.default('machine'),
  /** ISO 20816-3: group 1 (above 300 kW) or 2 (15 to 300 kW), and how stiff the support is. */
  iso: z
    .strictObject({ group: z.enum(['1', '2']), support: z.enum(['rigid', 'flexible']) })
    .optional(),
  criticality: z.enum(['A', 'B', 'C']).default('B'),
  /** What one hour of standstill costs, in the plant's currency. */
  stop_cost: z.number().nonnegative().optional(),
  components: z.array(nameSchema).default([]),
  /** How far the events of this asset may arrive out of order; `time.disorder` of the rules without it. */
  disorder: durationSchema.optional(),
  /** The most that this asset may delay its line; `time.hold` of the rules without it. */
  hold: durationSchema.optional(),
  signals: z.record(nameSchema, signalSchema).default({}),
  points: z.array(pointSchema).default([]),
  /** Numbers that are its own, by names of the plant's own: rules name them as limits (`above: { attribute: max_temperature }`). */
  attributes: z.record(nameSchema, z.number()).default({}),
  /** Ids of this asset in other systems: `{ cmms: '4711' }`. */
  ids: z.record(z.string(), z.string()).default({}),
});

const lineSchema = z.strictObject({
  id: nameSchema,
  name: z.string().optional(),
  assets: z.array(assetSchema).default([]),
});

const shiftSchema = z.strictObject({
  id: nameSchema,
  start: z.string().regex(/^\d\d:\d\d$/, 'expected hh:mm'),
  end: z.string().regex(/^\d\d:\d\d$/, 'expected hh:mm'),
});

export const plantModelSchema = z.strictObject({
  id: nameSchema,
  name: z.string().optional(),
  time_zone: z.string().default('UTC'),
  /** Of `stop_cost`, as requests say it: `EUR`. */
  currency: z.string().max(8).optional(),
  lines: z.array(lineSchema).default([]),
  shifts: z.array(shiftSchema).default([]),
});

/** `plant.yaml`: one or more plants. Each is published on its own, as `model.<plant>`. */
export const plantFileSchema = z.strictObject({ plants: z.array(plantModelSchema).min(1) });

export type PlantModel = z.infer<typeof plantModelSchema>;
export type Asset = z.infer<typeof assetSchema>;
export type Point = z.infer<typeof pointSchema>;
export type Signal = z.infer<typeof signalSchema>;
export type Bearing = z.infer<typeof bearingSchema>;
