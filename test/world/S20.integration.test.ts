import { afterAll, beforeAll, expect, test } from 'vitest';
import { rowsOf } from '../stand/landed.ts';
import { longSuite } from '../support/long.ts';
import { hotMachines, MODEL, workflow } from './workflows.ts';
import { quick, startWorld, type World } from './world.ts';

const HOUR = 3_600_000;
/** Whole milliseconds of whole seconds, as the planner keeps them. */
const now = Math.floor(Date.now() / 1_000) * 1_000;
const iso = (time: number) => new Date(time).toISOString();
const changeover = [now + HOUR, now + 4 * HOUR] as const;
/** Of the one mechanic. The seal takes 12 days. */
const shifts = [now + 2 * HOUR, now + 13 * 24 * HOUR].map((start, index) => ({
  ...{ id: `shift-${index}`, skill: 'mechanic', people: 1 },
  ...{ start: iso(start), end: iso(start + 8 * HOUR) },
}));

longSuite('S20 and S8: part, people and priority choose the slot; a supplier is asked', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({
      systems: (_mailbox, { erp }) => {
        const auth = { kind: 'oauth2', path: '/oauth/token', client: 'andon', secret: 'reference' };
        return { supplier: { ...quick('supplier', erp), auth } };
      },
    });
    for (const shift of shifts) await world.plan('shifts', shift);
    await world.apply(MODEL, hotMachines(workflow('chosen-slot')));
    const [start, end] = changeover;
    await world.send('schedule.p1.l1', { entries: [{ id: 'co', kind: 'changeover', start, end }] });
  });
  afterAll(() => world?.stop());

  const startOf = async (asset: string) => {
    const found = (await world.windows()).find((window) => window.asset === asset);
    return Date.parse(found?.start ?? '');
  };

  test('S20: the part is there: the work begins when the mechanic does', async () => {
    world.heat('press', 90);
    await world.untilStep('press', 'stop', 'proposed');
    expect(await startOf('press')).toBe(now + 2 * HOUR);
  });

  test('S20: the mechanic is at the press: the next work comes after it', async () => {
    world.heat('lathe', 90);
    await world.untilStep('lathe', 'stop', 'proposed');
    expect(await startOf('lathe')).toBe(now + 4 * HOUR);
  });

  test('S20: the part takes 12 days: the work is proposed for a shift after it has come', async () => {
    world.heat('mill', 90);
    await world.untilStep('mill', 'stop', 'proposed');
    expect(await startOf('mill')).toBe(now + 13 * 24 * HOUR);
  });

  test('S8: it misses the changeover: its supplier is asked for the time of the stop, answers on a page, and the ERP knows', async () => {
    await world.untilStep('mill', 'inquiry', 'asked');
    const [inquiry, ...others] = (await world.held()).inquiries;
    expect(others).toEqual([]);
    expect(inquiry).toMatchObject({ part: 'SEAL-45', quantity: 1, status: 'ASKED' });
    expect(Date.parse(inquiry?.needed_by ?? '')).toBe(now + 13 * 24 * HOUR);
    const date = iso(now + 12 * 24 * HOUR);
    const page = `${world.erpUrl}/supplier/${inquiry?.token}`;
    expect(await (await fetch(page)).text()).toContain('SEAL-45');
    const body = new URLSearchParams({ answer: 'move', date });
    expect((await fetch(page, { method: 'POST', body })).status).toBe(200);
    await world.untilStep('mill', 'inquiry', 'moved');
    await world.untilStep('mill', 'promised', 'done');
    expect((await world.held()).requisitions).toMatchObject([{ part: 'SEAL-45', promised: date }]);
    const refused = await fetch(page, { method: 'POST', body });
    expect(refused.status).toBe(422);
  });

  test('S8: who has the part is not asked', async () => {
    const query = "SELECT asset FROM {db}.commands WHERE system = 'supplier'";
    expect(await rowsOf(world.stand, query)).toEqual([{ asset: 'mill' }]);
  });
});
