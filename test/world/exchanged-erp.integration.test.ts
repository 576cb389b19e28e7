import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TrytonCall } from '../../pipelines/schedules/tryton.ts';
import { lacksTryton, type Tryton, trytonService } from '../../pipelines/stand/tryton.ts';
import { longSuite } from '../support/long.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { hotMachines, MODEL, workflow } from './workflows.ts';
import { quick, startWorld, type World } from './world.ts';

type Shipment = { readonly id: number; readonly state: string; readonly reference: string };
type Erp = { readonly tryton: Tryton; readonly call: TrytonCall };

const company = { company: 1 };
const BEARING = '6205-2RS';
/** What the new one calls the bearing. */
const MOVED_BEARING = 'B-100';

/** The workflow as it is for the new one: that is asked, and a part is called there as the mapping says. */
function forTheNewOne(): object {
  const mapped = `(request.parts[0] == '${BEARING}' ? '${MOVED_BEARING}' : request.parts[0])`;
  const text = JSON.stringify(workflow('spare-parts'));
  return JSON.parse(text.replaceAll('"erp.', '"next.').replaceAll('request.parts[0]', mapped));
}

async function startErp(name: string, bearing: string): Promise<Erp> {
  const tryton = await trytonService(join(temporaryDirectory(), name));
  await tryton.start();
  await tryton.furnish([
    { code: bearing, name: 'Deep groove ball bearing', on_hand: 3 },
    { code: 'SEAL-45', name: 'Shaft seal 45 mm', on_hand: 0 },
  ]);
  return { tryton, call: await tryton.signIn() };
}

const all = <T>({ call }: Erp, model: string, ...fields: string[]): Promise<T[]> =>
  call<T[]>(`model.${model}.search_read`, [], 0, null, null, fields, company);
const shipmentsIn = async (erp: Erp) => {
  const found = await all<Shipment>(erp, 'stock.shipment.internal', 'state', 'reference');
  return found.toSorted((a, b) => a.id - b.id);
};
const press = ({ call }: Erp, model: string, button: string, id: number | undefined) =>
  call(`model.${model}.${button}`, [id], company);

longSuite('one Tryton takes the place of another while work is open', exchange, lacksTryton());

function exchange(): void {
  let old: Erp;
  let next: Erp;
  let world: World;
  /** Outcome, and number over there, of what one step of a machine has asked for. */
  const askedFor = async (asset: string, verb: string) =>
    (await world.commands(await world.requestOf(asset))).filter((one) => one.verb === verb);

  beforeAll(async () => {
    old = await startErp('old', BEARING);
    next = await startErp('next', MOVED_BEARING);
    world = await startWorld({
      erp: old.tryton,
      systems: () => ({ next: quick('tryton', next.tryton.url, '10s') }),
    });
    await world.apply(MODEL, hotMachines(workflow('spare-parts')));
  });
  afterAll(async () => {
    await world?.stop();
    for (const erp of [old, next]) await erp?.tryton.stop();
  });

  test('S1 is under way in the old one: a part reserved, another one asked for', async () => {
    for (const asset of ['press', 'mill']) {
      world.heat(asset, 90);
      await world.requestOf(asset);
      await world.act(asset, 'accept');
    }
    await world.untilStep('press', 'reserve', 'assigned');
    await world.untilStep('mill', 'requisition', 'submitted');
    await world.untilStep('mill', 'reserve', 'short');
    expect((await shipmentsIn(old)).map(({ state }) => state).toSorted()).toEqual([
      ...['assigned', 'waiting'],
    ]);
  });

  test('what begins after the exchange is asked of the new one, by its number of the part', async () => {
    await world.apply(MODEL, hotMachines(forTheNewOne()));
    // What was under way comes back with the definition that it began with, also after a kill.
    await world.stand.worker.kill();
    await world.stand.worker.start();
    world.heat('lathe', 90);
    await world.requestOf('lathe');
    await world.act('lathe', 'accept');
    await world.untilStep('lathe', 'reserve', 'assigned');
    const [reserve, ...others] = await askedFor('lathe', 'reserve');
    expect(others).toEqual([]);
    expect(reserve).toMatchObject({ system: 'next', outcome: 'done' });
    const [shipment, ...more] = await shipmentsIn(next);
    expect(more).toEqual([]);
    expect(shipment).toMatchObject({ state: 'assigned' });
    expect(reserve?.remote).toBe(String(shipment?.id));
    // Both count from one: the number alone names nothing.
    expect((await shipmentsIn(old)).map(({ id }) => id)).toContain(shipment?.id);
    const moves = await all<object>(next, 'stock.move', 'product.code', 'quantity');
    expect(moves).toContainEqual(
      expect.objectContaining({ 'product.': expect.objectContaining({ code: MOVED_BEARING }) }),
    );
  });

  test('what people do in the old one comes back: approved, picked, done', async () => {
    const [requisition] = await all<{ id: number }>(old, 'purchase.requisition', 'state');
    await press(old, 'purchase.requisition', 'approve', requisition?.id);
    await world.untilStep('mill', 'requisition', 'approved');
    const [reserve] = await askedFor('press', 'reserve');
    const shipment = Number(reserve?.remote);
    await press(old, 'stock.shipment.internal', 'pack', shipment);
    await world.untilStep('press', 'reserve', 'picked');
    await press(old, 'stock.shipment.internal', 'ship', shipment);
    await press(old, 'stock.shipment.internal', 'do', shipment);
    await world.untilStep('press', 'reserve', 'done');
  });

  test('what the work took is posted where it began, and what is called off is taken back where it was asked', async () => {
    await world.act('press', 'start');
    const used = [{ part: BEARING, quantity: 1 }];
    await world.act('press', 'complete', { actual_hours: 1.5, used });
    await world.untilStep('press', 'consume', 'done');
    await world.untilStep('press', 'hours', 'done');
    await world.act('lathe', 'withdraw');
    await world.untilStep('lathe', 'reserve', 'undone');
    expect(await shipmentsIn(next)).toMatchObject([{ state: 'cancelled' }]);
    expect(await all<object>(old, 'timesheet.line', 'duration')).toMatchObject([
      { duration: { seconds: 5_400 } },
    ]);
  });

  test('nothing is made twice, and nothing of one is in the other', async () => {
    const [before, after] = [await shipmentsIn(old), await shipmentsIn(next)];
    const keys = [...before, ...after].map(({ reference }) => reference);
    expect(new Set(keys).size).toBe(keys.length);
    expect(after).toHaveLength(1);
    expect(await all(old, 'purchase.requisition', 'state')).toHaveLength(1);
    for (const model of ['purchase.requisition', 'timesheet.line']) {
      expect(await all(next, model)).toEqual([]);
    }
    for (const asset of ['press', 'mill']) {
      const asked = await world.commands(await world.requestOf(asset));
      expect(asked.filter(({ system }) => system === 'next')).toEqual([]);
    }
  });
}
