import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { beginChain } from '../../../pipelines/audit/audit.ts';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import {
  ensurePartition,
  ensureRequests,
  type OnMended,
  openBucket,
} from '../../../pipelines/nats/streams.ts';
import { openLedger } from '../../../pipelines/systems/ledger.ts';
import { claimPartition } from '../../../pipelines/worker/ownership/ownership.ts';
import { type NatsCluster, startCluster } from '../../stand/cluster.ts';

let cluster: NatsCluster;
let connection: NatsConnection;

beforeAll(async () => {
  cluster = await startCluster();
  const servers = cluster.servers.map(({ url }) => url);
  connection = await connectNats({ servers, name: 'test' });
});
afterAll(async () => {
  await connection?.close();
  await cluster?.stop();
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
    await beginChain(connection, store);
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
    ...[
      'ANDON_0',
      'ANDON_AUDIT',
      'ANDON_REASONS',
      'ANDON_REQUESTS',
      'KV_ANDON_HOMES',
      'KV_ANDON_LEASES',
    ],
    ...['KV_ANDON_MAINTENANCE', 'KV_ANDON_NAMES', 'KV_ANDON_RESENDS'],
  ]);
});
