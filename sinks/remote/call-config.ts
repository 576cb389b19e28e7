/** What every description of a remote system is made of: how it is reached, its calls with their templates, and pages. */

import { z } from 'zod';
import { type Duration, durationSchema } from '../../operators/model/time.ts';
import { PAGE_NAMES } from './fields.ts';
import { secretJsonSchema, secretSchema } from './secret.ts';
import { FILTERS, parsePlaceholder, placeholdersOf, type Template } from './template.ts';
import { type ValueExpression, valueExpressionOf } from './values.ts';

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Where something stands in an answer. */
export const pointerSchema = z
  .string()
  .regex(/^(\/[^/]*)*$/, 'expected a JSON pointer such as /items/0/id, or "" for the whole answer');

/** In the body of an answer, or in one of its headers. */
export const placeSchema = z.union([
  pointerSchema.transform((at) => ({ pointer: at })),
  z.strictObject({ header: z.string().min(1) }),
]);
export type AnswerPlace = z.infer<typeof placeSchema>;

/** A place, or what CEL makes of the answer and of what is known so far. */
export const valueSchemaOf = (names: readonly string[]) =>
  z.union([placeSchema, z.strictObject({ cel: valueExpressionOf(names) })]);
export type AnswerValue = AnswerPlace | { readonly cel: ValueExpression };

export const millisecondsOf = (byDefault: Duration) =>
  durationSchema.default(byDefault).transform((duration) => duration / 1_000);
export const secondsOf = (count: number) => (count * 1_000_000) as Duration;

/** Fields of a call, whose placeholders begin with one of `names`. Checked when the file is read, not when it is used. */
export function callFieldsOf(names: readonly string[]) {
  const { text, json } = templatesOf(names);
  return {
    path: text,
    query: z.record(z.string(), text).default({}),
    headers: z.record(z.string(), text).default({}),
    body: json.optional(),
  };
}

/** A template of a text, and one of JSON. */
export function templatesOf(names: readonly string[]) {
  const allowed: ReadonlySet<string> = new Set([...names, ...PAGE_NAMES]);
  function check(template: Template, context: z.RefinementCtx): void {
    for (const text of placeholdersOf(template)) {
      const placeholder = parsePlaceholder(text);
      if (placeholder !== undefined && allowed.has(placeholder.path[0] ?? '')) continue;
      context.addIssue({
        code: 'custom',
        message:
          `expected placeholders such as {{${names[0]}}}, {{${names[1]}?}} or {{time|iso}} instead of {{${text}}} ` +
          `(names: ${names.join(', ')}; filters: ${FILTERS.join(', ')})`,
      });
    }
  }
  const text = z.string().superRefine(check);
  const json: z.ZodType<Template> = z.json().superRefine(check);
  return { text, json };
}

/** How the rest of an answer is had that comes in pages; the call is made until all of them were read. */
export const pagesSchema = z
  .strictObject({
    /** Where the answer has the address of the next page; the last one has none. */
    next: pointerSchema.optional(),
    /** Or: how many hits a full page has. The call names the page as `{{page}}` or `{{offset}}`. */
    size: z.int().min(1).optional(),
    /** The number of the first page. */
    first: z.int().default(0),
  })
  .refine(({ next, size }) => (next === undefined) !== (size === undefined), {
    message: 'expected either `next` or `size`',
  });

/** Finds the objects that carry a key. Asked before anything is created. */
export function searchSchemaOf(names: readonly string[]) {
  return z.strictObject({
    ...callFieldsOf(names),
    method: z.enum(METHODS).default('GET'),
    /** The list of hits; within one hit the remote id and the field that carries our key. */
    hits: pointerSchema.default(''),
    remote: pointerSchema.default('/id'),
    key: pointerSchema,
    match: z.enum(['equals', 'contains']).default('equals'),
    pages: pagesSchema.optional(),
    /** The search gives others too: every page is read. Otherwise, others mean that the filter was ignored. */
    fuzzy: z.boolean().default(false),
  });
}

export const NO_PAGES = {
  message: 'expected `pages` beside `fuzzy`: one page of others is not the whole answer',
};

/** Makes an object. */
export function createSchemaOf(names: readonly string[]) {
  return z.strictObject({
    ...callFieldsOf(names),
    method: z.enum(METHODS).default('POST'),
    /** Where the answer names the new object. Without it, it is searched for. */
    remote: placeSchema.optional(),
    /** Statuses that mean "there is one already": it is searched for. */
    exists: z.array(z.number().int()).default([409]),
  });
}

/** A question that is asked before a change: the text at `at` holds one of `contains` when it was made already. */
export function doneSchemaOf(names: readonly string[]) {
  const { text } = templatesOf(names);
  return z.strictObject({
    ...callFieldsOf(names),
    method: z.enum(METHODS).default('GET'),
    at: pointerSchema.default(''),
    contains: z.union([text.transform((one) => [one]), z.array(text).min(1)]),
  });
}

/** A list of objects, to read the state of many by one call. */
export const listSchema = z.strictObject({
  ...callFieldsOf(['id', 'remote']),
  method: z.enum(METHODS).default('GET'),
  hits: pointerSchema.default(''),
  remote: pointerSchema.default('/id'),
  pages: pagesSchema.optional(),
});

const loginName = z
  .string()
  .regex(/^[a-z][a-z_]{0,31}$/, 'expected a-z and _')
  .refine((name) => name !== 'token', 'expected another name than token: that is at `token`');

/**
 * Lists the objects that changed since a time, in an order that changes do not alter, each with our key where it has one. For
 * what the system made itself, and to compare both sides.
 */
export const changedObjectsSchema = z.strictObject({
  ...callFieldsOf(['since', 'page']),
  method: z.enum(METHODS).default('GET'),
  hits: pointerSchema.default(''),
  remote: pointerSchema.default('/id'),
  key: pointerSchema,
  /** When it last changed: an ISO time, or a number of seconds or milliseconds. */
  changed: pointerSchema,
  pages: pagesSchema.optional(),
});
export type ChangesConfig = z.infer<typeof changedObjectsSchema>;

/** What an object has to hold of what was sent, by place: other values are a difference. */
export function sameSchemaOf(names: readonly string[]) {
  return z.record(pointerSchema, templatesOf(names).json);
}

const authSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('basic'), user: secretSchema, password: secretSchema }),
  z.strictObject({ kind: z.literal('bearer'), token: secretSchema }),
  z.strictObject({ kind: z.literal('header'), name: z.string().min(1), value: secretSchema }),
  z
    .strictObject({
      kind: z.literal('login'),
      method: z.enum(METHODS).default('POST'),
      path: z.string(),
      /** Texts in it may be secrets: `{ env: NAME }`. */
      body: z.record(z.string(), secretJsonSchema),
      /** Where the token is in the answer. */
      token: pointerSchema,
      /** What else of the answer is shown. */
      values: z.record(loginName, pointerSchema).default({}),
      /** How they are shown from then on: `{{token}}` and the names of `values`; then encoded; then behind the prefix. */
      show: z.string().default('{{token}}'),
      encode: z.enum(['plain', 'base64']).default('plain'),
      header: z.string().default('Authorization'),
      prefix: z.string().default('Bearer '),
    })
    .superRefine(({ show, values }, context) => {
      const known = ['token', ...Object.keys(values)];
      for (const text of placeholdersOf(show)) {
        if (known.includes(text)) continue;
        const message = `expected placeholders of ${known.join(', ')} instead of {{${text}}}`;
        context.addIssue({ code: 'custom', path: ['show'], message });
      }
    }),
  /** Client credentials of RFC 6749, chapter 4.4. */
  z.strictObject({
    kind: z.literal('oauth2'),
    /** A path of `base`, or the whole address where another server gives the tokens. */
    path: z.string(),
    client: secretSchema,
    secret: secretSchema,
    scope: z.string().optional(),
    /** Where the client shows itself: in the header (Basic), or in the form. */
    in: z.enum(['header', 'form']).default('header'),
  }),
]);
export type AuthConfig = z.infer<typeof authSchema>;

/** A token that a write has to show, fetched before it: `x-csrf-token` of SAP and others. */
const csrfSchema = z.strictObject({
  path: z.string(),
  method: z.enum(METHODS).default('GET'),
  /** What asks for the token. */
  headers: z.record(z.string(), z.string()).default({ 'X-CSRF-Token': 'Fetch' }),
  /** Where the answer has it, and the header that shows it. Cookies of the answer are shown with it. */
  token: placeSchema.default({ header: 'x-csrf-token' }),
  header: z.string().default('X-CSRF-Token'),
});
export type CsrfConfig = z.infer<typeof csrfSchema>;

/** How a system with an HTTP interface is reached. */
export const reachFields = {
  base: secretSchema,
  auth: authSchema.default({ kind: 'none' }),
  csrf: csrfSchema.optional(),
  /** What it says by itself, of what has changed: see `webhook.ts`. */
  webhook: z.strictObject({ secret: secretSchema, key: pointerSchema.optional() }).optional(),
  /** Sent with every call. */
  headers: z.record(z.string(), secretSchema).default({}),
  /** Our words to theirs, for `|map:<table>`. */
  maps: z.record(z.string(), z.record(z.string(), z.union([z.string(), z.number()]))).default({}),
  /**
   * An answer with 2xx that has something there is a refusal. With one of the texts `passing` in it, or none of
   * `refusing` where there are such, it is a fault that passes.
   */
  errors: z
    .strictObject({
      at: pointerSchema,
      passing: z.array(z.string().min(1)).default([]),
      refusing: z.array(z.string().min(1)).min(1).optional(),
    })
    .optional(),
};

/** How much at a time, how long, how often. Times are milliseconds once they have been read. */
export const timingFields = {
  /** How long an answer is waited for. */
  timeout: millisecondsOf(secondsOf(10)),
  /**
   * How long the system may go on with a call that nobody waits for any more. Nothing is created again sooner: a search
   * before that would miss what is still being written.
   */
  settle: millisecondsOf(secondsOf(10)),
  /**
   * What was over for so long leaves the outbox and the ledger. Never sooner than a day after the log has forgotten what
   * it came from.
   */
  keep: millisecondsOf(secondsOf(90 * 86_400)),
  /** How many are worked on at a time. */
  concurrency: z.number().int().min(1).max(64).default(4),
  rate: z
    .strictObject({
      per_minute: z.number().positive(),
      burst: z.number().int().min(1).default(1),
      /** This share of the burst only what is urgent may use. */
      urgent: z.number().min(0).max(0.9).default(0.2),
    })
    .optional(),
  /** When both sides are compared: what changed, and now and then everything; and what is called late. */
  reconcile: z
    .strictObject({
      every: millisecondsOf(secondsOf(3_600)),
      full: millisecondsOf(secondsOf(86_400)),
      late: millisecondsOf(secondsOf(600)),
    })
    .prefault({}),
  retry: z
    .strictObject({
      first: millisecondsOf(secondsOf(1)),
      most: millisecondsOf(secondsOf(60)),
      /** A system that is away is waited for without end. One that answers "error" so often has refused. */
      faults: z.number().int().min(1).default(10),
    })
    .prefault({}),
  breaker: z
    .strictObject({
      failures: z.number().int().min(1).default(5),
      pause: millisecondsOf(secondsOf(10)),
    })
    .prefault({}),
};

const reachSchema = z.strictObject({ ...reachFields, ...timingFields });
export type ReachFields = z.infer<typeof reachSchema>;
/** What it takes to make calls. */
export type ReachConfig = Pick<
  z.infer<typeof reachSchema>,
  keyof typeof reachFields | 'timeout' | 'rate' | 'breaker'
>;

/** One call as it is described: search, create, status, a write or its question. */
export type CallConfig = Pick<
  z.infer<ReturnType<typeof searchSchemaOf>>,
  'method' | 'path' | 'query' | 'headers' | 'body'
>;
export type SearchConfig = z.infer<ReturnType<typeof searchSchemaOf>>;
export type CreateConfig = z.infer<ReturnType<typeof createSchemaOf>>;
export type DoneConfig = z.infer<ReturnType<typeof doneSchemaOf>>;
/** A call whose answer is a list, perhaps in pages. */
export type ListConfig = CallConfig & Pick<SearchConfig, 'hits' | 'remote' | 'pages'>;

/** How a mail server is reached, and in whose name. */
export const mailServerFields = {
  host: secretSchema,
  port: z.int().min(1).max(65_535).default(587),
  /** `always`: TLS from the first byte (port 465). `starttls`: no mail without it. `none`: on a trusted line only. */
  tls: z.enum(['always', 'starttls', 'none']).default('starttls'),
  user: secretSchema.optional(),
  password: secretSchema.optional(),
  from: z
    .string()
    .regex(/@[A-Za-z0-9.-]+>?$/, 'expected an address such as Andon <andon@example.com>'),
};
