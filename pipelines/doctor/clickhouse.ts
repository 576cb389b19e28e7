import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { DATABASE_HEADER } from '../../sinks/clickhouse/client.ts';
import { checkSchema } from '../../sinks/clickhouse/migrate.ts';
import { passwordFile } from '../../sinks/clickhouse/warehouse/secret.ts';
import type { Config } from '../base/config.ts';
import { messageOf } from '../base/problem.ts';
import { isAtLeast } from '../base/version.ts';
import { openWarehouse, type Warehouse } from '../warehouse/warehouse.ts';
import { type CheckResult, fail, ok, warn } from './check-result.ts';

/** The line of the embedded engine: what the tests run against. */
const TESTED = '26';

/** Whether ClickHouse answers, is new enough and has our tables. Starts the embedded engine if none runs yet. */
export async function examineClickHouse(config: Config): Promise<readonly CheckResult[]> {
  let warehouse: Warehouse;
  try {
    warehouse = await openWarehouse(config);
  } catch (error) {
    return [fail('ClickHouse', messageOf(error))];
  }
  try {
    const what = config.clickhouse.url === undefined ? 'embedded engine' : warehouse.url;
    const { database } = config.clickhouse;
    const { version, migrated } = await asked<{ version: string; migrated: number }>(
      warehouse.client,
      `SELECT version() AS version, countIf(database = {database:String} AND name = 'migrations') > 0 AS migrated
         FROM system.tables`,
      database,
    );
    return [
      server(version, what),
      await schema(warehouse.client, database, Boolean(migrated)),
      ...(config.clickhouse.url === undefined ? [await readers(config.directory)] : []),
    ];
  } catch (error) {
    const remedy =
      'Start ClickHouse, correct clickhouse.url (CLICKHOUSE_URL), user or password, or leave them out for the ' +
      'embedded engine.';
    return [fail('ClickHouse', `${warehouse.url}: ${messageOf(error)}`, remedy)];
  } finally {
    await warehouse.close();
  }
}

/** The one row of a question that needs no database of ours. */
async function asked<T>(client: ClickHouseClient, query: string, database: string): Promise<T> {
  const answer = await client.query({
    query,
    query_params: { database },
    format: 'JSONEachRow',
    http_headers: { [DATABASE_HEADER]: 'default' },
    abort_signal: AbortSignal.timeout(10_000),
  });
  const [row] = await answer.json<T>();
  if (row === undefined) throw new Error('expected one row, found none');
  return row;
}

function server(version: string, what: string): CheckResult {
  const found = `${version}, ${what}`;
  if (isAtLeast(version, TESTED)) return ok('ClickHouse', found);
  return warn('ClickHouse', found, `Tested with ${TESTED} and newer; upgrade.`);
}

/** What analysts of the embedded engine need, for whoever may read it. */
async function readers(directory: string): Promise<CheckResult> {
  const file = passwordFile(join(directory, 'warehouse'), 'analyst');
  const password = await readFile(file, 'utf8').catch(() => undefined);
  if (password === undefined) return warn('readers', `${file} cannot be read`, 'Ask its owner.');
  return ok('readers', `user analyst, password ${password.trim()} (in ${file})`);
}

async function schema(
  client: ClickHouseClient,
  database: string,
  migrated: boolean,
): Promise<CheckResult> {
  if (!migrated) {
    return warn(
      'schema',
      `none yet in database ${database}`,
      'andon run and andon migrate make it.',
    );
  }
  try {
    await checkSchema(client, database);
    return ok('schema', `database ${database} is as it should be`);
  } catch (error) {
    return fail('schema', messageOf(error));
  }
}
