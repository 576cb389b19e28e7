import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isAtLeast } from '../../../pipelines/base/version.ts';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import { createPublisher } from '../../../pipelines/nats/publisher.ts';
import { ensurePartition } from '../../../pipelines/nats/streams.ts';
import { startTicks } from '../../../pipelines/nats/upkeep.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

let server: TestNats;
let connection: NatsConnection;

beforeEach(async () => {
  server = await startNats();
  connection = await connectNats({ servers: server.url, name: 'test' });
  await ensurePartition(connection, { partition: 0, partitions: 1 });
});
afterEach(async () => {
  await connection.close();
  await server.stop();
});

const message = (index: number) => ({
  subject: 'telemetry.plant.line.asset',
  headers: { 'Andon-Producer': 'test/1', 'Andon-Sequence': String(index) },
  payload: Buffer.from(String(index)),
});

async function reconnect(): Promise<void> {
  for await (const { type } of connection.status()) if (type === 'reconnect') return;
}

/** Payloads of the stream, in order. */
async function stored(): Promise<number[]> {
  const manager = await jetstreamManager(connection);
  const { state } = await manager.streams.info('ANDON_0');
  const payloads: number[] = [];
  for (let seq = 1; seq <= state.last_seq; seq += 1) {
    const one = await manager.streams.getMessage('ANDON_0', { seq });
    payloads.push(Number(one?.string()));
  }
  return payloads;
}

test('everything published is in the stream, in order, with bounded unacknowledged messages', async () => {
  const publisher = createPublisher(connection, { run: 'a', inFlight: 50 });
  for (let index = 0; index < 1_000; index += 1) {
    await publisher.publish(message(index));
    const { published, acknowledged } = publisher.counts;
    expect(published - acknowledged).toBeLessThanOrEqual(50);
  }
  const counts = await publisher.flush();
  publisher.close();
  expect(counts).toMatchObject({
    published: 1_000,
    acknowledged: 1_000,
    duplicates: 0,
    repeated: 0,
    last: 1_000,
  });
  expect(await stored()).toEqual(Array.from({ length: 1_000 }, (_, index) => index));
});

test('a server that is killed and restarted in the middle costs nothing and changes no order', async () => {
  // Fewer than any server takes at once (10,000 from 2.11 on): one that refuses some breaks their order.
  const publisher = createPublisher(connection, { run: 'a', inFlight: 5_000 });
  let restarting: Promise<unknown> | undefined;
  let over = false;
  let count = 0;
  // Publishing goes on all the while: before, during and after the server is away.
  for (let rest = 200; rest > 0; count += 1) {
    if (count === 700) {
      const reconnected = reconnect();
      restarting = server
        .kill()
        .then(() => server.restart())
        .then(() => reconnected)
        .finally(() => {
          over = true;
        });
    }
    await publisher.publish(message(count));
    if (count % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
    if (over) rest -= 1;
  }
  const counts = await publisher.flush();
  await restarting;
  publisher.close();
  expect(counts.repeated).toBeGreaterThan(0);
  expect(counts.acknowledged).toBe(count);
  expect(await stored()).toEqual(Array.from({ length: count }, (_, index) => index));
});

test('a server that freezes until everything was sent again stores nothing twice', async () => {
  const publisher = createPublisher(connection, { run: 'a', answer: 200 });
  let sent = 0;
  const publishAnother = async () => {
    await publisher.publish(message(sent));
    sent += 1;
    return publisher.counts.repeated;
  };
  server.pause();
  // The signal may come behind what was published first, and then that is answered.
  await expect.poll(publishAnother, { timeout: 30_000 }).toBeGreaterThan(100);
  server.resume();
  expect(await publisher.flush()).toMatchObject({ acknowledged: sent });
  publisher.close();
  expect(await stored()).toEqual(Array.from({ length: sent }, (_, index) => index));
});

test('what a busy server refuses is sent again, until all of it is in the stream once', async (context) => {
  const version = connection.info?.version ?? '';
  if (!isAtLeast(version, '2.11')) context.skip(`needs nats-server 2.11, this is ${version}`);
  const store = JSON.stringify(temporaryDirectory());
  const busy = await startNats({
    config: `jetstream { store_dir: ${store}, max_buffered_msgs: 20 }`,
  });
  const own = await connectNats({ servers: busy.url, name: 'test' });
  await ensurePartition(own, { partition: 0, partitions: 1 });
  const publisher = createPublisher(own, { run: 'a', inFlight: 500 });
  for (let index = 0; index < 3_000; index += 1) await publisher.publish(message(index));
  const { acknowledged, repeated } = await publisher.flush();
  publisher.close();
  const manager = await jetstreamManager(own);
  const { state } = await manager.streams.info('ANDON_0');
  await own.close();
  await busy.stop();
  expect([acknowledged, state.messages]).toEqual([3_000, 3_000]);
  expect(repeated).toBeGreaterThan(0);
});

test('a second run of the same messages is no duplicate to the server', async () => {
  for (const run of ['a', 'b']) {
    const publisher = createPublisher(connection, { run });
    await publisher.publish(message(1));
    expect(await publisher.flush()).toMatchObject({ duplicates: 0 });
    publisher.close();
  }
  expect(await stored()).toEqual([1, 1]);
});

test('a subject that no stream takes is given up after the patience, and named', async () => {
  const publisher = createPublisher(connection, { run: 'a', patience: 1_000, answer: 100 });
  await publisher.publish({ ...message(1), subject: 'nowhere.at.all' });
  await expect(publisher.flush()).rejects.toThrow(/subject nowhere.at.all: .*no stream/);
  publisher.close();
});

test('a silent stream gets ticks, and a restart of the server does not end them', async () => {
  const prefix = 'andon.0.';
  const stop = startTicks({ connection, stream: 'ANDON_0', prefix, silence: 200 });
  const manager = await jetstreamManager(connection, { timeout: 300 });
  const last = async () => {
    const info = await manager.streams.info('ANDON_0').catch(() => undefined);
    return info?.state.last_seq ?? 0;
  };
  const reaches = (count: number) => expect.poll(last, { timeout: 5_000 }).toBeGreaterThan(count);
  await reaches(1);
  const tick = await manager.streams.getMessage('ANDON_0', { seq: 1 });
  expect([tick?.subject, tick?.data.length]).toEqual(['andon.0.tick', 0]);
  const before = await last();
  await server.kill();
  await server.restart();
  await reaches(before + 2);
  stop();
});
