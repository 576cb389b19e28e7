import { request as httpRequest } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { TupleParam } from '@clickhouse/client';
import { beforeAll, describe, expect, test } from 'vitest';
import { createWarehouseClient } from '../../../sinks/clickhouse/client.ts';
import {
  fromNativeFrames,
  nativeFrames,
} from '../../../sinks/clickhouse/warehouse/native-frames.ts';
import { type StartedWarehouse, startWarehouse } from './started-warehouse.ts';

// What other people's clients really send, byte for byte where it matters: curl, clickhouse-connect 1.12 (Python) and
// clickhouse-go 2.50 over HTTP. docs/warehouse-clients.md tells how they were tried themselves.

let warehouse: StartedWarehouse;

type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
  /** The connection ended before the body did. */
  readonly broken: boolean;
};

/**
 * A request with nothing added but who asks, an analyst unless it says so, and an answer with nothing taken away: `fetch`
 * decompresses by itself.
 */
function send(
  query: Readonly<Record<string, string>>,
  body: Buffer | string = '',
  headers: Readonly<Record<string, string>> = {},
  method = 'POST',
): Promise<Answer> {
  const named = 'user' in query || 'authorization' in headers || 'x-clickhouse-user' in headers;
  const who = named ? {} : { user: 'analyst', password: warehouse.readerPassword };
  const path = `/?${new URLSearchParams({ ...who, ...query })}`;
  return new Promise((resolve, reject) => {
    const asked = httpRequest(`${warehouse.url}${path}`, { method, headers }, (response) => {
      const chunks: Buffer[] = [];
      const done = (broken: boolean) =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
          broken,
        });
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => done(false));
      response.on('error', () => done(true));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
const owner = () => ({ user: 'default', password: warehouse.password });
const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});
const texts = 'SELECT repeat(toString(number), 9) FROM numbers(20000)';

beforeAll(async () => {
  warehouse = await startWarehouse();
  await send(owner(), 'CREATE TABLE default.t (a UInt64, b String) ENGINE = MergeTree ORDER BY a');
});

describe('curl', () => {
  test('asks whether anybody is there', async () => {
    for (const method of ['GET', 'HEAD']) {
      const { status, body } = await send({}, '', {}, method);
      expect([status, body.toString()]).toEqual([200, method === 'GET' ? 'Ok.\n' : '']);
    }
    expect(await (await fetch(`${warehouse.url}/replicas_status`)).text()).toBe('Ok.\n');
    expect((await fetch(`${warehouse.url}/dashboard`)).status).toBe(404);
  });

  test('says who it is in the URL, in headers or as basic authentication', async () => {
    const { password } = warehouse;
    const insert = 'INSERT INTO default.t VALUES (1, 1)';
    const headers = { 'x-clickhouse-user': 'default', 'x-clickhouse-key': password };
    expect((await send(owner(), insert)).status).toBe(200);
    expect((await send({}, insert, headers)).status).toBe(200);
    expect((await send({}, insert, basic('default', password))).status).toBe(200);
    expect((await send({}, insert)).body.toString()).toContain('not a read');
    expect((await send({}, insert, basic('default', 'wrong'))).status).toBe(403);
    expect((await send({ user: 'root' }, insert)).body.toString()).toContain('Code: 516.');
  });

  test('only reads with GET', async () => {
    const query = 'DROP TABLE default.t';
    const { status, body } = await send({ ...owner(), query }, '', {}, 'GET');
    expect([status, body.toString()]).toEqual([500, expect.stringContaining('send DROP as POST')]);
    expect((await send({ query: 'SELECT 1' }, '', {}, 'GET')).body.toString()).toBe('1\n');
  });

  test.each<[string, (body: Buffer) => Buffer]>([
    ['gzip', gunzipSync],
    ['deflate', inflateSync],
    ['br', brotliDecompressSync],
  ])('takes answers in %s', async (encoding, decompressed) => {
    const wanted = { 'accept-encoding': `${encoding};q=1.0, identity` };
    const answer = await send({ enable_http_compression: '1' }, texts, wanted);
    expect(answer.headers['content-encoding']).toBe(encoding);
    expect(decompressed(answer.body).equals((await send({}, texts)).body)).toBe(true);
    expect((await send({}, texts, wanted)).headers['content-encoding']).toBeUndefined();
  });

  test.each(['zstd', 'lz4'])('takes answers in %s, and sends them back', async (encoding) => {
    const select = `SELECT 'SELECT 40 + 2' FORMAT RawBLOB`;
    const wanted = { 'accept-encoding': encoding };
    const packed = await send({ enable_http_compression: '1' }, select, wanted);
    expect(packed.headers['content-encoding']).toBe(encoding);
    const answer = await send({}, packed.body, { 'content-encoding': encoding });
    expect(answer.body.toString()).toBe('42\n');
  });

  test.each([
    ['JSON', '{\n\t"meta":', '}\n'],
    ['JSONCompact', '{\n\t"meta":', '}\n'],
    ['JSONEachRow', '{"n":0,"s":"0"}\n{"n":1,"s":"1"}\n', '{"n":19999,"s":"19999"}\n'],
    ['CSVWithNames', '"n","s"\n0,"0"\n1,"1"\n', '19999,"19999"\n'],
    ['TabSeparatedWithNamesAndTypes', 'n\ts\nUInt64\tString\n0\t0\n', '19999\t19999\n'],
    ['RowBinaryWithNamesAndTypes', '\x02\x01n\x01s\x06UInt64\x06String', '\x0519999'],
    ['Native', '\x02\xa0\x9c\x01\x01n\x06UInt64', '\x0519999'],
    ['Parquet', 'PAR1', 'PAR1'],
    ['Arrow', 'ARROW1', 'ARROW1'],
    ['ArrowStream', '\xff\xff\xff\xff', '\xff\xff\xff\xff\0\0\0\0'],
    ['Markdown', '| n | s |\n', '| 19999 | 19999 |\n'],
    ['Null', '', ''],
  ])('gets %s whole, with one head and one foot', async (default_format, start, end) => {
    const select = 'SELECT number AS n, toString(number) AS s FROM numbers(20000)';
    const { body, headers } = await send({ default_format }, select);
    expect(body.toString('latin1', 0, start.length)).toBe(start);
    expect(body.toString('latin1', body.length - end.length)).toBe(end);
    expect(headers['x-clickhouse-format']).toBe(default_format);
    const named = await send({}, `${select} FORMAT ${default_format}`);
    // JSON says how long it took.
    if (!/^JSON(?:Compact)?$/.test(default_format)) expect(named.body.equals(body)).toBe(true);
    if (default_format === 'JSON') expect(JSON.parse(body.toString()).data).toHaveLength(20_000);
  });

  test('reads what was done in the headers', async () => {
    const { headers } = await send({ default_format: 'JSON', query_id: '' }, texts);
    const summary = JSON.parse(String(headers['x-clickhouse-summary']));
    expect(summary).toMatchObject({ result_rows: '20000', written_rows: '0' });
    expect(Number(summary.elapsed_ns)).toBeGreaterThan(0);
    expect(headers['x-clickhouse-query-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('finds an error in the middle behind the rows, and the answer broken off', async () => {
    const select = 'SELECT throwIf(number = 900000) FROM numbers(1000000)';
    const { status, headers, body, broken } = await send(owner(), select);
    const tag = String(headers['x-clickhouse-exception-tag']);
    expect([status, broken]).toEqual([200, true]);
    const end = new RegExp(
      `\r\n__exception__\r\n${tag}\r\n(Code: 395[^\n]+\n)(\\d+) ${tag}\r\n__exception__\r\n$`,
    ).exec(body.toString());
    expect(Number(end?.[2])).toBe(end?.[1]?.length);
    // An analyst's answer begins when the engine is done with it.
    for (const query of [{ ...owner(), wait_end_of_query: '1' }, {}]) {
      const { status, headers } = await send(query, select);
      expect([status, headers['x-clickhouse-exception-code']]).toEqual([500, '395']);
    }
  });
});

describe('clickhouse-connect', () => {
  const session = { session_id: '4f0c', session_timeout: '60' };

  test('asks everything within a session', async () => {
    const temporary = 'CREATE OR REPLACE TEMPORARY TABLE mine AS SELECT 7 AS x';
    expect((await send({ ...owner(), ...session }, temporary)).status).toBe(200);
    await send({ ...owner(), ...session, max_threads: '1' }, 'SET max_block_size = 1234');
    const kept = "SELECT x, getSetting('max_block_size'), getSetting('max_threads') != 1 FROM mine";
    expect((await send({ ...owner(), ...session }, kept)).body.toString()).toBe('7\t1234\t1\n');
    expect((await send(owner(), kept)).status).toBe(404);
    const gone = await send({ ...owner(), session_id: 'x', session_check: '1' }, 'SELECT 1');
    expect(gone.body.toString()).toContain('Code: 372.');
    const slow = send({ ...owner(), ...session }, 'SELECT sleep(3)');
    const running = "SELECT count() FROM system.processes WHERE query = 'SELECT sleep(3)'";
    await expect
      .poll(async () => (await send(owner(), running)).body.toString(), { timeout: 30_000 })
      .toBe('1\n');
    const locked = await send({ ...owner(), ...session }, 'SELECT 1');
    expect(locked.body.toString()).toContain('Code: 373.');
    expect((await slow).status).toBe(200);
  });

  test('has its sessions as an analyst too, with nothing to keep in them', async () => {
    const asked = await send(session, 'SELECT 1\n FORMAT Native');
    expect(asked.body.toString('latin1')).toBe('\x01\x01\x011\x05UInt8\x01');
  });

  test('puts a statement and its block into one compressed body', async () => {
    const block = "concat('INSERT INTO default.t (a, b) FORMAT Native\\n', unhex('02010161')";
    const rest = "'\\x06UInt64', unhex('0500000000000000'), '\\x01b\\x06String\\x02hi')";
    const packed = await send(
      { enable_http_compression: '1' },
      `SELECT ${block}, ${rest} FORMAT RawBLOB`,
      { 'accept-encoding': 'lz4' },
    );
    const headers = { 'content-encoding': 'lz4', 'content-type': 'application/octet-stream' };
    const answer = await send(owner(), packed.body, headers);
    expect(answer.body.toString()).toBe('');
    expect(JSON.parse(String(answer.headers['x-clickhouse-summary'])).written_rows).toBe('1');
    expect((await send({}, "SELECT a FROM default.t WHERE b = 'hi'")).body.toString()).toBe('5\n');
  });
});

describe('clickhouse-go', () => {
  const native = { client_protocol_version: '54460', default_format: 'Native' };
  /** Block info, and a zero behind each type: as revisions from 54454 on have them. */
  const one = '\x01\x00\x02\xff\xff\xff\xff\x00\x01\x01\x01x\x05UInt8\x00\x01';

  test('gets Native blocks in the revision that it asks for', async () => {
    const { body } = await send({ ...native, max_execution_time: '305' }, 'SELECT 1 AS x');
    expect(body.toString('latin1')).toBe(one);
    const hello = 'SELECT displayName(), version(), revision(), timezone()';
    expect((await send(native, hello)).body.toString('latin1')).toContain('26.');
  });

  test('gets every type of our tables, whatever is in it', async () => {
    const types = [
      "toLowCardinality(toString(number % 3)) AS a, [toLowCardinality('x')] AS b, map('k', [1, 2]) AS c",
      "tuple('x', toLowCardinality(toNullable('y'))) AS d, toDateTime64(0, 6, 'UTC') AS e, toDecimal64(1, 3) AS f",
      "CAST('a', 'Enum8(\\'a\\' = 1, \\'b,(\\' = 2)') AS g, toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0') AS h",
      "NULL AS i, toFixedString('abc', 3) AS j, [[], [1.5]] AS k, toNullable(number) AS l, CAST((1, 2), 'Tuple(`a b` UInt8, c UInt16)') AS m",
    ];
    const select = `SELECT ${types.join(', ')} FROM numbers(70000)`;
    const { body } = await send(native, select);
    const plain = await send({ default_format: 'Native' }, select);
    // A block has 8 bytes more, and each of its 13 columns one.
    const blocks = body.toString('latin1').split('\x01\x00\x02\xff\xff\xff\xff\x00').length - 1;
    expect(blocks).toBeGreaterThan(0);
    expect(body.length - plain.body.length).toBe(blocks * (8 + 13));
    const dynamic = await send(native, 'SELECT 1::Dynamic AS x FORMAT Native');
    expect(dynamic.body.toString()).toContain('convert it to a String');
  });

  test('compresses with the frames of ClickHouse itself, both ways', async () => {
    const none = () => Promise.reject(new Error('no ZSTD here'));
    const { body } = await send({ ...native, compress: '1' }, 'SELECT 1 AS x');
    expect((await fromNativeFrames(body, 1_000, none)).toString('latin1')).toBe(one);
    const frames = nativeFrames();
    frames.end('\x02\x01\x01a\x06UInt64\x09\x00\x00\x00\x00\x00\x00\x00\x01b\x06String\x02go');
    const framed = await buffer(frames);
    const query = 'INSERT INTO default.t (a, b) FORMAT Native';
    const insert = { ...owner(), query, compress: '1', decompress: '1' };
    expect((await send(insert, framed)).body.toString()).toBe('');
    expect((await send({}, "SELECT a FROM default.t WHERE b = 'go'")).body.toString()).toBe('9\n');
    framed[20] = (framed[20] ?? 0) ^ 1;
    const damaged = await send(insert, framed);
    expect(damaged.body.toString()).toMatch(/Code: (?:40|271)\./);
  });
});

describe('@clickhouse/client', () => {
  const client = () =>
    createWarehouseClient({
      ...{ url: warehouse.url, user: 'analyst', database: 'default' },
      password: warehouse.readerPassword,
    });

  test('binds parameters of every type', async () => {
    const query = `SELECT {s:String} AS s, toString({i:Int64}) AS i, {f:Float64} AS f, {b:Bool} AS b, {d:Date} AS d,
      {t:DateTime64(6, 'UTC')} AS t, {u:UUID} AS u, {n:Nullable(String)} AS n, {a:Array(String)} AS a,
      {aa:Array(Array(Nullable(Int8)))} AS aa, {m:Map(String, UInt8)} AS m, {tt:Tuple(String, Int8)} AS tt, {x:Identifier} AS x
      FROM (SELECT 'here' AS place)`;
    const text = `it's \\ "quoted" \`so\`\t\n;--/* é 🏭`;
    const analyst = client();
    const answer = await analyst.query({
      query,
      format: 'JSONEachRow',
      query_params: {
        ...{ s: text, i: '-9007199254740993', f: 0.1, b: true, d: '2026-11-22' },
        ...{ t: '2026-11-22 10:11:12.123456', u: '61f0c404-5cb3-11e7-907b-a6006ad3dba0', n: null },
        ...{
          a: [text, ''],
          aa: [[1, null], []],
          m: { [text]: 1 },
          tt: new TupleParam([text, 3]),
          x: 'place',
        },
      },
    });
    expect(await answer.json()).toEqual([
      {
        ...{ s: text, i: '-9007199254740993', f: 0.1, b: true, d: '2026-11-22' },
        ...{ t: '2026-11-22 10:11:12.123456', u: '61f0c404-5cb3-11e7-907b-a6006ad3dba0', n: null },
        ...{ a: [text, ''], aa: [[1, null], []], m: { [text]: 1 }, tt: [text, 3], x: 'here' },
      },
    ]);
    await analyst.close();
  });

  test('throws the error that comes in the middle of a stream', async () => {
    const query = 'SELECT throwIf(number = 900000) AS x FROM numbers(1000000)';
    const result = await warehouse.client.query({
      ...{ query, format: 'JSONEachRow' },
      http_headers: { 'X-ClickHouse-Database': 'default' },
    });
    const read = async () => {
      for await (const rows of result.stream()) void rows.length;
    };
    await expect(read()).rejects.toThrow(/throwIf/);
    const analyst = client();
    await expect(analyst.query({ query, format: 'JSONEachRow' })).rejects.toThrow(/throwIf/);
    await analyst.close();
  });

  test('reads in several connections while rows are inserted', async () => {
    const analyst = client();
    let inserting = true;
    const writer = (async () => {
      for (let n = 0; n < 20; n += 1) {
        await warehouse.client.command({
          query: `INSERT INTO default.t SELECT number, 'c' FROM numbers(${n * 1000}, 1000)`,
          clickhouse_settings: { async_insert: 0 },
          http_headers: { 'X-ClickHouse-Database': 'default' },
        });
      }
      inserting = false;
    })();
    let last = 0;
    do {
      const counts = await Promise.all(
        Array.from({ length: 4 }, async () => {
          const query = "SELECT toUInt32(count()) AS n FROM t WHERE b = 'c'";
          const rows = await (await analyst.query({ query, format: 'JSONEachRow' })).json<{
            n: number;
          }>();
          return rows[0]?.n ?? -1;
        }),
      );
      // Whole inserts, and never fewer than before.
      for (const count of counts) expect(count % 1000).toBe(0);
      expect(Math.min(...counts)).toBeGreaterThanOrEqual(last);
      last = Math.max(last, Math.min(...counts));
    } while (inserting);
    await writer;
    await analyst.close();
  });
});
