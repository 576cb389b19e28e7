import { setTimeout as delay } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../../pipelines/base/free-port.ts';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import {
  ensurePartition,
  ensureRequests,
  type OnMended,
  openBucket,
} from '../../../pipelines/nats/streams.ts';
import { openLedger } from '../../../pipelines/systems/ledger.ts';
import { claimPartition } from '../../../pipelines/worker/ownership/ownership.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';

const NAMES = ['a', 'b', 'c'];
let servers: readonly TestNats[] = [];
let connection: NatsConnection;

beforeAll(async () => {
  const ports = await Promise.all(NAMES.map(() => freePort()));
  const routes = ports.map((port) => `nats://127.0.0.1:${port}`).join(', ');
  const cluster = (port: number) =>
    `cluster { name: c, listen: "127.0.0.1:${port}", routes: [${routes}] }`;
  servers = await Promise.all(
    NAMES.map((name, index) => {
      return startNats({ config: `server_name: ${name}\n${cluster(ports[index] ?? 0)}` });
    }),
  );
  connection = await connectNats({ servers: servers.map(({ url }) => url), name: 'test' });
  const manager = await jetstreamManager(connection, { checkAPI: false });
  // Until there is a leader of all, nothing answers.
  const answers = () =>
    manager.streams
      .list()
      .next()
      .then(
        () => true,
        () => false,
      );
  for (let tries = 0; tries < 150 && !(await answers()); tries += 1) await delay(200);
});
afterAll(async () => {
  await connection?.close();
  for (const server of servers) await server.stop();
});

test('every stream and bucket has the copies that are configured, also those that were made with fewer', async () => {
  const identity = { owner: 'me', directory: '/x' };
  const open = async (replicas: number, onMended?: OnMended) => {
    const store = onMended === undefined ? { replicas } : { replicas, onMended };
    await ensurePartition(connection, { partition: 0, partitions: 1, ...store });
    await ensureRequests(connection, store);
    const claim = await claimPartition(connection, 'plant-0', identity, store);
    await claim.homes();
    await openLedger(connection, store);
    await openBucket(connection, 'names', store);
    await claim.release();
  };
  await open(1);
  const mended: string[] = [];
  await open(3, (stream) => mended.push(stream));
  const manager = await jetstreamManager(connection);
  const copies: Record<string, number> = {};
  for await (const { config } of manager.streams.list()) copies[config.name] = config.num_replicas;
  expect(new Set(Object.values(copies))).toEqual(new Set([3]));
  expect(mended.toSorted()).toEqual(Object.keys(copies).toSorted());
  expect(Object.keys(copies).toSorted()).toEqual([
    ...['ANDON_0', 'ANDON_REQUESTS', 'KV_ANDON_HOMES', 'KV_ANDON_LEASES'],
    ...['KV_ANDON_MAINTENANCE', 'KV_ANDON_NAMES', 'KV_ANDON_RESENDS'],
  ]);
});
