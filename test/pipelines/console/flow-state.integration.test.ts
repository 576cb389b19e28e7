import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFlowState } from '../../../pipelines/console/data/flow-state.ts';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import { ensurePartition } from '../../../pipelines/nats/streams.ts';
import { openLedger } from '../../../pipelines/systems/ledger.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';

let nats: TestNats;
let north: NatsConnection;

beforeAll(async () => {
  nats = await startNats();
  north = await connectNats({ servers: nats.url, name: 'north', prefix: 'north' });
});
afterAll(async () => {
  await north?.close();
  await nats?.stop();
});

test('the log of an installation with a prefix is found by its name', async () => {
  await ensurePartition(north, { partition: 1, partitions: 2 });
  const logs = await createFlowState(north, 2).logs();
  expect(logs).toMatchObject([{ stream: 'north_ANDON_1', messages: 0, latest: null }]);
});

test('however many look on, NATS is asked once, until the answer is old', async () => {
  const clock = { now: 0 };
  const flow = createFlowState(north, 2, () => clock.now);
  const sent = async (ask: () => Promise<unknown>) => {
    const before = north.stats().outMsgs;
    await ask();
    return north.stats().outMsgs - before;
  };
  const ids = Array.from({ length: 100 }, (_, at) => `r${at}`);
  // Before anything was delivered there is no ledger.
  expect(await flow.requests(['none'])).toEqual([undefined]);
  await openLedger(north);
  const questions = [
    () => flow.requests(ids),
    () => flow.commands(ids),
    () => flow.logs(),
    () => flow.applied(),
  ];
  for (const question of questions) {
    expect(await sent(question)).toBeGreaterThan(0);
    clock.now += 4_999;
    expect(await sent(() => Promise.all([question(), question()]))).toBe(0);
    clock.now += 1;
    expect(await sent(question)).toBeGreaterThan(0);
    flow.forget();
    expect(await sent(question)).toBeGreaterThan(0);
  }
  expect(await sent(() => flow.requests([...ids, 'new']))).toBeGreaterThan(100);
});
