import {
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readQuestions } from '../../pipelines/warehouse/questions.ts';
import { mayCall } from '../../sinks/clickhouse/warehouse/analyst-functions.ts';
import {
  DATABASE,
  migratedWarehouse,
  type StartedWarehouse,
} from '../sinks/clickhouse/started-warehouse.ts';
import { tries } from '../support/long.ts';
import { type Attempt, attempt, chanceOf, type Targets } from './warehouse-attempts.ts';

/** Stands in a file that no analyst may read. */
const CANARY = 'canary-41c9e7';
const SEED = Number(process.env.ANDON_SEED ?? 20_261_130);
const STATEMENTS = new URL('./statements/', import.meta.url);

let warehouse: StartedWarehouse;
let trap: Server;
let knocks = 0;
let targets: Targets;

beforeAll(async () => {
  warehouse = await migratedWarehouse();
  const file = join(warehouse.directory, 'canary.csv');
  writeFileSync(file, `${CANARY}\n`);
  // A file that is opened is read later than this.
  utimesSync(file, 1, 2);
  trap = createServer((socket) => {
    knocks += 1;
    socket.on('error', () => undefined).destroy();
  });
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve));
  const { port } = trap.address() as AddressInfo;
  targets = { file, port, newFile: join(warehouse.directory, 'written.csv') };
  for (const query of [
    'CREATE TABLE mine (a UInt64) ENGINE = Memory',
    'INSERT INTO mine VALUES (1), (2)',
    // Columns that are called as functions are.
    'CREATE TABLE has_it (file String, url String, sleep UInt8) ENGINE = Memory',
    "INSERT INTO has_it VALUES ('a', 'b', 1)",
  ]) {
    await warehouse.client.command({ query });
  }
});

afterAll(() => void trap.close());

async function ask({ sql, query, headers }: Attempt): Promise<{ status: number; text: string }> {
  const who = { user: 'analyst', password: warehouse.readerPassword, database: DATABASE };
  const url = `${warehouse.url}/?${new URLSearchParams({ ...who, ...query })}`;
  const response = await fetch(url, {
    ...{ method: 'POST', body: sql, headers: { ...headers } },
    signal: AbortSignal.timeout(20_000),
  });
  return { status: response.status, text: await response.text() };
}
const plain = (sql: string) => ask({ sql, query: {}, headers: {} });

async function names(table: string): Promise<string[]> {
  const rows = await warehouse.rows<{ name: string; of: string }>(
    table === 'functions'
      ? 'SELECT name, lower(alias_to) AS of FROM system.functions'
      : `SELECT name, '' AS of FROM system.table_functions`,
  );
  const lower = (name: string) => name.toLowerCase();
  const engine = {
    functions: new Map(
      table === 'functions' ? rows.map(({ name, of }) => [lower(name), of || lower(name)]) : [],
    ),
    tableFunctions: new Set(table === 'functions' ? [] : rows.map(({ name }) => lower(name))),
  };
  return rows.map(({ name }) => name).filter((name) => !mayCall(name, engine));
}

test('nothing gets out of the cage', { timeout: 1_200_000 }, async () => {
  const count = tries(400, 6_000);
  const [functions, tables] = [await names('functions'), await names('table_functions')];
  expect(functions).toEqual(
    expect.arrayContaining(['file', 'dictGet', 'addressToLine', 'tcpPort']),
  );
  const chance = chanceOf(SEED);
  const served: string[] = [];
  for (let done = 0; done < count; done += 8) {
    const batch = Array.from({ length: 8 }, () => attempt(chance, targets, functions, tables));
    await Promise.all(
      batch.map(async (each) => {
        const { status, text } = await ask(each);
        const said = `seed ${SEED}: ${JSON.stringify(each)} → ${status} ${text.slice(0, 500)}`;
        expect(text, said).not.toContain(CANARY);
        // The engine's own word that it looked: it must not have come so far.
        expect(text, said).not.toMatch(/FILE_DOESNT_EXIST|CANNOT_(?:OPEN|STAT)|NETWORK_ERROR|POCO/);
        expect(existsSync(targets.newFile), said).toBe(false);
        if (status < 400) served.push(each.sql);
      }),
    );
  }
  expect(knocks).toBe(0);
  // Never opened, not even to look which columns it has; where the file system tells.
  expect(statSync(targets.file).atimeMs).toBe(1_000);
  // What is served is harmless: the names of columns, a format that is heeded, a type that is none of ours.
  expect(served.length / count).toBeLessThan(0.15);
  expect((await plain('SELECT sum(a) FROM mine')).text).toBe('3\n');
});

test('the name of a column is no function, and the other way round', async () => {
  expect((await plain('SELECT file, sleep FROM has_it WHERE url != file')).text).toBe('a\t1\n');
  expect((await plain('SELECT h.file FROM has_it AS h ORDER BY h.url')).text).toBe('a\n');
  expect((await plain("SELECT 'x' AS file FROM mine LIMIT 1")).text).toBe('x\n');
  for (const sql of [
    `SELECT file FROM mine`,
    `SELECT arrayMap(file, ['${targets.file}']) FROM has_it`,
    `SELECT * APPLY file FROM (SELECT '${targets.file}' AS a), has_it`,
  ]) {
    expect((await plain(sql)).text).toContain('function file is not for analysts');
  }
});

test('every question of the project is answered', async () => {
  for (const { name, sql, parameters } of await readQuestions()) {
    const query = Object.fromEntries(
      parameters.map(({ name, fallback }) => [`param_${name}`, fallback ?? 'one']),
    );
    const { status, text } = await ask({ sql, query, headers: {} });
    expect([name, status, status === 200 ? '' : text]).toEqual([name, 200, '']);
  }
});

test('what database tools send is answered', { timeout: 240_000 }, async () => {
  const statements = readdirSync(STATEMENTS).flatMap((tool) => {
    const text = readFileSync(new URL(tool, STATEMENTS), 'utf8');
    // A comment belongs to the line below it.
    return text.trim().split(/(?<!^--.*)\n/m);
  });
  expect(statements.length).toBeGreaterThanOrEqual(200);
  const refused: string[] = [];
  for (let at = 0; at < statements.length; at += 6) {
    await Promise.all(
      statements.slice(at, at + 6).map(async (sql) => {
        const { status, text } = await plain(sql);
        if (status !== 200) refused.push(`${sql}\n  ${text}`);
      }),
    );
  }
  expect(refused).toEqual([]);
});
