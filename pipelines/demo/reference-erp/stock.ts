/** Parts on the shelf, and reservations of them. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ObjectStore } from '../journal.ts';
import { etagOfObject, pageOf } from '../reference-server.ts';

const partSchema = z.object({
  id: z.string().min(1).max(64),
  description: z.string().max(200).default(''),
  on_hand: z.number().min(0).default(0),
  lead_time_days: z.number().min(0).default(5),
  unit_price: z.number().min(0).default(0),
  supplier: z.string().max(64).default(''),
});
export type Part = z.infer<typeof partSchema>;

const newReservationSchema = z.object({
  external_key: z.string().max(64).default(''),
  part: z.string(),
  quantity: z.number().positive(),
  reference: z.string().max(64).default(''),
});
const changesSchema = z.object({ quantity: z.number().positive() });
const correctionSchema = z.object({
  quantity: z.number().positive().optional(),
  status: z.enum(['ASSIGNED', 'SHORT', 'PICKED', 'RELEASED']).optional(),
});
const stockQuerySchema = z.object({
  part: z.string(),
  quantity: z.coerce.number().min(0).default(0),
});
const idSchema = z.object({ id: z.string() });

export type Reservation = z.infer<typeof newReservationSchema> & {
  readonly id: string;
  readonly status: 'ASSIGNED' | 'SHORT' | 'PICKED' | 'DONE' | 'RELEASED';
  readonly short: number;
  /** Changes with every change; its ETag. */
  readonly version: number;
};

/** A requisition, as far as stock is concerned. */
type Ordered = { readonly part: string; readonly quantity: number; readonly status: string };

function onOrder(store: ObjectStore, part: string): number {
  return store
    .all<Ordered>('requisition')
    .filter((one) => one.part === part && ['SUBMITTED', 'APPROVED'].includes(one.status))
    .reduce((sum, { quantity }) => sum + quantity, 0);
}

const SEED: readonly Part[] = [
  { ...part('6205-2RS', 'Deep groove ball bearing'), on_hand: 3, lead_time_days: 5 },
  { ...part('SEAL-45', 'Shaft seal 45 mm'), on_hand: 0, lead_time_days: 12, unit_price: 7.2 },
  { ...part('BELT-A42', 'V-belt A42'), on_hand: 20, lead_time_days: 2, unit_price: 11 },
];

function part(id: string, description: string): Part {
  return { id, description, on_hand: 0, lead_time_days: 5, unit_price: 4.9, supplier: 'S-1' };
}

export function seedParts(store: ObjectStore): void {
  if (store.all('part').length > 0) return;
  for (const one of SEED) store.save('part', one);
}

export function addStock(server: FastifyInstance, store: ObjectStore): void {
  server.put('/admin/parts', (request) => store.save('part', partSchema.parse(request.body)));

  server.get('/api/stock', (request, reply) => {
    const { part: id, quantity } = stockQuerySchema.parse(request.query);
    const known = store.get<Part>('part', id);
    if (known === undefined) return reply.code(404).send({ error: `no part ${id}` });
    const available = availableOf(store, known);
    const { on_hand, lead_time_days, unit_price, supplier } = known;
    const on_order = onOrder(store, id);
    return {
      ...{ part: id, on_hand, reserved: on_hand - available, available, on_order },
      // What there will be when all that is promised has gone and all that is on order has come.
      projected: on_hand + on_order - promised(store, id),
      short: Math.max(0, quantity - available),
      ...{ lead_time_days, unit_price, supplier },
    };
  });

  addReservations(server, store);
  addPeople(server, store);
}

function addReservations(server: FastifyInstance, store: ObjectStore): void {
  server.post('/api/reservations', (request, reply) => {
    const fields = newReservationSchema.parse(request.body);
    const known = store.get<Part>('part', fields.part);
    if (known === undefined) return reply.code(422).send({ error: `no part ${fields.part}` });
    const short = Math.max(0, fields.quantity - availableOf(store, known));
    const status = short > 0 ? 'SHORT' : 'ASSIGNED';
    const id = store.nextId('reservation', 'RES');
    return reply.code(201).send(save({ ...fields, id, status, short, version: 1 }));
  });

  server.get('/api/reservations', (request) => {
    return pageOf(store.all<Reservation>('reservation'), request.query);
  });

  server.get('/api/reservations/:id', (request, reply) => {
    const { id } = idSchema.parse(request.params);
    const found = store.get<Reservation>('reservation', id);
    if (found === undefined) return reply.code(404).send({ error: `no reservation ${id}` });
    return reply.header('etag', etagOfObject(found)).send(found);
  });

  server.route({
    method: ['PATCH', 'DELETE'],
    url: '/api/reservations/:id',
    handler(request, reply) {
      const { id } = idSchema.parse(request.params);
      const found = store.get<Reservation>('reservation', id);
      if (found === undefined) return reply.code(404).send({ error: `no reservation ${id}` });
      const shown = request.headers['if-match'];
      if (shown === undefined) return reply.code(428).send({ error: 'expected If-Match' });
      if (shown !== etagOfObject(found))
        return reply.code(412).send({ error: 'changed meanwhile' });
      if (found.status === 'PICKED' || found.status === 'DONE') {
        return reply.code(422).send({ error: 'picked already' });
      }
      const changes =
        request.method === 'DELETE'
          ? { status: 'RELEASED' as const, short: 0 }
          : changesSchema.parse(request.body);
      return reply.send(save({ ...found, ...changes, version: found.version + 1 }));
    },
  });

  function save(reservation: Reservation): Reservation {
    return store.save('reservation', reservation);
  }
}

/** What people do past Andon: they reserve for themselves, change what others have reserved, and pick parts. */
function addPeople(server: FastifyInstance, store: ObjectStore): void {
  server.post('/admin/reservations', (request, reply) => {
    const fields = newReservationSchema.parse(request.body);
    const id = store.nextId('reservation', 'RES');
    return reply.code(201).send(save({ ...fields, id, status: 'ASSIGNED', short: 0, version: 1 }));
  });

  server.patch('/admin/reservations/:id', (request, reply) => {
    const { id } = idSchema.parse(request.params);
    const found = store.get<Reservation>('reservation', id);
    if (found === undefined) return reply.code(404).send({ error: `no reservation ${id}` });
    const { quantity = found.quantity, status = found.status } = correctionSchema.parse(
      request.body,
    );
    return reply.send(save({ ...found, quantity, status, version: found.version + 1 }));
  });

  server.post('/admin/reservations/:id/pick', (request, reply) => {
    const { id } = idSchema.parse(request.params);
    const found = store.get<Reservation>('reservation', id);
    if (found?.status !== 'ASSIGNED') return reply.code(422).send({ error: 'not assigned' });
    return save({ ...found, status: 'PICKED', version: found.version + 1 });
  });

  // What has come since is for those that wait.
  server.post('/admin/reservations/:id/assign', (request, reply) => {
    const { id } = idSchema.parse(request.params);
    const found = store.get<Reservation>('reservation', id);
    const known = store.get<Part>('part', found?.part ?? '');
    if (
      found?.status !== 'SHORT' ||
      known === undefined ||
      availableOf(store, known) < found.short
    ) {
      return reply.code(422).send({ error: 'not short, or not enough on the shelf' });
    }
    return save({ ...found, status: 'ASSIGNED', short: 0, version: found.version + 1 });
  });

  function save(reservation: Reservation): Reservation {
    return store.save('reservation', reservation);
  }
}

function openReservations(store: ObjectStore, part: string): readonly Reservation[] {
  return store
    .all<Reservation>('reservation')
    .filter((one) => one.part === part && one.status !== 'RELEASED' && one.status !== 'DONE');
}

/** On hand, less what is reserved and still there. */
function availableOf(store: ObjectStore, { id, on_hand }: Part): number {
  const reserved = openReservations(store, id).reduce(
    (sum, { quantity, short }) => sum + quantity - short,
    0,
  );
  return Math.max(0, on_hand - reserved);
}

function promised(store: ObjectStore, part: string): number {
  return openReservations(store, part).reduce((sum, { quantity }) => sum + quantity, 0);
}

/** A work has used parts: they are no longer on the shelf, and what was reserved for it is done. */
export function issuePart(
  store: ObjectStore,
  { part, quantity, reference }: Pick<Reservation, 'part' | 'quantity' | 'reference'>,
): void {
  const known = store.get<Part>('part', part);
  if (known === undefined) return;
  store.save('part', { ...known, on_hand: known.on_hand - quantity });
  for (const one of openReservations(store, part)) {
    if (one.reference !== reference) continue;
    store.save('reservation', { ...one, status: 'DONE', short: 0, version: one.version + 1 });
  }
}
