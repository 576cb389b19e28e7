import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DATABASE_HEADER } from '../../../sinks/clickhouse/client.ts';
import { clusterStatements } from '../../../sinks/clickhouse/cluster.ts';
import { readSchema, SQL_FOLDER } from '../../../sinks/clickhouse/migrate.ts';
import { literal, sqlStatements } from '../../../sinks/clickhouse/sql-tokens.ts';
import { startWarehouse } from './started-warehouse.ts';

const { scripts, views } = await readSchema();
const statements = clusterStatements('cluster', scripts, views);

test('every statement is one that the engine can read', async () => {
  const warehouse = await startWarehouse();
  const settings = readFileSync(join(SQL_FOLDER, 'cluster/settings.sql'), 'utf8');
  const all = [...statements, ...sqlStatements(settings)];
  for (let from = 0; from < all.length; from += 20) {
    const some = all.slice(from, from + 20);
    const answer = await warehouse.client.query({
      query: `SELECT count(formatQuery(arrayJoin([${some.map(literal).join(', ')}]))) AS read`,
      http_headers: { [DATABASE_HEADER]: 'default' },
      format: 'JSONEachRow',
    });
    expect(await answer.json()).toEqual([{ read: some.length }]);
  }
});

test('a table that has a plant is sharded by it, and any other one is whole on each server', () => {
  const text = statements.join('\n');
  expect(text).toContain(
    "ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/windows', '{replica}', version)",
  );
  expect(text).toContain(
    "ENGINE = Distributed('{cluster}', 'cluster', 'windows_shard', cityHash64(plant))",
  );
  expect(text).toContain(
    "ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/epochs', '{shard}-{replica}')",
  );
  expect(text).not.toMatch(/epochs_shard|non_replicated_deduplication/);
  expect(text).toMatch(/TO readings_1h_shard AS\nSELECT[^;]*\nFROM readings_1m_shard AS part/);
});
