import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startChild } from '../../../../pipelines/base/child.ts';
import { readConfig } from '../../../../pipelines/base/config.ts';
import { connectNats } from '../../../../pipelines/nats/nats.ts';
import { ensureCommits, ensurePartition } from '../../../../pipelines/nats/streams.ts';
import { openCommitLog } from '../../../../pipelines/worker/commits/commit-log.ts';
import { openCommitStore } from '../../../../pipelines/worker/commits/commit-store.ts';
import { joinGroup, partitionStandings } from '../../../../pipelines/worker/group/members.ts';
import { claimPartition } from '../../../../pipelines/worker/ownership/ownership.ts';
import { ANDON } from '../../../stand/code.ts';
import { startNats, type TestNats } from '../../../stand/nats.ts';
import { andon, until } from '../../../stand/stand.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

let server: TestNats;
let connection: NatsConnection;

beforeAll(async () => {
  server = await startNats();
  connection = await connectNats({ servers: server.url, name: 'test' });
});
afterAll(async () => {
  await connection?.close();
  await server?.stop();
});

test('members see each other with their shares, and the leases of the partitions', async () => {
  const config = { ...readConfig(undefined, {}), partitions: 2 };
  const joined = (owner: string, weight: number, most: number, pipeline = 'plant') => {
    const place = { directory: temporaryDirectory(), pipeline };
    return joinGroup({
      ...{ connection, owner, config: { ...config, ...place } },
      share: { weight, most },
    });
  };
  const [one, other] = [await joined('hall-1', 1, 9), await joined('hall-2', 2, 3)];
  // Whose leases begin like those of the first.
  const stranger = await joined('hall-3', 1, 1, 'plant-b');
  expect((await stranger.look()).members.map(({ id }) => id)).toEqual([stranger.id]);
  const { members } = await one.look();
  expect(members).toHaveLength(2);
  expect(members).toContainEqual({ id: one.id, weight: 1, most: 9 });
  expect(members).toContainEqual({ id: other.id, weight: 2, most: 3 });
  const identity = { owner: 'hall-1', directory: '/a' };
  const claim = await claimPartition(connection, 'plant-1', identity);
  const { leases } = await other.look();
  expect(leases[0]).toEqual({ holder: undefined, revision: 0 });
  expect(leases[1]?.holder).toMatchObject({ owner: 'hall-1', directory: '/a' });
  await claim.release();
  await one.leave();
  const after = await other.look();
  expect(after.members.map(({ id }) => id)).toEqual([other.id]);
  expect(after.leases[1]).toMatchObject({ holder: undefined });
  expect(after.leases[1]?.revision).toBeGreaterThan(0);
  await other.leave();
  await stranger.leave();
});

test('how partitions stand: owner, what is committed, how far sinks and log are ahead and behind', async () => {
  const config = { ...readConfig(undefined, {}), pipeline: 'shown', partitions: 2 };
  await ensureCommits(connection);
  const info = await ensurePartition(connection, { partition: 0, partitions: 2 });
  for (let number = 0; number < 12; number += 1) await connection.request('andon.0.tick', '{}');
  const claim = await claimPartition(connection, 'shown-0', { owner: 'hall-1', directory: '/a' });
  const run = { pipeline: 'shown', run: '1', stream: 'ANDON_0', created: info.created };
  const store = await openCommitStore(connection, { ...run, partition: 0 });
  const writer = { owner: 'hall-1', host: 'a', directory: '/a' };
  const { signal } = new AbortController();
  const log = await openCommitLog({ store, run, writer, record: () => undefined, signal });
  const print = { sha256: 'x', tables: {}, format: 1 };
  const cursors = { clickhouse: { epoch: 3, to: 6 } };
  const at = { epoch: 5, from: 9, to: 10, checkpoint: 4 };
  await log.append({ kind: 'epoch', ...at, ...print, cursors }, 1);
  const [worked, untouched] = await partitionStandings(connection, config);
  expect(worked).toMatchObject({
    ...{ partition: 0, owner: 'hall-1', last: 12, epoch: 5, committed: 10, behind: 2 },
    ...{ sinks: { clickhouse: 2 }, checkpoint: 4 },
  });
  expect(untouched).toMatchObject({ partition: 1, owner: null, last: null, behind: null });
  await claim.release();
});

test('a directory is of one member, which ends when it is told to before there is a server', async () => {
  const directory = temporaryDirectory();
  const config = join(directory, 'andon.yaml');
  // Nobody listens there.
  const nats = "{ servers: ['nats://127.0.0.1:9'] }";
  const clickhouse = "{ url: 'http://127.0.0.1:9' }";
  writeFileSync(config, `{ nats: ${nats}, clickhouse: ${clickhouse}, group: {} }`);
  const env = { ANDON_DIR: directory, ANDON_OWNER: 'hall-1' };
  const run = ['run', '--config', config];
  const first = await startChild({ command: process.execPath, args: [ANDON, ...run], env });
  try {
    const lock = join(directory, 'plant-member', 'owner.lock');
    await until('the first to have its place', 100_000, async () => existsSync(lock));
    const second = await andon(run, env);
    expect(second).toMatchObject({ code: 4, err: expect.stringContaining('hall-1') });
  } finally {
    expect(await first.stop(100_000)).toEqual({ code: 0, signal: null });
  }
});

test('messages may stay unread in one partition, and not in a group', async () => {
  const config = join(temporaryDirectory(), 'andon.yaml');
  writeFileSync(config, "{ clickhouse: { url: 'http://127.0.0.1:9' }, group: {} }");
  const { code, err } = await andon(['run', '--config', config, '--accept-loss']);
  expect({ code, err }).toEqual({
    code: 2,
    err: expect.stringContaining('expected one partition (`--partition <number>`)'),
  });
});
