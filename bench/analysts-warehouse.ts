import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { startChild } from '../pipelines/base/child.ts';
import { freePort } from '../pipelines/base/free-port.ts';
import { createWarehouseClient } from '../sinks/clickhouse/client.ts';
import { migrate } from '../sinks/clickhouse/migrate.ts';
import { makePasswords } from '../sinks/clickhouse/warehouse/secret.ts';
import { warehouseCommand } from '../sinks/clickhouse/warehouse/warehouse.ts';

/** Bytes of the engine, as the product's configuration has them by default. */
const MEMORY = 1_500_000_000;

/** An embedded warehouse with the product's schema; removed at its end unless its directory was named. */
export type BenchWarehouse = {
  readonly owner: ClickHouseClient;
  readonly analyst: ClickHouseClient;
  readonly pid: number;
  close(): Promise<void>;
};

export async function startWarehouse(database: string, named?: string): Promise<BenchWarehouse> {
  const directory = named ?? (await mkdtemp(join(tmpdir(), 'andon-bench-')));
  const command = warehouseCommand({ directory, port: await freePort(), memory: MEMORY });
  const { url, ready, ...program } = command;
  const child = await startChild(program);
  await ready(AbortSignal.timeout(30_000));
  const passwords = makePasswords(directory);
  const owner = createWarehouseClient({ url, password: passwords.owner, database });
  const analyst = createWarehouseClient({
    ...{ url, user: 'analyst', database },
    password: passwords.analyst,
  });
  await migrate(owner, database);
  return {
    owner,
    analyst,
    pid: child.pid,
    async close() {
      await owner.close();
      await analyst.close();
      await child.stop(20_000);
      if (named === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}
