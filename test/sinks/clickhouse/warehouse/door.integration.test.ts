import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { nativeFrames } from '../../../../sinks/clickhouse/warehouse/native-frames.ts';
import { type StartedWarehouse, startWarehouse, until } from '../started-warehouse.ts';

// Who is let in, what is written down, and what a request may weigh.

let warehouse: StartedWarehouse;

type Sent = {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
};
type Answer = { readonly status: number; readonly headers: object; readonly body: Buffer };

function send({ query = {}, body = '', headers = {}, method = 'POST' }: Sent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const url = `${warehouse.url}/?${new URLSearchParams(query)}`;
    const asked = httpRequest(url, { method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
        }),
      );
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
const owner = () => ({ user: 'default', password: warehouse.password });
const analyst = () => ({ user: 'analyst', password: warehouse.readerPassword });
const text = async (sent: Sent) => (await send(sent)).body.toString();
const log = (
  name: string,
): { user: string; source: string; reason?: string; statement?: string }[] =>
  readFileSync(join(warehouse.directory, name), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

beforeAll(async () => {
  warehouse = await startWarehouse();
  const body = 'CREATE TABLE default.t (a UInt64) ENGINE = MergeTree ORDER BY a';
  await send({ query: owner(), body });
});

describe('a key', () => {
  test('is needed by everybody, and lies in a file of the owner alone', async () => {
    for (const user of ['default', 'analyst', 'readonly', 'root', '']) {
      const { status, body } = await send({ query: { user }, body: 'SELECT 1' });
      expect([status, body.toString()]).toEqual([403, expect.stringContaining('Code: 516.')]);
    }
    expect((await send({ body: 'SELECT 1' })).status).toBe(403);
    expect(
      (await send({ query: { ...analyst(), user: 'default' }, body: 'SELECT 1' })).status,
    ).toBe(200);
    const asOwner = { user: 'analyst', password: warehouse.password };
    expect((await send({ query: asOwner, body: 'SELECT 1' })).status).toBe(403);
    for (const name of ['secret', 'reader-secret', 'statements.log', 'refused.log']) {
      expect([name, statSync(join(warehouse.directory, name)).mode & 0o777]).toEqual([name, 0o600]);
    }
  });

  test('is in no argument and no variable that others see', () => {
    const { stdout } = spawnSync('ps', ['-eww', '-o', 'args'], { encoding: 'utf8' });
    expect(stdout).toContain(warehouse.directory);
    expect(stdout).not.toContain(warehouse.password);
    expect(stdout).not.toContain(warehouse.readerPassword);
  });

  test('does not help under the name of another host', async () => {
    for (const host of [
      'evil.example',
      '127.0.0.1.evil.example',
      'localhost.evil.example:8123',
      '10.0.0.1',
    ]) {
      const { status, body } = await send({ query: owner(), body: 'SELECT 1', headers: { host } });
      expect([status, body.toString()]).toEqual([
        403,
        expect.stringContaining('expected the host'),
      ]);
    }
    for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1:8123', '[::1]:5']) {
      expect((await send({ query: owner(), body: 'SELECT 1', headers: { host } })).status).toBe(
        200,
      );
    }
  });
});

describe('GET', () => {
  test.each([
    'INSERT INTO default.t VALUES (7)',
    'CREATE TABLE default.u (a Int8) ENGINE = Memory',
    'SET max_threads = 1',
    'USE default',
    'SYSTEM FLUSH LOGS',
    'KILL QUERY WHERE 1',
    'OPTIMIZE TABLE default.t',
    'CHECK TABLE default.t',
    "SELECT 1 INTO OUTFILE '/tmp/andon-door-outfile'",
    'WITH 1 AS x INSERT INTO default.t SELECT x',
    '/* */ (DROP TABLE default.t)',
    'BEGIN TRANSACTION',
    'EXPLAIN ANALYZE INSERT INTO default.t SELECT 1',
  ])('does not carry out %s', async (query) => {
    for (const who of [owner(), analyst()]) {
      const answer = await send({ query: { ...who, query }, method: 'GET' });
      expect(answer.status).toBeGreaterThanOrEqual(400);
    }
    expect(existsSync('/tmp/andon-door-outfile')).toBe(false);
    expect(await text({ query: owner(), body: 'SELECT count() FROM default.t' })).toBe('0\n');
  });

  test('reads, also on a connection that only reads', async () => {
    const query = "SELECT getSetting('readonly')";
    expect(await text({ query: { ...owner(), query }, method: 'GET' })).toBe('2\n');
    const inSession = { ...owner(), query: 'SELECT 1', session_id: 'kept' };
    for (const _ of [1, 2]) expect(await text({ query: inSession, method: 'GET' })).toBe('1\n');
    for (const sql of ['SHOW TABLES FROM default', 'EXISTS TABLE default.t', 'DESC default.t']) {
      expect((await send({ query: { ...owner(), query: sql }, method: 'GET' })).status).toBe(200);
    }
  });

  test('other methods are refused, and OPTIONS says which there are', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'PROPFIND']) {
      const answer = await send({ query: { ...owner(), query: 'SELECT 1' }, method });
      expect([answer.status, answer.headers]).toMatchObject([405, { allow: expect.any(String) }]);
    }
    const options = await send({ method: 'OPTIONS' });
    expect([options.status, options.headers]).toMatchObject([
      204,
      { allow: 'GET, HEAD, POST, OPTIONS' },
    ]);
    expect(options.headers).not.toHaveProperty('access-control-allow-origin');
  });
});

describe('KILL', () => {
  const long = 'SELECT count() FROM numbers(1000000000000)';
  const start = (user: string, password: string, query_id: string) => ({
    answer: send({ query: { user, password, query_id, max_execution_time: '50' }, body: long }),
    until: () =>
      until(async () => {
        const found = await text({ query: owner(), body: 'SELECT count() FROM system.processes' });
        return Number(found) >= 2;
      }),
  });

  test('ends only what one has begun oneself', async () => {
    const { readerPassword, consolePassword } = warehouse;
    const own = start('analyst', readerPassword, 'mine');
    const others = start('console', consolePassword, 'theirs');
    const owners = start('default', warehouse.password, 'owners');
    await owners.until();
    // As many analysts' statements as run at a time, and more that wait: who ends one of them waits for none.
    const waiting = Array.from({ length: 3 }, () => start('readonly', readerPassword, 'waits'));
    const kill = (id: string) => ({
      query: { ...analyst(), default_format: 'JSONEachRow' },
      body: `KILL QUERY WHERE query_id = '${id}'`,
    });
    await until(async () => {
      const test = { ...kill('mine'), body: "KILL QUERY WHERE query_id = 'mine' TEST" };
      return (await text(test)).includes('numbers');
    });
    expect(await text(kill('theirs'))).toBe('');
    expect(await text(kill('owners'))).toBe('');
    expect(JSON.parse(await text(kill('mine')))).toMatchObject({
      query_id: 'mine',
      user: 'analyst',
    });
    expect((await own.answer).body.toString()).toContain('QUERY_WAS_CANCELLED');
    const all = "KILL QUERY WHERE query_id = 'waits'";
    let ended = 0;
    for (const { answer } of waiting) void answer.then(() => (ended += 1));
    await until(async () => {
      await text({ query: owner(), body: all });
      return ended === waiting.length;
    });
    // Who goes away under the name of another's statement ends only their own.
    const abort = new AbortController();
    const gone = fetch(
      `${warehouse.url}/?${new URLSearchParams({ ...analyst(), query_id: 'owners' })}`,
      {
        ...{ method: 'POST', body: long, signal: abort.signal },
      },
    );
    setTimeout(() => abort.abort(), 500);
    await expect(gone).rejects.toThrow();
    const alive = "SELECT count() FROM system.processes WHERE query LIKE '%1000000000000%'";
    expect(Number(await text({ query: owner(), body: alive }))).toBeGreaterThanOrEqual(2);
    for (const id of ['theirs', 'owners']) {
      await text({ query: owner(), body: `KILL QUERY WHERE query_id = '${id}' SYNC` });
    }
    expect((await others.answer).body.toString()).toContain('QUERY_WAS_CANCELLED');
    expect((await owners.answer).body.toString()).toContain('QUERY_WAS_CANCELLED');
    for (const body of [
      'KILL QUERY WHERE 1',
      "KILL QUERY WHERE query_id = 'a' OR 1",
      'KILL MUTATION WHERE 1',
    ]) {
      expect(await text({ query: analyst(), body })).toContain('is not a read');
    }
  });
});

test('what was asked and who was refused is written down, with user and source', async () => {
  await send({ query: analyst(), body: 'SELECT 4711' });
  await send({ query: analyst(), body: "SELECT file('/etc/passwd')" });
  await send({ query: { user: 'eve\n', password: 'wrong' }, body: 'SELECT 1' });
  const source = expect.stringMatching(/^127\.0\.0\.1:\d+$/);
  const statements = log('statements.log');
  expect(statements).toContainEqual(
    expect.objectContaining({ user: 'analyst', source, statement: 'SELECT 4711' }),
  );
  expect(statements).toContainEqual(expect.objectContaining({ user: 'analyst', code: 164 }));
  expect(log('refused.log')).toContainEqual(
    expect.objectContaining({ user: 'eve\n', source, reason: expect.stringContaining('password') }),
  );
  expect(readFileSync(join(warehouse.directory, 'refused.log'), 'utf8')).not.toContain('wrong"');
});

describe('as a ClickHouse server would', () => {
  test('a form carries statement, parameters and settings', async () => {
    const form = new FormData();
    form.set('query', 'SELECT {x:String} AS x FORMAT JSONEachRow');
    form.set('param_x', "it's");
    const url = `${warehouse.url}/?${new URLSearchParams(analyst())}`;
    const answer = await fetch(url, { method: 'POST', body: form });
    expect(await answer.json()).toEqual({ x: "it's" });
    form.set('ext', new Blob(['1\n']), 'ext');
    const external = await fetch(url, { method: 'POST', body: form });
    expect(await external.text()).toContain('External tables are not supported');
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    expect((await send({ query: analyst(), body: '--y\r\n', headers })).status).toBe(400);
  });

  test('USE of the own database is answered', async () => {
    const query = { ...analyst(), database: 'default' };
    expect((await send({ query, body: 'USE default' })).status).toBe(200);
    expect(await text({ query, body: 'USE system' })).toContain('USE of another database');
  });

  test('progress is in a header for who asks', async () => {
    const query = { ...analyst(), send_progress_in_http_headers: '1' };
    const { headers } = await send({ query, body: 'SELECT 1' });
    expect(headers).toHaveProperty('x-clickhouse-progress');
    expect((await send({ query: analyst(), body: 'SELECT 1' })).headers).not.toHaveProperty(
      'x-clickhouse-progress',
    );
  });
});

/** Bytes that the process had at most. */
const peak = () =>
  1_000 *
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${warehouse.pid()}/status`, 'utf8'))?.[1]);

describe('bombs', () => {
  test.each(['zstd', 'lz4'])('%s is unpacked no further than a body may be', async (encoding) => {
    const body =
      "SELECT repeat('a', 1000000) FROM numbers(600) FORMAT RawBLOB SETTINGS max_block_size = 4";
    const query = { ...owner(), enable_http_compression: '1' };
    const packed = await send({ query, body, headers: { 'accept-encoding': encoding } });
    // An analyst's body may be a megabyte, packed as well.
    const bomb = packed.body.subarray(0, 1_000_000);
    expect(bomb.length).toBeGreaterThan(5_000);
    const before = peak();
    const headers = { 'content-encoding': encoding };
    const answer = await send({ query: analyst(), body: bomb, headers });
    expect([answer.status, answer.body.toString()]).toEqual([
      413,
      expect.stringContaining('Code: 307.'),
    ]);
    expect(peak() - before).toBeLessThan(200_000_000);
  });

  test('damaged bodies are refused in words', async () => {
    for (const encoding of ['gzip', 'deflate', 'br', 'zstd', 'lz4', 'xz', 'snappy']) {
      const headers = { 'content-encoding': encoding };
      const answer = await send({ query: analyst(), body: 'SELECT 1 and no compression', headers });
      expect([encoding, answer.body.toString()]).toEqual([
        encoding,
        expect.stringMatching(/^Code: \d+\. DB::Exception: /),
      ]);
    }
    const frames = nativeFrames();
    frames.end('SELECT 1');
    const cut = Buffer.concat(await frames.toArray()).subarray(0, 20);
    expect(await text({ query: { ...analyst(), decompress: '1' }, body: cut })).toContain(
      'Code: 271.',
    );
  });

  test('a statement of odd signs stalls nobody', async () => {
    for (const piece of [
      "'",
      '/*',
      '$a$b',
      '`',
      '"',
      '--',
      '\\',
      '{a:',
      '((',
      ' $',
      '{x:String /*',
    ]) {
      const body = `SELECT ${piece.repeat(Math.floor(250_000 / piece.length))}`;
      // Some are statements after all: a text between dollar signs.
      const { status } = await send({ query: analyst(), body });
      expect([piece, status]).not.toEqual([piece, 0]);
    }
    expect(await text({ query: analyst(), body: 'SELECT 1' })).toBe('1\n');
  });
});
