/** What is posted for a work: that it is planned, parts used, hours worked, and downtimes of machines. Nothing is unposted. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ObjectStore } from '../journal.ts';
import { pageOf } from '../reference-server.ts';
import { issuePart, type Part } from './stock.ts';

const common = {
  external_key: z.string().max(64).default(''),
  /** The work that it is for. */
  reference: z.string().min(1).max(64),
};
const workSchema = z.object({
  ...common,
  plant: z.string().max(64),
  asset: z.string().max(200),
  cost_center: z.string().max(64).default(''),
  hours: z.number().min(0).nullable().default(null),
  parts: z.array(z.string()).default([]),
});
const consumptionSchema = z.object({
  ...common,
  part: z.string(),
  quantity: z.number().positive(),
});
const labourSchema = z.object({
  ...common,
  hours: z.number().positive(),
  done: z.string().default(''),
});
const downtimeSchema = z.object({
  ...common,
  asset: z.string().max(200),
  since: z.iso.datetime(),
  order: z.string().max(128).default(''),
  due: z.string().nullable().default(null),
  material: z.array(z.string()).default([]),
});

const orderSchema = z.object({
  id: z.string().min(1).max(128),
  customer: z.string().max(128).default(''),
  due: z.string().nullable().default(null),
  /** What is committed to it. */
  material: z.array(z.string()).default([]),
});

export type Consumption = z.infer<typeof consumptionSchema> & {
  readonly id: string;
  readonly cost: number;
};
export type Labour = z.infer<typeof labourSchema> & { readonly id: string; readonly cost: number };
export type AnnouncedWork = z.infer<typeof workSchema> & { readonly id: string };
export type Downtime = z.infer<typeof downtimeSchema> & {
  readonly id: string;
  readonly until: string | null;
};

/** What an hour of a mechanic, or of a contractor, is posted at. */
export const HOUR_COST = 54;

export function addPostings(server: FastifyInstance, store: ObjectStore): void {
  const list = <T extends { readonly external_key: string }>(path: string, kind: string) =>
    server.get(path, (request) => pageOf(store.all<T>(kind), request.query));
  list<AnnouncedWork>('/api/works', 'work');
  list<Consumption>('/api/consumptions', 'consumption');
  list<Labour>('/api/labour', 'labour');
  list<Downtime>('/api/downtimes', 'downtime');

  server.post('/api/works', (request, reply) => {
    const made = { ...workSchema.parse(request.body), id: store.nextId('work', 'WRK') };
    return reply.code(201).send(store.save('work', made));
  });

  server.post('/api/consumptions', (request, reply) => {
    const fields = consumptionSchema.parse(request.body);
    const known = store.get<Part>('part', fields.part);
    if (known === undefined) return reply.code(422).send({ error: `no part ${fields.part}` });
    if (known.on_hand < fields.quantity) {
      return reply
        .code(422)
        .send({ error: `only ${known.on_hand} of ${fields.part} on the shelf` });
    }
    issuePart(store, fields);
    const cost = Math.round(known.unit_price * fields.quantity * 100) / 100;
    const made: Consumption = { ...fields, id: store.nextId('consumption', 'ISS'), cost };
    return reply.code(201).send(store.save('consumption', made));
  });

  server.post('/api/labour', (request, reply) => {
    const fields = labourSchema.parse(request.body);
    const cost = fields.hours * HOUR_COST;
    const made: Labour = { ...fields, id: store.nextId('labour', 'LAB'), cost };
    return reply.code(201).send(store.save('labour', made));
  });

  addDowntimes(server, store);
  addOrders(server, store);
}

/** Production orders: for whom they are, and what is committed to them. */
function addOrders(server: FastifyInstance, store: ObjectStore): void {
  server.put('/admin/orders', (request) => store.save('order', orderSchema.parse(request.body)));
  server.get('/api/orders/:id', (request, reply) => {
    const { id } = z.object({ id: z.string() }).parse(request.params);
    return store.get('order', id) ?? reply.code(404).send({ error: `no order ${id}` });
  });
}

function addDowntimes(server: FastifyInstance, store: ObjectStore): void {
  server.post('/api/downtimes', (request, reply) => {
    const fields = downtimeSchema.parse(request.body);
    const made: Downtime = { ...fields, id: store.nextId('downtime', 'DWN'), until: null };
    return reply.code(201).send(store.save('downtime', made));
  });

  server.get('/api/downtimes/:id', (request, reply) => {
    const { id } = z.object({ id: z.string() }).parse(request.params);
    return store.get<Downtime>('downtime', id) ?? reply.code(404).send({ error: `no ${id}` });
  });

  server.post('/api/downtimes/:id/end', (request, reply) => {
    const { id } = z.object({ id: z.string() }).parse(request.params);
    const { until } = z.object({ until: z.iso.datetime() }).parse(request.body);
    const found = store.get<Downtime>('downtime', id);
    if (found === undefined) return reply.code(404).send({ error: `no downtime ${id}` });
    return store.save('downtime', { ...found, until });
  });
}
