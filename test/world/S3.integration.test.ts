import { afterAll, beforeAll, expect, test } from 'vitest';
import { until, worksAt } from '../stand/stand.ts';
import { longSuite } from '../support/long.ts';
import { incidents, MODEL, workflow } from './workflows.ts';
import { PATIENCE, startWorld, type World } from './world.ts';

const HOUR = 3_600_000;

longSuite('S3: an operator reports an incident', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    await world.apply(MODEL, incidents(workflow('urgent')));
    const now = Date.now();
    const order = { id: 'PO-7', kind: 'order', start: now - HOUR, end: now + 8 * HOUR };
    await world.send('schedule.p1.l1', { entries: [{ ...order, product: 'P-9' }] });
    const committed = { customer: 'C-12', due: '2026-12-02', material: ['film', 'cartons'] };
    await world.put('orders', { id: 'PO-7', ...committed });
  });
  afterAll(() => world?.stop());

  test('S3: somebody is called and named in the CMMS, ERP and planning hear of it', async () => {
    const data = { by: 'operator 12' };
    await world.send('event.p1.l1.press', { time: Date.now(), type: 'incident', data });
    const press = await world.requestOf('press');
    for (const step of ['call', 'dispatch', 'downtime']) {
      await world.untilStep('press', step, 'done');
    }
    await world.untilStep('press', 'stop', 'proposed');
    expect(await worksAt(world.stand)).toMatchObject([
      { external_key: press, assignee: 'on call', priority: 'EMERGENCY' },
    ]);
    expect((await world.held()).downtimes).toMatchObject([
      { reference: press, asset: 'p1/l1/press', order: 'PO-7', until: null },
    ]);
    expect(await world.windows()).toMatchObject([{ asset: 'press', status: 'PROPOSED' }]);
  });

  test('S3: the order at risk is named with its customer and what is committed to it', async () => {
    await until('both mails', PATIENCE, async () => world.mailbox.mails.length >= 2);
    const [press] = (await worksAt(world.stand)).map(({ external_key }) => external_key);
    const byReceiver = new Map(world.mailbox.mails.map(({ to, text }) => [to[0], text]));
    expect(byReceiver.get('on-call@plant.example')).toContain(press);
    const risk = byReceiver.get('supervisor@plant.example');
    for (const word of ['PO-7', 'C-12', 'film, cartons']) expect(risk).toContain(word);
  });

  test('S3: the line runs again: the downtime ends, nobody needs the window, and the hours are posted', async () => {
    await world.act('press', 'accept');
    await world.act('press', 'start');
    await world.act('press', 'complete', { actual_hours: 0.5 });
    for (const step of ['up', 'unused', 'hours']) await world.untilStep('press', step, 'done');
    const { downtimes, labour } = await world.held();
    expect(downtimes.map((one) => one.until !== null)).toEqual([true]);
    expect(labour).toMatchObject([{ hours: 0.5 }]);
    expect(await world.windows()).toMatchObject([{ asset: 'press', status: 'WITHDRAWN' }]);
  });
});
