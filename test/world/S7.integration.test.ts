import { afterAll, beforeAll, expect, test } from 'vitest';
import { rowsOf } from '../stand/landed.ts';
import { askCmms, until } from '../stand/stand.ts';
import { longSuite } from '../support/long.ts';
import { hotMachines, MODEL, workflow } from './workflows.ts';
import { PATIENCE, startWorld, type World } from './world.ts';

const HOUR = 3_600_000;
/** Whole milliseconds of whole seconds, as the planner keeps them. */
const now = Math.floor(Date.now() / 1_000) * 1_000;
const iso = (time: number) => new Date(time).toISOString();

longSuite('S7 and S16: a stop moves orders, and what a machine is comes from its record', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    const record = { serial: 'SN-9', cost_centre: 'CC-400', status: 'active' };
    await askCmms(world.stand, 'POST', '/admin/master/asset', [
      { id: 'p1/l1/mill', name: 'Mill', ...record },
    ] as object);
    const press = { ...workflow('rescheduling'), when: "asset.id == 'press'" };
    const rules = hotMachines(press, workflow('asset-record')) as { readonly triggers: object[] };
    // No slot is waited for: the machine stands now.
    const triggers = rules.triggers.map((trigger) => ({ ...trigger, slot: 'none' }));
    await world.apply(MODEL, { ...rules, triggers });
    const orders = [
      { id: 'PO-7', from: -1, to: 5, due: 6 },
      { id: 'PO-8', from: 5, to: 8, due: 20 },
    ];
    for (const { id, from, to, due } of orders) {
      const [start, end] = [now + from * HOUR, now + to * HOUR];
      await world.plan('orders', {
        ...{ id, line: 'p1/l1', start: iso(start), end: iso(end), due: iso(now + due * HOUR) },
      });
      await world.send('schedule.p1.l1', { entries: [{ id, kind: 'order', start, end }] });
    }
  });
  afterAll(() => world?.stop());

  test('S7: planning gets the window of the downtime, and nothing is moved before a planner has agreed', async () => {
    world.heat('press', 90);
    await world.requestOf('press');
    await world.untilStep('press', 'stop', 'proposed');
    const [window, ...others] = await world.windows();
    expect(others).toEqual([]);
    expect(Date.parse(window?.end ?? '') - Date.parse(window?.start ?? '')).toBe(2 * HOUR);
    expect(await world.orderAt('PO-7')).toMatchObject({ start: iso(now - HOUR), late: 0 });
  });

  test('S7: the planner agrees: the orders move, and sales hears which one becomes late', async () => {
    const [window] = await world.windows();
    if (window === undefined) throw new Error('expected a window');
    await world.accept(window);
    await world.untilStep('press', 'moved', 'done');
    const first = await world.orderAt('PO-7');
    expect(first.start).toBe(iso(Date.parse(window.end)));
    // Six hours of work from the end of the window on; due was in six hours.
    const late = (Date.parse(window.end) + 6 * HOUR - (now + 6 * HOUR)) / HOUR;
    expect(await world.orderAt('PO-8')).toMatchObject({ start: first.end, late: 0 });
    await until('the mail', PATIENCE, async () => world.mailbox.mails.length > 0);
    const [mail] = world.mailbox.mails;
    expect(mail?.to).toEqual(['sales@plant.example']);
    expect(late).toBeGreaterThan(1);
    expect(mail?.text).toMatch(/Subject: press: Order PO-7 will be [\d.]+ h late/);
    expect(mail?.text).toContain(String(late).slice(0, 4));
  });

  test('S7: the schedule that planning has made of it comes back, in the words of ISA-95', async () => {
    const { code, out, err } = await world.stand.andon([
      ...['schedule', `${world.plannerUrl}/api/schedule?line=p1/l1`],
      ...['--header', 'X-Api-Key: reference', '--config', world.stand.config],
    ]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('3 entries of p1/l1 are in the log');
    const { start } = await world.orderAt('PO-7');
    await until('the moved order', PATIENCE, async () => {
      const query = "SELECT toString(start) AS start FROM {db}.planned_now WHERE id = 'PO-7'";
      const [row] = await rowsOf<{ start: string }>(world.stand, query);
      return Date.parse(`${row?.start.replace(' ', 'T')}Z`) === Date.parse(start);
    });
  });

  test('S7: the work is done, and planning has its line back', async () => {
    for (const action of ['accept', 'start', 'complete']) await world.act('press', action);
    await world.untilStep('press', 'over', 'done');
    expect(await world.windows()).toMatchObject([{ asset: 'press', status: 'DONE' }]);
  });

  test('S16: the ERP gets the cost centre of the record, and not that of the plant model', async () => {
    world.heat('mill', 90);
    const mill = await world.requestOf('mill');
    await world.untilStep('mill', 'announce', 'done');
    expect((await world.held()).works).toMatchObject([
      { reference: mill, asset: 'p1/l1/mill', cost_center: 'CC-400' },
    ]);
  });

  test('S16: nothing is announced for a machine without a record, and its keeper hears of it', async () => {
    const before = world.mailbox.mails.length;
    world.heat('lathe', 90);
    await world.requestOf('lathe');
    await world.untilStep('lathe', 'record', 'rejected');
    await until('the mail', PATIENCE, async () => world.mailbox.mails.length > before);
    expect(world.mailbox.mails.at(-1)?.text).toContain('p1/l1/lathe has no record');
    expect((await world.held()).works).toHaveLength(1);
  });
});
