import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startReferenceCmms } from '../../pipelines/demo/reference-cmms/reference-cmms.ts';
import type { WorkRequest } from '../../pipelines/demo/reference-cmms/work-request.ts';
import type { ReferenceServer } from '../../pipelines/demo/reference-server.ts';
import { until } from '../stand/stand.ts';
import { longSuite } from '../support/long.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { hotMachines, MODEL, workflow } from './workflows.ts';
import { PATIENCE, quick, startWorld, type World } from './world.ts';

/** Press and mill are looked after by the contractor; the lathe is not. */
const LOOKED_AFTER = {
  ...MODEL,
  lines: MODEL.lines.map((line) => ({
    ...line,
    assets: line.assets.map((asset) =>
      asset.id === 'lathe' ? asset : { ...asset, ids: { ...asset.ids, vendor: 'V-9' } },
    ),
  })),
};

longSuite('S4: a contractor does the work', () => {
  let world: World;
  let desk: ReferenceServer;
  beforeAll(async () => {
    desk = await startReferenceCmms({ journal: join(temporaryDirectory(), 'desk.ndjson') });
    const auth = { user: 'andon', password: 'reference' };
    world = await startWorld({
      systems: () => ({
        contractor: {
          ...quick('contractor', desk.url),
          auth: { kind: 'login', path: '/api/login', body: auth, token: '/access/token' },
        },
      }),
    });
    await world.apply(LOOKED_AFTER, hotMachines(workflow('contractor')));
  });
  afterAll(async () => {
    await world?.stop();
    await desk?.close();
  });

  /** As the contractor at his desk. */
  async function atDesk<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(`${desk.url}/api/work-requests${path}`, {
      method,
      headers: { Authorization: 'Bearer reference', 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
    return (await response.json()) as T;
  }
  const works = async () => (await atDesk<{ items: WorkRequest[] }>('GET', '')).items;

  async function work(asset: string, hours: number): Promise<void> {
    const own = (await works()).find((one) => one.asset === `p1/l1/${asset}`);
    await atDesk('PATCH', `/${own?.id}`, { actual_hours: hours, assignee: 'Bo' });
    for (const action of ['accept', 'start', 'complete']) {
      await atDesk('POST', `/${own?.id}/${action}`, {});
    }
  }

  const orderOf = async (asset: string) => {
    const request = await world.requestOf(asset);
    return (await world.held()).services.find(({ reference }) => reference === request);
  };

  test('S4: who is no vendor yet becomes one; nothing is ordered before a buyer has approved him', async () => {
    world.heat('press', 90);
    await world.untilStep('press', 'onboard', 'pending');
    const { vendors, services } = await world.held();
    expect(vendors).toMatchObject([{ vendor: 'V-9', status: 'PENDING' }]);
    expect([services, await works()]).toEqual([[], []]);
    await world.decide('vendors', vendors[0]?.id ?? '', 'approve');
    await world.untilStep('press', 'work', 'requested');
    expect(await orderOf('press')).toMatchObject({ vendor: 'V-9', hours: 2, status: 'ORDERED' });
    expect(await works()).toMatchObject([{ asset: 'p1/l1/press', priority: 'HIGH', hours: 2 }]);
  });

  test('S4: he has done it: hours and proof are confirmed, and his invoice matches', async () => {
    await work('press', 1.5);
    await world.untilStep('press', 'confirm', 'done');
    const order = await orderOf('press');
    const [done] = await works();
    expect(order).toMatchObject({ status: 'CONFIRMED', confirmed: { hours: 1.5 } });
    for (const word of [done?.id, 'V-9', 'Bo']) expect(order?.confirmed?.evidence).toContain(word);
    await world.decide('service-orders', order?.id ?? '', 'invoice', { hours: 1.5 });
    await world.untilStep('press', 'order', 'matched');
    await world.untilStep('press', 'mismatch', 'skipped');
    expect(world.mailbox.mails).toEqual([]);
  });

  test('S4: an approved vendor is not onboarded again; an invoice that does not match goes to the buyer', async () => {
    world.heat('mill', 90);
    await world.untilStep('mill', 'work', 'requested');
    expect((await world.held()).vendors).toHaveLength(1);
    await work('mill', 3);
    await world.untilStep('mill', 'confirm', 'done');
    const order = await orderOf('mill');
    await world.decide('service-orders', order?.id ?? '', 'invoice', { hours: 4 });
    await until('the mail', PATIENCE, async () => world.mailbox.mails.length > 0);
    expect(world.mailbox.mails).toMatchObject([
      {
        to: ['buyer@plant.example'],
        text: expect.stringContaining('invoiced 4 h, confirmed 3 h'),
      },
    ]);
  });

  test('S4: what nobody looks after is none of his business', async () => {
    world.heat('lathe', 90);
    const lathe = await world.requestOf('lathe');
    expect(await world.commands(lathe)).toEqual([]);
    expect(await works()).toHaveLength(2);
  });
});
