// ClickHouse's HTTP interface in front of the embedded engine: who is let in.

import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AccessLog } from './access-log.ts';
import { answer, asEngineError } from './answer.ts';
import { clickHouseError } from './engine.ts';
import type { WarehouseContext } from './execute.ts';
import { createStatementLimit, GATE_LIMITS, type GateLimits, limitConnections } from './gate.ts';
import { type Admitted, admitted } from './request.ts';
import { type Exchange, writeError } from './response.ts';
import { createRunningStatements } from './running.ts';
import type { Passwords } from './secret.ts';
import type { OverdueEnds } from './watchdog.ts';

/** What a server needs: the engine and what is with it, who may ask, and where that is written down. */
export type WarehouseServerOptions = {
  readonly context: WarehouseContext;
  readonly passwords: Passwords;
  readonly log: AccessLog;
  readonly overdue: OverdueEnds;
  readonly limits?: GateLimits;
};

/** Not yet listening. */
export function createWarehouseServer(options: WarehouseServerOptions): Server {
  const { context, passwords, log, overdue, limits = GATE_LIMITS } = options;
  const answering = { context, log, limits, overdue, statements: createRunningStatements() };
  const turn = (width: number) => ({
    run: createStatementLimit(width, limits.waiting),
    kill: createStatementLimit(1, limits.waiting),
  });
  const turns = {
    owner: turn(limits.running),
    analyst: turn(context.shares.analyst.statements),
    console: turn(context.shares.console.statements),
  };
  const server = createServer(looksEvery(limits.headers), (request, response) => {
    const exchange = { request, response, tag: randomBytes(8).toString('hex') };
    serve(exchange).catch((error: unknown) => writeError(exchange, asEngineError(error)));
  });
  const known = limitConnections(server, limits);

  async function serve(exchange: Exchange): Promise<void> {
    checkHost(exchange.request, log);
    const url = urlOf(exchange.request);
    if (answeredAtTheDoor(exchange, url)) return;
    const who = loggedIn(exchange.request, url, passwords, log);
    known(exchange.request.socket);
    overdue.check(who.role);
    await answer(answering, exchange, who, turns[who.role]);
  }

  return server;
}

/** How often it is looked who sends no headers; by default twice a minute. */
function looksEvery(headers: number): { readonly connectionsCheckingInterval: number } {
  return { connectionsCheckingInterval: Math.min(headers, 2_000) };
}

/** What needs no password: whether anybody is there, and what does not exist. */
function answeredAtTheDoor({ request, response }: Exchange, url: URL): boolean {
  const { method = '' } = request;
  if (method === 'OPTIONS') {
    // No origin is allowed: pages of other sites have no business here.
    response.writeHead(204, { Allow: METHODS.join(', ') }).end();
  } else if (isGreeting(request, url)) {
    response.end('Ok.\n');
  } else if (url.pathname !== '/') {
    response.writeHead(404).end(`There is no ${url.pathname} here. Expected /, /ping\n`);
  } else if (!METHODS.includes(method)) {
    response.writeHead(405, { Allow: METHODS.join(', '), Connection: 'close' });
    response.end(`expected ${METHODS.join(', ')}, found ${method}\n`);
  } else {
    return false;
  }
  return true;
}

function loggedIn(
  request: IncomingMessage,
  url: URL,
  passwords: Passwords,
  log: AccessLog,
): Admitted {
  const { user, role, found } = admitted(request, url, passwords);
  const source = sourceOf(request);
  if (role !== undefined) return { url, user, role, source };
  log.refused({ user, source, reason: found });
  throw clickHouseError(
    516,
    'AUTHENTICATION_FAILED',
    `${user}: Authentication failed: expected a user and a password, found ${found}`,
  );
}

const METHODS = ['GET', 'HEAD', 'POST', 'OPTIONS'];
const OWN_NAMES = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i;

/**
 * Throws unless a request was meant for this machine: a page of another site can make a browser ask here under a name
 * of its own.
 */
function checkHost(request: IncomingMessage, log: AccessLog): void {
  const { host = '' } = request.headers;
  if (OWN_NAMES.test(host)) return;
  const reason = `expected the host 127.0.0.1 or localhost, found ${JSON.stringify(host)}`;
  log.refused({ user: '', source: sourceOf(request), reason });
  throw clickHouseError(497, 'ACCESS_DENIED', reason);
}

function urlOf(request: IncomingMessage): URL {
  try {
    return new URL(request.url ?? '/', 'http://warehouse');
  } catch {
    throw clickHouseError(36, 'BAD_ARGUMENTS', 'expected a path and a query, found no URL');
  }
}

function sourceOf({ socket }: IncomingMessage): string {
  return `${socket.remoteAddress ?? 'gone'}:${socket.remotePort ?? 0}`;
}

/** What asks whether anybody is there: as ClickHouse, also with HEAD and with nothing asked. */
function isGreeting(request: IncomingMessage, url: URL): boolean {
  if (url.pathname === '/ping' || url.pathname === '/replicas_status') return true;
  if (request.method === 'HEAD') return url.pathname === '/';
  return request.method === 'GET' && url.pathname === '/' && !url.searchParams.has('query');
}
