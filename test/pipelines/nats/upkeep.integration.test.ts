import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { headers, MsgHdrsImpl } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import { singleMessage } from '../../../pipelines/nats/stored-message.ts';
import { ensurePartition } from '../../../pipelines/nats/streams.ts';
import { republishOld } from '../../../pipelines/nats/upkeep.ts';
import { failingOnce, startNats, type TestNats } from '../../stand/nats.ts';

const HOUR = 3_600_000;
/** When everything that was published just now stands in the older half of the stream's age. */
const later = () => Date.now() + 4 * 24 * HOUR;
const onFailed = (subject: string, reason: string) => expect.fail(`${subject}: ${reason}`);
let nats: TestNats;

beforeAll(async () => {
  nats = await startNats();
});
afterAll(() => nats.stop());

test('models and rules are said again before they are trimmed, byte for byte, and only then', async () => {
  const connection = await connectNats({ servers: nats.url, name: 'test' });
  const info = await ensurePartition(connection, { partition: 0, partitions: 1 });
  const stream = info.config.name;
  const client = jetstream(connection);
  const header = headers();
  header.set('Content-Type', 'application/json');
  header.set('Andon-Change', 'c1');
  await client.publish('model.p1', 'old', { headers: header });
  await client.publish('model.p1', '{"id":"p1"}', { headers: header });
  await client.publish('rules.p1', '{}', { headers: header });
  await client.publish('telemetry.p1.l1.a', 'x');
  expect(await republishOld({ connection, stream, onFailed })).toEqual([]);
  const republished = await republishOld({ connection, stream, onFailed, now: later });
  expect(republished).toEqual(['model.p1', 'rules.p1']);
  const manager = await jetstreamManager(connection);
  const last = await manager.streams.getMessage(stream, { last_by_subj: 'model.p1' });
  expect(last?.seq).toBe(5);
  expect(last?.string()).toBe('{"id":"p1"}');
  expect(last?.header.get('Andon-Change')).toBe('c1');
  await connection.close();
});

test('a stream that is bounded by bytes has its model and rules however much comes after them', async () => {
  const connection = await connectNats({ servers: nats.url, name: 'test' });
  const info = await ensurePartition(connection, { partition: 7, partitions: 8, bytes: 400_000 });
  const stream = info.config.name;
  const client = jetstream(connection);
  await client.publish('andon.7.model.p1', '{"id":"p1"}');
  await client.publish('andon.7.rules.p1', '{}');
  const payload = new Uint8Array(2_000);
  for (let told = 0; told < 2; ) {
    for (let count = 0; count < 20; count += 1) {
      await client.publish('andon.7.telemetry.p1.l1.a', payload);
    }
    await republishOld({ connection, stream, onFailed });
    const manager = await jetstreamManager(connection);
    const { state } = await manager.streams.info(stream);
    for (const kind of ['model', 'rules']) {
      const last = await manager.streams.getMessage(stream, { last_by_subj: `andon.7.${kind}.p1` });
      expect(last, `${kind} after ${state.last_seq} messages`).not.toBeNull();
    }
    // Until the stream has been turned over twice.
    told = state.first_seq / 400;
  }
  await connection.close();
});

test('a model whose headers the client refuses is said again with them, and so is what comes after it', async () => {
  const connection = await connectNats({ servers: nats.url, name: 'test' });
  const info = await ensurePartition(connection, { partition: 3, partitions: 8 });
  const stream = info.config.name;
  const client = jetstream(connection);
  const odd = { 'My Name': ['1'], Größe: ['2'] };
  const asked = { 'Nats-Expected-Last-Sequence': ['0'] };
  const wire = MsgHdrsImpl.fromRecord({ ...odd, ...asked });
  await client.publish('andon.3.model.p1', '{"id":"p1"}', { headers: wire });
  await client.publish('andon.3.rules.p1', '{}');
  const republished = await republishOld({ connection, stream, onFailed, now: later });
  expect(republished).toEqual(['andon.3.model.p1', 'andon.3.rules.p1']);
  const again = await singleMessage(connection, stream, { seq: 3 });
  expect(Buffer.from(again!.data).toString()).toBe('{"id":"p1"}');
  expect(again!.headers).toEqual({ 'My Name': '1', Größe: '2' });
  await connection.close();
});

test('what fails for one model is told of it, and the others are said again', async () => {
  const connection = await connectNats({ servers: nats.url, name: 'test' });
  const info = await ensurePartition(connection, { partition: 4, partitions: 8 });
  const stream = info.config.name;
  for (const plant of ['p1', 'p2']) await jetstream(connection).publish(`andon.4.model.${plant}`);
  const failed: string[] = [];
  const republished = await republishOld({
    ...{ connection: failingOnce(connection, 'andon.4.model.p1'), stream, now: later },
    onFailed: (subject, reason) => failed.push(`${subject}: ${reason}`),
  });
  expect(republished).toEqual(['andon.4.model.p2']);
  expect(failed).toEqual(['andon.4.model.p1: the server has just gone']);
  await connection.close();
});
