// What a ClickHouse server needs to know of who may do what: roles, users, limits, rows. Made from the table of roles.

import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SQL_FOLDER } from '../../sinks/clickhouse/migrate.ts';
import { identifier, isName, literal, sqlTokens } from '../../sinks/clickhouse/sql-tokens.ts';
import { readViewFiles } from '../../sinks/clickhouse/views.ts';
import { ROLES, type RoleName, TABLES_OF_AUDIT, tableRightsOf } from '../base/roles.ts';

export type GrantsOptions = {
  readonly database: string;
  /** Plants whose analysts see only what is theirs; without any, analysts see all of them. */
  readonly plants: readonly string[];
  /** Where the passwords of the users lie; made where there are none yet. */
  readonly passwords: string;
};

/** Tables that say nothing of any plant, and that views read. */
const SHARED: readonly string[] = ['epochs', 'migrations'];

type Schema = {
  /** Tables whose rows say which plant they are of. */
  readonly ofPlants: readonly string[];
  readonly others: readonly string[];
  /** With the tables that each reads, through other views too. */
  readonly views: readonly { readonly name: string; readonly reads: ReadonlySet<string> }[];
};

/** A user of ClickHouse: one for each role, of analysts one for each plant. */
type GrantedUser = {
  readonly role: RoleName;
  readonly name: string;
  readonly plant: string | undefined;
};

/** SQL for an administrator: safe to run twice. Untried on a server; every statement is what the engine can parse. */
export function grantStatements(options: GrantsOptions): readonly string[] {
  const { plants } = options;
  const schema = readSchema();
  const users = (Object.keys(ROLES) as RoleName[]).flatMap((role): GrantedUser[] => {
    const { select, insert, rowsOf } = tableRightsOf(role);
    if (select.length + insert.length === 0) return [];
    if (rowsOf !== 'plant' || plants.length === 0)
      return [{ role, name: `andon_${role}`, plant: undefined }];
    return plants.map((plant) => ({ role, name: `andon_${role}_${plant}`, plant }));
  });
  return [
    ...profiles(),
    ...users.flatMap((user) => [...userOf(user, options), ...grantsOf(user, options, schema)]),
    ...policies(users, options, schema),
    ...quotas(users),
  ];
}

function profiles(): readonly string[] {
  // 2: a reader may choose settings of its own, within the bounds, and cannot let itself write.
  const bounds = [
    'readonly = 2',
    'max_execution_time = 60 MAX 60',
    'max_memory_usage = 4000000000 MAX 4000000000',
    'max_result_bytes = 4000000000 MAX 4000000000',
    'max_bytes_before_external_group_by = 2000000000',
    'max_bytes_before_external_sort = 2000000000',
  ];
  return [`CREATE SETTINGS PROFILE IF NOT EXISTS andon_reading SETTINGS ${bounds.join(', ')}`];
}

function userOf({ name, role }: GrantedUser, { passwords, database }: GrantsOptions): string[] {
  const hash = createHash('sha256').update(passwordOf(passwords, name)).digest('hex');
  const profile =
    tableRightsOf(role).insert.length === 0 ? ` SETTINGS PROFILE 'andon_reading'` : '';
  const role_ = identifier(roleName(name));
  return [
    `CREATE ROLE IF NOT EXISTS ${role_}${profile}`,
    `CREATE USER IF NOT EXISTS ${identifier(name)} IDENTIFIED WITH sha256_hash BY ${literal(hash)} ` +
      `DEFAULT ROLE NONE DEFAULT DATABASE ${identifier(database)}${profile}`,
    `GRANT ${role_} TO ${identifier(name)}`,
    `SET DEFAULT ROLE ${role_} TO ${identifier(name)}`,
  ];
}

function grantsOf(
  { name, role, plant }: GrantedUser,
  { database }: GrantsOptions,
  { ofPlants, others, views }: Schema,
): string[] {
  const { select, insert, define } = tableRightsOf(role);
  const to = `TO ${identifier(roleName(name))}`;
  const of = (table: string) => `${identifier(database)}.${identifier(table)}`;
  const rows = plant === undefined ? [...ofPlants, ...others] : [...ofPlants, ...SHARED];
  const groups = { rows, audit: TABLES_OF_AUDIT };
  const tables = (chosen: readonly ('rows' | 'audit')[]) =>
    chosen.flatMap((group) => groups[group]);
  const grants = [
    ...tables(select).map((table) => `GRANT SELECT ON ${of(table)} ${to}`),
    ...(select.includes('rows') ? views.filter(({ reads }) => readable(reads, rows)) : []).map(
      ({ name }) => `GRANT SELECT ON ${of(name)} ${to}`,
    ),
    ...tables(insert)
      .filter((table) => table !== 'migrations')
      .map((table) => `GRANT INSERT ON ${of(table)} ${to}`),
  ];
  if (define) {
    const rights = 'CREATE DATABASE, CREATE TABLE, CREATE VIEW, ALTER, DROP TABLE, DROP VIEW';
    grants.push(`GRANT ${rights} ON ${identifier(database)}.* ${to}`);
  }
  return grants;
}

/** Which rows each user sees: without a policy of its own a user might see none, or all, by the server's version. */
function policies(
  users: readonly GrantedUser[],
  { database }: GrantsOptions,
  { ofPlants }: Schema,
): string[] {
  return users.flatMap(({ name, plant }) => {
    const which = plant === undefined ? '1' : `plant = ${literal(plant)}`;
    return ofPlants.map(
      (table) =>
        `CREATE ROW POLICY IF NOT EXISTS ${identifier(`${name}_rows`)} ` +
        `ON ${identifier(database)}.${identifier(table)} FOR SELECT USING ${which} ` +
        `TO ${identifier(roleName(name))}`,
    );
  });
}

/** In an hour. The console asks for all who look on: each page again whenever something lands, every 2 s. */
const PERSON = 'MAX queries = 20000, errors = 2000, execution_time = 3600';
const CONSOLE = 'MAX queries = 400000, errors = 40000, execution_time = 28800';

/** For those who only read: a worker that is held up loses nothing and is late. Run again, a quota of this version takes the place. */
function quotas(users: readonly GrantedUser[]): string[] {
  return users
    .filter(({ role }) => tableRightsOf(role).insert.length === 0)
    .map(
      ({ name, role }) =>
        `CREATE QUOTA OR REPLACE ${identifier(`${name}_quota`)} KEYED BY user_name ` +
        `FOR INTERVAL 1 hour ${role === 'console' ? CONSOLE : PERSON} ` +
        `TO ${identifier(roleName(name))}`,
    );
}

function roleName(user: string): string {
  return `${user}_role`;
}

/** The same for the same user whenever it is printed. */
function passwordOf(folder: string, user: string): string {
  const file = join(folder, user);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return readFileSync(file, 'utf8').trim();
}

/** The tables and views of this version. */
function readSchema(): Schema {
  const folder = (name: string) => join(SQL_FOLDER, name);
  const tables = readdirSync(folder('schema')).flatMap((file) => [
    ...readFileSync(join(folder('schema'), file), 'utf8').matchAll(
      /^CREATE TABLE IF NOT EXISTS (\w+)\n\(\n([\s\S]*?)\n\)/gm,
    ),
  ]);
  const named = (ofPlant: boolean) =>
    tables
      .filter(([, , columns = '']) => /^ +plant /m.test(columns) === ofPlant)
      .map(([, name = '']) => name)
      .filter((name) => !TABLES_OF_AUDIT.includes(name));
  const others = [...named(false), 'migrations'];
  return { ofPlants: named(true), others, views: readViews([...named(true), ...others]) };
}

/** A server lets nobody read a view who may not read the tables behind it: such a view would be an error to whoever asks it. */
function readable(reads: ReadonlySet<string>, rows: readonly string[]): boolean {
  return [...reads].every((table) => rows.includes(table));
}

/** A name in the text of a view that is that of a table or a view counts as read, whatever it is there. */
function readViews(tables: readonly string[]): Schema['views'] {
  const named = new Map(
    readViewFiles(join(SQL_FOLDER, 'views')).map(
      ({ name, text }) =>
        [name, new Set([...sqlTokens(text)].filter(isName).map((each) => each.text))] as const,
    ),
  );
  const seen = (name: string, before: ReadonlySet<string>): readonly string[] =>
    [...(named.get(name) ?? [])].flatMap((each) => {
      if (tables.includes(each) || TABLES_OF_AUDIT.includes(each)) return [each];
      return named.has(each) && !before.has(each) ? seen(each, new Set([...before, each])) : [];
    });
  return [...named.keys()].map((name) => ({ name, reads: new Set(seen(name, new Set([name]))) }));
}
