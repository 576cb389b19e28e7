import { afterEach, expect, test } from 'vitest';
import { joinEdge, joinedEdges, leaveEdge } from '../../../pipelines/edge/join.ts';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import { ensurePartition, openBucket } from '../../../pipelines/nats/streams.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';
import { andon } from '../../stand/stand.ts';
import { temporaryFile } from '../../support/temporary.ts';

let nats: TestNats | undefined;
afterEach(async () => {
  await nats?.stop();
  nats = undefined;
});

const PARTITIONS = 2;
const EDGES = ['e1', 'e2', 'e3', 'e4'];

test('of edges that join at the same time none is lost; who joins twice, leaves, or left changes nothing more', async () => {
  nats = await startNats({ jetstream: 'domain: hub' });
  const connection = await connectNats({ servers: nats.url, name: 'test' });
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    await ensurePartition(connection, { partition, partitions: PARTITIONS });
  }
  const options = { connection, partitions: PARTITIONS };
  const joined = async () =>
    (await joinedEdges(options)).map(({ edge, stream }) => `${edge} ${stream}`).sort();
  const all = EDGES.flatMap((edge) => [`${edge} ANDON_0`, `${edge} ANDON_1`]);
  const changed = await Promise.all(EDGES.map((edge) => joinEdge({ ...options, edge })));
  expect(changed).toEqual([true, true, true, true]);
  expect(await joined()).toEqual(all);
  expect(await joinEdge({ ...options, edge: 'e2' })).toBe(false);
  await Promise.all(['e1', 'e3'].map((edge) => leaveEdge({ ...options, edge })));
  expect(await joined()).toEqual(all.filter((each) => /^e[24]/.test(each)));
  expect(await leaveEdge({ ...options, edge: 'e1' })).toBe(false);
  // The worker finds its stream as it wants it.
  await ensurePartition(connection, { partition: 0, partitions: PARTITIONS });
  await connection.close();
});

test('whoever edits the sources is waited for, and the command writes down who joined what', async () => {
  nats = await startNats({ jetstream: 'domain: hub' });
  const connection = await connectNats({ servers: nats.url, name: 'test' });
  await ensurePartition(connection, { partition: 0, partitions: 1 });
  const leases = await openBucket(connection, 'leases', { term: 10_000 });
  const revision = await leases.create('edge-sources', 'e9');
  const waiting = joinEdge({ connection, partitions: 1, edge: 'e1' });
  await leases.delete('edge-sources', { previousSeq: revision });
  expect(await waiting).toBe(true);
  const env = { NATS_URL: nats.url };
  expect((await andon(['edge', 'join', 'e2'], env)).out).toBe('Edge e2 is sourced.\n');
  expect((await andon(['edge', 'join', 'e2'], env)).out).toContain('Nothing to do');
  expect((await andon(['edge', 'list'], env)).out).toMatch(/e1 +ANDON_0 +0\ne2 +ANDON_0 +0\n/);
  const wrong = await andon(['edge', 'join', 'e.2'], env);
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('letters, digits')]);
  for (const words of [['join', 'e3'], ['list']]) {
    const other = await andon(['edge', ...words], { ...env, NATS_PREFIX: 'north' });
    expect([other.code, other.err]).toEqual([2, expect.stringContaining('nats.prefix')]);
  }
  const { out } = await andon(['audit', '--json'], env);
  expect(out).toContain('edge-join');
  await connection.close();
});

test('a line that is judged at an edge which has not joined is told, and is applied all the same', async () => {
  nats = await startNats({ jetstream: 'domain: hub' });
  const connection = await connectNats({ servers: nats.url, name: 'test' });
  await ensurePartition(connection, { partition: 0, partitions: 1 });
  await joinEdge({ connection, partitions: 1, edge: 'e1' });
  await connection.close();
  const line = (id: string, edge: string) => ({ id, judged_at: edge, assets: [{ id: 'press' }] });
  const lines = [line('l1', 'e1'), line('l2', 'e9'), { id: 'l3', assets: [{ id: 'fan' }] }];
  const plant = temporaryFile('plant.yaml', JSON.stringify({ plants: [{ id: 'p1', lines }] }));
  const { code, err, out } = await andon(['apply', plant], { NATS_URL: nats.url });
  expect(code).toBe(0);
  expect(out).toContain('takes effect');
  expect(err.match(/warning: .*/g)).toEqual([expect.stringContaining('p1/l2 is judged at e9')]);
});
