import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Request } from '../../../operators/model/request.ts';
import type { Misbehaviour } from '../../../pipelines/demo/misbehaviour.ts';
import type { CmmsConfig } from '../../../sinks/remote/config.ts';
import { freshRequest, type Plant, startPlant } from './systems-support.ts';

let plant: Plant;
beforeAll(async () => {
  plant = await startPlant();
});
afterAll(() => plant.close());
afterEach(() => plant.misbehave({ script: [] }));

const until = { timeout: 15_000, interval: 25 };
const dealtWith = (request: Request) =>
  expect.poll(async () => (await plant.entry(request.id))?.revision, until).toBe(request.revision);
const fault = (name: Misbehaviour['fault'], times: number, method?: 'GET' | 'POST') => ({
  ...{ fault: name, delay: 0, times },
  ...(method === undefined ? {} : { method }),
});

describe('something else in front of the CMMS', () => {
  it.each(['redirect', 'forbidden-page', 'not-found-page', 'welcome-page'] as const)(
    'rejects no request and dooms none (%s): an alarm, and patience',
    async (page) => {
      const [open, fresh] = [freshRequest(), freshRequest()];
      const from = plant.recorded.length;
      const kinds = () => plant.recorded.slice(from).map(({ kind }) => kind);
      const run = plant.run();
      await plant.send(open);
      await expect.poll(async () => (await plant.entry(open.id))?.status, until).toBe('requested');
      await plant.misbehave({ script: [fault(page, 14)] });
      await plant.send(fresh);
      await expect.poll(kinds, until).toContain('cmms-door-wrong');
      await dealtWith(fresh);
      await run.stop();
      expect(await plant.entry(fresh.id)).toMatchObject({ delivery: 'sent' });
      expect(await plant.works(fresh.id)).toHaveLength(1);
      expect((await plant.entry(open.id))?.status).toBe('requested');
      expect(kinds()).not.toContain('request-rejected');
      expect(kinds()).toContain('cmms-door-right');
    },
  );

  it('between a search and the call after it makes no second object', async () => {
    const request = freshRequest();
    await plant.misbehave({ script: [fault('welcome-page', 12, 'POST')] });
    const run = plant.run();
    await plant.send(request);
    await dealtWith(request);
    await run.stop();
    expect(await plant.works(request.id)).toHaveLength(1);
    expect(await plant.entry(request.id)).toMatchObject({ delivery: 'sent', faults: 0 });
  });

  it('says "not found" of an object that is there: its request stays open', async () => {
    const request = freshRequest();
    // The status is asked for at a place that nobody knows; the search is right.
    const run = plant.run({ status: { ...lost(), path: '/api/nowhere/{{remote}}' } });
    await plant.send(request);
    await dealtWith(request);
    const from = plant.recorded.length;
    await sleep(1_000);
    await run.stop();
    expect(await plant.entry(request.id)).toMatchObject({ status: null, delivery: 'sent' });
    expect(plant.recorded.slice(from).map(({ kind }) => kind)).not.toContain('request-status');
  });
});

function lost(): NonNullable<CmmsConfig['status']> {
  return {
    ...{ method: 'GET', path: '', query: {}, headers: {}, at: ['/status'] },
    ...{ words: {}, gone: 'cancelled', every: 100 },
  };
}

describe('requests that are over', () => {
  it('leave the outbox and the ledger when they were over for long; others stay', async () => {
    const [over, open] = [freshRequest(), freshRequest()];
    const run = plant.run();
    await plant.send(over, open);
    await Promise.all([over, open].map(dealtWith));
    await expect.poll(async () => (await plant.entry(over.id))?.status, until).toBe('requested');
    const [work] = await plant.works(over.id);
    for (const action of ['accept', 'start', 'complete', 'close']) {
      await plant.act(work?.id ?? '', action);
    }
    await expect.poll(async () => (await plant.entry(over.id))?.status, until).toBe('closed');
    await run.stop();

    const days = (count: number) => () => Date.now() + count * 86_400_000;
    await plant.run({}, days(80)).stop();
    expect(await plant.entry(over.id)).toBeDefined();
    const later = plant.run({}, days(100));
    await expect.poll(() => plant.entry(over.id), until).toBeUndefined();
    await later.stop();
    expect(await plant.entry(open.id)).toMatchObject({ status: 'requested' });
    expect(await revisionsOf(over.id)).toEqual([]);
    expect(await revisionsOf(open.id)).toHaveLength(1);
  });
});

async function revisionsOf(id: string): Promise<readonly string[]> {
  const { streams } = await jetstreamManager(plant.connection);
  const { state } = await streams.info('ANDON_REQUESTS', { subjects_filter: `request.${id}.*` });
  return Object.keys(state.subjects ?? {});
}
