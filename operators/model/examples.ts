import { z } from 'zod';
import { ANOMALY_PHASES } from './anomaly.ts';
import { assumedReplySchema } from './assumed-reply.ts';
import { SEVERITIES } from './detector-rule.ts';
import { assetSchema, nameSchema } from './plant-model.ts';
import { SCHEDULE_KINDS } from './schedule.ts';
import { type Duration, parseDuration, SECOND } from './time.ts';

// Examples in rule files, which `andon test` plays: of one pattern, and of the rules as a whole.

/** A time of an example: `+2m30s` after its beginning. Also `2m30s`. */
const offset = z.string().transform((text, context) => {
  const duration = parseDuration(text.replace(/^\+/, ''));
  if (duration !== undefined) return duration;
  context.addIssue({
    code: 'custom',
    message: `expected a time after the beginning such as +0s or +2m30s, found "${text}"`,
  });
  return z.NEVER;
});

const field = z.union([z.string(), z.number(), z.boolean()]);

/** What an event of an example is, by the field that names it, and the fields that it may have besides. */
const EXAMPLE_KINDS = ['anomaly', 'event', 'window', 'features', 'schedule'] as const;
type ExampleKind = (typeof EXAMPLE_KINDS)[number];

/** What the machine was doing: any event may have it, and otherwise follows from the `state` events before it. */
export const SITUATION_FIELDS = [
  ...(['state', 'mode', 'order', 'operation', 'product', 'shift', 'planned'] as const),
] as const;

const TEXTS = ['rule', 'detector', 'point', 'component', 'failure_mode', 'phase', 'severity'];
const NUMBERS = ['score', 'value', 'limit'];
const STATISTICS = ['count', 'first', 'last', 'min', 'max', 'sum', 'mean', 'deviation', 'rms'];
const FIELDS: Readonly<Record<ExampleKind, RegExp | undefined>> = {
  anomaly: anyOf([...TEXTS, ...NUMBERS, 'unit', ...SITUATION_FIELDS]),
  event: undefined,
  window: anyOf([
    ...['rule', 'size', ...STATISTICS, 'peak_to_peak', 'crest', 'slope', 'p\\d+(_\\d+)?'],
    ...SITUATION_FIELDS,
  ]),
  features: anyOf(['component', 'rpm', 'vibration_[a-z0-9_]+', ...SITUATION_FIELDS]),
  schedule: anyOf(['id', 'from', 'to', 'order', 'segment', 'product']),
};

function anyOf(names: readonly string[]): RegExp {
  return new RegExp(`^(?:${names.join('|')})$`);
}

const common = {
  at: offset,
  /** With `times`: the same again, so often in all. */
  every: offset.optional(),
  times: z.number().int().min(1).max(10_000).optional(),
  asset: nameSchema.default('machine'),
};

/** One line of an example: when, what, and its fields, flat. */
const exampleEventSchema = z
  .object({
    ...common,
    anomaly: z.string().min(1).optional(),
    event: z.string().min(1).max(64).optional(),
    window: z.string().min(1).optional(),
    features: z.string().min(1).optional(),
    schedule: z.enum(SCHEDULE_KINDS).optional(),
  })
  .catchall(field)
  .superRefine((event, context) => {
    const kinds = EXAMPLE_KINDS.filter((kind) => event[kind] !== undefined);
    const [kind] = kinds;
    if (kind === undefined || kinds.length > 1) {
      const message = `expected one of ${EXAMPLE_KINDS.join(', ')} to say what happens`;
      context.addIssue({ code: 'custom', message });
      return;
    }
    if ((event.every === undefined) !== (event.times === undefined)) {
      context.addIssue({ code: 'custom', message: 'expected every and times together' });
    }
    if (kind === 'anomaly') checkAnomaly(event, context);
    const known = FIELDS[kind];
    for (const name of Object.keys(event)) {
      if (known === undefined || name in common || name === kind || known.test(name)) continue;
      const message = `expected no field ${name} of ${article(kind)}`;
      context.addIssue({ code: 'custom', path: [name], message });
    }
  });

function checkAnomaly(
  { phase, severity }: Readonly<Record<string, unknown>>,
  context: z.core.$RefinementCtx,
): void {
  const report = (name: string, allowed: readonly string[]) =>
    context.addIssue({ code: 'custom', path: [name], message: `expected ${allowed.join(', ')}` });
  if (phase !== undefined && !ANOMALY_PHASES.some((word) => word === phase))
    report('phase', ANOMALY_PHASES);
  if (severity !== undefined && !SEVERITIES.some((word) => word === severity)) {
    report('severity', SEVERITIES);
  }
}

function article(kind: ExampleKind): string {
  return /^[ae]/.test(kind) ? `an ${kind}` : kind === 'features' ? kind : `a ${kind}`;
}

export type ExampleEvent = z.infer<typeof exampleEventSchema>;

/** What should come out: which stage took the events of which times. */
export type ExpectedMatch = {
  readonly taken: Readonly<Record<string, readonly Duration[]>>;
  /** When the match was complete, or when its time ran out: if the example says so. */
  readonly at?: Duration;
  readonly timed_out?: Duration;
};

/** The times that an expected match may have besides its stages. */
export const EXPECTED_TIMES = ['at', 'timed_out'] as const;

const expectedSchema = z
  .record(nameSchema, z.union([offset, z.array(offset).min(1)]))
  .transform((entry, context): ExpectedMatch => {
    const taken: Record<string, readonly Duration[]> = {};
    const times: { -readonly [T in (typeof EXPECTED_TIMES)[number]]?: Duration } = {};
    for (const [name, value] of Object.entries(entry)) {
      const time = EXPECTED_TIMES.find((word) => word === name);
      if (time === undefined) taken[name] = Array.isArray(value) ? value : [value];
      else if (!Array.isArray(value)) times[time] = value;
      else context.addIssue({ code: 'custom', path: [name], message: 'expected one time' });
    }
    return { taken, ...times };
  });

/** Events and what the pattern must make of them. `andon test` runs it; nothing else looks at it. */
export const patternExampleSchema = z.strictObject({
  name: z.string().min(1).max(200),
  /** The assets that are more than a machine of class `machine`. */
  assets: z
    .record(
      nameSchema,
      z.strictObject({
        class: nameSchema.optional(),
        criticality: z.enum(['A', 'B', 'C']).optional(),
      }),
    )
    .default({}),
  events: z.array(exampleEventSchema).min(1).max(1_000),
  /** How far time goes on: past the last event by the pattern's `within`, if it does not say. */
  until: offset.optional(),
  expect: z.union(
    [z.literal('none').transform((): ExpectedMatch[] => []), z.array(expectedSchema)],
    'expected none, or a list of matches such as { rise: +0m, hot: [+2m, +4m] }',
  ),
});

export type PatternExample = z.infer<typeof patternExampleSchema>;

const value = z.union([z.number(), z.boolean(), z.string(), z.tuple([z.number(), z.number()])]);

/** Telemetry of one asset from one time to another: a number is constant, two numbers are a straight line from the one to the other. */
const exampleReadingsSchema = z
  .object({
    asset: nameSchema.default('machine'),
    from: offset,
    to: offset,
    every: offset.default((10 * SECOND) as Duration),
  })
  .catchall(value)
  .refine(({ from, to, every }) => to > from && every > 0, 'expected to after from, and an every')
  .refine(({ from, to, every }) => (to - from) / every <= 20_000, 'expected at most 20,000 frames');

export type ExampleReadings = z.infer<typeof exampleReadingsSchema>;

const factSchema = exampleEventSchema.refine(
  ({ event, schedule }) => event !== undefined || schedule !== undefined,
  'expected event or schedule: what detectors say follows from the readings here',
);

/** Of a request in its last revision. */
const requestSchema = z.strictObject({
  asset: nameSchema.optional(),
  action: z.enum(['open', 'update', 'withdraw', 'close']).optional(),
  priority: z.string().optional(),
  component: z.string().optional(),
  failure_mode: z.string().optional(),
});

/** A command of a workflow; what is left out is not compared. */
const expectedCommandSchema = z.strictObject({
  do: z.string(),
  step: z.string().optional(),
  asset: nameSchema.optional(),
  n: z.number().int().optional(),
  with: z.record(z.string(), z.unknown()).optional(),
});
export type ExpectedCommand = z.infer<typeof expectedCommandSchema>;

/** Readings and facts, and what the rules as a whole must make of them. Lists that are not there are not compared. */
export const rulesExampleSchema = z.strictObject({
  name: z.string().min(1).max(200),
  assets: z
    .record(nameSchema, assetSchema.omit({ id: true, disorder: true }).partial())
    .default({}),
  readings: z.array(exampleReadingsSchema).max(100).default([]),
  events: z.array(factSchema).max(1_000).default([]),
  /** What the systems around answer to commands; who is not named here is silent. */
  replies: z.array(assumedReplySchema).max(100).default([]),
  /** How far time goes on. Without it half an hour past the last message. */
  until: offset.optional(),
  expect: z.strictObject({
    /** The detectors whose anomalies are raised, one name for each. */
    anomalies: z.array(nameSchema).optional(),
    /** The rules of the incidents. */
    incidents: z.array(nameSchema).optional(),
    requests: z.array(requestSchema).optional(),
    /** In their order. Steps in shadow are tried as if they were on. */
    commands: z.array(expectedCommandSchema).optional(),
  }),
});

export type RulesExample = z.infer<typeof rulesExampleSchema>;
