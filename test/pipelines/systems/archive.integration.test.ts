import { jetstreamManager } from '@nats-io/jetstream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { archiveRequests } from '../../../pipelines/systems/archive.ts';
import { freshRequest, type Plant, startPlant } from './systems-support.ts';

let plant: Plant;
beforeAll(async () => {
  plant = await startPlant();
});
afterAll(() => plant.close());

const KEEP = 3_600_000;
const until = { timeout: 60_000, interval: 25 };

/** Ids of the requests that the outbox holds, and of those that the ledger knows. */
async function kept(): Promise<{ readonly outbox: string[]; readonly ledger: string[] }> {
  const { streams } = await jetstreamManager(plant.connection);
  const { state } = await streams.info('ANDON_REQUESTS', { subjects_filter: 'request.>' });
  const ids = Object.keys(state.subjects ?? {}).map((subject) => subject.split('.')[1] ?? '');
  const entries = await plant.ledger.all();
  return {
    outbox: [...new Set(ids)].toSorted(),
    ledger: entries.map(({ id }) => id).toSorted(),
  };
}

function archive(later: number): Promise<void> {
  const { connection, ledger, recorded } = plant;
  return archiveRequests({
    ...{ connection, ledger, keep: KEEP, polled: true },
    record: (event) => recorded.push(event),
    now: () => Date.now() + later,
  });
}

test('a request that is long over leaves outbox and ledger; what waits for somebody stays, and nothing is sent again', async () => {
  const [over, open, rejected] = [freshRequest(), freshRequest(), freshRequest({ title: '' })];
  const ids = (...requests: { readonly id: string }[]) => requests.map(({ id }) => id).toSorted();
  await plant.send(over, open, rejected, { ...over, revision: 2 });
  let run = plant.run();
  await expect.poll(async () => (await plant.entry(open.id))?.status, until).toBe('requested');
  await expect.poll(async () => (await plant.entry(rejected.id))?.delivery, until).toBe('rejected');
  await expect.poll(async () => (await plant.works(over.id)).length, until).toBe(1);
  for (const action of ['accept', 'start', 'complete', 'close']) {
    await plant.act((await plant.works(over.id))[0]?.id ?? '', action);
  }
  await expect.poll(async () => (await plant.entry(over.id))?.status, until).toBe('closed');
  await expect.poll(async () => (await plant.entry(over.id))?.unreported, until).toBe(null);
  await run.stop();

  const all = ids(over, open, rejected);
  await archive(KEEP / 2);
  expect(await kept()).toEqual({ outbox: all, ledger: all });
  expect(plant.recorded.map(({ kind }) => kind)).not.toContain('requests-archived');
  await archive(2 * KEEP);
  const left = ids(open, rejected);
  expect(await kept()).toEqual({ outbox: left, ledger: left });
  expect(plant.recorded).toContainEqual({ kind: 'requests-archived', count: 1 });

  // The next run works what is left, and the CMMS has what it had.
  const posts = await plant.posts();
  run = plant.run();
  const next = freshRequest();
  await plant.send(next);
  await expect.poll(async () => (await plant.entry(next.id))?.status, until).toBe('requested');
  await run.stop();
  expect(await plant.posts()).toBe(posts + 1);
  expect(await plant.works(over.id)).toHaveLength(1);
});
