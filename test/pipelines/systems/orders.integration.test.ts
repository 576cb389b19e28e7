import { afterAll, beforeAll, expect, it } from 'vitest';
import { orderId } from '../../../operators/model/machine-event.ts';
import { ensureCommands } from '../../../pipelines/nats/streams.ts';
import { showWork } from '../../../pipelines/systems/inspect-commands.ts';
import { idsIn, openOrderLedger } from '../../../pipelines/systems/ledger.ts';
import { describeOrder } from '../../../pipelines/systems/request-text.ts';
import type { CmmsConfig } from '../../../sinks/remote/config.ts';
import { sendCommand } from './commands-support.ts';
import { exampleCommand } from './example-command.ts';
import { readCmmsFile } from './read-cmms-file.ts';
import { askReference, freshRequest, type Plant, startPlant } from './systems-support.ts';

let plant: Plant;
let changes: Partial<CmmsConfig>;
let ask: ReturnType<typeof askReference>;
beforeAll(async () => {
  plant = await startPlant();
  ask = askReference(plant.cmms.url);
  const { orders } = await readCmmsFile('examples/cmms/reference.yaml');
  if (orders === undefined) throw new Error('the preset has no orders');
  changes = {
    orders: { ...orders, every: 100, assets: { 'P-17': 'berlin/packing/pump-17' } as never },
  };
});
afterAll(() => plant.close());

const until = { timeout: 10_000, interval: 25 };

type Made = { readonly id: string };
const make = (more: object = {}) =>
  ask<Made>('POST', '/api/work-requests', {
    ...{ title: 'Lubricate', asset: 'berlin/packing/filler-1', origin: 'plan', priority: 'HIGH' },
    ...{ parts: ['6205', 'SEAL-45'], planned_start: '2026-12-01T06:00:00Z', hours: 1.5 },
    ...more,
  });
const said = ({ id }: Made) => plant.events(orderId('reference', id));
const statuses = async (made: Made) => (await said(made)).map(({ data }) => data.status);

it('says each change of an order that nobody asked for to the log, once, also after a restart', async () => {
  const order = await make();
  const run = plant.run(changes);
  await expect.poll(() => statuses(order), until).toEqual(['requested']);
  expect((await said(order))[0]).toMatchObject({
    subject: 'status.reference.berlin.packing.filler-1',
    type: 'order',
    data: {
      ...{ remote: order.id, origin: 'plan', priority: 'high', parts: '6205\nSEAL-45' },
      ...{ title: 'Lubricate', duration: 1.5, start: Date.UTC(2026, 11, 1, 6), end: null },
    },
  });
  await run.stop();
  const again = plant.run(changes);
  for (const action of ['accept', 'start', 'complete', 'close']) {
    await plant.act(order.id, action);
    await expect.poll(async () => (await statuses(order)).length, until).toBeGreaterThan(1);
  }
  await expect.poll(async () => (await statuses(order)).at(-1), until).toBe('closed');
  const told = await statuses(order);
  expect(new Set(told).size).toBe(told.length);
  const ledger = await openOrderLedger(plant.connection, 'reference');
  await expect
    .poll(async () => (await ledger.get(orderId('reference', order.id))).entry, until)
    .toBe(undefined);
  // Nor is it counted as one that was deleted: such marks would pile up.
  const kept = await idsIn(plant.connection, 'ledger', 'order.reference.', '*');
  expect(kept).not.toContain(orderId('reference', order.id));
  await again.stop();
});

it('is shown as a work, by its id and by its number there, with the commands for it, also when it is over', async () => {
  const order = await make();
  const id = orderId('reference', order.id);
  const run = plant.run(changes);
  await expect.poll(() => statuses(order), until).toEqual(['requested']);
  await ensureCommands(plant.connection);
  const command = exampleCommand({ request: id });
  await sendCommand(plant.connection, command);
  for (const name of [id, order.id]) {
    const work = await showWork(plant.connection, name);
    expect(work).toMatchObject({
      ...{ id, system: 'reference', commands: [{ id: command.id, outcome: 'waiting' }] },
      order: { asset: 'berlin/packing/filler-1', data: { status: 'requested', origin: 'plan' } },
    });
    if (!('order' in work)) throw new Error('expected an order');
    expect(describeOrder(work)).toContain(
      `order     ${order.id} of reference, which made it itself`,
    );
  }
  await plant.act(order.id, 'close');
  await expect.poll(async () => (await statuses(order)).at(-1), until).toBe('closed');
  await run.stop();
  expect(await showWork(plant.connection, id)).toMatchObject({
    ...{ id, order: null, commands: [{ id: command.id }] },
  });
  await expect(showWork(plant.connection, 'nobody')).rejects.toThrow('the id of a request');
});

it('takes nothing for an order that a request of ours made, and nothing that was over before', async () => {
  const over = await make({ title: 'Done long ago' });
  await plant.act(over.id, 'close');
  const request = freshRequest();
  const run = plant.run(changes);
  await plant.send(request);
  await expect.poll(async () => (await plant.entry(request.id))?.status, until).toBe('requested');
  // Behind both of them in every list: when it is in the log, the others have been looked at.
  const last = await make();
  await expect.poll(() => statuses(last), until).toEqual(['requested']);
  const [work] = await plant.works(request.id);
  expect(await said({ id: work?.id ?? '' })).toEqual([]);
  expect(await said(over)).toEqual([]);
  await run.stop();
});

it('ends it at the former machine when it is moved, and says so where an asset is not known', async () => {
  const order = await make({ asset: 'P-17' });
  const lost = await make({ asset: 'somewhere' });
  const run = plant.run(changes);
  await expect.poll(() => statuses(order), until).toEqual(['requested']);
  await ask('PATCH', `/api/work-requests/${order.id}`, { asset: 'berlin/packing/filler-1' });
  await expect.poll(async () => (await said(order)).length, until).toBe(3);
  expect((await said(order)).map(({ subject, data }) => [subject, data.status])).toEqual([
    ['status.reference.berlin.packing.pump-17', 'requested'],
    ['status.reference.berlin.packing.pump-17', 'cancelled'],
    ['status.reference.berlin.packing.filler-1', 'requested'],
  ]);
  const unknown = plant.recorded.filter(
    (one) => one.kind === 'order-not-understood' && one.remote === lost.id,
  );
  expect(unknown).toEqual([expect.objectContaining({ found: 'asset "somewhere"' })]);
  await run.stop();
});

it('goes on where it stood when a call was in vain', async () => {
  await plant.misbehave({ script: [{ fault: 'unavailable', method: 'GET', delay: 0, times: 3 }] });
  const order = await make();
  const run = plant.run(changes);
  await expect.poll(() => statuses(order), until).toEqual(['requested']);
  await run.stop();
});
