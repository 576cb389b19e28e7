import { afterAll, beforeAll, expect, test } from 'vitest';
import { rowsOf } from '../stand/landed.ts';
import { until } from '../stand/stand.ts';
import { longSuite } from '../support/long.ts';
import { hotMachines, MODEL, workflow } from './workflows.ts';
import { PATIENCE, startWorld, type World } from './world.ts';

const iso = (time: number) => new Date(time).toISOString();

longSuite('lots that were made while a machine was not well', () => {
  let world: World;
  /** What the machine made, by the log and by the ERP. */
  async function lot(id: string, from: number, to: number | null): Promise<void> {
    const data = { lot: id, product: 'lid' };
    await world.send('event.p1.l1.press', { time: from, type: 'lot', data });
    const ends = to === null ? {} : { made_to: iso(to) };
    await world.put('lots', { id, asset: 'p1/l1/press', made_from: iso(from), ...ends });
  }
  beforeAll(async () => {
    world = await startWorld();
    const lathe = { ...workflow('rescheduling'), when: "asset.id == 'lathe'" };
    await world.apply(MODEL, hotMachines(lathe, workflow('quality-hold')));
  });
  afterAll(() => world?.stop());
  const held = async () => {
    const [hold] = (await world.held()).holds;
    const rows = await rowsOf<{ values: string }>(
      world.stand,
      "SELECT values FROM {db}.workflow_steps FINAL WHERE asset = 'press' AND step IN ('hold', 'end') AND state = 'done' ORDER BY position",
    );
    return { status: hold?.status, lots: JSON.parse(rows.at(-1)?.values ?? '{}').lots };
  };

  test('what was made since the problem began is on hold in the ERP; what was made before is not', async () => {
    const now = Date.now();
    await lot('L-1', now - 60_000, now - 30_000);
    await lot('L-2', now - 30_000, null);
    world.heat('press', 90);
    await world.untilStep('press', 'hold', 'held');
    expect(await held()).toEqual({ status: 'HELD', lots: 'L-2' });
  });

  test('a question names the same lots from the log, with the anomaly that stood', async () => {
    const now = Date.now();
    await world.put('lots', {
      ...{ id: 'L-2', asset: 'p1/l1/press', made_from: iso(now - 40_000), made_to: iso(now) },
    });
    await lot('L-3', now, null);
    let lines: { readonly lot: string; readonly rules: readonly string[] }[] = [];
    await until('both lots', PATIENCE, async () => {
      const { out } = await world.stand.andon([
        ...['sql', '@lots_at_risk', '--json', '--config', world.stand.config],
      ]);
      lines = out
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line));
      return lines.length === 2;
    });
    expect(lines.map((line) => [line.lot, line.rules])).toEqual([
      ['L-3', ['hot-press']],
      ['L-2', ['hot-press']],
    ]);
  });

  test('the machine is mended: later lots are free, and the others are when a person has looked at them', async () => {
    for (const action of ['accept', 'start', 'complete']) await world.act('press', action);
    await world.untilStep('press', 'looked', 'pending');
    expect(await held()).toEqual({ status: 'HELD', lots: 'L-2, L-3' });
    await world.answer('press', 'looked', 'approve');
    await world.untilStep('press', 'release', 'done');
    expect((await held()).status).toBe('RELEASED');
  });

  test('S14: planning loses a planned stop: the next look finds it, and the supervisor hears of it', async () => {
    world.heat('lathe', 90);
    await world.untilStep('lathe', 'stop', 'proposed');
    const [window] = await world.windows();
    if (window === undefined) throw new Error('expected a window');
    await world.accept(window);
    await world.untilStep('lathe', 'stop', 'accepted');
    await world.lose(window);
    await world.untilStep('lathe', 'lost', 'done');
    expect(world.mailbox.mails.map(({ to }) => to)).toEqual([['supervisor@plant.example']]);
    expect(world.mailbox.mails[0]?.text).toContain('Planning has no window for it');
  });
});
