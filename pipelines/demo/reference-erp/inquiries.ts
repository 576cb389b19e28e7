/** What suppliers are asked: whether they can deliver in time. They answer on a page, whose address is all that they need. */

import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ObjectStore } from '../journal.ts';
import { pageOf } from '../reference-server.ts';

const newInquirySchema = z.object({
  external_key: z.string().max(64).default(''),
  reference: z.string().max(64).default(''),
  supplier: z.string().max(64).default(''),
  part: z.string().min(1).max(64),
  quantity: z.number().positive(),
  needed_by: z.iso.datetime(),
});
const answerSchema = z.object({
  answer: z.enum(['confirm', 'move', 'refuse']),
  /** When it comes, where it is moved. */
  date: z.iso.datetime().or(z.literal('')).default(''),
});
const tokenSchema = z.object({ token: z.string() });

export type Inquiry = z.infer<typeof newInquirySchema> & {
  readonly id: string;
  /** Of its page. */
  readonly token: string;
  readonly status: 'ASKED' | 'CONFIRMED' | 'MOVED' | 'REFUSED';
  readonly promised: string | null;
};

const STATUS = { confirm: 'CONFIRMED', move: 'MOVED', refuse: 'REFUSED' } as const;

export function addInquiries(server: FastifyInstance, store: ObjectStore): void {
  server.post('/api/inquiries', (request, reply) => {
    const made: Inquiry = {
      ...newInquirySchema.parse(request.body),
      ...{ id: store.nextId('inquiry', 'INQ'), token: randomUUID() },
      ...{ status: 'ASKED', promised: null },
    };
    return reply.code(201).send(store.save('inquiry', made));
  });

  server.get('/api/inquiries', (request) => pageOf(store.all<Inquiry>('inquiry'), request.query));

  server.get('/api/inquiries/:id', (request, reply) => {
    const { id } = z.object({ id: z.string() }).parse(request.params);
    return store.get<Inquiry>('inquiry', id) ?? reply.code(404).send({ error: `no ${id}` });
  });

  addPage(server, store);
}

/** The page of a supplier. Nobody signs in there: who has its address may answer, once. */
function addPage(server: FastifyInstance, store: ObjectStore): void {
  const find = (params: unknown) => {
    const { token } = tokenSchema.parse(params);
    return store.all<Inquiry>('inquiry').find((one) => one.token === token);
  };

  server.get('/supplier/:token', (request, reply) => {
    const found = find(request.params);
    if (found === undefined) return reply.code(404).send({ error: 'no such inquiry' });
    return reply.type('text/html').send(pageText(found));
  });

  server.post('/supplier/:token', (request, reply) => {
    const found = find(request.params);
    if (found === undefined) return reply.code(404).send({ error: 'no such inquiry' });
    if (found.status !== 'ASKED') return reply.code(422).send({ error: 'answered already' });
    const { answer, date } = answerSchema.parse(request.body);
    if (answer === 'move' && date === '') {
      return reply.code(422).send({ error: 'expected the date to which it is moved' });
    }
    const promised = { confirm: found.needed_by, move: date, refuse: null }[answer];
    return store.save('inquiry', { ...found, status: STATUS[answer], promised });
  });
}

function pageText({ part, quantity, needed_by, status }: Inquiry): string {
  const text = `${quantity} of ${escaped(part)} by ${needed_by}: ${status}`;
  const button = (answer: string) => `<button name="answer" value="${answer}">${answer}</button>`;
  return `<!doctype html><title>Inquiry</title><p>${text}</p><form method="post">
<input name="date" placeholder="2026-12-01T06:00:00Z"> ${Object.keys(STATUS).map(button).join(' ')}</form>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (found) => `&#${found.charCodeAt(0)};`);
}
