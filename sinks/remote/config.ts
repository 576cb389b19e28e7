import { z } from 'zod';
import { severitySchema } from '../../operators/model/detector-rule.ts';
import type { AssetKey } from '../../operators/model/key.ts';
import { REQUEST_STATUSES } from '../../operators/model/machine-event.ts';
import { prioritySchema } from '../../operators/model/trigger-rule.ts';
import {
  callFieldsOf,
  changedObjectsSchema,
  createSchemaOf,
  doneSchemaOf,
  listSchema,
  METHODS,
  millisecondsOf,
  NO_PAGES,
  pointerSchema,
  reachFields,
  sameSchemaOf,
  searchSchemaOf,
  secondsOf,
  timingFields,
} from './call-config.ts';
import { FIELD_NAMES } from './fields.ts';

const callFields = callFieldsOf(FIELD_NAMES);

const writeSchema = z.strictObject({
  ...callFields,
  method: z.enum(METHODS),
  /** A question that is asked before the call: the text at `at` holds `contains` when it has been made already. */
  done: doneSchemaOf(FIELD_NAMES).optional(),
  /** What is read right before the call. Its ETag goes with the call: nobody else has changed the object since. */
  match: z.strictObject({ ...callFields, method: z.enum(METHODS).default('GET') }).optional(),
});

const placesSchema = z.union([
  pointerSchema.transform((one) => [one]),
  z.array(pointerSchema).min(1),
]);

/** Where the state of an object stands, in words that are mapped to ours: a kind of words for each that asks. */
export function stateFieldsOf<W extends z.ZodType<string>>(word: W) {
  return {
    ...callFieldsOf(['id', 'remote']),
    method: z.enum(METHODS).default('GET'),
    /** Where the word is; of several places, the first whose word is mapped. */
    at: placesSchema,
    note: pointerSchema.optional(),
    words: z.record(z.string(), word),
    /** What it means when the object is gone (404, 410). */
    gone: word.optional(),
    /** What it means when there is an object, and no word in it. */
    absent: word.optional(),
    /** Many at once: a list of objects, each as the call above gives one. Who is not in it is asked for alone. */
    list: listSchema.optional(),
    every: millisecondsOf(secondsOf(10)),
  };
}

const assetKeySchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]+\/[A-Za-z0-9_-]+\/[A-Za-z0-9_-]+$/, 'expected plant/line/asset')
  .transform((key) => key as AssetKey);

/** Work orders that the CMMS made itself: the objects of `changes` without our key. */
const ordersSchema = z.strictObject({
  /** Where the word of their status is, and what it means; those of `status` unless said. */
  at: placesSchema.optional(),
  words: z.record(z.string(), z.enum(REQUEST_STATUSES)).optional(),
  /** Our name of the asset (`plant/line/asset`), or theirs, which `assets` maps to ours. */
  asset: pointerSchema,
  assets: z.record(z.string(), assetKeySchema).default({}),
  origin: pointerSchema.optional(),
  title: pointerSchema.optional(),
  description: pointerSchema.optional(),
  work: pointerSchema.optional(),
  component: pointerSchema.optional(),
  failure_mode: pointerSchema.optional(),
  priority: pointerSchema.optional(),
  priorities: z.record(z.string(), prioritySchema).default({}),
  /** A list of texts, or of objects with an id. */
  parts: pointerSchema.optional(),
  /** Hours. */
  duration: pointerSchema.optional(),
  start: pointerSchema.optional(),
  end: pointerSchema.optional(),
  every: millisecondsOf(secondsOf(30)),
  /** How far back the first look goes. */
  lookback: millisecondsOf(secondsOf(30 * 86_400)),
});
export type OrdersConfig = z.infer<typeof ordersSchema>;

const patternsSchema = z.array(z.string().min(1)).min(1).optional();

/** Which requests a CMMS takes, of several: those that fit all that is said. In a pattern `*` stands for any characters. */
const takesSchema = z
  .strictObject({
    plants: patternsSchema,
    /** plant/line/asset */
    assets: patternsSchema,
    works: patternsSchema,
    severities: z.array(severitySchema).min(1).optional(),
    priorities: z.array(prioritySchema).min(1).optional(),
  })
  .refine((takes) => Object.values(takes).some((patterns) => patterns !== undefined), {
    message: 'expected plants, assets, works, severities or priorities',
  });

/** How one CMMS is spoken to. `docs/cmms.md` explains every part; times are milliseconds once it has been read. */
const describedCmmsSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/, 'expected a-z, 0-9 and -'),
  /** Without it, it takes what no other takes. */
  takes: takesSchema.optional(),
  /** Names of those whose requests it has taken over, of the plants and assets that it takes. */
  succeeds: z.array(z.string().min(1)).default([]),
  ...reachFields,
  ...timingFields,
  /** Finds the objects that carry a request's id. */
  search: searchSchemaOf(FIELD_NAMES).refine(
    ({ fuzzy, pages }) => !fuzzy || pages !== undefined,
    NO_PAGES,
  ),
  create: createSchemaOf(FIELD_NAMES),
  update: writeSchema.optional(),
  withdraw: writeSchema.optional(),
  close: writeSchema.optional(),
  status: z.strictObject(stateFieldsOf(z.enum(REQUEST_STATUSES))).optional(),
  changes: changedObjectsSchema.optional(),
  same: sameSchemaOf(FIELD_NAMES).default({}),
  orders: ordersSchema.optional(),
});

export const cmmsConfigSchema = describedCmmsSchema
  .refine(({ orders, changes }) => orders === undefined || changes !== undefined, {
    path: ['orders'],
    message: 'expected `changes` beside `orders`, which lists what changed',
  })
  .refine(({ orders, status }) => orders === undefined || (orders.words ?? status) !== undefined, {
    path: ['orders'],
    message: 'expected `status` beside `orders`, or `at` and `words` in it',
  });

export type CmmsConfig = z.infer<typeof cmmsConfigSchema>;

const severalCmmsSchema = z
  .array(cmmsConfigSchema)
  .min(1)
  .superRefine((all, context) => {
    for (const [at, { name, takes, succeeds }] of all.entries()) {
      const twice = all.findIndex((one) => one.name === name) < at;
      const others = takes === undefined && all.findIndex((one) => one.takes === undefined) < at;
      const wrong = (path: string, message: string) =>
        context.addIssue({ code: 'custom', path: [at, path], message });
      if (twice) wrong('name', `expected a name of its own, found ${name} twice`);
      if (succeeds.includes(name)) wrong('succeeds', `expected others than ${name} itself`);
      if (succeeds.length > 0 && (takes?.works ?? takes?.severities ?? takes?.priorities)) {
        wrong('succeeds', 'expected it where `takes` has plants and assets alone');
      }
      if (others) wrong('takes', 'expected `takes`: one CMMS alone takes what no other takes');
    }
  });

/** One CMMS, or a list of several, as a configuration has them. */
export function cmmsSchemaOf(written: unknown): z.ZodType<CmmsConfig | readonly CmmsConfig[]> {
  return Array.isArray(written) ? severalCmmsSchema : cmmsConfigSchema;
}

/** Every CMMS of a configuration; none where `written` is undefined. */
export function readCmmses(written: unknown): readonly CmmsConfig[] {
  return written === undefined ? [] : [cmmsSchemaOf(written).parse(written)].flat();
}

export type WriteConfig = z.infer<typeof writeSchema>;
export type StatusConfig = NonNullable<CmmsConfig['status']>;

const anyState = z.strictObject(stateFieldsOf(z.string()));
/** Where the state of an object stands, whatever our words for it are. */
export type StateReading<S extends string> = Omit<
  z.infer<typeof anyState>,
  'words' | 'gone' | 'absent'
> & {
  /** Values of the object, by name. */
  readonly gives?: Readonly<Record<string, string>>;
  readonly words: Readonly<Record<string, S>>;
  readonly gone?: S | undefined;
  readonly absent?: S | undefined;
};
