import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectNats } from '../../../../pipelines/nats/nats.ts';
import { openHomes } from '../../../../pipelines/worker/ownership/ownership.ts';
import { startNats, type TestNats } from '../../../stand/nats.ts';

const RUN = { pipeline: 'plant', run: '1', stream: 'ANDON_0', created: '2026-01-01T00:00:00Z' };
let nats: TestNats;

beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats.stop());

test('an empty directory may not work a run whose state is elsewhere, but may begin a new one', async () => {
  const connection = await connectNats({ servers: nats.url, name: 'test' });
  const here = await openHomes(connection, 'plant-0', { host: 'a', directory: '/x' });
  await here.check(RUN);
  await here.record(RUN);
  const there = await openHomes(connection, 'plant-0', { host: 'b', directory: '/y' });
  await expect(there.check(RUN)).rejects.toThrow('the state of run 1, which is in /x on a');
  await there.check({ ...RUN, run: '2' });
  await there.check({ ...RUN, created: '2026-02-02T00:00:00Z' });
  await connection.close();
});

test('a new run that sends has to find the whole log; nobody else has', async () => {
  const connection = await connectNats({ servers: nats.url, name: 'test' });
  const there = await openHomes(connection, 'plant-1', { host: 'b', directory: '/y' });
  // Nobody has asked for anything before.
  await there.check(RUN, 7);
  await there.record(RUN);
  const next = { ...RUN, run: '2' };
  await expect(there.check(next, 7)).rejects.toThrow(
    'found that it begins with message 7: the ones before were trimmed',
  );
  await there.check(next, 1);
  await there.check(next);
  await there.check({ ...next, created: '2026-02-02T00:00:00Z' }, 7);
  await connection.close();
});
