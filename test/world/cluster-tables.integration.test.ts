import { expect } from 'vitest';
import { readQuestions } from '../../pipelines/warehouse/questions.ts';
import { createClickHouseSink } from '../../sinks/clickhouse/clickhouse.ts';
import { createWarehouseClient } from '../../sinks/clickhouse/client.ts';
import { clusterStatements } from '../../sinks/clickhouse/cluster.ts';
import { pendingMigrations, readSchema } from '../../sinks/clickhouse/migrate.ts';
import { DATABASE, migratedWarehouse } from '../sinks/clickhouse/started-warehouse.ts';
import { landAll, smallPlant } from '../sql/small-plant.ts';
import { longTest } from '../support/long.ts';

const CLUSTER = 'cluster';

/** As one server can have it: no replicas, and the tables of shards read by name. It cannot be inserted into. */
function alone(statement: string): string {
  return statement
    .replace(" ON CLUSTER '{cluster}'", '')
    .replace(/ENGINE = Distributed\([^,]*, [^,]*, '(\w+)',.*$/, (_, shard) => {
      return `ENGINE = Merge('cluster', '^${shard}$')`;
    })
    .replace(/ENGINE = Replicated(\w+)\('[^']*', '[^']*'(?:, (\w+))?\)/, 'ENGINE = $1($2)');
}

longTest('tables of a cluster, on one server, answer as those of one server', 600_000, async () => {
  const { scripts, views } = await readSchema();
  const statements = clusterStatements(CLUSTER, scripts, views);
  const warehouse = await migratedWarehouse();
  const { url, password } = warehouse;
  const client = createWarehouseClient({ url, password, database: CLUSTER });
  for (const statement of statements.filter((each) => !each.startsWith('USE'))) {
    const database = statement.startsWith('CREATE DATABASE') ? DATABASE : CLUSTER;
    const by = database === CLUSTER ? client : warehouse.client;
    await by.command({ query: alone(statement) });
  }
  expect(await pendingMigrations(client, CLUSTER)).toEqual([]);

  const sharded = new Set(statements.flatMap((each) => /(\w+)_shard ON/.exec(each)?.[1] ?? []));
  const landing = createClickHouseSink(client, { database: CLUSTER });
  for (const content of smallPlant()) {
    const blocks = content.blocks.map((block) => {
      return sharded.has(block.table) ? { ...block, table: `${block.table}_shard` } : block;
    });
    await landing.write({ ...content, blocks }, AbortSignal.timeout(60_000));
  }
  await landAll(warehouse.client, smallPlant());

  const given = { plant: 'p1', line: 'l1', asset: 'press', signal: 'pressure', id: 'r1' };
  let rows = 0;
  for (const { name, sql, parameters } of await readQuestions()) {
    // What depends on when it landed, and where.
    if (name === 'table_sizes' || name === 'latency') continue;
    const query_params = Object.fromEntries(
      parameters.map((each) => {
        const own = given[each.name as keyof typeof given];
        return [each.name, each.fallback ?? own ?? 'r1'];
      }),
    );
    const ask = async (by: typeof client) => {
      const result = await by.query({ query: sql, query_params, format: 'JSONEachRow' });
      return result.json();
    };
    const expected = await ask(warehouse.client);
    rows += expected.length;
    expect(await ask(client), name).toEqual(expected);
  }
  expect(rows).toBeGreaterThan(50);
  await client.close();
});
