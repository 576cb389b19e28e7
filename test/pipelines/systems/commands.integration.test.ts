import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Command } from '../../../operators/model/command.ts';
import type { EventTime } from '../../../operators/model/time.ts';
import { ABSENT } from '../../../pipelines/systems/command-owner.ts';
import { openCommandLedger } from '../../../pipelines/systems/ledger.ts';
import { type ErpPlant, startErpPlant } from './commands-support.ts';
import { exampleCommand, undoOf } from './example-command.ts';

let plant: ErpPlant;
beforeAll(async () => {
  plant = await startErpPlant();
  await plant.ask('PUT', '/admin/parts', { id: '6205-2RS', on_hand: 1_000, lead_time_days: 5 });
});
afterAll(() => plant.close());
afterEach(() => plant.misbehave({ script: [] }));

const until = { timeout: 15_000, interval: 25 };
const outcomeOf = (command: Command) => async () => (await plant.entry(command))?.outcome;
const dataOf = async (command: Command) => (await plant.replies(command)).map(({ data }) => data);
const reservationsOf = async ({ key }: Command) =>
  (await plant.objects()).reservations.filter((one) => one.external_key === key);

/** Sends commands while they are carried out, and waits until each is over. */
async function carriedOut(...commands: Command[]): Promise<void> {
  const run = plant.run();
  try {
    await plant.send(...commands);
    for (const command of commands) {
      await expect.poll(outcomeOf(command), until).toMatch(/./);
    }
  } finally {
    await run.stop();
  }
}

describe('a command', () => {
  it('that asks is answered with the values that its profile names', async () => {
    const command = exampleCommand({
      ...{ step: 'stock', verb: 'check-stock', payload: { part: 'SEAL-45', quantity: 2 } },
    });
    await carriedOut(command);
    const [reply, ...more] = await plant.replies(command);
    expect(more).toEqual([]);
    expect(reply?.subject).toBe('status.erp.berlin.packing.filler-1');
    expect(reply?.type).toBe('command');
    expect(reply?.data).toEqual({
      ...{ id: command.id, request: command.request, step: 'stock', n: 1, verb: 'check-stock' },
      ...{ outcome: 'done', on_hand: 0, available: 0, short: 2, lead_time_days: 12 },
      ...{ reserved: 0, on_order: 0, projected: 0, unit_price: 7.2, supplier: 'S-1' },
    });
  });

  it('that makes something makes one object, says its id, and later what became of it', async () => {
    const command = exampleCommand();
    const run = plant.run();
    await plant.send(command);
    await expect.poll(async () => (await plant.entry(command))?.state, until).toBe('assigned');
    const [object, ...others] = await reservationsOf(command);
    expect(others).toEqual([]);
    expect(object).toMatchObject({ quantity: 1, reference: command.request });
    await plant.ask('POST', `/admin/reservations/${object?.id}/pick`, {});
    await expect.poll(async () => (await plant.entry(command))?.state, until).toBe('picked');
    // What the work has used is posted: nothing is reserved for it any more.
    const { request } = command;
    await plant.send(exampleCommand({ request, step: 'consume', verb: 'consume' }));
    await expect.poll(async () => (await plant.entry(command))?.state, until).toBe('done');
    await run.stop();
    const remote = object?.id;
    expect(await dataOf(command)).toMatchObject([
      { outcome: 'done', remote, short: 0 },
      { outcome: 'done', remote, state: 'assigned' },
      { outcome: 'done', remote, state: 'picked' },
      { outcome: 'done', remote, state: 'done' },
    ]);
    const numbers = (await plant.replies(command)).map(({ number }) => number);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(await plant.ledger.watched()).not.toContain(command.id);
  });

  it('of several calls makes them all: a draft is made and submitted', async () => {
    const command = exampleCommand({
      ...{ step: 'buy', verb: 'requisition', payload: { part: 'SEAL-45', quantity: 2 } },
    });
    await carriedOut(command);
    const { requisitions } = await plant.objects();
    const [made, ...others] = requisitions.filter((one) => one.external_key === command.key);
    expect(others).toEqual([]);
    expect(made).toMatchObject({ status: 'SUBMITTED', amount: 14.4, reason: command.because });
    const [first] = await dataOf(command);
    expect(first).toMatchObject({ outcome: 'done', remote: made?.id, amount: 14.4 });
  });

  it.each([
    ['that the system refuses', { payload: { part: 'NO-SUCH', quantity: 1 } }, 'no part NO-SUCH'],
    ['whose payload lacks something', { payload: { part: 'SEAL-45' } }, '{{payload.quantity}}'],
    ['with a verb that nobody described', { verb: 'dance' }, 'check-stock, reserve, release'],
    ['for a system that is not there', { system: 'crm' }, 'a system of this installation (erp)'],
  ])('%s is rejected, and told why', async (_what, changes, why) => {
    const command = exampleCommand(changes);
    await carriedOut(command);
    const [data] = await dataOf(command);
    expect(data).toMatchObject({ outcome: 'rejected', note: expect.stringContaining(why) });
  });

  it('that was not begun in time expires, and nothing is made', async () => {
    const command = exampleCommand({ not_after: (Date.now() * 1_000 - 1) as EventTime });
    await carriedOut(command);
    expect(await dataOf(command)).toMatchObject([{ outcome: 'expired' }]);
    expect(await reservationsOf(command)).toEqual([]);
  });
});

describe('a command of a log that is played again', () => {
  const begin = Date.UTC(2026, 2, 2, 5);
  let replay: ErpPlant;
  beforeAll(async () => {
    replay = await startErpPlant({ replay: true });
  });
  afterAll(() => replay?.close());

  it('expires by the append time of the log, which its answer carries too', async () => {
    const appended = headers();
    appended.set('Andon-Appended', String(begin));
    const body = JSON.stringify({ time: begin, type: 'state', data: {} });
    const told = jetstream(replay.connection);
    await told.publish('event.berlin.packing.filler-1', body, { headers: appended });
    const deadline = (minutes: number) => ((begin + minutes * 60_000) * 1_000) as EventTime;
    const early = exampleCommand({ not_after: deadline(1) });
    const late = exampleCommand({ not_after: deadline(-1) });
    const run = replay.run();
    await replay.send(early, late);
    await expect.poll(async () => (await replay.replies(late))[0]?.data, until).toBeDefined();
    await expect.poll(async () => (await replay.replies(early)).length, until).toBe(2);
    await run.stop();
    expect(await replay.replies(late)).toMatchObject([
      { time: begin, data: { outcome: 'expired' } },
    ]);
    expect(await replay.replies(early)).toMatchObject([
      { time: begin, data: { outcome: 'done' } },
      { time: begin, data: { outcome: 'done', state: 'assigned' } },
    ]);
  });
});

describe('what undoes a command', () => {
  it('before it was begun makes no call: both are cancelled', async () => {
    const command = exampleCommand();
    const undo = undoOf(command, 'release');
    await plant.send(command, undo);
    const before = (await plant.objects()).reservations.length;
    const run = plant.run();
    await expect.poll(outcomeOf(undo), until).toBe('cancelled');
    await run.stop();
    expect(await plant.entry(command)).toMatchObject({ outcome: 'cancelled', attempts: 0 });
    expect((await plant.objects()).reservations).toHaveLength(before);
  });

  it('after it was done changes its object, with the ETag that the system wants', async () => {
    const command = exampleCommand();
    await carriedOut(command);
    const undo = undoOf(command, 'release');
    await carriedOut(undo);
    expect(await reservationsOf(command)).toMatchObject([{ status: 'RELEASED', version: 2 }]);
    expect(await dataOf(undo)).toMatchObject([{ outcome: 'done', verb: 'release' }]);
    expect(await plant.ledger.watched()).not.toContain(command.id);
  });

  it('while nobody knows whether it was made: it is looked for, found, and undone', async () => {
    const command = exampleCommand();
    const undo = undoOf(command, 'release');
    await plant.misbehave({
      script: [{ fault: 'commit-then-slow', method: 'POST', delay: 600, times: 1 }],
    });
    const run = plant.run();
    await plant.send(command);
    await expect.poll(async () => (await plant.entry(command))?.sending, until).toBeTruthy();
    await plant.send(undo);
    await expect.poll(outcomeOf(undo), until).toBe('done');
    await run.stop();
    expect(await reservationsOf(command)).toMatchObject([{ status: 'RELEASED' }]);
    expect(await plant.entry(command)).toMatchObject({ outcome: 'done' });
  });

  it('when it had made nothing after all: both are cancelled', async () => {
    const command = exampleCommand();
    const undo = undoOf(command, 'release');
    await plant.misbehave({
      script: [{ fault: 'cut-before-commit', method: 'POST', delay: 0, times: 1 }],
    });
    const run = plant.run();
    await plant.send(command);
    await expect.poll(async () => (await plant.entry(command))?.sending, until).toBeTruthy();
    await plant.send(undo);
    await expect.poll(outcomeOf(undo), until).toBe('cancelled');
    await run.stop();
    expect(await reservationsOf(command)).toEqual([]);
    expect(await plant.entry(command)).toMatchObject({ outcome: 'cancelled' });
  });
});

it('a newer number of a step stands in the place of one that was not begun', async () => {
  const first = exampleCommand();
  const second = exampleCommand({
    request: first.request,
    n: 2,
    payload: { part: '6205-2RS', quantity: 2 },
  });
  await plant.send(first, second);
  const run = plant.run();
  await expect.poll(outcomeOf(second), until).toBe('done');
  await run.stop();
  expect(await plant.entry(first)).toMatchObject({
    outcome: 'cancelled',
    note: expect.stringContaining('superseded'),
  });
  expect(await reservationsOf(first)).toEqual([]);
  expect(await reservationsOf(second)).toMatchObject([{ quantity: 2 }]);
});

it('a start reads from the low water on, and one of another stream from the beginning', async () => {
  const command = exampleCommand();
  await carriedOut(command);
  const mark = await plant.ledger.lowWater();
  const { lastSequence } = await lastOfStream();
  expect(mark?.sequence).toBe(lastSequence);
  await plant.ledger.keepLowWater({ of: 'another stream', sequence: 1_000_000 });
  const next = exampleCommand();
  await carriedOut(next);
  expect(await reservationsOf(next)).toHaveLength(1);
});

it('what is for another system is passed over once, and not read again at the next start', async () => {
  const absent = await openCommandLedger(plant.connection, ABSENT);
  const isRead = async () => {
    await carriedOut(exampleCommand());
    const { lastSequence } = await lastOfStream();
    return (await absent.lowWater())?.sequence === lastSequence;
  };
  await expect.poll(isRead, until).toBe(true);
});

async function lastOfStream(): Promise<{ lastSequence: number }> {
  const { streams } = await jetstreamManager(plant.connection);
  return { lastSequence: (await streams.info('ANDON_COMMANDS')).state.last_seq };
}
