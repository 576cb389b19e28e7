import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAuditor } from '../../../pipelines/audit/audit.ts';
import { readEntry } from '../../../pipelines/audit/chain.ts';
import { createActCopier } from '../../../pipelines/audit/copy-acts.ts';
import {
  enterName,
  eraseName,
  eraseReason,
  everybody,
  keepReason,
  readReason,
} from '../../../pipelines/audit/people.ts';
import { chainExtent, readEntries } from '../../../pipelines/audit/stored-chain.ts';
import { verifyChain } from '../../../pipelines/audit/verify.ts';
import { streamManager } from '../../../pipelines/nats/jetstream.ts';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import { ensurePartition } from '../../../pipelines/nats/streams.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';

let nats: TestNats;
let connection: NatsConnection;
const never = new AbortController().signal;

beforeAll(async () => {
  nats = await startNats();
  connection = await connectNats({ servers: nats.url, name: 'test' });
});
afterAll(async () => {
  await connection?.close();
  await nats?.stop();
});

async function entries() {
  const { last = 0 } = (await chainExtent(connection)) ?? {};
  const found = [];
  for await (const { bytes } of readEntries(connection, 1, last)) {
    const entry = readEntry(bytes);
    if ('problem' in entry) throw new Error(entry.problem);
    found.push(entry);
  }
  return found;
}

test('many who begin and write at once make one chain, also when some of them lose their connection', async () => {
  const connections = await Promise.all(
    Array.from({ length: 6 }, () => connectNats({ servers: nats.url, name: 'writer' })),
  );
  const written: string[] = [];
  await Promise.all(
    connections
      .map(async (one, index) => {
        const auditor = await openAuditor(one, { via: 'console', user: `u${index}` });
        for (let act = 0; act < 8; act += 1) {
          // Two of them go in the middle of a write.
          if (index < 2 && act === 4) void one.close();
          await auditor.note({ act: 'resend', what: `${index}.${act}` });
          written.push(`${index}.${act}`);
        }
      })
      .map((writing, index) => (index < 2 ? writing.catch(() => undefined) : writing)),
  );
  for (const one of connections) await one.close();
  expect(written.length).toBeGreaterThanOrEqual(40);
  const { faults, entries: count, head } = await verifyChain(connection);
  expect(faults).toEqual([]);
  expect(head?.n).toBe(count);
  const [first, ...others] = await entries();
  expect(first).toMatchObject({ act: 'begin', via: 'chain', n: 1 });
  const whats = others.map(({ what }) => what);
  expect(new Set(whats).size).toBe(whats.length);
  expect(whats).toEqual(expect.arrayContaining(written));
});

test('an act is written before it is done and after, and is not done when it cannot be written', async () => {
  const auditor = await openAuditor(connection, { via: 'worker', user: 'u7' });
  const act = { act: 'backup', what: 'plant' };
  await auditor.around([act], async () => {
    expect((await entries()).at(-1)).toMatchObject({ ...act, step: 'intent', who: 'u7', of: null });
  });
  const done = (await entries()).slice(-2);
  expect(done[1]).toMatchObject({ ...act, step: 'done', of: done[0]?.n });
  const failing = auditor.around([act], () => Promise.reject(new Error('no room')));
  await expect(failing).rejects.toThrow('no room');
  expect((await entries()).at(-1)).toMatchObject({ step: 'failed' });

  const other = await connectNats({ servers: nats.url, name: 'other' });
  const away = await openAuditor(other, { via: 'worker', user: 'u7' });
  await other.close();
  let done2 = false;
  const refused = away.around([act], async () => {
    done2 = true;
  });
  await expect(refused).rejects.toThrow(
    /to write down that u7 \(worker\) does this: backup, found/,
  );
  expect(done2).toBe(false);
});

test('nothing of the stream can be removed or changed, by nobody who talks to the server', async () => {
  const { streams } = await streamManager(connection);
  await expect(streams.purge('ANDON_AUDIT')).rejects.toThrow(/not permitted/);
  await expect(streams.deleteMessage('ANDON_AUDIT', 1)).rejects.toThrow(/not permitted/);
  const rollup = headers();
  rollup.set('Nats-Rollup', 'all');
  const answer = await connection.request('audit.console.u1', '{}', {
    headers: rollup,
    timeout: 2_000,
  });
  expect(answer.string()).toContain('rollup not permitted');
  for (const field of ['deny_delete', 'deny_purge'] as const) {
    const { config } = await streams.info('ANDON_AUDIT');
    await expect(streams.update('ANDON_AUDIT', { ...config, [field]: false })).rejects.toThrow();
  }
});

describe('what can be erased of people', () => {
  /** Whether the text is anywhere in the files of the server. */
  const isOnDisk = (text: string) =>
    readdirSync(nats.store, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .some((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(text));

  test('a name is gone from the files of the server, and the chain is whole', async () => {
    await enterName(connection, 'u8', 'Wilhelmine Musterfrau');
    await enterName(connection, 'u8', 'Wilhelmine Beispiel');
    expect((await everybody(connection)).get('u8')).toMatchObject({ name: 'Wilhelmine Beispiel' });
    expect(isOnDisk('Wilhelmine Beispiel')).toBe(true);
    expect(isOnDisk('Wilhelmine Musterfrau')).toBe(false);
    expect(await eraseName(connection, 'u8')).toBe(true);
    expect(await eraseName(connection, 'u8')).toBe(false);
    expect(isOnDisk('Wilhelmine')).toBe(false);
    expect((await everybody(connection)).has('u8')).toBe(false);
    expect((await verifyChain(connection)).faults).toEqual([]);
  });

  test('a reason is kept once, found changed or erased, and gone from the files', async () => {
    const reason = await keepReason(connection, 'because Hannelore Beispiel said so');
    expect(await readReason(connection, reason)).toEqual({
      text: 'because Hannelore Beispiel said so',
    });
    expect(await readReason(connection, { ...reason, sha256: '0'.repeat(64) })).toBe('changed');
    const again = connection.request(`reason.${reason.id}`, 'other words', { timeout: 2_000 });
    expect((await again).string()).toContain('maximum messages per subject exceeded');
    expect(isOnDisk('Hannelore')).toBe(true);
    await eraseReason(connection, reason.id);
    expect(await readReason(connection, reason)).toBe('erased');
    expect(isOnDisk('Hannelore')).toBe(false);
  });

  test('the user of the operating system has one random id, whichever command asks', async () => {
    const first = await openAuditor(connection, { via: 'engineer', user: undefined });
    const second = await openAuditor(connection, { via: 'console', user: undefined });
    expect(first.who).toMatch(/^u[0-9a-f]{12}$/);
    expect(second.who).toBe(first.who);
    await eraseName(connection, first.who);
    const third = await openAuditor(connection, { via: 'console', user: undefined });
    expect(third.who).not.toBe(first.who);
  });
});

describe('acts that come by way of the log', () => {
  test('are copied once each, in their order, by several copiers that end anywhere', async () => {
    await ensurePartition(connection, { partition: 0, partitions: 1 });
    const say = (subject: string, content: object) =>
      connection.request(subject, JSON.stringify(content));
    for (let index = 0; index < 30; index += 1) {
      await say('telemetry.works.l1.press', { time: index });
      const prefix = index % 2 === 0 ? '' : 'andon.0.';
      const type = index % 3 === 0 ? 'acknowledged' : 'shelved';
      await say(`${prefix}act.works.l1.press.console.u${index}`, { time: index, type });
    }
    await say('act.works.l1.press.console.NOBODY', { type: 'acknowledged' });
    await say('act.works.l1.press.key.u99', { type: 'Wilhelmine Beispiel\n' });
    const before = (await entries()).length;
    const lives = Array.from({ length: 4 }, async (_, index) => {
      const life = new AbortController();
      const copier = createActCopier(connection, 0);
      setTimeout(() => life.abort(), 15 * index);
      return copier.copy(life.signal);
    });
    const counts = await Promise.all(lives);
    const rest = await createActCopier(connection, 0).copy(never);
    expect(counts.reduce((sum, count) => sum + count, rest)).toBe(31);
    const copied = (await entries()).slice(before);
    expect(copied.map(({ who }) => who)).toEqual([
      ...Array.from({ length: 30 }, (_, index) => `u${index}`),
      'u99',
    ]);
    expect(copied[0]).toMatchObject({
      ...{ via: 'console', act: 'acknowledged', what: 'works/l1/press', step: 'done' },
      place: { stream: 'ANDON_0', sequence: 2 },
    });
    expect(copied.at(-1)).toMatchObject({ act: 'other', via: 'key' });
    expect((await verifyChain(connection)).faults).toEqual([]);
    expect(await createActCopier(connection, 0).copy(never)).toBe(0);
  });
});
