import { spawnSync } from 'node:child_process';
import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { warehouseCommand } from '../../../sinks/clickhouse/warehouse/warehouse.ts';
import { type StartedWarehouse, startWarehouse, until } from './started-warehouse.ts';

let warehouse: StartedWarehouse;

type Asked = { readonly status: number; readonly text: string; readonly headers: Headers };

/** A plain HTTP request, as curl sends it; the owner's, unless somebody else is named. */
async function ask(
  query: Record<string, string>,
  body?: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Asked> {
  const who = 'user' in query ? {} : { password: warehouse.password };
  const url = `${warehouse.url}/?${new URLSearchParams({ ...who, ...query })}`;
  const init = body === undefined ? { headers } : { method: 'POST', body, headers };
  const response = await fetch(url, init as RequestInit);
  return { status: response.status, text: await response.text(), headers: response.headers };
}

const one = async (query: string, more: Record<string, string> = {}) =>
  (await ask({ query, ...more })).text.trim();

beforeAll(async () => {
  warehouse = await startWarehouse();
  await ask({}, 'CREATE DATABASE test ENGINE = Atomic');
  await ask(
    { database: 'test' },
    `CREATE TABLE events (id UInt64, name String) ENGINE = MergeTree ORDER BY id
     SETTINGS non_replicated_deduplication_window = 100`,
  );
});

describe('the HTTP interface', () => {
  test('answers a ping', async () => {
    const response = await fetch(`${warehouse.url}/ping`);
    expect(await response.text()).toBe('Ok.\n');
  });

  test('takes the statement from the URL, from the body, or half from each', async () => {
    expect(await one('SELECT 1')).toBe('1');
    expect((await ask({}, 'SELECT 2')).text).toBe('2\n');
    expect((await ask({ query: 'SELECT 3 +' }, '4')).text).toBe('7\n');
  });

  test('says id, format and time zone of an answer', async () => {
    const { headers } = await ask({ query: 'SELECT 1', query_id: 'mine', default_format: 'CSV' });
    expect(headers.get('x-clickhouse-query-id')).toBe('mine');
    expect(headers.get('x-clickhouse-format')).toBe('CSV');
    expect(headers.get('x-clickhouse-timezone')).toBe('UTC');
    expect(headers.get('content-type')).toBe('text/csv; charset=UTF-8');
  });

  test('binds parameters with every character that has a meaning', async () => {
    const values = ["it's", 'back\\slash', 'tab\there', 'line\nbreak', 'é 日本 🏭', '`"$'];
    for (const x of values) {
      const answer = await warehouse.client.query({
        query:
          'SELECT {x:String} AS x, {list:Array(String)} AS list, {none:Nullable(Int8)} AS none',
        query_params: { x, list: [x, x], none: null },
        format: 'JSONEachRow',
        http_headers: { 'X-ClickHouse-Database': 'test' },
      });
      expect(await answer.json()).toEqual([{ x, list: [x, x], none: null }]);
    }
  });

  test('reports errors with the status, code and words of ClickHouse', async () => {
    const missing = await ask({ query: 'SELECT * FROM test.nothing' });
    expect(missing.status).toBe(404);
    expect(missing.headers.get('x-clickhouse-exception-code')).toBe('60');
    expect(missing.text).toMatch(/^Code: 60\. DB::Exception: .*\(UNKNOWN_TABLE\)/);
    // As POST: what GET may carry is a list, and this is on none.
    expect((await ask({ query: 'SELEC 1' }, '')).status).toBe(400);
    expect((await ask({ query: 'SELECT 1', database: 'absent' })).status).toBe(404);
    expect((await ask({ query: 'SELECT 1', no_such_setting: '1' })).text).toContain(
      'UNKNOWN_SETTING',
    );
    expect((await ask({ query: 'SELECT 1', password: 'wrong' })).status).toBe(403);
  });

  test('compresses answers and reads compressed bodies', async () => {
    const response = await fetch(
      `${warehouse.url}/?enable_http_compression=1&password=${warehouse.readerPassword}` +
        `&query=SELECT+repeat('a',100000)`,
      { headers: { 'accept-encoding': 'gzip' } },
    );
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect((await response.text()).length).toBe(100_001);
    const packed = await ask({}, gzipSync('SELECT 5'), { 'content-encoding': 'gzip' });
    expect(packed.text).toBe('5\n');
    expect(gunzipSync(gzipSync('x')).toString()).toBe('x');
  });

  test.each(['Native', 'Parquet', 'RowBinary', 'ArrowStream'])(
    'gives and takes %s byte for byte',
    async (format) => {
      await ask({ query: 'TRUNCATE TABLE test.events' }, '');
      const select = `SELECT number AS id, concat('é', char(0, 255, 10)) AS name FROM numbers(300000)`;
      const asked = { password: warehouse.readerPassword, query: `${select} FORMAT ${format}` };
      const url = `${warehouse.url}/?${new URLSearchParams(asked)}`;
      const bytes = Buffer.from(await (await fetch(url)).arrayBuffer());
      const inserted = await ask({ query: `INSERT INTO test.events FORMAT ${format}` }, bytes);
      expect(inserted.text).toBe('');
      expect(
        await one(
          'SELECT count(), min(id), max(id), uniqExact(hex(name)), any(hex(name)) FROM test.events',
        ),
      ).toBe('300000\t0\t299999\t1\tC3A900FF0A');
    },
  );

  test('takes an insert whose statement and data are both in the body', async () => {
    await ask({ query: 'TRUNCATE TABLE test.events' }, '');
    await ask({}, 'INSERT INTO test.events FORMAT JSONEachRow\n{"id":1,"name":"é"}\n');
    await ask({}, `/* two */ INSERT INTO test.events VALUES (2, 'a;b')`);
    await ask({ query: 'INSERT INTO test.events FORMAT TSV' }, '3\tx\n');
    await ask({ query: 'INSERT INTO test.events SELECT 4, toString(4)' }, '');
    expect(await one('SELECT groupArray(name) FROM (SELECT * FROM test.events ORDER BY id)')).toBe(
      "['é','a;b','x','4']",
    );
  });

  test('takes rows behind an empty line as rows, never as SQL', async () => {
    await ask({ query: 'TRUNCATE TABLE test.events' }, '');
    const lines = '{"id":1,"name":"x"}\n\n{"id":2,"name":"y"}\n\n';
    expect((await ask({ query: 'INSERT INTO test.events FORMAT JSONEachRow' }, lines)).status).toBe(
      200,
    );
    const data = '3\tx\n\nDROP TABLE test.events\n';
    expect((await ask({}, `INSERT INTO test.events FORMAT TSV\n${data}`)).status).toBe(400);
    expect(await one('SELECT count() FROM test.events')).toBe('2');
  });

  test('does not let a setting, a parameter or a database outlive its request', async () => {
    await ask({ query: 'TRUNCATE TABLE test.events' }, '');
    const insert = (id: number, token?: string) =>
      ask(
        {
          query: 'INSERT INTO test.events FORMAT TSV',
          async_insert: '0',
          ...(token === undefined ? {} : { insert_deduplication_token: token }),
        },
        `${id}\tx\n`,
      );
    await insert(1, 'a');
    await insert(2, 'a');
    await insert(3);
    await insert(4);
    expect(await one('SELECT groupArray(id) FROM (SELECT id FROM test.events ORDER BY id)')).toBe(
      '[1,3,4]',
    );
    await ask({ query: 'SELECT 1', max_threads: '1', database: 'test', param_x: '1' });
    expect(await one('SELECT currentDatabase()')).toBe('default');
    expect(await one("SELECT changed FROM system.settings WHERE name = 'max_threads'")).toBe('0');
    expect(await one('SELECT {x:UInt8}')).toContain('Code: 456');
  });

  test('ends a query whose client goes away', async () => {
    const gone = new AbortController();
    const query = 'SELECT count() FROM numbers(1e12) WHERE sipHash64(number) = 1';
    const who = { password: warehouse.readerPassword };
    const url = `${warehouse.url}/?${new URLSearchParams({ ...who, query })}`;
    const lost = fetch(url, { signal: gone.signal }).catch(() => 'gone');
    const running = async () =>
      one(
        // Not by its number: an analyst's statement runs as the engine writes it, where 1e12 has another spelling.
        "SELECT count() FROM system.processes WHERE query LIKE '%sipHash64(number) = 1%' AND query NOT LIKE '%system.processes%'",
      );
    await until(async () => (await running()) === '1');
    gone.abort();
    expect(await lost).toBe('gone');
    await until(async () => (await running()) === '0');
  });

  test('answers readers while a long statement runs', async () => {
    const who = { password: warehouse.password };
    const query = 'SELECT sleepEachRow(0.5) FROM numbers(240) SETTINGS max_block_size = 1';
    const enough = new AbortController();
    const url = `${warehouse.url}/?${new URLSearchParams({ ...who, query })}`;
    let runs = true;
    const long = fetch(url, { signal: enough.signal })
      .then((response) => response.text())
      .catch(() => 'ended')
      .finally(() => {
        runs = false;
      });
    await until(async () => {
      const running = "SELECT count() FROM system.processes WHERE query LIKE '%sleepEachRow(0.5)%'";
      return Number(await one(running)) > 1;
    });
    expect([await one('SELECT 1'), runs]).toEqual(['1', true]);
    enough.abort();
    expect(await long).toBe('ended');
  });
});

test('a second process on the same directory is refused with a sentence', async () => {
  const { command, args, env } = warehouseCommand({ directory: warehouse.directory, port: 0 });
  const second = spawnSync(command, args, { env: { ...process.env, ...env }, encoding: 'utf8' });
  expect(second.status).toBe(4);
  expect(second.stderr).toContain('expected a data directory that no other process uses');
  expect(await one('SELECT 1')).toBe('1');
});

test('what was stored is there after a kill -9, and deduplication remembers', async () => {
  const insert = (id: number, token: string) =>
    ask(
      {
        query: `INSERT INTO test.events SETTINGS async_insert = 0, insert_deduplication_token = '${token}' FORMAT TSV`,
      },
      `${id}\tx\n`,
    );
  await ask({ query: 'TRUNCATE TABLE test.events' }, '');
  await insert(1, 'kept');
  await warehouse.kill();
  await warehouse.start();
  await insert(2, 'kept');
  expect(await one('SELECT groupArray(id) FROM test.events')).toBe('[1]');
});
