import { DiscardPolicy, jetstreamManager } from '@nats-io/jetstream';
import { type NatsConnection, nanos } from '@nats-io/transport-node';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import { spellDifferences } from '../../../pipelines/nats/stream-differences.ts';
import {
  ensurePartition,
  ensureRequests,
  isReplay,
  type OnMended,
} from '../../../pipelines/nats/streams.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';

let server: TestNats;
let connection: NatsConnection;

beforeAll(async () => {
  server = await startNats();
  connection = await connectNats({ servers: server.url, name: 'test' });
});
afterAll(async () => {
  await connection.close();
  await server.stop();
});

async function clear(): Promise<void> {
  const manager = await jetstreamManager(connection);
  for await (const { config } of manager.streams.list()) await manager.streams.delete(config.name);
}

describe('the streams of Andon', () => {
  beforeEach(clear);

  test('a partition of one takes the plain subjects and its own', async () => {
    const { config } = await ensurePartition(connection, { partition: 0, partitions: 1 });
    expect(config).toMatchObject({
      name: 'ANDON_0',
      retention: 'limits',
      storage: 'file',
      discard: 'old',
      max_age: nanos(7 * 86_400_000),
    });
    expect(config.subjects).toEqual([
      'andon.0.>',
      'telemetry.>',
      'waveform.>',
      'event.>',
      'act.>',
      'status.>',
      'finding.>',
      'schedule.>',
      'model.>',
      'rules.>',
      'mapping.>',
    ]);
  });

  test('a partition of several takes only its own', async () => {
    const { config } = await ensurePartition(connection, { partition: 3, partitions: 4 });
    expect(config).toMatchObject({ name: 'ANDON_3', subjects: ['andon.3.>'] });
  });

  test('what is there and right is left alone', async () => {
    const first = await ensurePartition(connection, { partition: 0, partitions: 1 });
    const second = await ensurePartition(connection, { partition: 0, partitions: 1 });
    expect(second.created).toBe(first.created);
  });

  test('what is there and different is refused, with every difference spelt out', async () => {
    const manager = await jetstreamManager(connection);
    await manager.streams.add({
      name: 'ANDON_0',
      subjects: ['andon.0.>'],
      max_age: nanos(3_600_000),
      discard: DiscardPolicy.New,
    });
    const refused = ensurePartition(connection, { partition: 0, partitions: 1 });
    await expect(refused).rejects.toThrow(
      'stream ANDON_0: expected subjects act.>, andon.0.>, event.>, finding.>, mapping.>, model.>, rules.>, schedule.>, status.>, telemetry.>, waveform.>; max_age 7d; discard old; duplicate_window 100ms, ' +
        'found subjects andon.0.>; max_age 1h; discard new; duplicate_window 2m.',
    );
    expect((await manager.streams.info('ANDON_0')).config.max_age).toBe(nanos(3_600_000));
  });

  test('commands take a stream with other limits, and nothing else that differs', async () => {
    const options = { partition: 0, partitions: 1 };
    await ensurePartition(connection, { ...options, days: 14 });
    await expect(ensurePartition(connection, options)).rejects.toThrow(
      'expected max_age 7d, found max_age 14d',
    );
    await ensurePartition(connection, { ...options, anyLimits: true });
    await expect(
      ensurePartition(connection, { partition: 0, partitions: 2, anyLimits: true }),
    ).rejects.toThrow('expected subjects andon.0.>, found subjects');
  });

  test('what loses nothing is mended and told, by whoever owns the stream', async () => {
    const manager = await jetstreamManager(connection);
    const options = { partition: 0, partitions: 1 };
    await ensurePartition(connection, { ...options, days: 3 });
    await manager.streams.update('ANDON_0', { duplicate_window: nanos(60_000_000_000 / 1e6) });
    const told: string[] = [];
    const onMended: OnMended = (stream, differences) => {
      told.push(`${stream}: ${spellDifferences(differences, 'found')}`);
    };
    const { config } = await ensurePartition(connection, { ...options, onMended });
    expect(config).toMatchObject({ max_age: nanos(7 * 86_400_000), duplicate_window: nanos(100) });
    expect(told).toEqual(['ANDON_0: max_age 3d; duplicate_window 1m']);
    const shorter = ensurePartition(connection, { ...options, days: 1, onMended });
    await expect(shorter).rejects.toThrow('expected max_age 1d, found max_age 7d');
    expect((await manager.streams.info('ANDON_0')).config.max_age).toBe(nanos(7 * 86_400_000));
  });

  test('subjects that another stream has are refused with its reason', async () => {
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: 'OTHER', subjects: ['telemetry.>'] });
    const refused = ensurePartition(connection, { partition: 0, partitions: 1 });
    await expect(refused).rejects.toThrow(/stream ANDON_0: .*overlap/);
  });

  test('a replay stream is marked, and keeps its mark', async () => {
    const live = await ensurePartition(connection, { partition: 1, partitions: 2 });
    expect(isReplay(live)).toBe(false);
    await ensurePartition(connection, { partition: 0, partitions: 2, replay: true });
    expect(isReplay(await ensurePartition(connection, { partition: 0, partitions: 2 }))).toBe(true);
  });

  test('the same revision of a request cannot enter twice', async () => {
    await ensureRequests(connection);
    const info = await ensureRequests(connection);
    expect(info.config).toMatchObject({ max_age: 0, max_msgs_per_subject: 1, discard: 'new' });
    const send = async () => (await connection.request('request.ab.1', 'x')).json();
    expect(await send()).toMatchObject({ stream: 'ANDON_REQUESTS', seq: 1 });
    expect(await send()).toHaveProperty('error');
  });
});

describe('a connection', () => {
  test('to nobody fails within its patience and says what to do', async () => {
    const refused = connectNats({ servers: '127.0.0.1:1', name: 'test', patience: 300 });
    await expect(refused).rejects.toThrow(/expected a nats-server that answers.*NATS_URL/);
  });

  test('to nobody is waited for until it is asked to stop', async () => {
    const stop = new AbortController();
    let attempts = 0;
    const waiting = connectNats({
      servers: '127.0.0.1:1',
      name: 'test',
      patience: 'wait',
      signal: stop.signal,
      remindEvery: 0,
      onStatus: () => {
        attempts += 1;
        if (attempts === 2) stop.abort(new Error('asked to stop'));
      },
    });
    await expect(waiting).rejects.toThrow('asked to stop');
  });

  test('a server without JetStream is refused', async () => {
    const plain = await startNats({
      config: 'accounts { A: { users: [{ user: a, password: b }] } }',
    });
    const settings = { servers: plain.url, name: 'test', user: 'a', password: 'b' };
    const account = await connectNats(settings);
    const refused = ensurePartition(account, { partition: 0, partitions: 1 });
    await expect(refused).rejects.toThrow(/expected JetStream for this account/);
    await account.close();
    await plain.stop();
  });

  test('a wrong password is refused at once, the right token is let in', async () => {
    const guarded = await startNats({ config: 'authorization { token: secret }' });
    const wrong = connectNats({ servers: guarded.url, name: 'test', token: 'no' });
    await expect(wrong).rejects.toThrow(/expected to be let in, found/);
    const right = await connectNats({ servers: guarded.url, name: 'test', token: 'secret' });
    await right.close();
    await guarded.stop();
  });

  test('a credentials file that is not there is named', async () => {
    const refused = connectNats({ servers: server.url, name: 'test', credentials: '/no/file' });
    await expect(refused).rejects.toThrow(/expected a credentials file \/no\/file/);
  });
});
