import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WorkRequest } from '../../pipelines/demo/reference-cmms/work-request.ts';
import { rowsOf } from '../stand/landed.ts';
import { askCmms, until, worksAt } from '../stand/stand.ts';
import { longSuite } from '../support/long.ts';
import { hotMachines, MODEL, workflow } from './workflows.ts';
import { PATIENCE, startWorld, type World } from './world.ts';

const HOUR = 3_600_000;
/** Whole milliseconds of whole seconds, as the CMMS keeps them. */
const now = Math.floor(Date.now() / 1_000) * 1_000;

longSuite('S9: work orders are the same in both systems, whoever made them', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ orders: true });
    await world.apply(MODEL, hotMachines(workflow('packaging-line'), workflow('planned-work')));
  });
  afterAll(() => world?.stop());

  const workOf = async (asset: string): Promise<WorkRequest> => {
    const found = (await worksAt(world.stand)).find((one) => one.asset === `p1/l1/${asset}`);
    if (found === undefined) throw new Error(`expected a work request of ${asset}`);
    return found;
  };
  const stateOf = async (asset: string) => {
    const id = await world.requestOf(asset);
    const query = `SELECT argMax(status, sequence) AS status FROM {db}.request_statuses WHERE id = '${id}'`;
    return (await rowsOf<{ status: string }>(world.stand, query))[0]?.status;
  };
  const changeover = async (from: number) => {
    const [start, end] = [now + from * HOUR, now + (from + 3) * HOUR];
    await world.send('schedule.p1.l1', { entries: [{ id: 'co', kind: 'changeover', start, end }] });
    return new Date(start).toISOString();
  };

  test('S9: what Andon learns later is in the order of the CMMS, once', async () => {
    const first = await changeover(1);
    world.heat('press', 90);
    await world.requestOf('press');
    await until('the slot', PATIENCE, async () => {
      return Date.parse((await workOf('press')).planned_start ?? '') === Date.parse(first);
    });
    const moved = await changeover(2);
    // Changes within a minute are one revision.
    await until('the new slot', 2 * PATIENCE, async () => {
      return Date.parse((await workOf('press')).planned_start ?? '') === Date.parse(moved);
    });
    expect((await workOf('press')).revision).toBe(2);
  });

  test('S9: what people do with it in the CMMS is known here, word by word', async () => {
    for (const [action, status] of [
      ['accept', 'accepted'],
      ['plan', 'scheduled'],
      ['start', 'started'],
      ['complete', 'completed'],
    ] as const) {
      await world.act('press', action);
      await until(`the press to be ${status}`, PATIENCE, async () => {
        return (await stateOf('press')) === status;
      });
    }
  });

  test('S9: an order that a plan of the CMMS made is looked after here, and its changes too', async () => {
    const planned = (hours: number) => new Date(now + hours * HOUR).toISOString();
    const { id } = await askCmms<WorkRequest>(world.stand, 'POST', '/api/work-requests', {
      ...{ title: 'Service', origin: 'plan', asset: 'p1/l1/lathe', parts: ['BELT-A42'] },
      ...{ planned_start: planned(10), planned_end: planned(12) },
    });
    await world.untilStep('lathe', 'reserve', 'done');
    const reserved = async () =>
      (await world.held()).reservations.find(({ part }) => part === 'BELT-A42');
    expect(await reserved()).toMatchObject({ status: 'ASSIGNED', quantity: 1 });
    await askCmms(world.stand, 'PATCH', `/api/work-requests/${id}`, { planned_start: planned(11) });
    await until('the new start', PATIENCE, async () => {
      const query = `SELECT data FROM {db}.machine_events WHERE type = 'order' AND JSONExtractString(data, 'remote') = '${id}'`;
      const rows = await rowsOf<{ data: string }>(world.stand, query);
      return rows.some(({ data }) => JSON.parse(data).start === now + 11 * HOUR);
    });
    // It is called off there: what was reserved for it is free again.
    await askCmms(world.stand, 'POST', `/api/work-requests/${id}/withdraw`, {});
    await world.untilStep('lathe', 'reserve', 'undone');
    expect((await reserved())?.status).toBe('RELEASED');
  });

  test('S9: neither takes what the other wrote for something new', async () => {
    const rows = await rowsOf<{ remote: string }>(
      world.stand,
      "SELECT DISTINCT JSONExtractString(data, 'remote') AS remote FROM {db}.machine_events WHERE type = 'order'",
    );
    expect(rows).toEqual([{ remote: (await workOf('lathe')).id }]);
    expect(await worksAt(world.stand)).toHaveLength(2);
    const requests = await rowsOf(world.stand, 'SELECT DISTINCT id FROM {db}.request_history');
    expect(requests).toHaveLength(1);
  });
});
