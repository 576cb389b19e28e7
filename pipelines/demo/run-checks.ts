import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { SQL_FOLDER } from '../../sinks/clickhouse/migrate.ts';
import { sqlStatements } from '../../sinks/clickhouse/sql-tokens.ts';

/** Asks every file of `sql/checks`, each of which returns no row when all is well. */
export async function runChecks(
  client: ClickHouseClient,
): Promise<{ readonly count: number; readonly failed: readonly string[] }> {
  const folder = join(SQL_FOLDER, 'checks');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const failed: string[] = [];
  for (const name of names) {
    for (const query of sqlStatements(await readFile(join(folder, name), 'utf8'))) {
      const rows = await (await client.query({ query, format: 'JSONEachRow' })).json();
      if (rows.length > 0) failed.push(name);
    }
  }
  return { count: names.length, failed };
}
