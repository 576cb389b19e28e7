import { z } from 'zod';
import { REQUEST_STATUSES } from '../../operators/model/machine-event.ts';
import { type Duration, durationSchema } from '../../operators/model/time.ts';

import { FIELD_NAMES, PAGE_NAMES } from './fields.ts';
import { secretSchema } from './secret.ts';
import { FILTERS, parsePlaceholder, placeholdersOf, type Template } from './template.ts';

const NAMES: ReadonlySet<string> = new Set([...FIELD_NAMES, ...PAGE_NAMES]);

/** Every placeholder is checked when the file is read, not when the first request needs it. */
function checkPlaceholders(template: Template, context: z.RefinementCtx): void {
  for (const text of placeholdersOf(template)) {
    const placeholder = parsePlaceholder(text);
    if (placeholder !== undefined && NAMES.has(placeholder.path[0] ?? '')) continue;
    context.addIssue({
      code: 'custom',
      message:
        `expected placeholders such as {{title}}, {{ids.cmms?}} or {{time|iso}} instead of {{${text}}} ` +
        `(names: ${FIELD_NAMES.join(', ')}; filters: ${FILTERS.join(', ')})`,
    });
  }
}

const textTemplate = z.string().superRefine(checkPlaceholders);
const jsonTemplate: z.ZodType<Template> = z.json().superRefine(checkPlaceholders);
const pointer = z
  .string()
  .regex(/^(\/[^/]*)*$/, 'expected a JSON pointer such as /items/0/id, or "" for the whole answer');

const milliseconds = (byDefault: Duration) =>
  durationSchema.default(byDefault).transform((duration) => duration / 1_000);
const seconds = (count: number) => (count * 1_000_000) as Duration;

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

const callFields = {
  path: textTemplate,
  query: z.record(z.string(), textTemplate).default({}),
  headers: z.record(z.string(), textTemplate).default({}),
  body: jsonTemplate.optional(),
};

/** How the rest of an answer is had that comes in pages; the call is made until all of them were read. */
const pagesSchema = z
  .strictObject({
    /** Where the answer has the address of the next page; the last one has none. */
    next: pointer.optional(),
    /** Or: how many hits a full page has. The call names the page as `{{page}}` or `{{offset}}`. */
    size: z.int().min(1).optional(),
    /** The number of the first page. */
    first: z.int().default(0),
  })
  .refine(({ next, size }) => (next === undefined) !== (size === undefined), {
    message: 'expected either `next` or `size`',
  });

const writeSchema = z.strictObject({
  ...callFields,
  method: z.enum(METHODS),
  /** A question that is asked before the call: the text at `at` holds `contains` when it has been made already. */
  done: z
    .strictObject({
      ...callFields,
      method: z.enum(METHODS).default('GET'),
      at: pointer.default(''),
      contains: textTemplate,
    })
    .optional(),
});

const authSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('basic'), user: secretSchema, password: secretSchema }),
  z.strictObject({ kind: z.literal('bearer'), token: secretSchema }),
  z.strictObject({ kind: z.literal('header'), name: z.string().min(1), value: secretSchema }),
  z.strictObject({
    kind: z.literal('login'),
    method: z.enum(METHODS).default('POST'),
    path: z.string(),
    /** Values may be secrets: `{ env: NAME }`. */
    body: z.record(z.string(), secretSchema),
    /** Where the token is in the answer, and how it is shown from then on. */
    token: pointer,
    header: z.string().default('Authorization'),
    prefix: z.string().default('Bearer '),
  }),
]);

/** How one CMMS is spoken to. `docs/cmms.md` explains every part; times are milliseconds once it has been read. */
export const cmmsConfigSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/, 'expected a-z, 0-9 and -'),
  base: secretSchema,
  auth: authSchema.default({ kind: 'none' }),
  /** Sent with every call. */
  headers: z.record(z.string(), secretSchema).default({}),
  /** Our words to theirs, for `|map:<table>`. */
  maps: z.record(z.string(), z.record(z.string(), z.union([z.string(), z.number()]))).default({}),
  /** Finds the objects that carry a request's id. Asked before anything is created. */
  search: z
    .strictObject({
      ...callFields,
      method: z.enum(METHODS).default('GET'),
      /** The list of hits; within one hit the remote id and the field that carries our id. */
      hits: pointer.default(''),
      remote: pointer.default('/id'),
      key: pointer,
      match: z.enum(['equals', 'contains']).default('equals'),
      pages: pagesSchema.optional(),
      /** The search gives others too: every page is read. Otherwise, others mean that the filter was ignored. */
      fuzzy: z.boolean().default(false),
    })
    .refine(({ fuzzy, pages }) => !fuzzy || pages !== undefined, {
      message: 'expected `pages` beside `fuzzy`: one page of others is not the whole answer',
    }),
  create: z.strictObject({
    ...callFields,
    method: z.enum(METHODS).default('POST'),
    /** Where the answer names the new object. Without it, it is searched for. */
    remote: z
      .union([pointer.transform((at) => ({ pointer: at })), z.strictObject({ header: z.string() })])
      .optional(),
    /** Statuses that mean "there is one already": it is searched for. */
    exists: z.array(z.number().int()).default([409]),
  }),
  update: writeSchema.optional(),
  withdraw: writeSchema.optional(),
  close: writeSchema.optional(),
  status: z
    .strictObject({
      ...callFields,
      method: z.enum(METHODS).default('GET'),
      /** Where the word is; of several places, the first whose word is mapped. */
      at: z.union([pointer.transform((one) => [one]), z.array(pointer).min(1)]),
      note: pointer.optional(),
      words: z.record(z.string(), z.enum(REQUEST_STATUSES)),
      /** What it means when the object is gone (404, 410). */
      gone: z.enum(REQUEST_STATUSES).optional(),
      /** What it means when there is an object, and no word in it. */
      absent: z.enum(REQUEST_STATUSES).optional(),
      /** Many at once: a list of objects, each as the call above gives one. Who is not in it is asked for alone. */
      list: z
        .strictObject({
          ...callFields,
          method: z.enum(METHODS).default('GET'),
          hits: pointer.default(''),
          remote: pointer.default('/id'),
          pages: pagesSchema.optional(),
        })
        .optional(),
      every: milliseconds(seconds(10)),
    })
    .optional(),
  /** How long an answer is waited for. */
  timeout: milliseconds(seconds(10)),
  /**
   * How long the CMMS may go on with a call that nobody waits for any more. Nothing is created again sooner: a search
   * before that would miss what is still being written.
   */
  settle: milliseconds(seconds(10)),
  /**
   * Requests that were over for so long leave the outbox and the ledger. Never sooner than a day after the log has
   * forgotten what they came from.
   */
  keep: milliseconds(seconds(90 * 86_400)),
  /** How many requests are worked on at a time. */
  concurrency: z.number().int().min(1).max(64).default(4),
  rate: z
    .strictObject({ per_minute: z.number().positive(), burst: z.number().int().min(1).default(1) })
    .optional(),
  retry: z
    .strictObject({
      first: milliseconds(seconds(1)),
      most: milliseconds(seconds(60)),
      /** A CMMS that is away is waited for without end. One that answers "error" so often has refused. */
      faults: z.number().int().min(1).default(10),
    })
    .prefault({}),
  breaker: z
    .strictObject({
      failures: z.number().int().min(1).default(5),
      pause: milliseconds(seconds(10)),
    })
    .prefault({}),
});

export type CmmsConfig = z.infer<typeof cmmsConfigSchema>;
/** One call as it is described: search, create, status, a write or its question. */
export type CallConfig = Pick<
  CmmsConfig['search'],
  'method' | 'path' | 'query' | 'headers' | 'body'
>;
export type WriteConfig = z.infer<typeof writeSchema>;
/** A call whose answer is a list, perhaps in pages. */
export type ListConfig = CallConfig & Pick<CmmsConfig['search'], 'hits' | 'remote' | 'pages'>;
export type StatusConfig = NonNullable<CmmsConfig['status']>;
export type AuthConfig = z.infer<typeof authSchema>;
