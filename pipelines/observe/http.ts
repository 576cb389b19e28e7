import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import { EXIT, messageOf, Problem } from '../base/problem.ts';

export type HttpOptions = {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly metrics: Registry;
  /** Why work cannot be done just now; empty when it can. */
  readonly unready: () => readonly string[];
  /** What it is doing just now. */
  readonly status?: () => object;
  /** Takes webhooks of systems in; undefined where nobody does. */
  readonly webhook?: (
    system: string,
    headers: Readonly<Record<string, string | readonly string[] | undefined>>,
    body: Buffer,
  ) => { readonly code: number; readonly note: string };
};

export interface HttpServer {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves `/healthz` (the process lives), `/readyz` (200, or 503 with the reasons), `/metrics` (Prometheus text), and
 * `/status` where there is one (what `andon status` or `andon edge status` shows); takes `/webhooks/<system>` in. Rejects
 * with a `Problem` when the address cannot be listened on.
 */
export async function startHttp({
  host,
  port,
  metrics,
  unready,
  status,
  webhook,
}: HttpOptions): Promise<HttpServer> {
  // Nobody has anything to send here, and nobody takes his time over it.
  const limits = { bodyLimit: 1_024, requestTimeout: 10_000, connectionTimeout: 30_000 };
  const server = fastify({ forceCloseConnections: true, ...limits });
  // Files that this process opens are the work itself: whoever reaches the port must not use them up.
  boundConnections(server.server, MOST_CONNECTIONS);
  server.get('/healthz', () => ({ status: 'ok' }));
  server.get('/readyz', async (_request, reply) => {
    const reasons = unready();
    return reply
      .code(reasons.length === 0 ? 200 : 503)
      .send({ status: reasons.length === 0 ? 'ready' : 'not ready', reasons });
  });
  server.get('/metrics', async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.metrics()),
  );
  if (status !== undefined) server.get('/status', () => status());
  if (webhook !== undefined) addWebhooks(server, webhook);
  try {
    const url = await server.listen({ host, port });
    return { url, port: Number(new URL(url).port), close: () => server.close() };
  } catch (error) {
    throw cannotListen('health and metrics', `${host}:${port}`, error);
  }
}

/** What scrapes, asks or says something takes a few. */
export const MOST_CONNECTIONS = 256;

/** `requests` that are under way, and the latest of them. */
type OpenConnection = { readonly socket: Socket; requests: number; latest?: IncomingMessage };

/**
 * Bounds the connections of a server, with TLS or without. When there are too many, the oldest goes on which no request is
 * under way: so whoever keeps connections open and says nothing keeps out nobody who has something to ask. A request whose
 * body is still to come is not under way yet.
 */
export function boundConnections(server: Server, most: number): void {
  const open = new Map<string, OpenConnection>();
  server.on('connection', (socket: Socket) => {
    const name = nameOf(socket);
    const connection: OpenConnection = { socket, requests: 0 };
    open.set(name, connection);
    socket.once('close', () => {
      if (open.get(name) === connection) open.delete(name);
    });
    if (open.size <= most) return;
    // The newest is among them: where all others have a request under way, it is the one that goes.
    const idle = [...open].find(([, { requests, latest }]) => requests === 0 || !latest?.complete);
    if (idle === undefined) return;
    open.delete(idle[0]);
    idle[1].socket.destroy();
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const connection = open.get(nameOf(request.socket));
    if (connection === undefined) return;
    connection.requests += 1;
    connection.latest = request;
    response.once('close', () => {
      connection.requests -= 1;
    });
  });
}

/** With TLS the socket of a request is another object than that of its connection; both have the same other end. */
function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** A body longer than this says more than that something has changed. */
const MOST_BYTES = 256 * 1_024;

/** The bytes as they came: the signature is over them. */
function addWebhooks(server: FastifyInstance, webhook: NonNullable<HttpOptions['webhook']>): void {
  void server.register((scope, _options, done) => {
    takeBytes(scope);
    scope.post('/webhooks/:system', { bodyLimit: MOST_BYTES }, (request, reply) => {
      const { system } = request.params as { readonly system: string };
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const { code, note } = webhook(system, request.headers, body);
      return reply.code(code).send({ note });
    });
    done();
  });
}

/** Bodies of every type as the bytes that came. */
export function takeBytes(server: Pick<FastifyInstance, ParserOfBodies>): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => {
    parsed(null, body);
  });
}

type ParserOfBodies = 'removeAllContentTypeParsers' | 'addContentTypeParser';

export function cannotListen(
  where: string,
  address: string,
  cause: unknown,
  remedy = 'Stop the other program, or set http.port (ANDON_HTTP_PORT; 0 takes any free port).',
): Problem {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const found = code === 'EADDRINUSE' ? 'that another program does' : messageOf(cause);
  return new Problem(
    {
      ...{ where, expected: `to listen on ${address}`, found, remedy },
      exit: EXIT.outside,
    },
    { cause },
  );
}
