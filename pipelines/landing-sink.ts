import { createLanding } from '../sinks/clickhouse/landing.ts';
import { migrate } from '../sinks/clickhouse/migrate.ts';
import { SchemaError } from '../sinks/clickhouse/schema-error.ts';
import type { Sink } from '../sinks/sink.ts';
import type { Config } from './config.ts';
import { Problem } from './problem.ts';
import type { Happen } from './runtime/happenings.ts';
import type { Warehouse } from './warehouse.ts';
import { warehouseProblem } from './warehouse-problem.ts';

export interface LandingSink extends Sink {
  /**
   * Opens the warehouse and brings its schema up to date. A server that is away is no reason not to begin: epochs
   * wait in their files, and the first that lands does this again.
   *
   * @throws Problem when the schema there is not one that this version can write to
   */
  begin(): Promise<void>;
  close(): Promise<void>;
}

/** The sink `clickhouse`: rows into the warehouse, which is opened and migrated before the first of them. */
export function createLandingSink(
  open: () => Promise<Warehouse>,
  config: Config,
  happen: Happen,
): LandingSink {
  let warehouse: Promise<Warehouse> | undefined;
  let landing: Sink | undefined;

  async function ready(): Promise<Sink> {
    if (landing !== undefined) return landing;
    warehouse ??= open();
    const { client, url } = await warehouse.catch((error: unknown) => {
      warehouse = undefined;
      throw error;
    });
    await migrate(client, config.clickhouse.database).catch((error: unknown) => {
      throw error instanceof SchemaError ? warehouseProblem(error, url) : error;
    });
    landing = createLanding(client, { database: config.clickhouse.database });
    happen({ kind: 'connected', server: 'ClickHouse', version: await versionOf(client) });
    return landing;
  }

  return {
    name: 'clickhouse',
    async begin() {
      try {
        await ready();
      } catch (error) {
        if (error instanceof Problem) throw error;
        const reason = error instanceof Error ? error.message : String(error);
        happen({ kind: 'disconnected', server: 'ClickHouse', reason });
      }
    },
    async write(content, signal) {
      await (await ready()).write(content, signal);
    },
    async close() {
      await (await warehouse?.catch(() => undefined))?.close();
    },
  };
}

async function versionOf(client: Warehouse['client']): Promise<string> {
  const answer = await client.query({
    query: 'SELECT version() AS version',
    format: 'JSONEachRow',
  });
  const [row] = await answer.json<{ version: string }>();
  return row?.version ?? '';
}
