import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../pipelines/base/config.ts';
import { EXIT } from '../../pipelines/base/problem.ts';
import { lockDirectory } from '../../pipelines/base/process-lock.ts';
import { openWarehouse, type Warehouse } from '../../pipelines/warehouse/warehouse.ts';
import { createBlocks } from '../../sinks/clickhouse/blocks.ts';
import { createClickHouseSink } from '../../sinks/clickhouse/clickhouse.ts';
import { deadLetter, MORNING, sequence, time } from '../sinks/clickhouse/sample-rows.ts';
import { until } from '../sinks/clickhouse/started-warehouse.ts';
import { ANDON } from '../stand/code.ts';
import { startNats, type TestNats } from '../stand/nats.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const directory = temporaryDirectory();
const environment: Record<string, string> = { ANDON_DIR: directory };

let nats: TestNats;
let warehouse: Warehouse;
let pid = 0;

// What a migration did is written into the audit stream.
beforeAll(async () => {
  nats = await startNats();
  environment.NATS_URL = nats.url;
});
afterAll(() => nats.stop());

function andon(...args: string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [ANDON, ...args], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
    encoding: 'utf8',
  });
  return { status, out: stdout, err: stderr };
}

test('a command starts the embedded warehouse for itself when nobody runs it', () => {
  expect(andon('migrate')).toMatchObject({ status: 0, err: '' });
  expect(andon('sql', 'SELECT count() FROM readings')).toMatchObject({ status: 0, out: '0\n' });
});

describe('beside a worker', () => {
  beforeAll(async () => {
    warehouse = await openWarehouse(readConfig(undefined, environment), (internalEvent) => {
      if (internalEvent.kind === 'child-started') pid = internalEvent.pid;
    });
    const blocks = createBlocks();
    blocks.add(deadLetter('first bytes', 3), sequence(5), time(MORNING));
    const facts = { pipeline: 'p', created: 'c', epoch: 1, from: 1, to: 5, messages: 5 };
    blocks.addEpoch({ ...facts, first_appended: time(MORNING), last_appended: time(MORNING) });
    const content = {
      ...facts,
      run: '1',
      stream: 'S',
      blocks: blocks.finish('S', '1'),
      revisions: [],
      commands: [],
    };
    const landing = createClickHouseSink(warehouse.client, { database: 'andon' });
    await landing.write(content, new AbortController().signal);
  });
  afterAll(() => warehouse.close());

  test('a command uses the warehouse that the worker runs', () => {
    const { out } = andon('migrate', '--json');
    expect(JSON.parse(out)).toMatchObject({ url: warehouse.url, applied: [] });
  });

  test('sql prints any format, takes parameters and files, and says what is wrong', () => {
    expect(andon('sql', '--json', 'SELECT {x:UInt8} AS x', '--param', 'x=7').out).toBe('{"x":7}\n');
    expect(andon('sql', '--format', 'CSV', 'SELECT 1, 2; SELECT 3').out).toBe('1,2\n3\n');
    const check = fileURLToPath(new URL('../../sql/checks/epochs_overlap.sql', import.meta.url));
    expect(andon('sql', '--file', check)).toMatchObject({ status: 0, out: '' });
    const wrong = andon('sql', 'SELECT * FROM nothing');
    expect(wrong.status).toBe(2);
    expect(wrong.err).toMatch(/expected an answer, found .*nothing.*UNKNOWN_TABLE/);
    expect(andon('sql').status).toBe(2);
  });

  test('sql asks questions by name, with their parameters as options', () => {
    const named = andon('sql', '@dead_letters', '--days', '2', '--format=CSV');
    expect(named.out).toMatch(/^"malformed","decode",.*,3,/);
    expect(andon('sql', '@').out).toContain('@oee [--plant …]');
  });

  test('dead-letters lists what left the main way, and refuses a reason that there is not', () => {
    const { out } = andon('dead-letters', '--since', '1h', '--reason', 'malformed');
    expect(out).toContain('malformed ×3  telemetry.p.l.a  (decode, S 5, run 1)');
    expect(out).toContain('| first bytes');
    expect(JSON.parse(andon('dead-letters', '--json').out)).toMatchObject({ count: 3 });
    expect(andon('dead-letters', '--reason', 'late').out).toBe(
      'no dead letters with the reason late\n',
    );
    expect(andon('dead-letters', '--reason', 'boredom')).toMatchObject({ status: 2 });
  });

  test('a warehouse that was killed is back at the same address with what it had', async () => {
    const before = pid;
    process.kill(pid, 'SIGKILL');
    await until(async () => pid !== before && (await warehouse.client.ping()).success);
    const answer = await warehouse.client.query({
      query: 'SELECT sum(count) AS n FROM dead_letters',
      format: 'JSONEachRow',
    });
    expect(await answer.json()).toEqual([{ n: 3 }]);
  });
});

test('a command waits for the warehouse of a worker, and starts none beside it', async () => {
  const busy = temporaryDirectory();
  const config = readConfig(undefined, { ANDON_DIR: busy });
  const ownership = await lockDirectory(join(busy, 'warehouse'), 'hall-7:42');
  await expect(openWarehouse(config, undefined, 300)).rejects.toMatchObject({
    exit: EXIT.owned,
    message: expect.stringMatching(
      /warehouse: expected the embedded warehouse of hall-7:42 to answer, found silence for 0\.3 s/,
    ),
  });
  const recorded: string[] = [];
  const waiting = openWarehouse(config, ({ kind }) => recorded.push(kind));
  const answering = createServer((_, response) => response.end('Ok.\n'));
  await new Promise<void>((resolve) => answering.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(answering.address() as AddressInfo).port}`;
  writeFileSync(join(busy, 'warehouse', 'address.json'), JSON.stringify({ url }));
  const found = await waiting;
  expect(found).toMatchObject({ url, borrowed: true });
  expect(recorded).toEqual([]);
  await found.close();
  await ownership.release();
  answering.closeAllConnections();
  await new Promise((resolve) => answering.close(resolve));
});

test('a server that is not there is an error of the outside, with its address', () => {
  const { status, stderr } = spawnSync(process.execPath, [ANDON, 'sql', 'SELECT 1'], {
    env: {
      ...process.env,
      CLICKHOUSE_URL: 'http://127.0.0.1:1',
      ANDON_DIR: join(directory, 'none'),
    },
    encoding: 'utf8',
  });
  expect(status).toBe(3);
  expect(stderr).toContain('http://127.0.0.1:1: expected ClickHouse to answer');
});
