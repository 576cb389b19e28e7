/** What a route of the API is. Handlers, the table of roles, OpenAPI and the tests are made from the list of routes. */

import { z } from 'zod';
import type { ApiAct } from '../../base/api-roles.ts';
import type { LineReach, Visitor } from '../access/visitor.ts';

/** Who may ask: everybody, whoever is signed in, or whoever may do an act. */
export type RouteAccess = 'everybody' | 'signed-in' | ApiAct;

/** What a handler gets: the input, checked, and who asks. */
export type Asked<Path, Query, Body> = {
  readonly path: Path;
  readonly query: Query;
  readonly body: Body;
  readonly visitor: Visitor | undefined;
  /** The lines in which the visitor may do the act of the route. */
  readonly reach: LineReach;
  /** A header of the request, by its name in small letters. */
  readonly header: (name: string) => string | undefined;
  readonly address: string;
  /** The token of the session, if it is one. */
  readonly session: string | undefined;
  /** The cookie of a sign-in that was begun in this browser. */
  readonly attempt: string | undefined;
};

/** A handler may answer with more than a body. */
export type Answered = {
  readonly body: unknown;
  readonly status?: number;
  /** Of a body that is no JSON, but bytes. */
  readonly type?: string;
  /** Begins or ends a session: the token of the cookie, or null. */
  readonly session?: string | null;
  /** The cookie of a sign-in that begins, or null when it is over. */
  readonly attempt?: string | null;
  /** Leads the browser elsewhere, to an address that is no input of a request. */
  readonly location?: string;
};

export type ApiRoute = {
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below `/api/v1`, with `{name}` for parts of the path. */
  readonly path: string;
  readonly access: RouteAccess;
  readonly summary: string;
  readonly tag: string;
  readonly pathSchema?: z.ZodObject;
  readonly querySchema?: z.ZodObject;
  readonly bodySchema?: z.ZodType;
  /** Of a body that is no JSON: the handler gets its bytes. */
  readonly bodyTypes?: readonly string[];
  /** Of the body; without it what is enough for JSON. */
  readonly mostBytes?: number;
  /** Headers that the route reads, with what they mean. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Of the body of a good answer; undefined where there is none, or where it is no JSON. */
  readonly answer?: z.ZodType;
  /** Of a good answer that is no JSON: a `SpecialAnswer` has its bytes. */
  readonly answerTypes?: readonly string[];
  readonly status?: number;
  /** A program may show its key as `key` of the query: for programs that send no headers. */
  readonly keyInQuery?: true;
  /** Undefined: the server answers by itself, as a stream. */
  readonly handle?: (asked: Asked<never, never, never>) => Promise<unknown>;
};

type Typed<Path extends z.ZodObject, Query extends z.ZodObject, Body extends z.ZodType> = Omit<
  ApiRoute,
  'pathSchema' | 'querySchema' | 'bodySchema' | 'handle'
> & {
  readonly pathSchema?: Path;
  readonly querySchema?: Query;
  readonly bodySchema?: Body;
  readonly handle: (
    asked: Asked<z.output<Path>, z.output<Query>, z.output<Body>>,
  ) => Promise<unknown>;
};

/** Declares a route: its handler gets what its schemas give. */
export function route<
  Path extends z.ZodObject = z.ZodObject<Record<never, never>>,
  Query extends z.ZodObject = z.ZodObject<Record<never, never>>,
  Body extends z.ZodType = z.ZodUndefined,
>(declared: Typed<Path, Query, Body>): ApiRoute {
  return declared as unknown as ApiRoute;
}

/** An answer with a status or a session of its own. */
export class SpecialAnswer {
  readonly answered: Answered;

  constructor(answered: Answered) {
    this.answered = answered;
  }
}

/** A name of the plant model: what may stand in a path. */
export const nameParameter = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'expected a name');

/** A time as ClickHouse writes it, as the API says it: UTC, RFC 3339. */
export const timeAnswer = z
  .string()
  .transform((text) => (text.includes('T') ? text : `${text.replace(' ', 'T')}Z`))
  .pipe(z.string().meta({ format: 'date-time' }));

/** A moment in a query: RFC 3339, or milliseconds since 1970. */
export const timeParameter = z
  .string()
  .refine(
    (text) => Number.isFinite(parameterMilliseconds(text)),
    'expected a time such as 2026-03-02T06:00:00Z',
  )
  .describe('RFC 3339, or milliseconds since 1970.');

export function parameterMilliseconds(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text);
}
