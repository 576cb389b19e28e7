import { jetstreamManager } from '@nats-io/jetstream';
import { errors, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openJetstreamLog } from '../../../pipelines/nats/log-reader.ts';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import { ensurePartition } from '../../../pipelines/nats/streams.ts';
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

test('a connection that is closed while a consumer is made anew ends the reading, with its error', async () => {
  await ensurePartition(connection, { partition: 0, partitions: 1 });
  let [closes, closed] = [false, false];
  const closing = new Proxy(connection, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      if (name === 'isClosed') return () => closed;
      return (...asked: unknown[]) => {
        if (closed && (name === 'publish' || name === 'request')) {
          throw new errors.ClosedConnectionError();
        }
        if (name === 'subscribe') closed = closes;
        return Reflect.apply(value, target, asked);
      };
    },
  });
  const log = await openJetstreamLog({ connection: closing, stream: 'ANDON_0', after: 0 });
  closes = true;
  const { consumers } = await jetstreamManager(connection);
  for await (const { name } of consumers.list('ANDON_0')) await consumers.delete('ANDON_0', name);
  const giveUp = AbortSignal.timeout(10_000);
  const reading = async () => {
    while (!giveUp.aborted) await log.pull(1, 100, giveUp);
  };
  await expect(reading()).rejects.toThrow('closed connection');
});
