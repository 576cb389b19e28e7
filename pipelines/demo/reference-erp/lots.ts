/**
 * Lots and their quality: which machine made a lot from when to when, and which are on hold. A hold is for a machine and a time;
 * the lots that it made meanwhile are of it, those that come later too while the hold has no end.
 */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ObjectStore } from '../journal.ts';
import { pageOf } from '../reference-server.ts';

const instant = z.iso.datetime();
const lotSchema = z.object({
  id: z.string().min(1).max(64),
  asset: z.string().min(1).max(200),
  made_from: instant,
  /** Null while it is made. */
  made_to: instant.nullable().default(null),
});
const newHoldSchema = z.object({
  external_key: z.string().max(64).default(''),
  reference: z.string().min(1).max(64),
  asset: z.string().min(1).max(200),
  since: instant,
  reason: z.string().max(2_000).default(''),
});

type Lot = z.infer<typeof lotSchema>;
export type LotHold = z.infer<typeof newHoldSchema> & {
  readonly id: string;
  readonly status: 'HELD' | 'RELEASED';
  /** Null while the machine is not well. */
  readonly until: string | null;
};

export function addLots(server: FastifyInstance, store: ObjectStore): void {
  server.put('/admin/lots', (request) => store.save('lot', lotSchema.parse(request.body)));

  const find = (params: unknown) => {
    const { id } = z.object({ id: z.string() }).parse(params);
    return store.get<LotHold>('lot-hold', id);
  };
  const withLots = (hold: LotHold) => ({ ...hold, lots: lotsOf(store, hold) });

  server.post('/api/lot-holds', (request, reply) => {
    const id = store.nextId('lot-hold', 'HLD');
    const made: LotHold = { ...newHoldSchema.parse(request.body), id, status: 'HELD', until: null };
    return reply.code(201).send(withLots(store.save('lot-hold', made)));
  });

  server.get('/api/lot-holds', (request) => {
    const { items, total } = pageOf(store.all<LotHold>('lot-hold'), request.query);
    return { items: items.map(withLots), total };
  });

  server.get('/api/lot-holds/:id', (request, reply) => {
    const found = find(request.params);
    return found === undefined ? reply.code(404).send({ error: 'no such hold' }) : withLots(found);
  });

  server.post('/api/lot-holds/:id/end', (request, reply) => {
    const { until } = z.object({ until: instant }).parse(request.body);
    const found = find(request.params);
    if (found === undefined) return reply.code(404).send({ error: 'no such hold' });
    return withLots(store.save('lot-hold', { ...found, until }));
  });

  server.post('/api/lot-holds/:id/release', (request, reply) => {
    const found = find(request.params);
    if (found === undefined) return reply.code(404).send({ error: 'no such hold' });
    return withLots(store.save('lot-hold', { ...found, status: 'RELEASED' }));
  });
}

/** Those that the machine made in the time of the hold. */
function lotsOf(store: ObjectStore, { asset, since, until }: LotHold): readonly string[] {
  return store
    .all<Lot>('lot')
    .filter((lot) => {
      const begunInTime = until === null || Date.parse(lot.made_from) < Date.parse(until);
      const stillMade = lot.made_to === null || Date.parse(lot.made_to) > Date.parse(since);
      return lot.asset === asset && begunInTime && stillMade;
    })
    .map(({ id }) => id);
}
