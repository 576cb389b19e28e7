import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../stand/stand.ts';
import { MODEL, openGuards, workflow } from './workflows.ts';
import { PATIENCE, startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  const times = { '5m': '2s', '10m': '2s' };
  await world.apply(MODEL, openGuards(workflow('nobody-answers', times)));
});
afterAll(() => world?.stop());

const event = (asset: string, type: string, data?: object) =>
  world.send(`event.p1.l1.${asset}`, { time: Date.now(), type, ...(data ? { data } : {}) });

test('S21: nobody acknowledges: the supervisor gets a mail, and then the head of maintenance', async () => {
  await event('press', 'guard', { open: true });
  await until('both mails', PATIENCE, async () => world.mailbox.mails.length >= 2);
  const { mails } = world.mailbox;
  expect(mails.map(({ to }) => to)).toEqual([['supervisor@plant.example'], ['head@plant.example']]);
  const request = await world.requestOf('press');
  for (const { text } of mails) expect(text).toContain(request);
  await world.untilStep('press', 'head', 'done');
  const told = (await world.commands(request)).map(({ system, outcome }) => [system, outcome]);
  expect(told).toEqual([
    ['mail', 'done'],
    ['mail', 'done'],
  ]);
});

test('S21: whoever acknowledges in time hears no more of it, and nobody else hears anything', async () => {
  const before = world.mailbox.mails.length;
  await event('mill', 'guard', { open: true });
  await event('mill', 'acknowledged');
  const request = await world.requestOf('mill');
  await world.untilStep('mill', 'heard', 'done');
  // Its deadline is behind that of the mill.
  await event('lathe', 'guard', { open: true });
  const other = await world.requestOf('lathe');
  await until('the mail about the lathe', PATIENCE, async () => {
    return world.mailbox.mails.length > before;
  });
  const texts = world.mailbox.mails.slice(before).map(({ text }) => text);
  expect(texts[0]).toContain(other);
  expect(texts.filter((text) => text.includes(request))).toEqual([]);
  expect(await world.commands(request)).toEqual([]);
});
