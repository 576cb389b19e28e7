import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAuditor } from '../../../pipelines/audit/audit.ts';
import { createAuditQueue, keepAudit } from '../../../pipelines/audit/keeper.ts';
import { chainExtent } from '../../../pipelines/audit/stored-chain.ts';
import { freePort } from '../../../pipelines/base/free-port.ts';
import { streamManager } from '../../../pipelines/nats/jetstream.ts';
import { connectNats } from '../../../pipelines/nats/nats.ts';
import { ensurePartition } from '../../../pipelines/nats/streams.ts';
import type { InternalEvent } from '../../../pipelines/observe/observe.ts';
import { andon } from '../../../pipelines/stand/programs.ts';
import { createClickHouseSink } from '../../../sinks/clickhouse/clickhouse.ts';
import {
  DATABASE,
  migratedWarehouse,
  type StartedWarehouse,
  until,
} from '../../sinks/clickhouse/started-warehouse.ts';
import { startNats, type TestNats } from '../../stand/nats.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

let nats: TestNats;
let connection: NatsConnection;
let warehouse: StartedWarehouse;
const events: InternalEvent[] = [];

beforeAll(async () => {
  nats = await startNats();
  connection = await connectNats({ servers: nats.url, name: 'test' });
  warehouse = await migratedWarehouse();
});
afterAll(async () => {
  await connection?.close();
  await nats?.stop();
});

const queue = createAuditQueue();

/** A keeper as a worker has it, until somebody ends it. */
function startKeeper(): () => Promise<void> {
  const life = new AbortController();
  const sink = createClickHouseSink(warehouse.client, { database: DATABASE });
  const running = keepAudit(connection, queue, {
    ...{ partition: 0, user: 'w1', signal: life.signal, every: 20 },
    record: (event) => events.push(event),
    landing: { write: sink.write, ask: (query) => warehouse.rows(query) },
  });
  return async () => {
    life.abort();
    await running;
  };
}

const rows = () =>
  warehouse.rows<{ sequence: string; act: string; who: string; what: string }>(
    'SELECT sequence, act, who, what FROM audit FINAL ORDER BY created, sequence',
  );
const allLanded = () =>
  until(async () => (await rows()).length >= ((await chainExtent(connection))?.last ?? 1));

function environment(more: Readonly<Record<string, string>> = {}) {
  return {
    ...{ NATS_URL: nats.url, CLICKHOUSE_URL: warehouse.url, ANDON_DIR: temporaryDirectory() },
    ...{ CLICKHOUSE_PASSWORD: warehouse.password, ANDON_USER: 'u7', ...more },
  };
}

test('every entry lands once, whenever the keeper ends and begins again', async () => {
  queue.add({ act: 'migrate', what: 'andon 001_tables.sql' });
  queue.add({ act: 'loss', what: 'ANDON_0 4-9' });
  await ensurePartition(connection, { partition: 0, partitions: 1 });
  let stop = startKeeper();
  await until(async () => (await chainExtent(connection)) !== undefined);
  const auditor = await openAuditor(connection, { via: 'console', user: 'u3' });
  for (let index = 0; index < 40; index += 1) {
    await auditor.note({ act: 'resend', what: `r${index}` });
    if (index % 5 === 0) {
      const act = JSON.stringify({ time: index, type: 'acknowledged' });
      await connection.request('act.works.l1.press.console.u9', act);
    }
    if (index % 10 !== 9) continue;
    const ended = stop();
    await delay(index);
    await ended;
    stop = startKeeper();
  }
  await until(async () => {
    const copied = (await rows()).filter(({ act }) => act === 'acknowledged');
    return copied.length === 8;
  });
  await allLanded();
  await stop();
  const landed = await rows();
  expect(landed.map(({ sequence }) => Number(sequence))).toEqual(
    Array.from({ length: landed.length }, (_, index) => index + 1),
  );
  expect(landed[0]).toMatchObject({ act: 'begin' });
  const own = landed.filter(({ who }) => who === 'w1').map(({ act, what }) => `${act} ${what}`);
  expect(own).toEqual(['migrate andon 001_tables.sql', 'loss ANDON_0 4-9']);
  expect(landed).toHaveLength(1 + 2 + 40 + 8);
  expect(events).toEqual([]);
});

describe('the commands', { timeout: 120_000 }, () => {
  test('list, name, hand out and forget', async () => {
    expect(await andon(['audit', 'name', 'u3', 'Erika Musterfrau'], environment())).toMatchObject({
      code: 0,
      out: 'u3 has a name now.\n',
    });
    const listed = await andon(['audit', '--who', 'u3', '--limit', '2'], environment());
    expect(listed.out).toMatch(/u3 \(Erika Musterfrau\) by console {2}resend {2}r39\n/);
    expect(listed.out).toMatch(/r38\n$/);
    await warehouse.client.insert({
      table: 'machine_events',
      values: ['u3', 'u4'].map((user, sequence) => ({
        ...{ stream: 'ANDON_0', run: '1', sequence, appended: '2026-03-01 08:00:00', kind: 'act' },
        ...{ plant: 'works', line: 'l1', asset: 'press', time: '2026-03-01 08:00:00', user },
        ...{ type: 'acknowledged', via: 'console', data: '{"note":"seen"}' },
      })),
      format: 'JSONEachRow',
    });
    const handed = await andon(['audit', 'person', 'u3'], environment());
    const { entries: own, ...kept } = JSON.parse(handed.out);
    expect(kept).toMatchObject({
      ...{ user: 'u3', name: 'Erika Musterfrau' },
      log: [{ act: 'acknowledged', what: 'works/l1/press', data: '{"note":"seen"}' }],
    });
    expect(own).toHaveLength(40);
    expect(new Set(own.map(({ who }: { who: string }) => who))).toEqual(new Set(['u3']));
    const forgotten = await andon(['audit', 'forget', 'u3', '--json'], environment());
    expect(JSON.parse(forgotten.out)).toEqual({ forgot: 'u3', name: true, reasons: 0 });
    const after = await andon(['audit', '--json', '--limit', '3'], environment());
    const entries = after.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(entries).toMatchObject([
      { act: 'forget', step: 'done', who: 'u7', what: 'u3' },
      { act: 'forget', step: 'intent', who: 'u7', what: 'u3', name: null },
      { act: 'person', step: 'done', who: 'u7', what: 'u3' },
    ]);
    const stop = startKeeper();
    await allLanded();
    await stop();
  });

  test('verify compares with what has landed and with a head that was kept, and ends with 1', async () => {
    const whole = await andon(['audit', '--verify', '--json'], environment());
    expect(whole).toMatchObject({ code: 0, err: '' });
    const { head, compared } = JSON.parse(whole.out);
    expect(compared).toEqual([`${head.n} rows in ClickHouse`]);
    const kept = `${head.n}:${head.sha256}`;
    expect(await andon(['audit', '--verify', '--expect', kept], environment())).toMatchObject({
      code: 0,
      out: expect.stringContaining('the chain is whole'),
    });
    const other = `${head.n}:${'0'.repeat(64)}`;
    const forged = await andon(['audit', '--verify', '--expect', other], environment());
    expect(forged.code).toBe(1);
    expect(forged.out).toContain(`entry ${head.n} does not fit: expected sha256`);
  });

  test('verify finds rows that were changed, in their columns or in their bytes', async () => {
    await warehouse.client.command({ query: 'CREATE TABLE kept AS audit' });
    await warehouse.client.command({ query: 'INSERT INTO kept SELECT * FROM audit' });
    for (const change of [
      "who = 'u1' WHERE sequence = 7",
      "entry = concat(entry, ' ') WHERE sequence = 9",
    ]) {
      const query = `ALTER TABLE audit UPDATE ${change} SETTINGS mutations_sync = 2`;
      await warehouse.client.command({ query });
    }
    const found = await andon(['audit', '--verify', '--json'], environment());
    await warehouse.client.command({ query: 'EXCHANGE TABLES audit AND kept' });
    await warehouse.client.command({ query: 'DROP TABLE kept' });
    expect(found.code).toBe(1);
    expect(JSON.parse(found.out).faults).toMatchObject([
      { n: 7, expected: expect.stringContaining('of other columns than its entry has') },
      { n: 9, expected: expect.stringContaining('as it was kept') },
    ]);
  });

  test('what changes the warehouse is written down first, and not done without NATS', async () => {
    const change = 'CREATE TABLE andon.made (a UInt8) ENGINE = Memory';
    const away = { NATS_URL: `nats://127.0.0.1:${await freePort()}` };
    const refused = await andon(['sql', change], environment(away));
    expect(refused).toMatchObject({ code: 3, err: expect.stringContaining('NATS') });
    expect(await andon(['sql', 'EXISTS TABLE andon.made'], environment(away))).toMatchObject({
      code: 0,
      out: '0\n',
    });
    expect(await andon(['sql', change], environment())).toMatchObject({ code: 0, err: '' });
    expect(await andon(['sql', 'EXISTS TABLE andon.made'], environment())).toMatchObject({
      out: '1\n',
    });
    const { out } = await andon(['audit', '--limit', '3', '--json'], environment());
    const entries = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(entries.map(({ act, step }) => `${act} ${step}`)).toEqual([
      'open-warehouse done',
      'change-warehouse done',
      'change-warehouse intent',
    ]);
  });

  test('migrations are written down, and not made without NATS', async () => {
    const fresh = { CLICKHOUSE_DATABASE: 'fresh' };
    const away = { NATS_URL: `nats://127.0.0.1:${await freePort()}` };
    const refused = await andon(['migrate'], environment({ ...fresh, ...away }));
    expect(refused.code).toBe(3);
    const done = await andon(['migrate', '--json'], environment(fresh));
    const { applied } = JSON.parse(done.out);
    expect(applied.length).toBeGreaterThan(1);
    // Nothing is changed any more: nothing has to be written down.
    expect(await andon(['migrate'], environment({ ...fresh, ...away }))).toMatchObject({ code: 0 });
    const { out } = await andon(['audit', '--limit', `${applied.length}`, '--json'], environment());
    const entries = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(entries.map(({ what }) => what).reverse()).toEqual(
      applied.map((file: string) => `fresh ${file}`),
    );
  });
});

test('an end that is cut off, and a stream that was made anew, are told by what has landed', async () => {
  const stop = startKeeper();
  await allLanded();
  await stop();
  events.length = 0;
  const { streams } = await streamManager(connection);
  await streams.delete('ANDON_AUDIT');
  const auditor = await openAuditor(connection, { via: 'console', user: 'u3' });
  await auditor.note({ act: 'resend', what: 'r1' });
  const found = await andon(['audit', '--verify'], environment());
  expect(found.code).toBe(1);
  expect(found.out).toMatch(/entry 1 does not fit: expected the stream created at .* found one/);
});
