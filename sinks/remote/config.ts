import { z } from 'zod';
import { REQUEST_STATUSES } from '../../operators/model/machine-event.ts';
import {
  callFieldsOf,
  createSchemaOf,
  doneSchemaOf,
  listSchema,
  METHODS,
  millisecondsOf,
  NO_PAGES,
  pointerSchema,
  reachFields,
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
});

/** Where the state of an object stands, in words that are mapped to ours: a kind of words for each that asks. */
export function stateFieldsOf<W extends z.ZodType<string>>(word: W) {
  return {
    ...callFieldsOf(['id', 'remote']),
    method: z.enum(METHODS).default('GET'),
    /** Where the word is; of several places, the first whose word is mapped. */
    at: z.union([pointerSchema.transform((one) => [one]), z.array(pointerSchema).min(1)]),
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

/** How one CMMS is spoken to. `docs/cmms.md` explains every part; times are milliseconds once it has been read. */
export const cmmsConfigSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/, 'expected a-z, 0-9 and -'),
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
});

export type CmmsConfig = z.infer<typeof cmmsConfigSchema>;
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
