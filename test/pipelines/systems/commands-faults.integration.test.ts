import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Command } from '../../../operators/model/command.ts';
import type { Misbehaviour } from '../../../pipelines/demo/misbehaviour.ts';
import { askResend } from '../../../pipelines/systems/ledger.ts';
import { type ErpPlant, startErpPlant } from './commands-support.ts';
import { exampleCommand } from './example-command.ts';

let plant: ErpPlant;
beforeAll(async () => {
  plant = await startErpPlant();
  await plant.ask('PUT', '/admin/parts', { id: '6205-2RS', on_hand: 1_000, lead_time_days: 5 });
});
afterAll(() => plant.close());
afterEach(() => plant.misbehave({ script: [] }));

const until = { timeout: 20_000, interval: 25 };
const outcomeOf = (command: Command) => async () => (await plant.entry(command))?.outcome;
const reservationsOf = async ({ key }: Command) =>
  (await plant.objects()).reservations.filter((one) => one.external_key === key);
const fault = (name: Misbehaviour['fault'], method: 'GET' | 'POST', times = 1, delay = 0) => ({
  ...{ fault: name, method, times, delay },
});

async function done(command: Command): Promise<void> {
  const run = plant.run();
  try {
    await plant.send(command);
    await expect.poll(outcomeOf(command), until).toBe('done');
  } finally {
    await run.stop();
  }
}

describe('an effect ends with one object and one reply', () => {
  it.each([
    ['the answer is cut after the commit', fault('commit-then-cut', 'POST')],
    ['the call is cut before the commit', fault('cut-before-commit', 'POST', 2)],
    ['the system is flooded (429)', fault('too-many', 'POST', 3)],
    ['the system is away (503)', fault('unavailable', 'POST', 7)],
    ['it fails after the commit (500)', fault('commit-then-error', 'POST', 2)],
    ['its answer is no answer', fault('garbage', 'POST')],
    ['it commits when nobody waits any more', fault('slow-then-commit', 'POST', 1, 450)],
    ['it answers when nobody waits any more', fault('commit-then-slow', 'POST', 1, 450)],
    ['a log-in page answers in its place', fault('welcome-page', 'POST', 2)],
    ['the search is cut', fault('cut-before-commit', 'GET', 3)],
  ])('when %s', async (_what, misbehaviour) => {
    const command = exampleCommand();
    await plant.misbehave({ script: [misbehaviour] });
    await done(command);
    expect(await reservationsOf(command)).toHaveLength(1);
    const replies = await plant.replies(command);
    expect(replies.filter(({ data }) => data.state === undefined)).toHaveLength(1);
  });

  it('when one of several calls is lost: what was made is not made again', async () => {
    const command = exampleCommand({
      ...{ step: 'buy', verb: 'requisition', payload: { part: '6205-2RS', quantity: 2 } },
    });
    // The draft is made; the answer to its submission is cut.
    await plant.misbehave({
      script: [fault('commit-then-slow', 'POST', 1, 10), fault('commit-then-cut', 'POST')],
    });
    await done(command);
    const { requisitions } = await plant.objects();
    const made = requisitions.filter((one) => one.external_key === command.key);
    expect(made).toMatchObject([{ status: 'SUBMITTED' }]);
  });

  it('when the session of its tokens is forgotten over there', async () => {
    const [first, second] = [exampleCommand(), exampleCommand()];
    const run = plant.run();
    await plant.send(first);
    await expect.poll(outcomeOf(first), until).toBe('done');
    await plant.ask('POST', '/admin/forget-sessions', {});
    await plant.send(second);
    await expect.poll(outcomeOf(second), until).toBe('done');
    await run.stop();
    expect(await reservationsOf(second)).toHaveLength(1);
  });

  it('when it is sent again by a person: what is there is found', async () => {
    const command = exampleCommand({ payload: { part: 'LATER', quantity: 1 } });
    const run = plant.run();
    await plant.send(command);
    await expect.poll(outcomeOf(command), until).toBe('rejected');
    await plant.ask('PUT', '/admin/parts', { id: 'LATER', on_hand: 1 });
    for (const _ of [1, 2]) {
      await askResend(plant.connection, `command.erp.${command.id}`);
      await expect.poll(outcomeOf(command), until).toBe('done');
      await expect.poll(() => plant.ledger.resends(), until).toEqual([]);
    }
    await run.stop();
    expect(await reservationsOf(command)).toHaveLength(1);
  });
});

describe('a question is asked again until it is answered, and answered once', () => {
  it.each([
    ['is flooded', fault('too-many', 'GET', 3)],
    ['is away', fault('unavailable', 'GET', 6)],
    ['is slow', fault('slow-then-commit', 'GET', 1, 450)],
    ['is cut off', fault('commit-then-cut', 'GET', 2)],
  ])('when the system %s', async (_what, misbehaviour) => {
    const command = exampleCommand({ step: 'stock', verb: 'check-stock' });
    await plant.misbehave({ script: [misbehaviour] });
    await done(command);
    expect(await plant.replies(command)).toHaveLength(1);
  });
});

it('what is urgent goes ahead of what waits, and is not held up by the rate of the others', async () => {
  const run = plant.run({ rate: { per_minute: 60, burst: 5, urgent: 0.4 }, concurrency: 4 });
  const others = Array.from({ length: 6 }, () => exampleCommand({ priority: 'low' }));
  await plant.send(...others);
  const urgent = exampleCommand({ priority: 'urgent', step: 'stock', verb: 'check-stock' });
  await plant.send(urgent);
  await expect.poll(outcomeOf(urgent), until).toBe('done');
  const open = await Promise.all(others.map((one) => outcomeOf(one)()));
  expect(open.filter((outcome) => outcome === 'done').length).toBeLessThan(others.length);
  await run.stop();
});

it('the same command, published a hundred times at once, is one message and one object', async () => {
  const command = exampleCommand();
  await Promise.allSettled(Array.from({ length: 100 }, () => plant.send(command)));
  await done(exampleCommand());
  await expect.poll(outcomeOf(command), until).toBe('done');
  expect(await reservationsOf(command)).toHaveLength(1);
  expect(await plant.entry(command)).toMatchObject({ attempts: 1 });
});
