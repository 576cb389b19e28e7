/** Requisitions: what is to be bought. They are drafts until they are submitted; people approve them. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ObjectStore } from '../journal.ts';
import { pageOf } from '../reference-server.ts';
import type { Part } from './stock.ts';

const newRequisitionSchema = z.object({
  external_key: z.string().max(64).default(''),
  part: z.string(),
  quantity: z.number().positive(),
  needed_by: z.string().nullable().default(null),
  cost_center: z.string().max(64).default(''),
  reason: z.string().max(2_000).default(''),
});
const idSchema = z.object({ id: z.string() });
const noteSchema = z.object({ note: z.string().max(2_000).default('') }).nullish();

export type Requisition = z.infer<typeof newRequisitionSchema> & {
  readonly id: string;
  readonly status: 'DRAFT' | 'SUBMITTED' | 'APPROVED' | 'REJECTED' | 'RECEIVED' | 'CANCELLED';
  readonly note: string;
  readonly amount: number;
  readonly lead_time_days: number;
  /** When its supplier has said that it comes. */
  readonly promised: string | null;
};

/** Who does it, from where, and where it leads. */
const ACTIONS = {
  submit: { by: 'api', from: ['DRAFT'], to: 'SUBMITTED' },
  cancel: { by: 'api', from: ['DRAFT', 'SUBMITTED', 'APPROVED'], to: 'CANCELLED' },
  approve: { by: 'admin', from: ['SUBMITTED'], to: 'APPROVED' },
  reject: { by: 'admin', from: ['SUBMITTED'], to: 'REJECTED' },
  receive: { by: 'admin', from: ['APPROVED'], to: 'RECEIVED' },
} as const;

export function addRequisitions(server: FastifyInstance, store: ObjectStore): void {
  server.post('/api/requisitions', (request, reply) => {
    const fields = newRequisitionSchema.parse(request.body);
    const known = store.get<Part>('part', fields.part);
    if (known === undefined) return reply.code(422).send({ error: `no part ${fields.part}` });
    const made: Requisition = {
      ...fields,
      ...{ id: store.nextId('requisition', 'REQ'), status: 'DRAFT', note: '' },
      amount: Math.round(known.unit_price * fields.quantity * 100) / 100,
      lead_time_days: known.lead_time_days,
      promised: null,
    };
    return reply.code(201).send(store.save('requisition', made));
  });

  server.get('/api/requisitions', (request) => {
    return pageOf(store.all<Requisition>('requisition'), request.query);
  });

  server.get('/api/requisitions/:id', (request, reply) => {
    const { id } = idSchema.parse(request.params);
    const found = store.get<Requisition>('requisition', id);
    return found ?? reply.code(404).send({ error: `no requisition ${id}` });
  });

  server.put('/api/requisitions/:id/promised', (request, reply) => {
    const { id } = idSchema.parse(request.params);
    const { promised } = z.object({ promised: z.iso.datetime() }).parse(request.body);
    const found = store.get<Requisition>('requisition', id);
    if (found === undefined) return reply.code(404).send({ error: `no requisition ${id}` });
    return store.save('requisition', { ...found, promised });
  });

  for (const [action, { by, from, to }] of Object.entries(ACTIONS)) {
    server.post(`/${by}/requisitions/:id/${action}`, (request, reply) => {
      const { id } = idSchema.parse(request.params);
      const found = store.get<Requisition>('requisition', id);
      if (found === undefined) return reply.code(404).send({ error: `no requisition ${id}` });
      if (!from.some((status) => status === found.status)) {
        return reply.code(422).send({ error: `cannot ${action} when ${found.status}` });
      }
      const note = noteSchema.parse(request.body)?.note ?? '';
      if (to === 'RECEIVED') putOnTheShelf(store, found);
      return store.save('requisition', { ...found, status: to, note });
    });
  }
}

function putOnTheShelf(store: ObjectStore, { part, quantity }: Requisition): void {
  const known = store.get<Part>('part', part);
  if (known !== undefined) store.save('part', { ...known, on_hand: known.on_hand + quantity });
}
