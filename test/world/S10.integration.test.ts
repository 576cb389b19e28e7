import { afterAll, beforeAll, expect, test } from 'vitest';
import { rowsOf } from '../stand/landed.ts';
import { until } from '../stand/stand.ts';
import { hotMachines, MODEL, workflow } from './workflows.ts';
import { PATIENCE, startWorld, type World } from './world.ts';

/** How old a stock figure may be for the mill. */
const FRESH = 3_000;

let world: World;
beforeAll(async () => {
  world = await startWorld();
  const impatient = workflow('spare-parts', { '10m': `${FRESH / 1_000}s` });
  const mill = { ...impatient, id: 'spare-parts-of-the-mill', when: "asset.id == 'mill'" };
  await world.apply(MODEL, hotMachines(mill, workflow('spare-parts')));
});
afterAll(() => world?.stop());

/** How often a machine's step was asked for. */
const asked = (asset: string, step: string) =>
  rowsOf<{ n: number }>(
    world.stand,
    `SELECT n FROM {db}.commands FINAL WHERE asset = '${asset}' AND step = '${step}' ORDER BY n`,
  );
/** Waits until an answer that is there now is older than it may be. */
async function untilOld(): Promise<void> {
  const then = Date.now() + FRESH + 1_000;
  await until('the figure to be old', PATIENCE, async () => Date.now() > then);
}

test('S11: an old figure decides nothing: the stock is asked for again, and nothing is bought that has come since', async () => {
  world.heat('mill', 90);
  await world.requestOf('mill');
  await world.untilStep('mill', 'stock', 'done');
  // Somebody else's seal is put on the shelf before anybody takes the request on.
  await world.put('parts', { id: 'SEAL-45', on_hand: 1, unit_price: 7.2 });
  await untilOld();
  await world.act('mill', 'accept');
  await world.untilStep('mill', 'reserve', 'assigned');
  expect((await asked('mill', 'stock')).length).toBeGreaterThanOrEqual(2);
  expect((await world.held()).requisitions).toEqual([]);
});

test('S12: what others have reserved counts, and what is on order already is not bought again', async () => {
  // Three are on the shelf, and a work elsewhere has reserved all.
  await world.put('parts', { id: '6205-2RS', on_hand: 1, unit_price: 4.9 });
  world.heat('press', 90);
  await world.requestOf('press');
  await world.act('press', 'accept');
  await world.untilStep('press', 'reserve', 'assigned');
  // The one that there is is the press's: the lathe's is to be bought.
  world.heat('lathe', 90);
  await world.requestOf('lathe');
  await world.act('lathe', 'accept');
  await world.untilStep('lathe', 'requisition', 'submitted');
  await world.untilStep('lathe', 'reserve', 'short');
  const { requisitions } = await world.held();
  expect(requisitions).toMatchObject([{ part: '6205-2RS', quantity: 1 }]);
  const figures = await rowsOf<{ values: string }>(
    world.stand,
    "SELECT values FROM {db}.workflow_steps FINAL WHERE asset = 'lathe' AND step = 'stock' AND state = 'done' ORDER BY position",
  );
  expect(JSON.parse(figures.at(-1)?.values ?? '{}')).toMatchObject({
    ...{ on_hand: 1, reserved: 1, available: 0, on_order: 0, projected: 0, short: 1 },
  });
});

test('S15: the reservation is known as the warehouse knows it: short, assigned, picked', async () => {
  const lathe = await world.requestOf('lathe');
  const [requisition] = (await world.held()).requisitions;
  await world.decide('requisitions', requisition?.id ?? '', 'approve');
  await world.decide('requisitions', requisition?.id ?? '', 'receive');
  const own = (await world.held()).reservations.find(({ reference }) => reference === lathe);
  expect(own?.status).toBe('SHORT');
  await world.decide('reservations', own?.id ?? '', 'assign');
  await world.untilStep('lathe', 'reserve', 'assigned');
  await world.untilStep('lathe', 'there', 'done');
  await world.decide('reservations', own?.id ?? '', 'pick');
  await world.untilStep('lathe', 'reserve', 'picked');
});

test('S10: what a completed work has used is posted once, and the reservation is done', async () => {
  const lathe = await world.requestOf('lathe');
  await world.act('lathe', 'start');
  const used = [{ part: '6205-2RS', quantity: 1 }];
  await world.act('lathe', 'complete', { actual_hours: 1, used });
  await world.untilStep('lathe', 'consume', 'done');
  await world.untilStep('lathe', 'hours', 'done');
  await world.untilStep('lathe', 'reserve', 'done');
  const { consumptions, labour, reservations } = await world.held();
  expect(consumptions).toMatchObject([{ reference: lathe, quantity: 1, cost: 4.9 }]);
  expect(labour).toMatchObject([{ reference: lathe, hours: 1, cost: 54 }]);
  expect(reservations.find(({ reference }) => reference === lathe)?.status).toBe('DONE');
});

test('S10: one query tells the story of the work from the reading to the posted cost, and so does requests show', async () => {
  const lathe = await world.requestOf('lathe');
  await until('the costs to land', PATIENCE, async () => {
    const posted = `SELECT kind FROM {db}.work_costs WHERE basis = 'posted' AND request = '${lathe}'`;
    return (await rowsOf(world.stand, posted)).length === 2;
  });
  const { out: story } = await world.stand.andon([
    ...['sql', '@story_of_a_request', '--id', lathe, '--json', '--config', world.stand.config],
  ]);
  const lines: { readonly kind: string; readonly name: string; readonly text: string }[] = story
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines[0]?.kind).toBe('reading');
  const costs = lines.filter(({ kind }) => kind === 'cost');
  // The price that the ERP named is an estimate no more where it has posted the part. The other is that of the stop.
  expect(costs.map(({ name, text }) => `${name} ${text}`)).toEqual(
    expect.arrayContaining(['parts posted 4.9 · 6205-2RS', 'labour posted 54']),
  );
  expect(costs.map(({ name }) => name)).not.toContain('parts estimate');
  const { out } = await world.stand.andon(['requests', 'show', lathe]);
  expect(out).toMatch(/costs, as systems have posted them\n(.*\n)* {2}58.9 {2}in all/);
  expect(out).not.toContain('\nstuck\n');
});

test('S13: the order is closed, and the figures for managers say what came of these works', async () => {
  await world.act('lathe', 'close');
  let figures = new Map<string, { readonly value: number | null; readonly cases: number }>();
  await until('the work to be auditable', PATIENCE, async () => {
    const { out } = await world.stand.andon([
      ...['sql', '@figures', '--plant', 'p1', '--json', '--config', world.stand.config],
    ]);
    const rows = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    figures = new Map(rows.map((row) => [row.title, row]));
    return figures.get('Auditability')?.value === 1;
  });
  // Of three parts the press's alone was there when stock was first asked; one was bought, and one was used.
  expect(figures.get('Parts availability')).toMatchObject({ value: 0.3333, cases: 3 });
  expect(figures.get('Stock-outs')).toMatchObject({ value: 0.6667, cases: 3 });
  expect(figures.get('Over-ordering')).toMatchObject({ value: 0, cases: 1 });
  expect(figures.get('Inventory accuracy')).toMatchObject({ value: 1, cases: 1 });
  expect(figures.get('Cost attribution')).toMatchObject({ value: 1, cases: 1 });
  expect(figures.get('Close-out')).toMatchObject({ cases: 3, complete: 0.333 });
});
