import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TrytonCall } from '../../pipelines/schedules/tryton.ts';
import { lacksTryton, type Tryton, trytonService } from '../../pipelines/stand/tryton.ts';
import { longSuite } from '../support/long.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { hotMachines, MODEL, workflow } from './workflows.ts';
import { startWorld, type World } from './world.ts';

type Shipment = { readonly id: number; readonly state: string; readonly reference: string };

longSuite('the same with Tryton as the ERP', withTryton, lacksTryton());

function withTryton(): void {
  let tryton: Tryton;
  let world: World;
  let call: TrytonCall;
  const company = { company: 1 };
  /** Objects of Tryton, as one of its people sees them. */
  const all = <T>(model: string, domain: readonly unknown[], ...fields: string[]): Promise<T[]> =>
    call<T[]>(`model.${model}.search_read`, domain, 0, null, null, fields, company);
  const shipments = () =>
    all<Shipment>('stock.shipment.internal', [], 'state', 'reference').then((found) =>
      found.toSorted((a, b) => a.id - b.id),
    );
  const step = (model: string, button: string, id: number | undefined) =>
    call(`model.${model}.${button}`, [id], company);

  beforeAll(async () => {
    tryton = await trytonService(join(temporaryDirectory(), 'tryton'));
    await tryton.start();
    await tryton.furnish([
      { code: '6205-2RS', name: 'Deep groove ball bearing', on_hand: 3 },
      { code: 'SEAL-45', name: 'Shaft seal 45 mm', on_hand: 0 },
    ]);
    call = await tryton.signIn();
    world = await startWorld({ erp: tryton });
    await world.apply(MODEL, hotMachines(workflow('spare-parts')));
  });
  afterAll(async () => {
    await world?.stop();
    await tryton?.stop();
  });

  test('S1: a part that is on the shelf is assigned in an internal shipment that carries the key', async () => {
    world.heat('press', 90);
    const press = await world.requestOf('press');
    await world.act('press', 'accept');
    await world.untilStep('press', 'reserve', 'assigned');
    expect(await shipments()).toMatchObject([{ state: 'assigned' }]);
    const reserve = (await world.commands(press)).find(({ verb }) => verb === 'reserve');
    const [shipment] = await shipments();
    expect(reserve).toMatchObject({ outcome: 'done', remote: String(shipment?.id) });
    expect(await all('purchase.requisition', [], 'state')).toEqual([]);
  });

  test('S1: a part that is not there is a requisition, whose approval stays in Tryton and comes back', async () => {
    world.heat('mill', 90);
    await world.requestOf('mill');
    await world.act('mill', 'accept');
    await world.untilStep('mill', 'requisition', 'submitted');
    await world.untilStep('mill', 'reserve', 'short');
    const found = await all<{ id: number }>('purchase.requisition', [], 'state', 'description');
    expect(found).toMatchObject([{ state: 'waiting' }]);
    await step('purchase.requisition', 'approve', found[0]?.id);
    await world.untilStep('mill', 'requisition', 'approved');
    // It waits for whoever buys.
    const requests = await all<object>('purchase.request', [], 'state', 'quantity');
    expect(requests).toMatchObject([{ state: 'draft', quantity: 1 }]);
  });

  test('S15: what the storekeeper does with the shipment is known: picked, done', async () => {
    const [shipment] = await shipments();
    await step('stock.shipment.internal', 'pack', shipment?.id);
    await world.untilStep('press', 'reserve', 'picked');
    await step('stock.shipment.internal', 'ship', shipment?.id);
    await step('stock.shipment.internal', 'do', shipment?.id);
    await world.untilStep('press', 'reserve', 'done');
  });

  test('S10: the bearing that the work has used leaves the workshop, and its hours are on the timesheet', async () => {
    const press = await world.requestOf('press');
    await world.act('press', 'start');
    const used = [{ part: '6205-2RS', quantity: 1 }];
    await world.act('press', 'complete', { actual_hours: 1.5, used });
    await world.untilStep('press', 'consume', 'done');
    await world.untilStep('press', 'hours', 'done');
    const lines = await all<object>('timesheet.line', [], 'duration', 'description', 'work.name');
    const named = expect.stringContaining(press);
    expect(lines).toMatchObject([
      { duration: { seconds: 5_400 }, description: named, 'work.': { name: named } },
    ]);
    const workshop = await all<{ id: number }>(
      'stock.location',
      [['code', '=', 'MNT-STO']],
      'code',
    );
    const inWorkshop = { ...company, locations: workshop.map(({ id }) => id) };
    const bearing = [[['code', '=', '6205-2RS']], 0, 1, null, ['quantity'], inWorkshop];
    const there = await call('model.product.product.search_read', ...bearing);
    expect(there).toMatchObject([{ quantity: 0 }]);
  });

  test('S19: Tryton is killed: the request is in the CMMS all the same, and the rest catches up, once', async () => {
    await tryton.kill();
    world.heat('lathe', 90);
    const lathe = await world.requestOf('lathe');
    await world.act('lathe', 'accept');
    await world.untilStep('lathe', 'stock', 'asked');
    const outcomes = (await world.commands(lathe)).map(({ outcome }) => outcome);
    expect([...new Set(outcomes)]).toEqual(['waiting']);
    await tryton.start();
    await world.untilStep('lathe', 'reserve', 'assigned');
    const reserve = (await world.commands(lathe)).find(({ verb }) => verb === 'reserve');
    const own = (await shipments()).filter(({ id }) => String(id) === reserve?.remote);
    expect(own).toMatchObject([{ state: 'assigned' }]);
    const keys = (await shipments()).map(({ reference }) => reference);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('S1: the work is called off: the reservation is taken back in Tryton', async () => {
    await world.act('lathe', 'withdraw');
    await world.untilStep('lathe', 'reserve', 'undone');
    expect((await shipments()).at(-1)).toMatchObject({ state: 'cancelled' });
  });
}
