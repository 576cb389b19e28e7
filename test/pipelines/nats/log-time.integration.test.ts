import { jetstreamManager } from '@nats-io/jetstream';
import { headers, MsgHdrsImpl, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createLogTime } from '../../../pipelines/nats/log-time.ts';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import { ensurePartition } from '../../../pipelines/nats/streams.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';

const STREAM = 'ANDON_0';
const CLOCK = 77;

let server: TestNats;
let connection: NatsConnection;
/** Messages that the server was asked for, one by one. */
let asked: number[];

beforeAll(async () => {
  server = await startNats();
  connection = await connectNats({ servers: server.url, name: 'test' });
  connection.subscribe(`$JS.API.STREAM.MSG.GET.${STREAM}`, {
    callback: (_, message) => void asked.push(message.json<{ seq: number }>().seq),
  });
});
afterAll(async () => {
  await connection?.close();
  await server?.stop();
});
beforeEach(async () => {
  const manager = await jetstreamManager(connection);
  await manager.streams.delete(STREAM).catch(() => undefined);
  await ensurePartition(connection, { partition: 0, partitions: 1, replay: true });
  asked = [];
});

const logTime = () => createLogTime(connection, () => CLOCK);

/** A message for each, with that append time in milliseconds or without one. */
async function publish(...times: readonly (number | undefined)[]): Promise<void> {
  for (const time of times) {
    const wire = headers();
    if (time !== undefined) wire.set('Andon-Appended', String(time));
    await connection.request('telemetry.plant.line.asset', 'x', { headers: wire, timeout: 10_000 });
  }
}

const without = (count: number) => new Array<undefined>(count).fill(undefined);

/** What was asked for until now: the subscription has seen everything that came before a round trip. */
async function askedFor(): Promise<readonly number[]> {
  await connection.flush();
  return asked.splice(0);
}

test('what was looked at is not read again: of a replay only messages since the last question are', async () => {
  const time = logTime();
  await publish(1_000, ...without(20));
  expect(await time(0)).toBe(1_000);
  expect(await askedFor()).toHaveLength(21);
  expect(await time(0)).toBe(1_000);
  expect(await askedFor()).toEqual([]);
  await publish(...without(2));
  expect(await time(0)).toBe(1_000);
  expect(await askedFor()).toEqual([23, 22]);
  await publish(2_000.5, undefined);
  expect(await time(0)).toBe(2_000);
  expect(await askedFor()).toEqual([25, 24]);
});

test('nothing is asked for below the first message that the stream still has', async () => {
  await publish(1_000, ...without(20));
  const manager = await jetstreamManager(connection);
  await manager.streams.purge(STREAM, { seq: 20 });
  expect(await logTime()(0)).toBe(0);
  expect(await askedFor()).toEqual([21, 20]);
});

test('the time that was known stays in force when the message that said it is gone', async () => {
  const time = logTime();
  await publish(1_000);
  expect(await time(0)).toBe(1_000);
  await publish(...without(5));
  const manager = await jetstreamManager(connection);
  await manager.streams.purge(STREAM, { seq: 5 });
  expect(await time(0)).toBe(1_000);
});

test('a stream that was made anew has a time of its own', async () => {
  const time = logTime();
  await publish(9_000);
  expect(await time(0)).toBe(9_000);
  const manager = await jetstreamManager(connection);
  await manager.streams.delete(STREAM);
  await ensurePartition(connection, { partition: 0, partitions: 1, replay: true });
  await publish(1_000, undefined);
  expect(await time(0)).toBe(1_000);
});

test('a log that is live, or not there, has the time of the clock', async () => {
  const manager = await jetstreamManager(connection);
  await manager.streams.delete(STREAM);
  expect(await logTime()(0)).toBe(CLOCK);
  await ensurePartition(connection, { partition: 0, partitions: 1 });
  await publish(1_000);
  expect(await logTime()(0)).toBe(CLOCK);
  expect(await askedFor()).toEqual([]);
});

test('is read whatever names other headers have', async () => {
  const odd = { 'My Name': ['1'], Größe: ['2'], 'Andon-Appended': ['5000'] };
  const wire = MsgHdrsImpl.fromRecord(odd);
  await connection.request('telemetry.plant.line.asset', 'x', { headers: wire, timeout: 10_000 });
  expect(await logTime()(0)).toBe(5_000);
});
