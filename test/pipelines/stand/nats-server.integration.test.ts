import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterEach, expect, test } from 'vitest';
import { startNats, type TestNats } from '../../stand/nats.ts';

let nats: TestNats | undefined;
afterEach(() => nats?.stop());

async function streams(options: object = {}): Promise<string[]> {
  const connection = await connect({ servers: nats!.url, reconnect: false, ...options });
  const manager = await jetstreamManager(connection);
  const names: string[] = [];
  for await (const name of manager.streams.names()) names.push(name);
  await connection.close();
  return names;
}

test('a stream outlives a kill and a restart on the same port', async () => {
  nats = await startNats();
  const connection = await connect({ servers: nats.url });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name: 'KEPT', subjects: ['kept.>'] });
  await connection.close();
  await nats.kill();
  expect(nats.pid()).toBeUndefined();
  await nats.restart();
  expect(await streams()).toEqual(['KEPT']);
});

test('more configuration counts: a token is asked for', async () => {
  nats = await startNats({ config: 'authorization { token: secret }' });
  await expect(streams()).rejects.toThrow(/authorization/i);
  expect(await streams({ token: 'secret' })).toEqual([]);
});

test('a frozen server can be stopped', async () => {
  nats = await startNats();
  nats.pause();
  await nats.stop();
  expect(nats.pid()).toBeUndefined();
});

test('a server that cannot start says why', async () => {
  await expect(startNats({ config: 'nonsense {' })).rejects.toThrow(/ended before it was ready/);
});
