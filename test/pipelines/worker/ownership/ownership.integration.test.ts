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
