import { afterAll, beforeAll, expect, test } from 'vitest';
import { rowsOf } from '../stand/landed.ts';
import { until } from '../stand/stand.ts';
import { hotMachines, MODEL, workflow } from './workflows.ts';
import { PATIENCE, startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ erp: false });
  await world.apply(MODEL, hotMachines(workflow('packaging-line')));
});
afterAll(() => world?.stop());

/** What a request asked and heard, in the order of the log. */
const stepsOf = async (request: string) =>
  (
    await rowsOf<{ change: string }>(
      world.stand,
      `SELECT concat(step, ' ', state) AS change FROM {db}.workflow_steps FINAL
       WHERE request = '${request}' AND state IN ('asked', 'done') ORDER BY position`,
    )
  ).map(({ change }) => change);

test('S19: the ERP is away: requests are in the CMMS all the same, and the rest catches up in order', async () => {
  for (const asset of ['press', 'mill']) world.heat(asset, 90);
  const [press, mill] = [await world.requestOf('press'), await world.requestOf('mill')];
  expect(world.erp.pid()).toBeUndefined();
  for (const [asset, request] of [
    ['press', press],
    ['mill', mill],
  ] as const) {
    await world.untilStep(asset, 'stock', 'asked');
    expect(await world.commands(request)).toMatchObject([
      { verb: 'check-stock', outcome: 'waiting' },
    ]);
  }

  // Where it is stuck, for people and for the tables.
  const shown = await world.stand.andon(['requests', 'show', press]);
  expect(shown.out).toMatch(/stuck\n {2}erp check-stock .*: at the target since .*no connection/);
  await until('the tables to know', PATIENCE, async () => {
    const stuck = await rowsOf<{ place: string; request: string }>(
      world.stand,
      "SELECT place, request FROM {db}.where_stuck WHERE system = 'erp'",
    );
    return [press, mill].every((id) =>
      stuck.some(({ place, request }) => place === 'target' && request === id),
    );
  });

  await world.erp.start();
  await world.untilStep('press', 'reserve', 'done');
  await world.untilStep('mill', 'requisition', 'done');
  expect(await stepsOf(press)).toEqual([
    'stock asked',
    'stock done',
    'reserve asked',
    'reserve done',
  ]);
  expect(await stepsOf(mill)).toEqual([
    ...['stock asked', 'stock done', 'requisition asked', 'requisition done'],
  ]);
  const { reservations, requisitions } = await world.held();
  expect(reservations).toMatchObject([{ part: '6205-2RS', reference: press, status: 'ASSIGNED' }]);
  expect(requisitions).toMatchObject([{ part: 'SEAL-45', status: 'SUBMITTED' }]);
});

test('S19: the ERP carries a call out and its answer is lost: the object is found, and is the only one', async () => {
  const posted = async () =>
    (await world.changesAsked()).filter(({ url }) => url.startsWith('/api/reservations')).length;
  const before = await posted();
  await world.misbehave({
    script: [{ fault: 'commit-then-cut', method: 'POST', times: 1, delay: 0 }],
  });
  world.heat('lathe', 90);
  const lathe = await world.requestOf('lathe');
  await world.untilStep('lathe', 'reserve', 'done');
  const own = (await world.held()).reservations.filter(({ reference }) => reference === lathe);
  expect(own).toMatchObject([{ status: 'ASSIGNED' }]);
  // Made by the call whose answer was lost, and by no other.
  expect((await posted()) - before).toBe(1);
  expect((await world.commands(lathe)).find(({ verb }) => verb === 'reserve')).toMatchObject({
    ...{ outcome: 'done', remote: own[0]?.id },
  });
});
