import { afterAll, beforeAll, expect, test } from 'vitest';
import { andon, until, worksAt } from '../stand/stand.ts';
import { hotMachines, MODEL, workflow } from './workflows.ts';
import { PATIENCE, startWorld, type World } from './world.ts';

/** A line of `@story_of_a_request`. */
type Line = { readonly kind: string; readonly name: string; readonly object: string };

/** Whole milliseconds of whole seconds, as the planner keeps them. */
const now = Math.floor(Date.now() / 1_000) * 1_000;
/** When it begins and ends, in an hour: longer than the work. */
const changeover = [now + 3_600_000, now + 4 * 3_600_000];

let world: World;
/** The requests of press and mill. */
let press: string;
let mill: string;

beforeAll(async () => {
  world = await startWorld();
  await world.apply(MODEL, hotMachines(workflow('packaging-line')));
  const [start, end] = changeover;
  await world.send('schedule.p1.l1', { entries: [{ id: 'co', kind: 'changeover', start, end }] });
});
afterAll(() => world?.stop());

test('S1: an anomaly is a request in the CMMS, and its part is reserved', async () => {
  world.heat('press', 90);
  press = await world.requestOf('press');
  await world.untilStep('press', 'reserve', 'assigned');
  const { reservations, requisitions } = await world.held();
  expect(reservations).toMatchObject([
    { part: '6205-2RS', quantity: 1, reference: press, status: 'ASSIGNED' },
  ]);
  expect(requisitions).toEqual([]);
});

test('S1: a stop in the slot is proposed, and what the planner says of it comes back', async () => {
  await world.untilStep('press', 'stop', 'proposed');
  const windows = await world.windows();
  expect(windows).toMatchObject([{ line: 'p1/l1', asset: 'press', status: 'PROPOSED' }]);
  for (const window of windows) {
    expect([Date.parse(window.start), Date.parse(window.end)]).toEqual(changeover);
    await world.accept(window);
  }
  await world.untilStep('press', 'stop', 'accepted');
});

test('S1: a part that is not there becomes a requisition, whose approval stays in the ERP', async () => {
  world.heat('mill', 90);
  mill = await world.requestOf('mill');
  await world.untilStep('mill', 'requisition', 'submitted');
  const { reservations, requisitions } = await world.held();
  expect(requisitions).toMatchObject([{ part: 'SEAL-45', quantity: 1, status: 'SUBMITTED' }]);
  expect(reservations).toHaveLength(1);
  await world.decide('requisitions', requisitions[0]?.id ?? '', 'approve');
  await world.untilStep('mill', 'requisition', 'approved');
});

test('S1: one query tells the story from the reading to the commands, and so does requests show', async () => {
  const { code, out, err } = await world.stand.andon([
    ...['sql', '@story_of_a_request', '--id', press, '--json', '--config', world.stand.config],
  ]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const lines: Line[] = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const told = lines.map(({ kind, name }) => `${kind} ${name}`);
  const story = [
    'anomaly hot-press raised',
    'incident hot-press',
    'request 1 open',
    'command stock erp.check-stock',
    'step stock done',
    'command reserve erp.reserve',
    'step reserve done',
  ];
  expect(told[0]).toBe('reading temperature');
  expect(told.filter((line) => story.includes(line))).toEqual(story);
  expect(told).toEqual(expect.arrayContaining(['command stop planner.propose-stop']));
  const [reservation] = (await world.held()).reservations;
  expect(lines.map(({ object }) => object)).toContain(reservation?.id);

  const shown = await andon(['requests', 'show', press], world.stand.env);
  expect(shown.code).toBe(0);
  const [, commands = ''] = shown.out.split('\ncommands\n');
  expect(commands).toMatch(new RegExp(`reserve +done +assigned +${reservation?.id} `));
  const json = await andon(['requests', 'show', press, '--json'], world.stand.env);
  expect(JSON.parse(json.out).commands).toEqual(await world.commands(press));
});

test('S1: the machine is well again: the request is withdrawn, reservation and stop are taken back', async () => {
  world.heat('press', 60);
  await world.untilStep('press', 'reserve', 'undone');
  await world.untilStep('press', 'stop', 'undone');
  expect((await world.held()).reservations).toMatchObject([{ status: 'RELEASED' }]);
  expect(await world.windows()).toMatchObject([
    { asset: 'press', status: 'WITHDRAWN' },
    { asset: 'mill', status: 'PROPOSED' },
  ]);
  await until('the CMMS to know', PATIENCE, async () => {
    const [work] = (await worksAt(world.stand)).filter((one) => one.external_key === press);
    return work?.status === 'WITHDRAWN';
  });
  // The mill is as hot as it was.
  expect((await world.held()).requisitions).toMatchObject([{ status: 'APPROVED' }]);
  expect(await world.commands(mill)).toMatchObject(
    expect.arrayContaining([expect.objectContaining({ verb: 'requisition', outcome: 'done' })]),
  );
});
