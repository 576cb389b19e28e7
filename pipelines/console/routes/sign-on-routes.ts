/** Signing in by a provider: the ways there are, there and back, and out. */

import { z } from 'zod';
import { claimsOfTable } from '../access/claims.ts';
import { SignOnFailure } from '../access/openid.ts';
import type { SingleSignOn } from '../access/sign-on.ts';
import { ApiProblem } from '../api/api-problem.ts';
import { API_PREFIX } from '../api/openapi.ts';
import { type ApiRoute, route, SpecialAnswer } from '../api/route.ts';
import type { Services } from './services.ts';

const BEGIN_PATH = '/session/provider';
/** Where the provider sends browsers back to: registered there as `<page>/api/v1/session/provider/callback`. */
export const CALLBACK_PATH = '/session/provider/callback';

const waysSchema = z.object({
  local: z.boolean().describe('Whether local accounts sign in.'),
  provider: z
    .object({
      name: z.string(),
      begin: z.string().describe('Address that leads a browser to the provider.'),
      claims: z.array(z.string()).describe('Claims in which roles are looked for.'),
    })
    .nullable(),
});

const text = z.string().max(8_192).optional();
/** What a provider answers (RFC 6749, OpenID Connect Core, RFC 9207). What else it adds is not looked at. */
const answerQuery = z.object({
  code: text,
  state: text,
  iss: text,
  error: text,
  error_description: text,
});

/** A place of the page: only ever put behind the `#` of our own address. Anything else is the start. */
const placeQuery = z
  .string()
  .max(1_000)
  .regex(/^\/[\w.~%/-]*(?:\?[\w.~%&=+/-]*)?$/)
  .optional()
  .catch(undefined)
  .describe('Where in the page to go afterwards, as it stands behind its #.');

export function signOnRoutes(services: Services): readonly ApiRoute[] {
  return [waysRoute(services), beginRoute(services), callbackRoute(services), endRoute(services)];
}

function waysRoute(services: Services): ApiRoute {
  return route({
    id: 'getSignInWays',
    method: 'GET',
    path: '/session/ways',
    tag: 'Session',
    access: 'everybody',
    summary: 'How people sign in here: by local accounts, by a provider, or by both.',
    answer: waysSchema,
    async handle() {
      const { signOn } = services;
      if (signOn === undefined) return { local: true, provider: null };
      const { name, page, roles } = signOn.settings;
      const begin = `${page}${API_PREFIX}${BEGIN_PATH}`;
      return { local: !signOn.isLocalOff, provider: { name, begin, claims: claimsOfTable(roles) } };
    },
  });
}

function beginRoute(services: Services): ApiRoute {
  return route({
    id: 'beginSignOn',
    method: 'GET',
    path: BEGIN_PATH,
    tag: 'Session',
    access: 'everybody',
    summary: 'Leads a browser to the provider (303).',
    status: 303,
    querySchema: z.object({
      place: placeQuery,
      again: z
        .literal('true')
        .optional()
        .describe('The provider asks who it is, also where it knows somebody already.'),
    }),
    handle: ({ query: { place = '', again } }) =>
      leadingBack(services, async (signOn) => {
        const { url, cookie } = await signOn.begin(place, again === 'true');
        return { location: url.href, attempt: cookie };
      }),
  });
}

function callbackRoute(services: Services): ApiRoute {
  return route({
    id: 'finishSignOn',
    method: 'GET',
    path: CALLBACK_PATH,
    tag: 'Session',
    access: 'everybody',
    summary:
      'Where the provider sends a browser back to: begins a session, and leads to the page (303).',
    status: 303,
    querySchema: answerQuery,
    handle: ({ query, attempt }) =>
      leadingBack(services, async (signOn) => {
        const given = Object.entries(query).filter(([, value]) => value !== undefined);
        const answer = Object.fromEntries(given) as Readonly<Record<string, string>>;
        const { session, place } = await signOn.finish(answer, attempt);
        return { location: pageAt(signOn, place), session, attempt: null };
      }),
  });
}

function endRoute(services: Services): ApiRoute {
  return route({
    id: 'leaveProvider',
    method: 'POST',
    path: '/session/provider/end',
    tag: 'Session',
    access: 'signed-in',
    summary: 'Ends the session, and says where the one at the provider ends.',
    answer: z.object({
      next: z
        .string()
        .nullable()
        .describe('Address that a browser goes to; null where the provider offers none.'),
    }),
    async handle({ session }) {
      if (session === undefined) return new SpecialAnswer({ body: { next: null } });
      const next = await services.signOn?.end(session);
      if (services.signOn === undefined) await services.sessions.end(session);
      return new SpecialAnswer({ body: { next: next?.href ?? null }, session: null });
    },
  });
}

type Lead = {
  readonly location: string;
  readonly session?: string;
  readonly attempt: string | null;
};

/** People come by their browser: what went wrong is said by the page, and in the log. */
async function leadingBack(
  { signOn, onSignOnFailure }: Services,
  work: (signOn: SingleSignOn) => Promise<Lead>,
): Promise<SpecialAnswer> {
  if (signOn === undefined) {
    throw new ApiProblem('not-found', 'expected a provider in the configuration, found none');
  }
  try {
    return new SpecialAnswer({ body: undefined, ...(await work(signOn)) });
  } catch (error) {
    if (!(error instanceof SignOnFailure)) throw error;
    onSignOnFailure(error);
    const location = pageAt(signOn, `/sign-in/${error.reason}`);
    // Another answer may still come for the cookie that is there: only one that was used up is taken away.
    return new SpecialAnswer({
      ...{ body: undefined, location },
      ...(error.reason === 'stale' ? {} : { attempt: null }),
    });
  }
}

function pageAt({ settings }: SingleSignOn, place: string): string {
  return `${settings.page}/${place === '' ? '' : `#${place}`}`;
}
