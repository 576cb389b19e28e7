import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { DATABASE, migratedWarehouse, type StartedWarehouse, until } from './started-warehouse.ts';

/** Stands in a file that no analyst may read. */
const CANARY = 'canary-7f3a';
let warehouse: StartedWarehouse;
let file: string;

type Asked = { readonly status: number; readonly text: string };

async function ask(sql: string, more: Record<string, string> = {}): Promise<Asked> {
  const query = new URLSearchParams({
    ...{ user: 'analyst', password: warehouse.readerPassword, database: DATABASE },
    ...more,
  });
  const response = await fetch(`${warehouse.url}/?${query}`, { method: 'POST', body: sql });
  return { status: response.status, text: await response.text() };
}
const one = async (sql: string, more: Record<string, string> = {}) =>
  (await ask(sql, more)).text.trim();

beforeAll(async () => {
  warehouse = await migratedWarehouse();
  file = join(warehouse.directory, 'canary.csv');
  writeFileSync(file, `a\n${CANARY}\n`);
  await warehouse.client.command({ query: 'CREATE TABLE mine (a UInt64) ENGINE = Memory' });
  await warehouse.client.command({ query: 'INSERT INTO mine VALUES (1), (2)' });
});

describe('an analyst', () => {
  test('can read, explain and show', async () => {
    expect(await one('SELECT sum(a) FROM mine')).toBe('3');
    expect(await one('WITH 2 AS x SELECT a FROM mine WHERE a = x')).toBe('2');
    expect(await one('SELECT sum(a) FROM mine', { user: 'default' })).toBe('3');
    expect((await ask('EXPLAIN indexes = 1 SELECT * FROM readings')).status).toBe(200);
    expect(await one("SHOW TABLES LIKE 'min%'")).toBe('mine');
    expect(await one('DESCRIBE TABLE mine')).toContain('UInt64');
    expect(await one('EXISTS TABLE mine')).toBe('1');
    expect(await one("SELECT ';' AS x, $$it's$$ AS y; ")).toBe(";\tit\\'s");
    expect(await one('SELECT sum(number) FROM numbers(4)')).toBe('6');
    expect(await one("SELECT count() FROM merge('^mine$')")).toBe('2');
    expect(await one('SELECT {x:String}', { param_x: "it\\'s" })).toBe("it\\'s");
    expect(await one('SELECT a FROM {t:Identifier} WHERE a = 1', { param_t: 'mine' })).toBe('1');
    expect(await one('(SELECT 1) UNION ALL (SELECT 1)')).toBe('1\n1');
  });

  test('settings are taken from the list, in the URL or behind the statement', async () => {
    const settings = "SELECT getSetting('max_threads'), getSetting('join_use_nulls')";
    expect(await one(settings, { max_threads: '1', join_use_nulls: '1' })).toBe('1\ttrue');
    expect(await one(`${settings} SETTINGS max_threads = 1, join_use_nulls = 1 FORMAT CSV`)).toBe(
      '1,true',
    );
  });

  test('limits can be made stricter, never looser', async () => {
    const limit = "SELECT getSetting('max_execution_time'), getSetting('max_memory_usage')";
    expect(await one(limit)).toBe('60\t300000000');
    expect(await one(limit, { max_execution_time: '5' })).toBe('5\t300000000');
    expect(await one(limit, { max_execution_time: '86400' })).toBe('60\t300000000');
    expect(await one(limit, { max_execution_time: '0' })).toBe('60\t300000000');
    expect(await one(limit, { max_memory_usage: '10000000000' })).toBe('60\t300000000');
    expect(await one(limit, { max_memory_usage: '200000000' })).toBe('60\t200000000');
  });

  test('a setting that is not on the list is refused by its name', async () => {
    for (const name of ['format_schema', 'allow_ddl', 'format_template_row', 'max_threads_for_x']) {
      const said = `Cannot modify '${name}' setting in readonly mode`;
      expect(await one('SELECT 1', { [name]: '0' })).toContain(said);
      expect(await one(`SELECT 1 SETTINGS ${name} = 0`)).toContain(said);
    }
  });

  test('what database tools always send is not heeded', async () => {
    const sent = {
      ...{ readonly: '2', log_queries: '1', max_query_size: '9999999', send_timeout: '300' },
      ...{ max_parallel_replicas: '1', connect_timeout: '10', http_receive_timeout: '300' },
      ...{ allow_experimental_analyzer: '1', async_insert: '0', insert_quorum: '0' },
    };
    expect(await one("SELECT getSetting('readonly')", sent)).toBe('1');
    expect(await one("SELECT getSetting('readonly') SETTINGS readonly = 0")).toBe('1');
  });

  test('system tables tell of the schema, and of no path', async () => {
    const tables = await one("SELECT * FROM system.tables WHERE database = 'andon'");
    expect(tables).toContain('readings');
    expect(tables).not.toContain(warehouse.directory);
    expect(await one("SELECT count(*) FROM system.columns WHERE table = 'mine'")).toBe('1');
    expect(
      await one(
        "SELECT t.name FROM system.tables AS t JOIN system.databases AS d ON d.name = t.database WHERE t.name = 'mine'",
      ),
    ).toBe('mine');
    expect(
      await one("SELECT system.tables.name FROM system.tables WHERE tables.name = 'mine'"),
    ).toBe('mine');
    // As Java's driver lists tables.
    const listed = `SELECT t.name, empty(t.data_paths), d.data_path FROM system.tables AS t
      JOIN system.databases AS d ON system.tables.database = system.databases.name WHERE t.name = 'readings'`;
    expect(await one(listed)).toBe('readings\t0');
  });

  test.each<[string, string | RegExp]>([
    ['INSERT INTO mine VALUES (3)', 'INSERT is not a read'],
    ['CREATE TABLE x (a Int8) ENGINE = Memory', 'not a read'],
    [
      "CREATE DICTIONARY d (a UInt64) PRIMARY KEY a SOURCE(FILE(path 'x' format CSV)) LAYOUT(FLAT()) LIFETIME(1)",
      'not a read',
    ],
    ['CREATE TEMPORARY TABLE x (a Int8)', 'not a read'],
    ['CREATE FUNCTION f AS x -> x', 'not a read'],
    ['ALTER TABLE mine DELETE WHERE 1', 'not a read'],
    ['DROP TABLE mine', 'not a read'],
    ['TRUNCATE TABLE mine', 'not a read'],
    ['RENAME TABLE mine TO yours', 'not a read'],
    ['OPTIMIZE TABLE mine FINAL', 'not a read'],
    ['ATTACH TABLE x', 'not a read'],
    ['DETACH TABLE mine', 'not a read'],
    ["BACKUP TABLE mine TO File('/tmp/x')", 'not a read'],
    ["RESTORE TABLE mine FROM File('/tmp/x')", 'not a read'],
    ['KILL QUERY WHERE 1', 'not a read'],
    ['SET readonly = 0', 'not a read'],
    ['USE system', 'USE of another database'],
    ['SYSTEM FLUSH LOGS', 'not a read'],
    ['GRANT ALL ON *.* TO default', 'not a read'],
    ['EXPLAIN INSERT INTO mine VALUES (1)', 'EXPLAIN of INSERT'],
    ['EXPLAIN AST DROP TABLE mine', 'EXPLAIN of DROP'],
    ['SHOW PROCESSLIST', 'SHOW PROCESSLIST is not for analysts'],
    ['SELECT 1; SELECT 2', 'Multi-statements'],
    ['SELECT 1 /* ; */; DROP TABLE mine', 'Multi-statements'],
    ["SELECT 1 INTO OUTFILE '/tmp/andon-outfile'", 'INTO OUTFILE'],
    ["INSERT INTO mine FROM INFILE '/etc/hostname' FORMAT TSV", 'not a read'],
    ["SELECT file('FILE')", 'function file'],
    ["SELECT `file`('FILE')", 'function file'],
    ['SELECT "file" /* */ (\'FILE\')', 'function file'],
    ["SELECT “file”('FILE')", 'function file'],
    ["SELECT file\u200b('FILE')", 'function file'],
    ["SELECT file\u00a0('FILE')", 'function file'],
    ["/* /* */ ' */ SELECT file('FILE') -- '", 'function file'],
    ["SELECT 1 AS a$b$, file('FILE') AS c$b$", 'function file'],
    ["SELECT * FROM FILE('FILE', 'LineAsString')", 'function FILE'],
    ["DESCRIBE TABLE file('FILE')", 'function file'],
    ["EXPLAIN SELECT file('FILE')", 'function file'],
    ["SELECT (SELECT (SELECT (SELECT file('FILE'))))", 'function file'],
    ['SELECT * FROM `FILE`', /READONLY|UNKNOWN_TABLE/],
    ['SELECT * FROM default.`FILE`', /READONLY|UNKNOWN_TABLE/],
    ["SELECT * FROM 'FILE'", /READONLY|UNKNOWN_TABLE|SYNTAX_ERROR/],
    ["SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')", 'function url'],
    ["SELECT * FROM s3('http://127.0.0.1:1/x', 'CSV', 'a String')", 'function s3'],
    ["SELECT * FROM gcs('http://127.0.0.1:1/x', 'CSV', 'a String')", 'function gcs'],
    ["SELECT * FROM hdfs('hdfs://127.0.0.1:1/x', 'CSV', 'a String')", 'function hdfs'],
    ["SELECT * FROM remote('127.0.0.1', 'system.one')", 'function remote'],
    ["SELECT * FROM remoteSecure('127.0.0.1', 'system.one')", 'function remoteSecure'],
    ["SELECT * FROM cluster('default', 'system.one')", 'function cluster'],
    ["SELECT * FROM executable('x', 'TSV', 'a String')", 'function executable'],
    ["SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')", 'function mysql'],
    ["SELECT * FROM postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')", 'function postgresql'],
    ["SELECT * FROM mongodb('127.0.0.1:1', 'a', 'b', 'c', 'd', 'e String')", 'function mongodb'],
    ["SELECT * FROM redis('127.0.0.1:1', 'a', 'a String')", 'function redis'],
    ["SELECT * FROM sqlite('x', 'y')", 'function sqlite'],
    ["SELECT * FROM odbc('DSN=x', 'y', 'z')", 'function odbc'],
    ["SELECT * FROM iceberg('http://127.0.0.1:1/x')", 'function iceberg'],
    ["SELECT * FROM deltaLakeLocal('/tmp')", 'function deltaLakeLocal'],
    ["SELECT * FROM dictionary('d')", 'function dictionary'],
    ["SELECT * FROM filesystem('/etc')", 'function filesystem'],
    ["SELECT * FROM merge('system', 'disks')", 'function merge'],
    ["SELECT * FROM merge(concat('sys', 'tem'), 'disks')", 'function merge'],
    ["SELECT * FROM merge(REGEXP('sys.*'), 'disks')", 'function merge'],
    ["SELECT * FROM merge('andon', '.*')", 'function merge'],
    ["SELECT * FROM merge('^(au)dit$')", 'function merge'],
    ["SELECT * FROM merge('andon', '^a[u]dit$')", 'function merge'],
    ['SELECT who FROM audit', 'the table audit'],
    ['SELECT `andon`.`audit`.who FROM andon.`audit`', 'the table audit'],
    ['WITH x AS (SELECT * FROM andon.audit) SELECT * FROM x', 'the table audit'],
    ["SELECT catboostEvaluate('/etc/passwd', 1)", 'function catboostEvaluate'],
    ['SELECT sleep(3)', 'function sleep'],
    ['SELECT sleepEachRow(3) FROM numbers(9)', 'function sleepEachRow'],
    ["SELECT reverseDNSQuery('127.0.0.1')", 'function reverseDNSQuery'],
    ['SELECT addressToLine(1)', 'function addressToLine'],
    ["SELECT aiGenerate('x')", 'function aiGenerate'],
    ['SELECT * FROM system.disks', 'system.disks is not for analysts'],
    ['SELECT * FROM `system` . "disks"', 'system.disks is not for analysts'],
    ['SELECT * FROM system.processes', 'system.processes is not for analysts'],
    ['SELECT * FROM {d:Identifier}.{t:Identifier}', 'system.disks is not for analysts'],
    ["SELECT 1 FORMAT CapnProto SETTINGS format_schema = 'x'", /'format_schema'|UNKNOWN_FORMAT/],
    ['', 'Empty query'],
    ['SELEC 1', 'Syntax error'],
    [`SELECT ${'('.repeat(5_000)}1${')'.repeat(5_000)}`, /parse depth|too deep/i],
  ])('is refused: %s', async (sql, reason) => {
    const { status, text } = await ask(
      sql.replaceAll('FILE', (found) =>
        sql.includes("FILE'") || sql.includes('FILE`')
          ? sql.includes(`FROM ${found}(`)
            ? found
            : file
          : found,
      ),
      {
        param_d: 'system',
        param_t: 'disks',
      },
    );
    expect(text).toMatch(reason);
    expect(text).not.toContain(CANARY);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(text).toMatch(/^Code: \d+\. DB::Exception: .+\([A-Z_]+\)\n$/s);
  });

  test('a statement of more than a megabyte is not even read', async () => {
    const { status, text } = await ask(`SELECT 1 ${' '.repeat(2_000_000)}`);
    expect([status, text]).toEqual([413, expect.stringContaining('at most 1048576 bytes')]);
  });

  test('the database system is not a place to work in', async () => {
    expect(await one('SELECT * FROM disks', { database: 'system' })).toContain('not for analysts');
  });
});

test('no dress makes a file readable', async () => {
  const blanks = fc.constantFrom(
    ' ',
    '\n',
    '/**/',
    '/* /* */ */',
    '-- x\n',
    '\u00a0',
    '\u200b',
    '\u3000',
    '#! x\n',
    '\ufeff',
  );
  const quotes = fc.constantFrom(['', ''], ['`', '`'], ['"', '"'], ['“', '”']);
  const names = fc.constantFrom('file', 'FILE', 'File', 'fi\\x6ce', 'fi\\154e');
  const around = fc.constantFrom(
    (call: string) => `SELECT ${call}`,
    (call: string) => `SELECT 1 AS a$b$, ${call} AS c$b$`,
    (call: string) => `SELECT $x$ ' $x$, ${call}, $x$ ' $x$`,
    (call: string) => `SELECT '\\'', ${call} -- '`,
    (call: string) => `/* ' */ SELECT ${call} /* ' */`,
    (call: string) => `/* /* */ ' */ SELECT ${call} -- '`,
    (call: string) => `SELECT * FROM ${call}`,
    (call: string) => `SELECT \`\\\`\`, ${call} AS \`\\\`\` FROM numbers(1)`,
    (call: string) => `WITH x AS (SELECT ${call} AS y) SELECT * FROM x`,
    (call: string) => `SELECT arrayMap(x -> ${call}, [1])`,
    (call: string) => `SELECT 1 SETTINGS max_threads = 1 UNION ALL SELECT ${call}`,
    (call: string) => `SELECT * FROM view(SELECT ${call})`,
    (call: string) => `DESCRIBE TABLE ${call}`,
    (call: string) => `EXPLAIN SYNTAX SELECT ${call}`,
    (call: string) => `SELECT 1 /*!; */ UNION ALL SELECT ${call} FORMAT JSON`,
  );
  await fc.assert(
    fc.asyncProperty(names, quotes, blanks, around, async (name, [open, close], blank, dress) => {
      const { text } = await ask(
        dress(`${open}${name}${close}${blank}(${blank}'${file}'${blank})`),
      );
      expect(text).not.toContain(CANARY);
    }),
    { numRuns: 400 },
  );
});

test('a query of death ends by its limits, while whoever writes goes on writing', async () => {
  let landed = 0;
  let writing = true;
  const writer = (async () => {
    for (; writing; landed += 1000) {
      await warehouse.client.command({
        query: `INSERT INTO readings (stream, run, plant, line, asset, signal, sequence, value)
                SELECT 's', '1', 'p', 'l', 'a', 'x', number + ${landed}, 1 FROM numbers(1000)
                SETTINGS async_insert = 0`,
      });
    }
  })();
  await until(async () => landed > 0);
  const before = landed;
  const deaths = await Promise.all([
    ask('SELECT sum(a.number * b.number) FROM numbers(1e9) AS a CROSS JOIN numbers(1e9) AS b', {
      max_execution_time: '3',
    }),
    ask('SELECT number, count() FROM numbers(1e12) GROUP BY number ORDER BY 2 DESC LIMIT 1', {
      max_execution_time: '3',
    }),
    ask('SELECT groupArray(number) FROM numbers(1e12)'),
    ask('WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT max(n) FROM r'),
    ask('SELECT * FROM numbers(1e12) FORMAT JSON', { max_result_bytes: '10000000' }),
    ask('SELECT arrayJoin(range(1000000)) AS a, arrayJoin(range(1000000 + a)) AS b FORMAT Null', {
      max_execution_time: '3',
    }),
  ]);
  const meanwhile = landed - before;
  writing = false;
  await writer;
  // The insert that ran when they began, and at least two that began and ended beside them.
  expect(meanwhile).toBeGreaterThanOrEqual(3_000);
  for (const { status, text } of deaths) {
    expect(status).toBeGreaterThanOrEqual(400);
    expect(text).toMatch(/MEMORY_LIMIT|TIMEOUT|TOO_|OUT_OF_BOUND/);
  }
  expect(await one("SELECT count() FROM readings WHERE stream = 's'")).toBe(String(landed));
  const running = "SELECT count() FROM system.processes WHERE query ILIKE '%1e12%'";
  await until(async () => {
    const [row] = await warehouse.rows<{ n: string }>(
      running.replace('count()', 'count() - 1 AS n'),
    );
    return Number(row?.n) <= 0;
  });
});
