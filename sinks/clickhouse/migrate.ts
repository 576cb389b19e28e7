// Brings a ClickHouse database to the schema of this version, and says what does not fit.

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ClickHouseClient, ClickHouseError } from '@clickhouse/client';
import { DATABASE_HEADER } from './client.ts';
import { identifier, sqlStatements } from './sql-tokens.ts';
import { inOrderOfReading, readViewFiles } from './views.ts';

/** Where the project's own SQL lies. */
export const SQL_FOLDER = fileURLToPath(new URL('../../sql', import.meta.url));

type Migrated = {
  /** Files of `schema` that ran now, by name. */
  readonly applied: readonly string[];
  readonly views: readonly string[];
};

export type Script = { readonly name: string; readonly text: string; readonly hash: string };
type Applied = { readonly name: string; readonly hash: string };

/**
 * Brings a database to the schema in `folder`: creates the database, runs every file of `schema/` that has not run yet, in
 * order, and makes the views of `views/` anew. Safe to run twice; every statement of a schema file must be too, because
 * a file that was interrupted runs again from its beginning.
 *
 * Throws a `SchemaError` if a file that ran has been changed since, or if the database has files that are not here.
 */
export async function migrate(
  client: ClickHouseClient,
  database: string,
  folder: string = SQL_FOLDER,
): Promise<Migrated> {
  // The client's own database may not exist yet.
  const creation = `CREATE DATABASE IF NOT EXISTS ${identifier(database)} ENGINE = Atomic`;
  await command(client, creation, 'default');
  const run = (sql: string) => command(client, sql, database);
  await run(
    `CREATE TABLE IF NOT EXISTS migrations
     (name String, hash String, applied DateTime DEFAULT now())
     ENGINE = ReplacingMergeTree(applied) PARTITION BY tuple() ORDER BY name
     COMMENT 'Files of sql/schema that ran, and what they contained'`,
  );
  const { scripts, views } = await readSchema(folder);
  const done = await appliedIn(client, database);
  check(database, scripts, done);
  const applied: string[] = [];
  for (const { name, text, hash } of scripts) {
    if (done.some((row) => row.name === name)) continue;
    for (const statement of sqlStatements(text)) await run(statement);
    await run(
      `INSERT INTO migrations (name, hash) SETTINGS async_insert = 0 VALUES ('${name}', '${hash}')`,
    );
    applied.push(name);
  }
  for (const { text } of views) for (const statement of sqlStatements(text)) await run(statement);
  return { applied, views: views.map(({ name }) => name) };
}

/** What the files of this version define: tables in the order in which they came, and views behind what they read. */
export async function readSchema(folder: string = SQL_FOLDER) {
  return {
    scripts: await readScripts(join(folder, 'schema')),
    views: inOrderOfReading(readViewFiles(join(folder, 'views'))),
  };
}

/** ACCESS_DENIED: the user has no right to define tables. */
const DENIED = '497';

/**
 * `migrate` for who may not have the right to: then the database must be as it should be already, which somebody who
 * has it saw to. Throws a `SchemaError` if it is not. Gives the files that ran now.
 */
export async function migrateOrCheck(
  client: ClickHouseClient,
  database: string,
): Promise<readonly string[]> {
  try {
    return (await migrate(client, database)).applied;
  } catch (error) {
    if (!(error instanceof ClickHouseError) || error.code !== DENIED) throw error;
    await checkSchema(client, database);
    return [];
  }
}

/** The files of the schema that have not run yet. Throws a `SchemaError` like `migrate`, and changes nothing. */
export async function pendingMigrations(
  client: ClickHouseClient,
  database: string,
  folder: string = SQL_FOLDER,
): Promise<readonly string[]> {
  const scripts = await readScripts(join(folder, 'schema'));
  const done = await appliedIn(client, database);
  check(database, scripts, done);
  return scripts.map(({ name }) => name).filter((name) => !done.some((row) => row.name === name));
}

/** Throws a `SchemaError` if the database is not what `migrate` would make of it. Changes nothing. */
export async function checkSchema(
  client: ClickHouseClient,
  database: string,
  folder: string = SQL_FOLDER,
): Promise<void> {
  const missing = await pendingMigrations(client, database, folder);
  if (missing.length === 0) return;
  const done = await appliedIn(client, database);
  throw new SchemaError({
    where: `database ${database}`,
    expected: `the schema up to ${missing.at(-1)}`,
    found: done.at(-1)?.name ?? 'none of it',
    remedy: 'Run andon migrate, as a user who may define tables.',
  });
}

async function appliedIn(client: ClickHouseClient, database: string): Promise<readonly Applied[]> {
  const exists = await client.query({
    query: `SELECT 1 FROM system.tables WHERE database = {database:String} AND name = 'migrations'`,
    query_params: { database },
    http_headers: { [DATABASE_HEADER]: 'default' },
    format: 'JSONEachRow',
  });
  if ((await exists.json()).length === 0) return [];
  const rows = await client.query({
    query: `SELECT name, hash FROM ${identifier(database)}.migrations FINAL ORDER BY name`,
    format: 'JSONEachRow',
  });
  return rows.json<Applied>();
}

function check(database: string, scripts: readonly Script[], done: readonly Applied[]): void {
  for (const { name, hash } of done) {
    const script = scripts.find((candidate) => candidate.name === name);
    if (script === undefined) {
      throw new SchemaError({
        where: `database ${database}`,
        expected: 'no schema file but those of this version',
        found: `${name}, which another version applied`,
        remedy: 'Use the version that made the database, or another database.',
      });
    }
    if (script.hash !== hash) {
      throw new SchemaError({
        where: `sql/schema/${name}`,
        expected: `the text that database ${database} was made with`,
        found: 'another one',
        remedy: 'Put the old text back and say the change in a new file with the next number.',
      });
    }
  }
}

async function readScripts(folder: string): Promise<readonly Script[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(folder, name), 'utf8');
      return { name, text, hash: createHash('sha256').update(text).digest('hex') };
    }),
  );
}

async function command(client: ClickHouseClient, query: string, database: string): Promise<void> {
  await client.command({ query, http_headers: { [DATABASE_HEADER]: database } });
}

/** The database and the schema of this version do not fit together. */
export class SchemaError extends Error {
  override name = 'SchemaError' as const;
  readonly where: string;
  readonly expected: string;
  readonly found: string;
  readonly remedy: string;

  constructor(parts: Pick<SchemaError, 'where' | 'expected' | 'found' | 'remedy'>) {
    const { where, expected, found, remedy } = parts;
    super(`${where}: expected ${expected}, found ${found}. ${remedy}`);
    this.where = where;
    this.expected = expected;
    this.found = found;
    this.remedy = remedy;
  }
}
