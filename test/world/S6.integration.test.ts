import { afterAll, beforeAll, expect, test } from 'vitest';
import { rowsOf } from '../stand/landed.ts';
import { until, worksAt } from '../stand/stand.ts';
import { longSuite } from '../support/long.ts';
import { hotMachines, MODEL, workflow } from './workflows.ts';
import { PATIENCE, startWorld, type World } from './world.ts';

longSuite('S6 and S17: parts kept fresh, and the record of a supplier', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    await world.put('parts', { id: '6205-2RS', on_hand: 0, lead_time_days: 12, supplier: 'S-1' });
    await world.put('vendors', { vendor: 'S-1', name: 'Seals & Co', lead_time_days: 12 });
    const watched = { ...workflow('parts-watch', { '15m': '1s' }), settle: '1s' };
    const mill = { ...watched, when: "asset.id == 'mill'" };
    await world.apply(MODEL, hotMachines(mill, workflow('supplier-record')));
  });
  afterAll(() => world?.stop());

  const noted = async (asset: string) => {
    const found = (await worksAt(world.stand)).find((one) => one.asset === `p1/l1/${asset}`);
    return found?.parts_note ?? '';
  };
  const vendor = async () => (await world.held()).vendors[0];

  test('S6: the order in the CMMS says what the ERP knows of its part, and is told when that changes', async () => {
    world.heat('mill', 90);
    await world.requestOf('mill');
    await until('the note', PATIENCE, async () => (await noted('mill')) !== '');
    expect(await noted('mill')).toBe(
      'SEAL-45: 0 on the shelf, 0 reserved, 0 on order, 12 days to buy one',
    );
    expect((await world.held()).reservations).toEqual([]);
    // Somebody puts one on the shelf. Nobody tells Andon.
    await world.put('parts', { id: 'SEAL-45', on_hand: 1, lead_time_days: 12 });
    await world.untilStep('mill', 'reserve', 'assigned');
    await until('the new note', PATIENCE, async () =>
      (await noted('mill')).startsWith('SEAL-45: 1 on the shelf, 1 reserved'),
    );
    // The next figures count what is reserved here. It is not given back for that.
    const answered = async () => {
      const query =
        "SELECT count() AS times FROM {db}.workflow_steps FINAL WHERE asset = 'mill' AND step = 'stock' AND state = 'done'";
      return Number((await rowsOf<{ times: number }>(world.stand, query))[0]?.times);
    };
    const before = await answered();
    await until('two more answers', PATIENCE, async () => (await answered()) >= before + 2);
    expect((await world.held()).reservations).toHaveLength(1);
    const released =
      "SELECT verb FROM {db}.commands FINAL WHERE asset = 'mill' AND verb = 'release'";
    expect(await rowsOf(world.stand, released)).toEqual([]);
  });

  test('S6: the work is over, and nobody asks any more', async () => {
    const asked = async () => {
      const query =
        "SELECT count() AS times FROM {db}.commands FINAL WHERE step = 'stock' AND asset = 'mill'";
      return Number((await rowsOf<{ times: number }>(world.stand, query))[0]?.times);
    };
    for (const action of ['accept', 'start', 'complete']) await world.act('mill', action);
    await until('the work to be over', PATIENCE, async () => {
      const query =
        "SELECT state FROM {db}.workflow_steps WHERE asset = 'mill' AND state = 'closed'";
      return (await rowsOf(world.stand, query)).length > 0;
    });
    const before = await asked();
    // Another request asks, is answered and told: by then the mill would have been asked for, too.
    world.heat('press', 90);
    await world.untilStep('press', 'allowed', 'pending');
    expect(await asked()).toBe(before);
  });

  test('S17: a person approves, and the record of the supplier is changed under its lock, once', async () => {
    const seen = await vendor();
    await world.answer('press', 'allowed', 'approve', { lead_time_days: 20 });
    await world.untilStep('press', 'change', 'done');
    expect(await vendor()).toMatchObject({
      ...{ vendor: 'S-1', name: 'Seals & Co', lead_time_days: 20 },
      version: (seen?.version ?? 0) + 1,
    });
    const decided = await rowsOf<{ because: string }>(
      world.stand,
      "SELECT because FROM {db}.workflow_steps FINAL WHERE step = 'allowed' AND state = 'done'",
    );
    expect(decided).toEqual([{ because: 'buyer1: approve' }]);
  });

  test('S17: what somebody else has changed meanwhile is not overwritten, and the buyer hears of it', async () => {
    world.heat('lathe', 90);
    await world.untilStep('lathe', 'allowed', 'pending');
    await world.put('vendors', { vendor: 'S-1', name: 'Seals & Co', lead_time_days: 9 });
    await world.answer('lathe', 'allowed', 'approve', { lead_time_days: 25 });
    await world.untilStep('lathe', 'change', 'rejected');
    expect((await vendor())?.lead_time_days).toBe(9);
    await until('the mail', PATIENCE, async () => world.mailbox.mails.length > 0);
    const [mail] = world.mailbox.mails;
    expect(mail?.to).toEqual(['buyer@plant.example']);
    expect(mail?.text).toContain('expected a lead time of 20 days, as it was seen: found 9');
  });
});
