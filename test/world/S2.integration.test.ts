import { afterAll, beforeAll, expect, test } from 'vitest';
import { rowsOf } from '../stand/landed.ts';
import { until } from '../stand/stand.ts';
import { longSuite } from '../support/long.ts';
import { dueMachines, MODEL, workflow } from './workflows.ts';
import { PATIENCE, startWorld, type World } from './world.ts';

const HOUR = 3_600_000;
/** Whole milliseconds of whole seconds, as the planner keeps them. */
const now = Math.floor(Date.now() / 1_000) * 1_000;
const changeover = [now + HOUR, now + 4 * HOUR] as const;

longSuite('S2 and S14: service by running hours, and its window', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    await world.apply(MODEL, dueMachines(workflow('preventive')));
    const [start, end] = changeover;
    await world.send('schedule.p1.l1', { entries: [{ id: 'co', kind: 'changeover', start, end }] });
  });
  afterAll(() => world?.stop());

  /** A machine has run for so many hours more. */
  async function run(asset: string, from: number, to: number): Promise<void> {
    world.show(asset, { running_hours: from });
    await until(`${asset} to show ${from} h`, PATIENCE, async () => {
      const query = `SELECT count() AS found FROM {db}.readings WHERE asset = '${asset}' AND value = ${from}`;
      return Number((await rowsOf<{ found: number }>(world.stand, query))[0]?.found) > 0;
    });
    world.show(asset, { running_hours: to });
  }

  test('S2: the service is due by what the counter shows: the ERP gets reference, cost centre, hours and parts', async () => {
    await run('press', 100, 640);
    const press = await world.requestOf('press');
    await world.untilStep('press', 'announce', 'done');
    await world.untilStep('press', 'reserve', 'assigned');
    expect((await world.held()).works).toMatchObject([
      {
        ...{ reference: press, plant: 'p1', asset: 'p1/l1/press', cost_center: 'K-press' },
        ...{ hours: 2, parts: ['6205-2RS'] },
      },
    ]);
    expect((await world.held()).requisitions).toEqual([]);
  });

  test('S2: what will be short is bought before the window', async () => {
    await run('mill', 0, 500);
    await world.requestOf('mill');
    await world.untilStep('mill', 'requisition', 'submitted');
    await world.untilStep('mill', 'reserve', 'short');
    const { requisitions } = await world.held();
    expect(requisitions).toMatchObject([{ part: 'SEAL-45', quantity: 1 }]);
    expect(Date.parse(requisitions[0]?.needed_by ?? '')).toBe(changeover[0]);
  });

  test('S14: the planner moves the window and accepts it, and both come back', async () => {
    await world.untilStep('press', 'stop', 'proposed');
    const window = (await world.windows()).find(({ asset }) => asset === 'press');
    if (window === undefined) throw new Error('expected a window for the press');
    const moved = [now + 6 * HOUR, now + 9 * HOUR] as const;
    await world.move(window, ...moved);
    await world.accept(window);
    await world.untilStep('press', 'stop', 'accepted');
    const rows = await rowsOf<{ values: string }>(
      world.stand,
      "SELECT values FROM {db}.workflow_steps WHERE asset = 'press' AND step = 'stop' AND remote_state = 'accepted'",
    );
    const { start, end } = JSON.parse(rows[0]?.values ?? '{}');
    expect([Date.parse(start), Date.parse(end)]).toEqual(moved);
  });

  test('S2: hours and parts of the completed work are posted once, though an answer is lost', async () => {
    await world.act('press', 'accept');
    await world.act('press', 'start');
    await world.misbehave({
      script: [{ fault: 'commit-then-cut', method: 'POST', times: 2, delay: 0 }],
    });
    const used = [{ part: '6205-2RS', quantity: 1 }];
    await world.act('press', 'complete', { actual_hours: 1.5, used });
    await world.untilStep('press', 'consume', 'done');
    await world.untilStep('press', 'hours', 'done');
    await world.untilStep('press', 'reserve', 'done');
    const press = await world.requestOf('press');
    const { consumptions, labour, reservations } = await world.held();
    expect(consumptions).toMatchObject([{ reference: press, part: '6205-2RS', quantity: 1 }]);
    expect(labour).toMatchObject([{ reference: press, hours: 1.5 }]);
    expect(reservations.find(({ reference }) => reference === press)?.status).toBe('DONE');
  });

  test('S14: the scheduler hears that the work is done', async () => {
    await world.untilStep('press', 'over', 'done');
    const window = (await world.windows()).find(({ asset }) => asset === 'press');
    expect(window?.status).toBe('DONE');
  });

  test('S2: the hours are counted from 0 again', async () => {
    const query = `SELECT phase, value FROM {db}.anomalies WHERE asset = 'press' AND phase = 'cleared'`;
    await until('the service to be done', PATIENCE, async () => {
      return (await rowsOf(world.stand, query)).length === 1;
    });
  });
});
