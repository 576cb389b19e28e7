import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Row, row } from '../../../operators/flow/flow.ts';
import { createBlocks } from '../../../sinks/clickhouse/blocks.ts';
import { createClickHouseSink } from '../../../sinks/clickhouse/clickhouse.ts';
import { createWarehouseClient } from '../../../sinks/clickhouse/client.ts';
import type { Blocks } from '../../../sinks/sink.ts';
import { type EpochContent, RefusedError, type Sink } from '../../../sinks/sink.ts';

import {
  deadLetter,
  frameOf,
  MORNING,
  ONE_OF_EACH,
  request,
  sequence,
  time,
} from './sample-rows.ts';
import { DATABASE, migratedWarehouse, type StartedWarehouse, until } from './started-warehouse.ts';

const CREATED = '2026-11-22T07:00:00.123456789Z';
const MIDNIGHT = Date.UTC(2026, 10, 23) * 1_000;
const never = new AbortController().signal;

let warehouse: StartedWarehouse;
let landing: Sink;

beforeAll(async () => {
  warehouse = await migratedWarehouse();
  landing = createClickHouseSink(warehouse.client, { database: DATABASE });
});

let epoch = 0;
beforeEach(() => {
  epoch += 1;
});

/** An epoch of a run of its own, so that tests do not see each other's rows. */
function contentOf(rows: readonly (readonly [Row, appended: number])[]): EpochContent {
  const blocks = createBlocks();
  rows.forEach(([row, appended], index) => {
    blocks.add(row, sequence(index + 1), time(appended));
  });
  return finished(blocks, rows.length);
}

function finished(blocks: Blocks, to: number): EpochContent {
  blocks.addEpoch({
    pipeline: 'plant',
    created: CREATED,
    epoch,
    from: 1,
    to,
    first_appended: time(MORNING),
    last_appended: time(MORNING),
    messages: to,
  });
  const run = `run-${epoch}`;
  return {
    pipeline: 'plant',
    run,
    stream: 'ANDON_0',
    created: CREATED,
    epoch,
    from: 1,
    to,
    blocks: blocks.finish('ANDON_0', run),
    revisions: [],
    commands: [],
  };
}

async function count(table: string, run = `run-${epoch}`): Promise<number> {
  const rows = await warehouse.rows<{ n: number }>(
    `SELECT toUInt32(count()) AS n FROM ${table} WHERE run = {run:String}`,
    { run },
  );
  return rows[0]?.n ?? -1;
}

const morning = (row: Row) => [row, MORNING] as const;

test('a row of every table lands as it was, with the message that caused it', async () => {
  const content = contentOf(ONE_OF_EACH.map(morning));
  expect(content.blocks.map(({ table }) => table)).toHaveLength(20);
  await landing.write(content, never);
  const select = (table: string, columns = '* EXCEPT (stream, run, sequence, appended)') =>
    warehouse.rows(`SELECT ${columns} FROM ${table} WHERE run = {run:String} ORDER BY ALL`, {
      run: `run-${epoch}`,
    });
  expect(await select('readings', '* EXCEPT run')).toEqual([
    reading('heat', '08:00:00.000001', 4, ''),
    reading('recipe', '08:00:00.000001', null, 'red é', 'uncertain'),
    reading('speed', '08:00:00.000000', 1, ''),
    reading('speed', '08:00:00.000001', 2, '', 'suspect'),
  ]);
  expect(await select('waveforms')).toMatchObject([
    {
      asset: 'a',
      point: 'front',
      rate: 25_600,
      rpm: 1_500,
      part: 0,
      parts: 1,
      samples: [0.5, -0.5],
    },
  ]);
  expect(await select('windows')).toMatchObject([
    {
      start: '2026-11-22 08:00:00.000000',
      end: '2026-11-22 08:01:00.000000',
      slope: null,
      quantiles: { p50: 1.5 },
    },
  ]);
  expect(await select('features')).toMatchObject([
    { rpm: null, absent: { velocity_rms: 'too short' } },
  ]);
  expect(await select('anomalies')).toMatchObject([
    { contributions: { heat: 0.75, speed: 0.25 }, part: 'outer_race', alarm: 'shelved' },
  ]);
  expect(await select('alarms')).toMatchObject([
    { cause: 'acknowledged', before: 'unacknowledged', after: 'acknowledged', who: 'fitter 7' },
  ]);
  expect(await select('machine_events')).toMatchObject([
    { type: 'acknowledged', kind: 'act', via: 'console', user: 'u17', system: '' },
  ]);
  expect(await select('baselines')).toMatchObject([{ hours: 0.5, needed_hours: 72 }]);
  expect(await select('schedule')).toMatchObject([{ due: null, quantity: 12.5, cancelled: false }]);
  expect(await select('requests')).toMatchObject([{ id: 'r', title: 'Bearing "3" wears\n\nsoon' }]);
  expect(await select('commands')).toMatchObject([
    { because: 'hot "spoke"', not_after: '2026-11-22 08:01:00.000000', mode: 'on' },
  ]);
  expect(await select('workflow_steps')).toMatchObject([
    { position: 2, settled: true, values: '{"short":2}' },
  ]);
  expect(await select('dead_letters')).toMatchObject([{ originals: ['garbage \ufffd \0'] }]);
  expect(await select('epochs')).toMatchObject([{ created: CREATED, messages: 18, rows: 22 }]);
  for (const { table } of content.blocks) expect(await count(table), table).toBeGreaterThan(0);
});

function reading(
  signal: string,
  at: string,
  value: number | null,
  text: string,
  quality = 'good',
): object {
  return {
    stream: 'ANDON_0',
    sequence: 1,
    appended: '2026-11-22 08:00:00.000000',
    plant: 'p',
    line: 'l',
    asset: 'a',
    signal,
    time: `2026-11-22 ${at}`,
    value,
    text,
    quality,
  };
}

describe('written twice', () => {
  test('an epoch is there once, in every table', async () => {
    const content = contentOf(ONE_OF_EACH.map(morning));
    await landing.write(content, never);
    const before = await Promise.all(content.blocks.map(({ table }) => count(table)));
    await landing.write(content, never);
    expect(await Promise.all(content.blocks.map(({ table }) => count(table)))).toEqual(before);
  });

  test('an epoch that spans midnight is two parts, and there once', async () => {
    const at = (asset: string) => row('readings', frameOf(asset, [MIDNIGHT], { speed: [1, 2, 3] }));
    const content = contentOf([
      [at('p/l/a'), MIDNIGHT - 1],
      [at('p/l/b'), MIDNIGHT],
    ]);
    await landing.write(content, never);
    await landing.write(content, never);
    expect(await count('readings')).toBe(2);
  });

  test('an epoch of a fast replay over 300 days is there once', async () => {
    const days = Array.from({ length: 300 }, (_, day) => MORNING - day * 86_400_000_000);
    const content = contentOf(
      days.map((day) => [row('readings', frameOf('p/l/a', [day], { speed: [1] })), day] as const),
    );
    await landing.write(content, never);
    await landing.write(content, never);
    expect(await count('readings')).toBe(300);
  });

  test('other epochs with the same rows are not lost', async () => {
    const rows = [morning(request('same', 1))];
    await landing.write(contentOf(rows), never);
    epoch += 1;
    await landing.write(contentOf(rows), never);
    expect(await count('request_history')).toBe(1);
    expect(await count('request_history', `run-${epoch - 1}`)).toBe(1);
  });
});

test('a kill -9 of the warehouse in the middle of inserts loses and doubles nothing', async () => {
  const blocks = createBlocks();
  const values = Array.from({ length: 20 }, (_, index) => index);
  for (let message = 0; message < 10_000; message += 1) {
    const columns = Object.fromEntries(
      values.map((value) => [`signal_${value}`, [value + message]]),
    );
    blocks.add(
      row('readings', frameOf(`p/l/a${message % 10}`, [MORNING + message], columns)),
      sequence(message + 1),
      time(MORNING + message),
    );
    blocks.add(
      deadLetter(`bad ${message}`, 1, `source ${message % 50}`),
      sequence(message + 1),
      time(MORNING),
    );
  }
  const content = finished(blocks, 10_000);
  const landed = async () => (await count('readings')) > 0;
  const moments = [() => pause(20), () => pause(60), () => until(landed)];
  for (const moment of moments) {
    const written = landing.write(content, never).catch(() => undefined);
    await moment();
    await warehouse.kill();
    await written;
    await warehouse.start();
  }
  await landing.write(content, never);
  const [sum] = await warehouse.rows(
    `SELECT toUInt32(count()) AS rows, toUInt32(uniqExact(sequence)) AS messages, sum(value) AS total
     FROM readings WHERE run = {run:String}`,
    { run: `run-${epoch}` },
  );
  expect(sum).toEqual({
    rows: 200_000,
    messages: 10_000,
    total: 20 * (9_999 * 5_000) + 190 * 10_000,
  });
  const [folded] = await warehouse.rows(
    'SELECT toUInt32(sum(count)) AS bad, toUInt32(count()) AS rows FROM dead_letters WHERE run = {run:String}',
    { run: `run-${epoch}` },
  );
  expect(folded).toEqual({ bad: 10_000, rows: 50 });
});

describe('a block that is wrong', () => {
  const wrong = (lines: string) =>
    ({ table: 'rules', format: 'JSONEachRow', rows: 1, data: Buffer.from(lines) }) as const;

  test.each([
    ['no JSON', 'garbage\n'],
    ['a column that is not there', '{"plant":"p","nothing":1}\n'],
    ['a null for a text', '{"plant":"p","rules":null}\n'],
    ['a text for a number', '{"plant":"p","sequence":"many"}\n'],
  ])('is refused by name (%s) after all others have landed', async (_what, lines) => {
    const content = contentOf([morning(request('beside', 1))]);
    const refusal = await landing
      .write({ ...content, blocks: [wrong(lines), ...content.blocks] }, never)
      .catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(RefusedError);
    expect(refusal).toMatchObject({ parts: ['rules'] });
    expect(await count('requests')).toBe(1);
    expect(await count('epochs')).toBe(1);
  });

  test('does not stop a later block of the same table', async () => {
    const content = contentOf(ONE_OF_EACH.map(morning));
    await landing.write({ ...content, blocks: [wrong('garbage\n')] }, never).catch(() => undefined);
    await landing.write(content, never);
    expect(await count('rules')).toBe(1);
  });
});

describe('a warehouse that is wrong or away', () => {
  test('is a reason to try again, not to refuse', async () => {
    const content = contentOf([morning(request('again', 1))]);
    const elsewhere = createClickHouseSink(warehouse.client, { database: 'absent' });
    const missing = await elsewhere.write(content, never).catch((error: unknown) => error);
    expect(missing).not.toBeInstanceOf(RefusedError);
    await warehouse.kill();
    const away = await landing.write(content, never).catch((error: unknown) => error);
    expect(away).toBeInstanceOf(Error);
    expect(away).not.toBeInstanceOf(RefusedError);
    await warehouse.start();
    await landing.write(content, never);
    expect(await count('requests')).toBe(1);
  });

  test('keeps nobody who is told to stop, although its answer has begun', async () => {
    const silent = createServer((asked, answer) => {
      asked.resume().on('end', () => answer.flushHeaders());
    }).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const client = createWarehouseClient({ url: `http://127.0.0.1:${port}`, database: DATABASE });
    const stop = new AbortController();
    const exec = async (asked: Parameters<ClickHouseClient['exec']>[0]) => {
      const begun = await client.exec(asked);
      stop.abort(new Error('told to stop'));
      return begun;
    };
    const sink = createClickHouseSink(Object.assign(Object.create(client), { exec }), {
      database: DATABASE,
    });
    try {
      const content = contentOf([morning(request('silent', 1))]);
      await expect(sink.write(content, stop.signal)).rejects.toThrow();
    } finally {
      silent.closeAllConnections();
      silent.close();
      await client.close();
    }
  });
});
