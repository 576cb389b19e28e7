import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import { ensurePartition } from '../../../pipelines/nats/streams.ts';
import { republishOld } from '../../../pipelines/nats/upkeep.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';

const HOUR = 3_600_000;
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
  expect(await republishOld({ connection, stream })).toEqual([]);
  const later = () => Date.now() + 4 * 24 * HOUR;
  expect(await republishOld({ connection, stream, now: later })).toEqual(['model.p1', 'rules.p1']);
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
    await republishOld({ connection, stream });
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
