import { setTimeout as sleep } from 'node:timers/promises';
import fastify, { type FastifyInstance } from 'fastify';
import { z } from 'zod';
import {
  createMisbehaviour,
  type Fault,
  type MisbehaviourConfig,
  misbehaviourSchema,
} from './reference-cmms/misbehaviour.ts';
import { page } from './reference-cmms/page.ts';
import { addWorkRequests } from './reference-cmms/routes.ts';
import { openStore, type Store } from './reference-cmms/store.ts';

export type ReferenceCmmsOptions = {
  /** File of JSON lines that holds everything. It survives a kill. */
  readonly journal: string;
  /** 0 (the default) takes a free one. */
  readonly port?: number;
  readonly host?: string;
  readonly token?: string;
  readonly misbehaviour?: MisbehaviourConfig;
};

export type ReferenceCmms = { readonly url: string; close(): Promise<void> };

/**
 * Starts a small real CMMS: work requests over HTTP, a search by external key, actions that change the status. It can
 * misbehave as real ones do: `PUT /admin/misbehaviour`. `GET /admin/received` lists every POST that came in. `GET /` is
 * a page for a browser.
 */
export async function startReferenceCmms(options: ReferenceCmmsOptions): Promise<ReferenceCmms> {
  const store = openStore(options.journal);
  const server = fastify({ forceCloseConnections: true });
  const token = options.token ?? 'reference';
  server.addHook('onRequest', async (request, reply) => {
    // Whoever may open a browser on this machine may look; to change anything takes the token.
    if (request.url === '/api/login' || request.url === '/') return;
    if (request.headers.authorization !== `Bearer ${token}`) {
      return reply.code(401).send({ error: 'expected Authorization: Bearer <token>' });
    }
  });
  server.setErrorHandler((error, _request, reply) => {
    const wrong = error instanceof z.ZodError;
    const message = error instanceof Error ? error.message : String(error);
    return reply.code(wrong ? 422 : 500).send({ error: message });
  });
  server.post('/api/login', (request, reply) => {
    const { user, password } = z
      .object({ user: z.string(), password: z.string() })
      .parse(request.body);
    return user === 'andon' && password === token
      ? { access: { token } }
      : reply.code(401).send({ error: 'expected user andon and its password' });
  });
  server.get('/', (_request, reply) => reply.type('text/html').send(page(store.all())));
  addMisbehaviour(server, store, options.misbehaviour);
  addWorkRequests(server, store);
  const url = await server.listen({ port: options.port ?? 0, host: options.host ?? '127.0.0.1' });
  return {
    url,
    async close() {
      await server.close();
      store.close();
    },
  };
}

function addMisbehaviour(
  server: FastifyInstance,
  store: Store,
  initial: MisbehaviourConfig = { script: [] },
): void {
  let next = createMisbehaviour(initial);
  const faults = new WeakMap<object, Fault>();

  server.put('/admin/misbehaviour', (request) => {
    next = createMisbehaviour(misbehaviourSchema.parse(request.body));
    return { ok: true };
  });
  server.get('/admin/received', () => ({ received: store.received }));

  server.addHook('preHandler', async (request, reply) => {
    if (!request.url.startsWith('/api/work-requests')) return;
    if (request.method === 'POST') {
      const { method, url, body } = request;
      store.note({ method, url, body: body ?? null });
    }
    const fault = next(request.method);
    if (fault === undefined) return;
    faults.set(request, fault);
    switch (fault.fault) {
      case 'cut-before-commit':
        request.raw.socket.destroy();
        return reply.hijack();
      case 'too-many':
      case 'unavailable':
        if (fault.retry_after !== undefined) void reply.header('Retry-After', fault.retry_after);
        return reply
          .code(fault.fault === 'too-many' ? 429 : 503)
          .send({ error: 'come back later' });
      case 'error':
        return reply.code(500).send({ error: 'something went wrong' });
      case 'slow-then-commit':
        await sleep(fault.delay);
        return;
      default:
        return;
    }
  });

  server.addHook('onSend', async (request, reply, payload) => {
    const fault = faults.get(request);
    switch (fault?.fault) {
      case 'commit-then-cut':
        request.raw.socket.destroy();
        return payload;
      case 'commit-then-slow':
        await sleep(fault.delay);
        return payload;
      case 'commit-then-error':
        void reply.code(500);
        return JSON.stringify({ error: 'something went wrong' });
      case 'garbage':
        return '<html>Welcome!</html>';
      default:
        return payload;
    }
  });
}
