/** How long ClickHouse keeps the rows of a table, by plant: what `governance.yaml` says as TTLs of the tables. */

import type { ClickHouseClient } from '@clickhouse/client';
import { endingTables } from '../../sinks/clickhouse/ending-tables.ts';
import type { Governance } from './governance-file.ts';

export type RetentionPlan = {
  readonly table: string;
  /** Days of all plants that nothing else is said of. */
  readonly days: number;
  /** Days by plant, where they differ. */
  readonly plants: Readonly<Record<string, number>>;
  /** What ClickHouse has now, and what it should have. */
  readonly found: string;
  readonly wanted: string;
  /** Bring it about; none where it is so already. */
  readonly statements: readonly string[];
};

/** What has to be done so that each table keeps its rows as the file says. A table that it does not name is as in the schema. */
export async function planRetention(
  client: ClickHouseClient,
  database: string,
  { retention }: Pick<Governance, 'retention'>,
): Promise<readonly RetentionPlan[]> {
  const found = await ttlsIn(client, database);
  return endingTables().map(({ table, days: most }) => {
    const own = retention.filter(({ tables }) => tables.includes(table));
    const days = own.findLast(({ plants }) => plants.length === 0)?.days ?? most;
    const plants = Object.fromEntries(
      own.flatMap((rule) => rule.plants.map((plant) => [plant, rule.days] as const)),
    );
    const wanted = ttlOf(days, plants);
    const now = found.get(table) ?? '';
    const name = `\`${database}\`.${table}`;
    // A part whose rows end at different times has to be written again without those that have ended.
    const whole = Object.keys(plants).length === 0 ? 1 : 0;
    const statements = [
      `ALTER TABLE ${name} MODIFY SETTING ttl_only_drop_parts = ${whole}`,
      `ALTER TABLE ${name} MODIFY TTL ${wanted}`,
    ];
    return {
      table,
      days,
      plants,
      found: now,
      wanted,
      statements: now === wanted ? [] : statements,
    };
  });
}

/** As ClickHouse writes it. */
function ttlOf(days: number, plants: Readonly<Record<string, number>>): string {
  const named = Object.entries(plants);
  if (named.length === 0) return `landed + toIntervalDay(${days})`;
  const names = named.map(([plant]) => `'${plant}'`);
  const others = names.length === 1 ? `plant != ${names[0]}` : `plant NOT IN (${names.join(', ')})`;
  return [
    `landed + toIntervalDay(${days}) WHERE ${others}`,
    ...named.map(([plant, own]) => `landed + toIntervalDay(${own}) WHERE plant = '${plant}'`),
  ].join(', ');
}

async function ttlsIn(
  client: ClickHouseClient,
  database: string,
): Promise<ReadonlyMap<string, string>> {
  const answer = await client.query({
    query:
      "SELECT name, extract(engine_full, ' TTL (.*?) SETTINGS ') AS ttl FROM system.tables " +
      'WHERE database = {database:String}',
    query_params: { database },
    format: 'JSONEachRow',
  });
  const rows = await answer.json<{ name: string; ttl: string }>();
  return new Map(rows.map(({ name, ttl }) => [name, ttl]));
}
