/** Work that others are paid for: vendors and what is known of them, orders of services, confirmations, and matching invoices. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ObjectStore } from '../journal.ts';
import { etagOfObject, pageOf } from '../reference-server.ts';
import { HOUR_COST } from './postings.ts';

const newVendorSchema = z.object({
  external_key: z.string().max(64).default(''),
  vendor: z.string().min(1).max(64),
  name: z.string().max(200).default(''),
  /** What is known of it: how long it usually takes, and whom to call. */
  lead_time_days: z.number().int().min(0).nullable().default(null),
  contact: z.string().max(200).default(''),
});
/** Without defaults, which would wipe out what was not sent. */
const vendorChangesSchema = z.strictObject({
  lead_time_days: z.number().int().min(0).optional(),
  contact: z.string().max(200).optional(),
});
const newOrderSchema = z.object({
  external_key: z.string().max(64).default(''),
  /** The work that it is for. */
  reference: z.string().min(1).max(64),
  vendor: z.string().min(1).max(64),
  hours: z.number().positive(),
});
const confirmationSchema = z.object({
  hours: z.number().min(0),
  /** Where the proof is that it was done, and by whom. */
  evidence: z.string().max(2_000).default(''),
});
const invoiceSchema = z.object({ hours: z.number().min(0) });
const idSchema = z.object({ id: z.string() });

export type Vendor = z.infer<typeof newVendorSchema> & {
  readonly id: string;
  readonly status: 'PENDING' | 'APPROVED';
  /** Changes with every change; its ETag. */
  readonly version: number;
};
export type ServiceOrder = z.infer<typeof newOrderSchema> & {
  readonly id: string;
  readonly status: 'ORDERED' | 'CANCELLED' | 'CONFIRMED' | 'MATCHED' | 'MISMATCH';
  readonly confirmed: z.infer<typeof confirmationSchema> | null;
  readonly note: string;
  /** What its invoice came to, once it is matched. */
  readonly cost: number | null;
};

const NOTHING_YET = { status: 'ORDERED', confirmed: null, note: '', cost: null } as const;

export function addServices(server: FastifyInstance, store: ObjectStore): void {
  addVendors(server, store);

  server.post('/api/service-orders', (request, reply) => {
    const fields = newOrderSchema.parse(request.body);
    if (vendorOf(store, fields.vendor)?.status !== 'APPROVED') {
      return reply.code(422).send({ error: `${fields.vendor} is no approved vendor` });
    }
    const id = store.nextId('service-order', 'PO');
    const made: ServiceOrder = { ...fields, ...NOTHING_YET, id };
    return reply.code(201).send(store.save('service-order', made));
  });

  server.get('/api/service-orders', (request) => {
    return pageOf(store.all<ServiceOrder>('service-order'), request.query);
  });

  server.get('/api/service-orders/:id', (request, reply) => {
    const { id } = idSchema.parse(request.params);
    return store.get('service-order', id) ?? reply.code(404).send({ error: `no ${id}` });
  });

  server.post('/api/service-orders/:id/confirm', (request) => {
    const confirmed = confirmationSchema.parse(request.body);
    return change(request.params, ['ORDERED'], { status: 'CONFIRMED', confirmed });
  });

  server.post('/api/service-orders/:id/cancel', (request) => {
    return change(request.params, ['ORDERED'], { status: 'CANCELLED' });
  });

  // The vendor's invoice comes in: it is paid when it says what was confirmed.
  server.post('/admin/service-orders/:id/invoice', (request) => {
    const { hours } = invoiceSchema.parse(request.body);
    const { id } = idSchema.parse(request.params);
    const confirmed = store.get<ServiceOrder>('service-order', id)?.confirmed?.hours;
    return change(
      request.params,
      ['CONFIRMED'],
      hours === confirmed
        ? { status: 'MATCHED', cost: hours * HOUR_COST }
        : { status: 'MISMATCH', note: `invoiced ${hours} h, confirmed ${confirmed} h` },
    );
  });

  function change(
    params: unknown,
    from: readonly ServiceOrder['status'][],
    changes: Partial<ServiceOrder>,
  ): ServiceOrder {
    const { id } = idSchema.parse(params);
    const found = store.get<ServiceOrder>('service-order', id);
    if (found === undefined) throw Object.assign(new Error(`no ${id}`), { statusCode: 404 });
    if (!from.includes(found.status)) {
      throw Object.assign(new Error(`it is ${found.status}`), { statusCode: 422 });
    }
    return store.save('service-order', { ...found, ...changes });
  }
}

/** A new vendor waits until a buyer has looked at it. */
function addVendors(server: FastifyInstance, store: ObjectStore): void {
  server.post('/api/vendors', (request, reply) => {
    const id = store.nextId('vendor', 'VEN');
    const fields = newVendorSchema.parse(request.body);
    const made: Vendor = { ...fields, id, status: 'PENDING', version: 1 };
    return reply.code(201).send(store.save('vendor', made));
  });

  server.get('/api/vendors', (request) => {
    const { vendor } = z.object({ vendor: z.string().optional() }).parse(request.query);
    const items = store.all<Vendor>('vendor');
    return pageOf(
      items.filter((one) => vendor === undefined || one.vendor === vendor),
      request.query,
    );
  });

  const find = (params: unknown) => store.get<Vendor>('vendor', idSchema.parse(params).id);
  const save = (vendor: Vendor, changes: Partial<Vendor>) =>
    store.save('vendor', { ...vendor, ...changes, version: vendor.version + 1 });

  server.get('/api/vendors/:id', (request, reply) => {
    const found = find(request.params);
    if (found === undefined) return reply.code(404).send({ error: 'no such vendor' });
    return reply.header('etag', etagOfObject(found)).send(found);
  });

  server.patch('/api/vendors/:id', (request, reply) => {
    const found = find(request.params);
    if (found === undefined) return reply.code(404).send({ error: 'no such vendor' });
    const shown = request.headers['if-match'];
    if (shown === undefined) return reply.code(428).send({ error: 'expected If-Match' });
    if (shown !== etagOfObject(found)) return reply.code(412).send({ error: 'changed meanwhile' });
    const { lead_time_days = found.lead_time_days, contact = found.contact } =
      vendorChangesSchema.parse(request.body);
    return save(found, { lead_time_days, contact });
  });

  server.post('/admin/vendors/:id/approve', (request, reply) => {
    const found = find(request.params);
    if (found === undefined) return reply.code(404).send({ error: 'no such vendor' });
    return save(found, { status: 'APPROVED' });
  });

  // A buyer makes one, or changes what is known of it.
  server.put('/admin/vendors', (request) => {
    const fields = newVendorSchema.parse(request.body);
    const known = vendorOf(store, fields.vendor);
    const id = known?.id ?? store.nextId('vendor', 'VEN');
    return save({ ...fields, id, status: 'APPROVED', version: known?.version ?? 0 }, {});
  });
}

function vendorOf(store: ObjectStore, vendor: string): Vendor | undefined {
  return store.all<Vendor>('vendor').find((one) => one.vendor === vendor);
}
