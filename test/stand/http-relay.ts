/** Stands between Andon and a server of HTTP, whatever it is, and has calls go wrong as a test says. */

import fastify, { type FastifyRequest } from 'fastify';
import { type Misbehaviour, misbehave } from '../../pipelines/demo/misbehaviour.ts';

/** A call as it came in. */
export type RelayedCall = { readonly method: string; readonly url: string; readonly body: string };

type NextFault = (call: RelayedCall) => Misbehaviour | undefined;

export interface HttpRelay {
  /** The address of the server behind it, with the host of the relay. */
  readonly url: string;
  /** From now on calls go wrong as `next` says. */
  fail(next: NextFault): void;
  close(): Promise<void>;
}

/** Headers of one connection: each side has its own. */
const OF_CONNECTION = new Set([
  ...['host', 'connection', 'keep-alive', 'transfer-encoding', 'content-length'],
  // It was unpacked on the way.
  'content-encoding',
]);

/** `target`: what would be `base` in the profile of that server. */
export async function startHttpRelay(target: string): Promise<HttpRelay> {
  const { origin, pathname } = new URL(target);
  let next: NextFault = () => undefined;
  const server = fastify({ forceCloseConnections: true });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  misbehave(server, (request) => next(callOf(request)));
  server.all('*', async (request, reply) => {
    const { method, url, body } = request;
    const answer = await fetch(`${origin}${url}`, {
      ...{ method, redirect: 'manual', headers: headersOf(request) },
      ...(Buffer.isBuffer(body) && body.length > 0 ? { body: new Uint8Array(body) } : {}),
    });
    for (const [name, value] of answer.headers) {
      if (!OF_CONNECTION.has(name)) void reply.header(name, value);
    }
    return reply.code(answer.status).send(Buffer.from(await answer.arrayBuffer()));
  });
  const here = await server.listen({ port: 0, host: '127.0.0.1' });
  return {
    url: `${here}${pathname === '/' ? '' : pathname}`,
    fail(faults) {
      next = faults;
    },
    close: () => server.close(),
  };
}

function callOf({ method, url, body }: FastifyRequest): RelayedCall {
  return { method, url, body: Buffer.isBuffer(body) ? body.toString() : '' };
}

function headersOf({ headers }: FastifyRequest): Headers {
  const kept = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (!OF_CONNECTION.has(name) && value !== undefined) kept.set(name, String(value));
  }
  return kept;
}

/** Each call goes wrong in this way once: the same one is let through when it is made again. */
export function firstOfEach(
  fault: Misbehaviour,
  which: (call: RelayedCall) => boolean = () => true,
): NextFault {
  const seen = new Set<string>();
  return (call) => {
    const text = JSON.stringify(call);
    if (seen.has(text) || !which(call)) return undefined;
    seen.add(text);
    return fault;
  };
}

/** So many calls go wrong in this way, whichever they are. `over` says that there were as many. */
export function nextCalls(count: number, fault: Misbehaviour) {
  let left = count;
  const next: NextFault = () => {
    left -= 1;
    return left >= 0 ? fault : undefined;
  };
  return { next, over: () => left <= 0 };
}
