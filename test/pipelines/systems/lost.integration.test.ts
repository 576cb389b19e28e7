import { jetstreamManager } from '@nats-io/jetstream';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Request } from '../../../operators/model/request.ts';
import { ensureRequests } from '../../../pipelines/nats/streams.ts';
import { freshRequest, type Plant, startPlant } from './systems-support.ts';

let plant: Plant;
beforeAll(async () => {
  plant = await startPlant();
});
afterAll(() => plant.close());
afterEach(() => plant.misbehave({ script: [] }));

const until = { timeout: 30_000, interval: 50 };
const statusOf = (request: Request) => async () => (await plant.entry(request.id))?.status;

async function remove(stream: string): Promise<void> {
  await (await jetstreamManager(plant.connection)).streams.delete(stream);
}

/** The numbers of the reports about a request, in the order of the log. */
async function reportsOf(request: Request): Promise<number[]> {
  const { streams } = await jetstreamManager(plant.connection);
  const { state } = await streams.info('ANDON_0');
  const numbers: number[] = [];
  for (let seq = 1; seq <= state.last_seq; seq += 1) {
    const message = await streams.getMessage('ANDON_0', { seq });
    if (message?.header.get('Andon-Producer') !== `maintenance/${request.id}`) continue;
    numbers.push(Number(message.header.get('Andon-Sequence')));
  }
  return numbers;
}

it('the ledger, with a request open: its object is found, and its next statuses are no repeats', async () => {
  const request = freshRequest();
  const second = { ...request, revision: 2, action: 'update', priority: 'urgent' } as const;
  const run = plant.run();
  await plant.send(request, second);
  await expect.poll(statusOf(request), until).toBe('requested');
  const [work] = await plant.works(request.id);
  await plant.act(work?.id ?? '', 'accept');
  await expect.poll(statusOf(request), until).toBe('accepted');
  await run.stop();
  const before = await reportsOf(request);
  await remove('KV_ANDON_MAINTENANCE');

  const again = plant.run();
  await expect.poll(() => statusOf(request)().catch(() => undefined), until).toBe('accepted');
  await plant.act(work?.id ?? '', 'start');
  await expect.poll(statusOf(request), until).toBe('started');
  await again.stop();
  expect(await plant.works(request.id)).toMatchObject([{ id: work?.id, revision: 2 }]);
  const after = (await reportsOf(request)).slice(before.length);
  expect(after).toHaveLength(2);
  expect(Math.min(...after)).toBeGreaterThan(Math.max(...before));
});

it('the outbox, with a request open: what waited is published again from the tables, the rest goes on', async () => {
  const [delivered, waiting] = [freshRequest(), freshRequest()];
  const run = plant.run();
  await plant.send(delivered);
  await expect.poll(statusOf(delivered), until).toBe('requested');
  await run.stop();
  await plant.send(waiting);
  await remove('ANDON_REQUESTS');
  await ensureRequests(plant.connection);

  const again = plant.run();
  // As an operator does it: every revision of the table, the delivered ones too.
  await plant.send(delivered, waiting);
  const second = { ...delivered, revision: 2, action: 'update', priority: 'urgent' } as const;
  await plant.send(second);
  await expect.poll(statusOf(waiting), until).toBe('requested');
  await expect
    .poll(async () => (await plant.works(delivered.id))[0]?.priority, until)
    .toBe('EMERGENCY');
  await again.stop();
  for (const { id } of [delivered, waiting]) expect(await plant.works(id)).toHaveLength(1);
  expect((await plant.entry(delivered.id))?.history.map(({ outcome }) => outcome)).toEqual([
    'created',
    'written',
  ]);
});
