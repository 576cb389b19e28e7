/**
 * Orders of lines, in the reference planner. A window that a planner accepts moves what is in its way: the order that it cuts
 * into, or that would begin in it, begins when it ends, and those behind it follow. The schedule is told as ISA-95 has it.
 */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ObjectStore } from '../journal.ts';

const instant = z.iso.datetime();
const lineOrderSchema = z.object({
  id: z.string().min(1).max(128),
  line: z.string().min(1).max(200),
  start: instant,
  end: instant,
  product: z.string().max(128).default(''),
  quantity: z.number().positive().nullable().default(null),
  due: instant.nullable().default(null),
});
export type LineOrder = z.infer<typeof lineOrderSchema>;

/** A time during which a line stands. */
type Stop = { readonly id: string; readonly line: string } & Pick<LineOrder, 'start' | 'end'>;

const iso = (milliseconds: number) => new Date(milliseconds).toISOString();

export function addLineOrders(
  server: FastifyInstance,
  store: ObjectStore,
  standing: () => readonly Stop[],
): void {
  const ordersOf = (line: string) =>
    store
      .all<LineOrder>('order')
      .filter((one) => one.line === line)
      .toSorted((a, b) => Date.parse(a.start) - Date.parse(b.start));

  server.put('/admin/orders', (request) => {
    return store.save('order', lineOrderSchema.parse(request.body));
  });

  // What has become of an order: `late` counts the hours behind its due time.
  server.get('/api/orders/:id', (request, reply) => {
    const { id } = z.object({ id: z.string() }).parse(request.params);
    const found = store.get<LineOrder>('order', id);
    if (found === undefined) return reply.code(404).send({ error: `no order ${id}` });
    const due = Date.parse(found.due ?? found.end);
    return { ...found, late: Math.max(0, (Date.parse(found.end) - due) / 3_600_000) };
  });

  server.get('/api/schedule', (request) => {
    const { line } = z.object({ line: z.string() }).parse(request.query);
    const stops = standing().filter((one) => one.line === line);
    return { OperationsSchedule: scheduleOf(line, ordersOf(line), stops) };
  });
}

/** The orders of the line make room for a window. */
export function makeRoom(store: ObjectStore, { line, start, end }: Stop): void {
  let free = Date.parse(end);
  const waiting = store
    .all<LineOrder>('order')
    .filter((one) => one.line === line && Date.parse(one.end) > Date.parse(start))
    .toSorted((a, b) => Date.parse(a.start) - Date.parse(b.start));
  for (const { changed: _, ...order } of waiting) {
    const [from, to] = [Date.parse(order.start), Date.parse(order.end)];
    if (from >= free) return;
    store.save('order', { ...order, start: iso(free), end: iso(free + to - from) });
    free += to - from;
  }
}

/** Names and nesting are those of B2MML 7. */
function scheduleOf(line: string, orders: readonly LineOrder[], stops: readonly Stop[]): object {
  const [plant, name] = line.split('/');
  return {
    ID: line,
    PublishedDate: iso(Date.now()),
    HierarchyScope: {
      ...{ EquipmentID: plant, EquipmentLevel: 'Site' },
      HierarchyScope: { EquipmentID: name, EquipmentLevel: 'ProductionLine' },
    },
    OperationsRequest: [
      ...orders.map(({ id, start, end, product, quantity, due }) => ({
        ...{ ID: id, StartTime: start, EndTime: end, OperationsType: 'Production' },
        ...{ RequestState: 'Released', OperationsDefinitionID: product },
        SegmentRequirement: [
          {
            ...{ ID: id, ProcessSegmentID: id, LatestEndTime: due ?? end },
            MaterialRequirement: [
              {
                ...{ MaterialDefinitionID: product, MaterialUse: 'Produced' },
                ...(quantity === null ? {} : { Quantity: [{ QuantityString: String(quantity) }] }),
              },
            ],
          },
        ],
      })),
      ...stops.map(({ id, start, end }) => ({
        ...{ ID: id, StartTime: start, EndTime: end, OperationsType: 'Maintenance' },
        RequestState: 'Released',
      })),
    ],
  };
}
