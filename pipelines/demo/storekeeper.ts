/**
 * The storekeeper and the buyer of the demo, in the ERP that stands behind it: what waits for a part is given it, and what was
 * asked for is bought, and has come by the next look.
 */

import type { TrytonCall } from '../schedules/tryton.ts';
import type { Tryton } from '../stand/tryton.ts';
import type { Requisition } from './reference-erp/requisitions.ts';
import type { Reservation } from './reference-erp/stock.ts';

/** Does what can be done about a part now; gives whether what was reserved of it lies ready for who does the work. */
export type Storekeeper = (part: string) => Promise<boolean>;

/** By what people of the reference ERP can do there. */
export function referenceStorekeeper(url: string, secret: string): Storekeeper {
  const ask = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const answer = await fetch(`${url}/admin/${path}`, {
      ...{ method, signal: AbortSignal.timeout(5_000) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${secret}` },
    });
    if (!answer.ok) throw new Error(`${method} ${path}: the ERP answers ${answer.status}`);
    return (await answer.json()) as T;
  };
  return async (part) => {
    const held = await ask<{
      readonly requisitions: readonly Requisition[];
      readonly reservations: readonly Reservation[];
    }>('GET', 'objects');
    const wanted = held.requisitions.filter((one) => one.part === part);
    const reserved = held.reservations.filter((one) => one.part === part);
    for (const { id, status } of wanted) {
      if (status === 'SUBMITTED') await ask('POST', `requisitions/${id}/approve`, {});
      if (status === 'APPROVED') await ask('POST', `requisitions/${id}/receive`, {});
    }
    const bought = wanted.every(
      ({ status }) => !['DRAFT', 'SUBMITTED', 'APPROVED'].includes(status),
    );
    for (const { id, status } of reserved) {
      if (status === 'SHORT' && bought) await ask('POST', `reservations/${id}/assign`, {});
    }
    return reserved.some(({ status }) => status === 'ASSIGNED');
  };
}

/** What is pressed next at an internal shipment of Tryton. */
const BUTTONS: Readonly<Partial<Record<string, string>>> = {
  ...{ waiting: 'assign_try', assigned: 'pack', packed: 'ship', shipped: 'do' },
};

/** As people of Tryton would: goods that have come are counted on to the shelf, and shipments to the workshop carried out. */
export function trytonStorekeeper({ signIn }: Pick<Tryton, 'signIn'>): Storekeeper {
  let call: TrytonCall | undefined;
  return async (part) => {
    call ??= await signIn();
    const context = { company: 1 };
    const find = async <T>(model: string, domain: readonly unknown[], ...fields: string[]) =>
      (call ?? (await signIn()))<T[]>(
        `model.${model}.search_read`,
        ...[domain, 0, null, null, fields, context],
      );
    type Shipment = { readonly id: number; readonly state: string };
    const shipments = await find<Shipment>(
      'stock.shipment.internal',
      [
        ['moves.product.code', '=', part],
        ['to_location.code', '=', 'MNT-STO'],
      ],
      'state',
    );
    for (const { id, state } of shipments) {
      const button = BUTTONS[state];
      if (button === undefined) continue;
      if (state === 'waiting') await putOnTheShelf(call, part, context);
      await call(`model.stock.shipment.internal.${button}`, [id], context);
    }
    return shipments.some(({ state }) => state === 'done');
  };
}

/** An inventory finds one more of the part than there is. */
async function putOnTheShelf(call: TrytonCall, part: string, context: object): Promise<void> {
  const [shelf] = await call<number[]>(
    'model.stock.location.search',
    [['code', '=', 'STO']],
    context,
  );
  const [product] = await call<number[]>(
    'model.product.product.search',
    [['code', '=', part]],
    context,
  );
  const lines = [['create', [{ product, quantity: 1 }]]];
  const inventory = await call<number[]>(
    'model.stock.inventory.create',
    ...[[{ location: shelf, lines }], context],
  );
  await call('model.stock.inventory.confirm', inventory, context);
}
