/** What the API answers when it does not do what was asked: problem details by RFC 9457. */

import { z } from 'zod';

/** `application/problem+json`, with the fields of RFC 9457 and what was wrong where. */
export const problemSchema = z.object({
  type: z
    .string()
    .describe('Names the kind of the problem: the fragment of a page of the documentation.'),
  title: z.string().describe('The kind, in words; the same for all of it.'),
  status: z.int().describe('The status of the answer.'),
  detail: z.string().describe('What was expected, what was found, and what to do.'),
  instance: z.string().describe('The id of the request, as the log of the console has it.'),
  errors: z
    .array(z.object({ where: z.string(), message: z.string() }))
    .optional()
    .describe('What is wrong with the input, one by one.'),
  current: z
    .unknown()
    .optional()
    .describe('What is there now, where the act was for something older.'),
});

export type ApiProblemBody = z.infer<typeof problemSchema>;

const KINDS = {
  'bad-request': [400, 'The request cannot be read'],
  'not-signed-in': [401, 'Nobody is signed in'],
  'wrong-login': [401, 'The name or the password is wrong'],
  forbidden: [403, 'The account may not do this'],
  'not-found': [404, 'There is nothing of this name'],
  conflict: [409, 'Something else is true by now'],
  'too-large': [413, 'The request is too large'],
  'too-many': [429, 'There were too many requests'],
  defect: [500, 'The console failed'],
  away: [503, 'What this needs is away'],
} as const;

export type ApiProblemKind = keyof typeof KINDS;

/** Thrown by whatever answers a request; becomes the answer. */
export class ApiProblem extends Error {
  override name = 'ApiProblem' as const;
  readonly kind: ApiProblemKind;
  readonly more: Pick<ApiProblemBody, 'errors' | 'current'>;
  /** Seconds after which it is worth to ask again. */
  readonly after: number | undefined;

  constructor(
    kind: ApiProblemKind,
    detail: string,
    more: Pick<ApiProblemBody, 'errors' | 'current'> & { readonly after?: number } = {},
  ) {
    super(detail);
    const { after, ...rest } = more;
    this.kind = kind;
    this.more = rest;
    this.after = after;
  }

  get status(): number {
    return KINDS[this.kind][0];
  }

  body(instance: string): ApiProblemBody {
    const [status, title] = KINDS[this.kind];
    const type = `https://andon.invalid/problems#${this.kind}`;
    return { type, title, status, detail: this.message, instance, ...this.more };
  }
}

/** The input does not fit its schema: each fault with its place. */
export function inputProblem(what: string, error: z.ZodError): ApiProblem {
  const errors = error.issues.map(({ path, message }) => ({
    where: [what, ...path.map(String)].join('.'),
    message,
  }));
  const [first] = errors;
  return new ApiProblem('bad-request', `${first?.where}: ${first?.message}`, { errors });
}
