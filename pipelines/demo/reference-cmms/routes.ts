import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Store } from './store.ts';
import { changesSchema, isAction, newWorkRequestSchema } from './work-request.ts';

const idSchema = z.object({ id: z.string() });
const actionSchema = z.object({ id: z.string(), action: z.string() });
const filterSchema = z.object({
  external_key: z.string().optional(),
  status: z.string().optional(),
  changed_after: z.iso.datetime().default('1970-01-01T00:00:00Z'),
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1_000).default(1_000),
});
const commentSchema = z.object({ text: z.string().min(1).max(20_000) });
const noteSchema = z.object({ note: z.string().max(2_000).default('') }).nullish();

/** Work requests. As naive as real systems: two POSTs with the same key make two of them. */
export function addWorkRequests(server: FastifyInstance, store: Store): void {
  server.post('/api/work-requests', (request, reply) => {
    const fields = newWorkRequestSchema.parse(request.body);
    return reply.code(201).send(store.create(fields));
  });

  server.get('/api/work-requests', (request) => {
    const filter = filterSchema.parse(request.query);
    const items = store
      .all()
      .filter(
        ({ external_key, status, changed }) =>
          Date.parse(changed) >= Date.parse(filter.changed_after) &&
          (filter.external_key === undefined || external_key === filter.external_key) &&
          (filter.status === undefined || status === filter.status),
      );
    const { offset, limit } = filter;
    return { items: items.slice(offset, offset + limit), total: items.length };
  });

  server.get('/api/work-requests/:id', (request, reply) => {
    const { id } = idSchema.parse(request.params);
    return store.get(id) ?? reply.code(404).send({ error: `no work request ${id}` });
  });

  server.delete('/admin/work-requests/:id', (request) => {
    store.remove(idSchema.parse(request.params).id);
    return { ok: true };
  });

  server.patch('/api/work-requests/:id', (request, reply) => {
    const { id } = idSchema.parse(request.params);
    const work = store.get(id);
    if (work === undefined) return reply.code(404).send({ error: `no work request ${id}` });
    // Only what was sent: the schema's defaults would wipe out the rest.
    const sent = Object.keys(z.record(z.string(), z.unknown()).parse(request.body));
    const changes = Object.entries(changesSchema.parse(request.body));
    return store.change(id, Object.fromEntries(changes.filter(([name]) => sent.includes(name))));
  });

  server.post('/api/work-requests/:id/comments', (request, reply) => {
    const { id } = idSchema.parse(request.params);
    const work = store.get(id);
    if (work === undefined) return reply.code(404).send({ error: `no work request ${id}` });
    const { text } = commentSchema.parse(request.body);
    return reply.code(201).send(store.change(id, { comments: [...work.comments, text] }));
  });

  server.post('/api/work-requests/:id/:action', (request, reply) => {
    const { id, action } = actionSchema.parse(request.params);
    const work = store.get(id);
    if (work === undefined || !isAction(action)) {
      return reply.code(404).send({ error: `no work request ${id}, or no action ${action}` });
    }
    const changed = store.act(id, action, noteSchema.parse(request.body)?.note ?? '');
    return changed ?? reply.code(422).send({ error: `cannot ${action} when ${work.status}` });
  });
}
