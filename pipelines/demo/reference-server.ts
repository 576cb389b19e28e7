/** What the reference systems have in common: a small server that can misbehave, its options, and running it as a command. */

import fastify, { type FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ObjectStore } from './journal.ts';
import type { MisbehaviourConfig } from './misbehaviour.ts';

export type ReferenceOptions = {
  /** File of JSON lines that holds everything. It survives a kill. */
  readonly journal: string;
  /** 0 (the default) takes a free one. */
  readonly port?: number;
  readonly host?: string;
  /** What callers have to show. */
  readonly token?: string;
  readonly misbehaviour?: MisbehaviourConfig;
};

export type ReferenceServer = { readonly url: string; close(): Promise<void> };

export function createReferenceServer(): FastifyInstance {
  const server = fastify({ forceCloseConnections: true });
  server.setErrorHandler((error, _request, reply) => {
    const message = error instanceof Error ? error.message : String(error);
    return reply.code(statusOf(error)).send({ error: message });
  });
  return server;
}

/** Whose mistake it was: a body that is no JSON is not ours. */
function statusOf(error: unknown): number {
  if (error instanceof z.ZodError) return 422;
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  return status >= 400 ? status : 500;
}

export async function listenFor(
  server: FastifyInstance,
  { port = 0, host = '127.0.0.1' }: ReferenceOptions,
  onClosed: () => void,
): Promise<ReferenceServer> {
  const url = await server.listen({ port, host });
  return {
    url,
    async close() {
      await server.close();
      onClosed();
    },
  };
}

export type ServeOptions = {
  readonly journal: string;
  readonly port: string;
  readonly token?: string | undefined;
};

/** Runs a reference system until SIGTERM or Ctrl-C. Prints its address as one line of JSON once it answers. */
export async function serveReference(
  start: (options: ReferenceOptions) => Promise<ReferenceServer>,
  { journal, port, token }: ServeOptions,
): Promise<void> {
  const server = await start({
    journal,
    port: Number(port),
    ...(token === undefined ? {} : { token }),
  });
  console.log(JSON.stringify({ url: server.url }));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void server.close());
  }
}

/** Objects of a list, as a query asks for them: by the key that somebody gave them, by when they changed, a page at a time. */
export const listQuerySchema = z.object({
  external_key: z.string().optional(),
  changed_after: z.string().optional(),
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});

const EARLIEST = '1970-01-01T00:00:00Z';

export function pageOf<T extends { readonly external_key: string; readonly changed: string }>(
  objects: readonly T[],
  query: unknown,
): { readonly items: readonly T[]; readonly total: number } {
  const { external_key, changed_after = EARLIEST, offset, limit } = listQuerySchema.parse(query);
  const items = objects.filter(
    (one) =>
      Date.parse(one.changed) >= Date.parse(changed_after) &&
      (external_key === undefined || one.external_key === external_key),
  );
  return { items: items.slice(offset, offset + limit), total: items.length };
}

/** Of an object that has another version after each change. */
export function etagOfObject({
  id,
  version,
}: {
  readonly id: string;
  readonly version: number;
}): string {
  return `"${id}-${version}"`;
}

const masterSchema = z.array(z.object({ id: z.string().min(1) }).catchall(z.string()));

/** Master data: things of any kind, each with texts. Persons at this machine lay them in and take them out. */
export function addMasterData(server: FastifyInstance, store: ObjectStore): void {
  const kindOf = (params: unknown) => `master.${(params as { readonly entity: string }).entity}`;
  server.get('/api/master/:entity', (request) => {
    const all = store.all<{ readonly id: string }>(kindOf(request.params));
    return pageOf(
      all.map((one) => ({ ...one, external_key: '' })),
      request.query,
    );
  });
  // One of them: ids may have slashes, so they are no part of the path.
  server.get('/api/master/:entity/one', (request, reply) => {
    const { id } = z.object({ id: z.string() }).parse(request.query);
    return store.get(kindOf(request.params), id) ?? reply.code(404).send({ error: `no ${id}` });
  });
  server.post('/admin/master/:entity', (request) => {
    const objects = masterSchema.parse(request.body);
    for (const one of objects) store.save(kindOf(request.params), one);
    return { saved: objects.length };
  });
  server.delete('/admin/master/:entity/:id', (request) => {
    store.remove(kindOf(request.params), (request.params as { readonly id: string }).id);
    return { ok: true };
  });
}
