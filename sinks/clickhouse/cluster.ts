/**
 * The schema as statements for a ClickHouse cluster, made of the files for one server. Tables that have a plant are
 * sharded by it: all that belongs to a machine is on one shard, and a key that replaces rows never lies on two. Their rows
 * are in `<table>_shard`, and the table of the known name is distributed over the shards. All other tables are small, and
 * whole on each server, so that joins with them need no other one. `{cluster}`, `{shard}`, `{replica}` and `{database}` are
 * macros of the server.
 */

import { SchemaError, type Script } from './migrate.ts';
import { identifier, literal, sqlStatements } from './sql-tokens.ts';
import type { ViewFile } from './views.ts';

const TABLE =
  /^CREATE TABLE IF NOT EXISTS (\w+)\n(\([\s\S]*?\n\))\nENGINE = (\w+)(?:\((\w+)\))?\n([\s\S]*)$/;
const FILL =
  /^CREATE MATERIALIZED VIEW IF NOT EXISTS (\w+) TO (\w+) AS\n([\s\S]*\nFROM )(\w+)([ \n][\s\S]*)$/;
const VIEW = /^(CREATE OR REPLACE VIEW \w+)\n/;
const EVERYWHERE = "ON CLUSTER '{cluster}'";

/**
 * One server forgets a token after so many blocks, a replicated table also after a time, a week by default: within it a
 * worker has to send again what it does not know to have landed.
 */
const TOKEN_SECONDS = 90 * 24 * 3600;

/** What makes a database on all servers, in order. */
export function clusterStatements(
  database: string,
  scripts: readonly Script[],
  views: readonly ViewFile[],
): readonly string[] {
  const files = scripts.map(({ name, hash }) => `(${literal(name)}, ${literal(hash)})`).join(', ');
  return [
    `CREATE DATABASE IF NOT EXISTS ${identifier(database)} ${EVERYWHERE}`,
    `USE ${identifier(database)}`,
    ...scripts.flatMap((script) =>
      sqlStatements(script.text).flatMap((statement) => onCluster(database, script, statement)),
    ),
    ...views.flatMap(({ text }) =>
      sqlStatements(text).map((statement) => statement.replace(VIEW, `$1 ${EVERYWHERE}\n`)),
    ),
    // What `andon run` looks for at its start.
    `CREATE TABLE IF NOT EXISTS migrations ${EVERYWHERE}
(name String, hash String, applied DateTime DEFAULT now())
ENGINE = ${engineOf('ReplacingMergeTree', 'applied', 'migrations', false)}
PARTITION BY tuple() ORDER BY name
COMMENT 'Files of sql/schema that ran, and what they contained'`,
    `INSERT INTO migrations (name, hash) VALUES ${files}`,
  ];
}

function onCluster(database: string, script: Script, statement: string): readonly string[] {
  const [isTable, name = '', columns = '', engine = '', version, rest = ''] =
    TABLE.exec(statement) ?? [];
  if (isTable !== undefined) {
    const sharded = hasPlant(columns);
    const local = `CREATE TABLE IF NOT EXISTS ${sharded ? shardOf(name) : name} ${EVERYWHERE}
${columns}
ENGINE = ${engineOf(engine, version, name, sharded)}
${withTokens(rest)}`;
    return sharded ? [local, distributed(database, name)] : [local];
  }
  const [isFill, view = '', to = '', select = '', from = '', behind = ''] =
    FILL.exec(statement) ?? [];
  if (isFill !== undefined) {
    return [
      `CREATE MATERIALIZED VIEW IF NOT EXISTS ${view} ${EVERYWHERE} TO ${shardOf(to)} AS
${select}${shardOf(from)}${behind}`,
    ];
  }
  throw new SchemaError({
    where: `sql/schema/${script.name}`,
    expected: 'CREATE TABLE, or a materialized view of a table with a plant',
    found: statement.slice(0, 80),
    remedy: 'Say in sinks/clickhouse/cluster.ts what it is on a cluster.',
  });
}

function hasPlant(columns: string): boolean {
  return /^ {4}plant /m.test(columns);
}

function shardOf(table: string): string {
  return `${table}_shard`;
}

/** Where a table is whole on each server, all of them are its replicas, whatever shard they are of. */
function engineOf(
  engine: string,
  version: string | undefined,
  table: string,
  sharded: boolean,
): string {
  const [path, replica] = sharded ? ['{shard}', '{replica}'] : ['all', '{shard}-{replica}'];
  const behind = version === undefined ? '' : `, ${version}`;
  return `Replicated${engine}('/clickhouse/tables/${path}/{database}/${table}', '${replica}'${behind})`;
}

function withTokens(rest: string): string {
  return rest.replace(
    'non_replicated_deduplication_window = 10000',
    `replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = ${TOKEN_SECONDS}`,
  );
}

function distributed(database: string, name: string): string {
  return `CREATE TABLE IF NOT EXISTS ${name} ${EVERYWHERE} AS ${shardOf(name)}
ENGINE = Distributed('{cluster}', ${literal(database)}, ${literal(shardOf(name))}, cityHash64(plant))`;
}
