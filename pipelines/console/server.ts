/** The HTTP server of the console: routes of the API, the stream of changes, the page, and what guards all of them. */

import { createHash, randomUUID } from 'node:crypto';
import cookies from '@fastify/cookie';
import rateLimit from '@fastify/rate-limit';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { boundConnections } from '../observe/http.ts';
import type { RequestGuard } from './access/guard.ts';
import { isSameReach } from './access/visitor.ts';
import { ApiProblem, inputProblem } from './api/api-problem.ts';
import { API_PREFIX } from './api/openapi.ts';
import { type ApiRoute, SpecialAnswer } from './api/route.ts';
import { type EventStreams, sendChanges } from './event-stream.ts';
import type { PageFile } from './page-files.ts';
import { LIVE_PATH } from './routes/routes.ts';

export type ServerOptions = {
  readonly base: string;
  /** Origins of pages that may show this one in a frame. */
  readonly frames: readonly string[];
  readonly proxies: readonly string[];
  /** PEM texts. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** Requests of one user in a minute. */
  readonly rate: number;
  readonly cookie: string;
  readonly routes: readonly ApiRoute[];
  readonly guard: RequestGuard;
  readonly streams: EventStreams;
  readonly page: ReadonlyMap<string, PageFile>;
  /** What went wrong with ourselves. */
  readonly onDefect: (error: Error, request: string) => void;
};

/** Bytes of a body, and milliseconds that a request may take to come in. */
const BODY = 64_000;
const INCOMING = 10_000;
/** Seconds that a cookie is kept: as long as a session at most. */
const COOKIE_AGE = 7 * 86_400;
/** Seconds that a person takes to sign in at a provider. */
const ATTEMPT_AGE = 600;

/**
 * Scripts, styles and pictures come from the console alone; nothing is written into the page, and no page shows this one
 * in a frame.
 */
const POLICY = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:"],
  ...["font-src 'self'", "connect-src 'self'", "manifest-src 'self'", "base-uri 'none'"],
  "form-action 'none'",
].join('; ');

/** Twice the streams of changes that there may be at a time. */
const MOST_CONNECTIONS = 1_000;

/** Makes the server; it does not listen yet. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const { base, proxies, tls } = options;
  const server = fastify({
    bodyLimit: BODY,
    requestTimeout: INCOMING,
    forceCloseConnections: true,
    trustProxy: proxies.length === 0 ? false : [...proxies],
    genReqId: requestId,
    ...(tls === undefined ? {} : { https: tls }),
  }) as unknown as FastifyInstance;
  boundConnections(server.server, MOST_CONNECTIONS);
  server.addContentTypeParser(/^image\//, { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  await server.register(cookies);
  await server.register(rateLimit, {
    max: options.rate,
    timeWindow: 60_000,
    keyGenerator: (request) => keyOf(request, options.cookie),
    errorResponseBuilder: (_request, { ttl }) => {
      const after = Math.ceil(ttl / 1_000);
      return new ApiProblem('too-many', `Ask again in ${after} s.`, { after });
    },
  });
  server.addHook('onSend', async (request, reply) =>
    guardHeaders(request, reply, { frames: options.frames, encrypted: tls !== undefined }),
  );
  server.setErrorHandler((error, request, reply) => answerProblem(error, request, reply, options));
  server.setNotFoundHandler((request, reply) => {
    const place = placeInPage(request, options.base);
    if (place !== undefined) return reply.header('Cache-Control', 'no-store').redirect(place);
    const detail = `expected a path of the API or the page, found ${request.method} ${request.url.slice(0, 200)}`;
    return answerProblem(new ApiProblem('not-found', detail), request, reply, options);
  });
  server.get(`${base}/healthz`, () => ({ status: 'ok' }));
  for (const route of options.routes) addRoute(server, route, options);
  addPage(server, options);
  return server;
}

/**
 * Where the page shows what a person asked for without its `#`: `/plant/works` is `/#/plant/works`. What is nowhere the
 * page says itself. Undefined for programs, for the API, and for files.
 */
function placeInPage({ method, url, headers }: FastifyRequest, base: string): string | undefined {
  const path = url.split('?')[0] ?? '';
  const isForPeople = method === 'GET' && /\btext\/html\b/.test(headers.accept ?? '');
  if (!isForPeople || !path.startsWith(`${base}/`) || path.startsWith(`${base}/api/`))
    return undefined;
  const place = path.slice(base.length);
  return /^(?:\/[\w.~%-]+)+\/?$/.test(place) && !/\.\w+$/.test(place)
    ? `${base}/#${place}`
    : undefined;
}

/** The id that a gateway gave, so that both logs tell of the same request; else a new one. */
function requestId(request: { readonly headers: Readonly<Record<string, unknown>> }): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(given) ? given : randomUUID();
}

/** Each session and each key on its own, and who has none by address: many people may share one. */
function keyOf(request: FastifyRequest, cookie: string): string {
  const who = request.headers.authorization ?? request.cookies[cookie];
  return who === undefined ? request.ip : createHash('sha256').update(who).digest('base64url');
}

function guardHeaders(
  request: FastifyRequest,
  reply: FastifyReply,
  { frames, encrypted }: Pick<ServerOptions, 'frames'> & { readonly encrypted: boolean },
): void {
  reply.header('X-Request-Id', request.id);
  const around = frames.length === 0 ? "'none'" : frames.join(' ');
  reply.header('Content-Security-Policy', `${POLICY}; frame-ancestors ${around}`);
  reply.header('X-Content-Type-Options', 'nosniff');
  reply.header('Referrer-Policy', 'no-referrer');
  reply.header('Cross-Origin-Opener-Policy', 'same-origin');
  reply.header('Cross-Origin-Resource-Policy', 'same-origin');
  reply.header('Permissions-Policy', 'camera=(), microphone=(), geolocation=()');
  if (encrypted || request.protocol === 'https') {
    reply.header('Strict-Transport-Security', 'max-age=31536000');
  }
}

function addRoute(server: FastifyInstance, route: ApiRoute, options: ServerOptions): void {
  const { method, path } = route;
  server.route({
    method,
    url: `${options.base}${API_PREFIX}${path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
    bodyLimit: route.mostBytes ?? BODY,
    // Before anything is read of whoever may not send it; what a body says is checked in the handler.
    onRequest: async (request) => {
      if (route.mostBytes !== undefined) await options.guard(request, route);
    },
    handler: async (request, reply) => {
      const admitted = await options.guard(request, route);
      const query = checked('query', route.querySchema, request.query ?? {});
      if (path === LIVE_PATH) {
        const isStillAdmitted = () =>
          options.guard(request, route).then(
            ({ reach }) => isSameReach(reach, admitted.reach),
            () => false,
          );
        const { streams } = options;
        await sendChanges(request, reply, { ...admitted, streams, query, isStillAdmitted });
        return reply;
      }
      const asked = {
        ...admitted,
        path: checked('path', route.pathSchema, request.params ?? {}),
        query,
        body: checked('body', route.bodySchema, request.body ?? undefined),
        header: (name: string) => headerOf(request, name),
        address: request.ip,
        session: request.cookies[options.cookie],
        attempt: request.cookies[attemptCookie(options)],
      };
      const answer = await route.handle?.(asked as never);
      return answerWith(answer, route, request, reply, options);
    },
  });
}

function attemptCookie({ cookie }: ServerOptions): string {
  return `${cookie}-sign-in`;
}

function headerOf({ headers }: FastifyRequest, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

function checked(what: string, schema: ApiRoute['bodySchema'], value: unknown): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw inputProblem(what, parsed.error);
}

function answerWith(
  answer: unknown,
  route: ApiRoute,
  request: FastifyRequest,
  reply: FastifyReply,
  options: ServerOptions,
): FastifyReply {
  const special = answer instanceof SpecialAnswer ? answer.answered : { body: answer };
  const { body, status = route.status ?? 200, session, attempt, location, type } = special;
  const give = (name: string, value: string | null | undefined, sameSite: 'strict' | 'lax') => {
    if (value === undefined) return;
    const secure = request.protocol === 'https';
    const path = options.base === '' ? '/' : options.base;
    const attributes = { path, httpOnly: true, secure } as const;
    if (value === null) reply.clearCookie(name, attributes);
    else {
      const maxAge = sameSite === 'strict' ? COOKIE_AGE : ATTEMPT_AGE;
      reply.setCookie(name, value, { ...attributes, sameSite, maxAge });
    }
  };
  give(options.cookie, session, 'strict');
  // Lax: a browser that comes back from the provider comes from another site.
  give(attemptCookie(options), attempt, 'lax');
  reply.code(status).header('Cache-Control', 'no-store');
  if (location !== undefined) return reply.redirect(location, 303);
  if (body === undefined) return reply.send();
  const text = type === undefined ? JSON.stringify(body) : (body as Buffer);
  if (request.method !== 'GET') return reply.type('application/json').send(text);
  // The answers of one user are no other's: a cache keeps them for this one alone, and asks whether they still hold.
  const tag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
  reply.header('Cache-Control', 'private, no-cache').header('ETag', tag);
  if (request.headers['if-none-match'] === tag) return reply.code(304).send();
  return reply.type(type ?? 'application/json').send(text);
}

function answerProblem(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  { onDefect }: ServerOptions,
): FastifyReply {
  const most = request.routeOptions.bodyLimit ?? BODY;
  const problem = error instanceof ApiProblem ? error : ofFramework(error, most);
  if (problem.kind === 'defect') {
    onDefect(error instanceof Error ? error : new Error(String(error)), request.id);
  }
  if (problem.after !== undefined) reply.header('Retry-After', String(problem.after));
  if (problem.kind === 'not-signed-in') reply.header('WWW-Authenticate', 'Bearer');
  return reply
    .code(problem.status)
    .header('Cache-Control', 'no-store')
    .type('application/problem+json')
    .send(JSON.stringify(problem.body(request.id)));
}

/** What the server itself refuses: bodies that are too large or no JSON. */
function ofFramework(error: unknown, most: number): ApiProblem {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  const found = error instanceof Error ? error.message : String(error);
  if (status === 413) return new ApiProblem('too-large', `expected at most ${most} bytes`);
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new ApiProblem('bad-request', `expected a request that can be read, found: ${found}`);
  }
  return new ApiProblem(
    'defect',
    'The log of the console has the reason, under the id of this request.',
  );
}

function addPage(server: FastifyInstance, { base, page }: ServerOptions): void {
  const send = (file: PageFile) => async (request: FastifyRequest, reply: FastifyReply) => {
    reply.header(
      'Cache-Control',
      file.forEver ? 'public, max-age=31536000, immutable' : 'no-cache',
    );
    reply.header('ETag', file.tag);
    if (request.headers['if-none-match'] === file.tag) return reply.code(304).send();
    const zipped = /\bgzip\b/.test(headerOf(request, 'accept-encoding') ?? '');
    reply.type(file.type).header('Vary', 'Accept-Encoding');
    if (zipped) reply.header('Content-Encoding', 'gzip');
    return reply.send(zipped ? file.zipped : file.bytes);
  };
  for (const [path, file] of page) server.get(`${base}${path}`, send(file));
  const index = page.get('/index.html');
  if (index !== undefined) server.get(`${base}/`, send(index));
  if (index !== undefined && base !== '') {
    server.get(base, async (_request, reply) => reply.redirect(`${base}/`));
  }
}
