/**
 * A small real planning system: windows in which a line stands for maintenance, its orders, and shifts with their people by
 * skill. Somebody proposes a window, a planner accepts, moves or refuses it; one that is accepted moves the orders of its
 * line. A change shows the version that it has seen. As naive as the others: two POSTs make two windows.
 */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { type ObjectStore, openObjects } from '../journal.ts';
import { addMisbehaviour } from '../misbehaviour.ts';
import {
  createReferenceServer,
  listenFor,
  pageOf,
  type ReferenceOptions,
  type ReferenceServer,
} from '../reference-server.ts';
import { addLineOrders, makeRoom } from './orders.ts';

const instant = z.iso.datetime();
const newWindowSchema = z.object({
  external_key: z.string().max(64).default(''),
  line: z.string().min(1).max(200),
  asset: z.string().max(200).default(''),
  start: instant,
  end: instant,
  reason: z.string().max(2_000).default(''),
  /** Who is needed for the work, and how urgent it is. */
  skill: z.string().max(64).default(''),
  priority: z.string().max(16).default(''),
});
const shiftSchema = z.object({
  id: z.string().min(1).max(64),
  skill: z.string().min(1).max(64),
  start: instant,
  end: instant,
  people: z.number().int().min(0),
});
type Shift = z.infer<typeof shiftSchema>;
const slotQuerySchema = z.object({
  skill: z.string(),
  hours: z.coerce.number().positive(),
  after: instant,
  priority: z.string().default(''),
});
const moveSchema = z.object({ version: z.number().int(), start: instant, end: instant });
const actionSchema = z.object({ id: z.string(), action: z.string() });
const noteSchema = z.object({ note: z.string().max(2_000).default('') }).nullish();

const STATUSES = ['PROPOSED', 'ACCEPTED', 'REFUSED', 'WITHDRAWN', 'DONE'] as const;
export type StopWindow = z.infer<typeof newWindowSchema> & {
  readonly id: string;
  readonly status: (typeof STATUSES)[number];
  readonly note: string;
  readonly version: number;
};

const ACTIONS: Readonly<
  Record<
    string,
    { readonly from: readonly StopWindow['status'][]; readonly to: StopWindow['status'] }
  >
> = {
  accept: { from: ['PROPOSED'], to: 'ACCEPTED' },
  refuse: { from: ['PROPOSED'], to: 'REFUSED' },
  withdraw: { from: ['PROPOSED', 'ACCEPTED'], to: 'WITHDRAWN' },
  complete: { from: ['ACCEPTED'], to: 'DONE' },
};

export async function startReferencePlanner(options: ReferenceOptions): Promise<ReferenceServer> {
  const store = openObjects(options.journal);
  const server = createReferenceServer();
  const key = options.token ?? 'reference';
  server.addHook('onRequest', async (request, reply) => {
    if (request.url === '/' || request.headers['x-api-key'] === key) return;
    return reply.code(401).send({ error: 'expected X-Api-Key' });
  });
  server.get('/', () => ({ name: 'reference planner' }));
  addMisbehaviour(server, '/api/', store, options.misbehaviour);
  addWindows(server, store);
  addLabour(server, store);
  addLineOrders(server, store, () =>
    store.all<StopWindow>('window').filter(({ status }) => status === 'ACCEPTED'),
  );
  return listenFor(server, options, () => store.close());
}

function addWindows(server: FastifyInstance, store: ObjectStore): void {
  const find = (id: string) => store.get<StopWindow>('window', id);

  server.post('/api/windows', (request, reply) => {
    const fields = newWindowSchema.parse(request.body);
    if (Date.parse(fields.end) <= Date.parse(fields.start)) {
      return reply.code(422).send({ error: 'expected the end after the start' });
    }
    const id = store.nextId('window', 'WIN');
    const made: StopWindow = { ...fields, id, status: 'PROPOSED', note: '', version: 1 };
    return reply.code(201).send(store.save('window', made));
  });

  server.get('/api/windows', (request) => pageOf(store.all<StopWindow>('window'), request.query));

  server.get('/api/windows/:id', (request, reply) => {
    const { id } = z.object({ id: z.string() }).parse(request.params);
    return find(id) ?? reply.code(404).send({ error: `no window ${id}` });
  });

  server.put('/api/windows/:id', (request, reply) => {
    const { id } = z.object({ id: z.string() }).parse(request.params);
    const found = find(id);
    if (found === undefined) return reply.code(404).send({ error: `no window ${id}` });
    const { version, start, end } = moveSchema.parse(request.body);
    if (version !== found.version) return reply.code(409).send({ error: 'changed meanwhile' });
    return store.save('window', { ...found, start, end, version: version + 1 });
  });

  // As somebody does who clears up too much, or restores an old backup.
  server.delete('/admin/windows/:id', (request) => {
    store.remove('window', z.object({ id: z.string() }).parse(request.params).id);
    return { ok: true };
  });

  server.post('/api/windows/:id/:action', (request, reply) => {
    const { id, action } = actionSchema.parse(request.params);
    const found = find(id);
    const known = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
    if (found === undefined || known === undefined) {
      return reply.code(404).send({ error: `no window ${id}, or no action ${action}` });
    }
    if (!known.from.includes(found.status)) {
      return reply.code(422).send({ error: `cannot ${action} when ${found.status}` });
    }
    const note = noteSchema.parse(request.body)?.note ?? '';
    const { version } = found;
    if (known.to === 'ACCEPTED') makeRoom(store, found);
    return store.save('window', { ...found, status: known.to, note, version: version + 1 });
  });
}

/** The shifts of people by skill, and when one of them is free for long enough. */
function addLabour(server: FastifyInstance, store: ObjectStore): void {
  server.put('/admin/shifts', (request) => store.save('shift', shiftSchema.parse(request.body)));

  server.get('/api/slots', (request) => {
    const { skill, hours, after, priority } = slotQuerySchema.parse(request.query);
    const length = hours * 3_600_000;
    const taken = store.all<StopWindow>('window').filter((window) => {
      const open = window.status === 'PROPOSED' || window.status === 'ACCEPTED';
      return open && window.skill === skill && rankOf(window.priority) >= rankOf(priority);
    });
    const starts = store
      .all<Shift>('shift')
      .filter((shift) => shift.skill === skill)
      .flatMap((shift) => startsIn(shift, { after: Date.parse(after), length, taken }))
      .sort((a, b) => a - b);
    const [start] = starts;
    if (start === undefined) return { start: null, end: null };
    return {
      start: new Date(start).toISOString(),
      end: new Date(start + length).toISOString(),
    };
  });
}

const RANKS = ['low', 'medium', 'high', 'urgent'];

/** What is less urgent gives its people away. */
function rankOf(priority: string): number {
  return RANKS.indexOf(priority);
}

/** When a work may begin in a shift: at its start, at the time that is asked for, or when another window ends. */
function startsIn(
  shift: Shift,
  {
    after,
    length,
    taken,
  }: { readonly after: number; readonly length: number; readonly taken: readonly StopWindow[] },
): readonly number[] {
  const [from, to] = [Math.max(after, Date.parse(shift.start)), Date.parse(shift.end)];
  return [from, ...taken.map(({ end }) => Date.parse(end))].filter((start) => {
    const busy = taken.filter(
      (window) => Date.parse(window.start) < start + length && Date.parse(window.end) > start,
    );
    return start >= from && start + length <= to && busy.length < shift.people;
  });
}
