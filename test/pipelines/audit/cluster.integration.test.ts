import { setTimeout as pause } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appendEntry } from '../../../pipelines/audit/append.ts';
import { beginChain } from '../../../pipelines/audit/audit.ts';
import { readEntry } from '../../../pipelines/audit/chain.ts';
import {
  chainExtent,
  openStoredChain,
  readEntries,
} from '../../../pipelines/audit/stored-chain.ts';
import { verifyChain } from '../../../pipelines/audit/verify.ts';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import { type NatsCluster, startCluster } from '../../stand/cluster.ts';
import { longTest } from '../../support/long.ts';

let cluster: NatsCluster;
const open: NatsConnection[] = [];

async function connected(name: string): Promise<NatsConnection> {
  const servers = cluster.servers.map(({ url }) => url);
  const connection = await connectNats({ servers, name, patience: 30_000 });
  open.push(connection);
  return connection;
}

beforeAll(async () => {
  cluster = await startCluster();
}, 90_000);
afterAll(async () => {
  for (const connection of open) await connection.close();
  await cluster?.stop();
});

/** Writes until it is told to stop. Gives what was acknowledged. */
async function write(name: string, signal: AbortSignal): Promise<readonly string[]> {
  const chain = await openStoredChain(await connected(name));
  const done: string[] = [];
  for (let at = 0; !signal.aborted; at += 1) {
    const what = `${name}.${at}`;
    await appendEntry(
      chain,
      {
        ...{ who: name, via: 'console', act: 'resend', step: 'done', of: null, what },
        ...{ place: null, before: null, after: null, reason: null },
      },
      { patience: 120_000 },
    );
    done.push(what);
  }
  return done;
}

/** What three writers and a cluster that loses leaders leave: one chain, with each acknowledged entry once. */
async function survives(losses: number, lose: (at: number) => Promise<void>): Promise<void> {
  const reader = await connected('reader');
  await beginChain(reader, { replicas: 3 });
  await cluster.settled();
  const { last: from = 0 } = (await chainExtent(reader)) ?? {};
  const stop = new AbortController();
  const names = ['a', 'b', 'c'].map((letter) => `${letter}${losses}`);
  const writing = names.map((name) => write(name, stop.signal));
  for (let at = 0; at < losses; at += 1) {
    await pause(300);
    await lose(at);
    await cluster.settled();
  }
  stop.abort();
  const acknowledged = (await Promise.all(writing)).flat();
  await cluster.settled();
  const { faults, head } = await verifyChain(reader);
  expect(faults).toEqual([]);
  const whats: string[] = [];
  for await (const { bytes } of readEntries(reader, from + 1, head?.n ?? 0)) {
    const entry = readEntry(bytes);
    if ('what' in entry) whats.push(entry.what);
  }
  expect(new Set(whats).size).toBe(whats.length);
  expect(whats.toSorted()).toEqual(acknowledged.toSorted());
  expect(acknowledged.length).toBeGreaterThan(names.length * 2);
}

test('three copies whose leader steps down keep one chain, each entry once', {
  timeout: 120_000,
}, async () => {
  await survives(3, () => cluster.stepDown('ANDON_AUDIT'));
});

longTest('so do three copies whose leader is killed', 900_000, async () => {
  await survives(10, async (at) => {
    const server = cluster.servers[(await cluster.leaderOf('ANDON_AUDIT')) ?? 0];
    await server?.kill();
    await pause(at * 900);
    await server?.start();
  });
});
