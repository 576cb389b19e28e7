import { z } from 'zod';
import { exampleEventSchema, offset } from './pattern-example.ts';
import { assetSchema, nameSchema } from './plant-model.ts';
import { type Duration, SECOND } from './time.ts';

const value = z.union([z.number(), z.boolean(), z.string(), z.tuple([z.number(), z.number()])]);

/** A stretch of telemetry of one asset: a number holds, two numbers are a straight line from the one to the other. */
const stretchSchema = z
  .object({
    asset: nameSchema.default('machine'),
    from: offset,
    to: offset,
    every: offset.default((10 * SECOND) as Duration),
  })
  .catchall(value)
  .refine(({ from, to, every }) => to > from && every > 0, 'expected to after from, and an every')
  .refine(({ from, to, every }) => (to - from) / every <= 20_000, 'expected at most 20,000 frames');

export type Stretch = z.infer<typeof stretchSchema>;

const facts = exampleEventSchema.refine(
  ({ event, schedule }) => event !== undefined || schedule !== undefined,
  'expected event or schedule: what detectors say follows from the readings here',
);

/** Of a request as it stands in the end. */
const requestSchema = z.strictObject({
  asset: nameSchema.optional(),
  action: z.enum(['open', 'update', 'withdraw', 'close']).optional(),
  priority: z.string().optional(),
  component: z.string().optional(),
  failure_mode: z.string().optional(),
});

/** Readings and facts, and what the rules as a whole must make of them. Lists that are not there are not compared. */
export const rulesExampleSchema = z.strictObject({
  name: z.string().min(1).max(200),
  assets: z
    .record(nameSchema, assetSchema.omit({ id: true, disorder: true }).partial())
    .default({}),
  readings: z.array(stretchSchema).max(100).default([]),
  events: z.array(facts).max(1_000).default([]),
  /** How far time goes on. Without it half an hour past the last message. */
  until: offset.optional(),
  expect: z.strictObject({
    /** The detectors whose anomalies are raised, one name for each. */
    anomalies: z.array(nameSchema).optional(),
    /** The rules of the incidents. */
    incidents: z.array(nameSchema).optional(),
    requests: z.array(requestSchema).optional(),
  }),
});

export type RulesExample = z.infer<typeof rulesExampleSchema>;
