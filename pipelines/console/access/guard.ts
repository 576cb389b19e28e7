/** Who a request is from, and whether its route is for them. */

import type {} from '@fastify/cookie';
import type { FastifyRequest } from 'fastify';
import { ApiProblem } from '../api/api-problem.ts';
import type { ApiRoute } from '../api/route.ts';
import type { Accounts } from './accounts.ts';
import { csrfOf, type SessionStore } from './sessions.ts';
import type { SingleSignOn } from './sign-on.ts';
import { isNowhere, type LineReach, NOWHERE, reachOf, type Visitor } from './visitor.ts';

/** The header in which a page sends what only it knows: a form of another site cannot. */
export const CSRF_HEADER = 'x-andon-csrf';

export type AdmittedRequest = {
  readonly visitor: Visitor | undefined;
  readonly reach: LineReach;
};

export type GuardOptions = {
  readonly accounts: Accounts;
  readonly sessions: SessionStore;
  /** Undefined where no provider is configured: then nobody whom one vouched for is let in. */
  readonly signOn?: SingleSignOn | undefined;
  /** The name of the cookie. */
  readonly cookie: string;
};

/** Lets a request in, or throws an `ApiProblem`. */
export type RequestGuard = (request: FastifyRequest, route: ApiRoute) => Promise<AdmittedRequest>;

export function createGuard({ accounts, sessions, signOn, cookie }: GuardOptions): RequestGuard {
  async function visitorOf(
    request: FastifyRequest,
    keyInQuery: true | undefined,
  ): Promise<Visitor | undefined> {
    const { authorization = keyInQuery && keyOfQuery(request) } = request.headers;
    if (authorization !== undefined) {
      const [, key] = /^Bearer (\S{1,200})$/i.exec(authorization) ?? [];
      const program = key === undefined ? undefined : await accounts.program(key);
      if (program !== undefined) return program;
      throw new ApiProblem(
        'not-signed-in',
        'expected `Authorization: Bearer` with a key that is known',
      );
    }
    const token = request.cookies[cookie];
    if (token === undefined) return undefined;
    const user = await sessions.user(token);
    const visitor = user === undefined ? undefined : await visitorOfSession(token, user);
    if (visitor !== undefined && changes(request)) checkOrigin(request, token);
    return visitor;
  }

  function visitorOfSession(token: string, user: string): Promise<Visitor | undefined> {
    if (sessions.vouched(token) === undefined) {
      return signOn?.isLocalOff === true ? Promise.resolve(undefined) : accounts.find(user);
    }
    return signOn?.visitor(token, user) ?? Promise.resolve(undefined);
  }

  return async (request, route) => {
    const { access } = route;
    if (access === 'everybody' && request.method === 'POST') {
      checkFetchSite(request);
      return { visitor: undefined, reach: NOWHERE };
    }
    const visitor = await visitorOf(request, route.keyInQuery);
    if (access === 'everybody') return { visitor, reach: NOWHERE };
    if (visitor === undefined) {
      throw new ApiProblem(
        'not-signed-in',
        'Sign in, or send a key: `Authorization: Bearer andon_…`.',
      );
    }
    if (access === 'signed-in') return { visitor, reach: NOWHERE };
    const reach = reachOf(visitor.roles, access);
    if (isNowhere(reach)) {
      const held = visitor.roles.map(({ role }) => role).join(', ') || 'no role';
      throw new ApiProblem('forbidden', `${access} is not for ${held}. Ask an administrator.`);
    }
    return { visitor, reach };
  };
}

/** As the header would have it. */
function keyOfQuery({ query }: FastifyRequest): string | undefined {
  const key = typeof query === 'object' && query !== null && 'key' in query ? query.key : undefined;
  return typeof key === 'string' ? `Bearer ${key}` : undefined;
}

function changes({ method }: FastifyRequest): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

/** What a browser says of where a request comes from. Old ones say nothing; then the token alone decides. */
function checkFetchSite({ headers }: FastifyRequest): void {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return;
  throw new ApiProblem(
    'forbidden',
    'expected a request of the page itself, found one of another site',
  );
}

function checkOrigin(request: FastifyRequest, token: string): void {
  checkFetchSite(request);
  if (request.headers[CSRF_HEADER] === csrfOf(token)) return;
  throw new ApiProblem(
    'forbidden',
    `expected the header ${CSRF_HEADER} with the value that GET /me gives`,
  );
}
