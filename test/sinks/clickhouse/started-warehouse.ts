import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { afterAll } from 'vitest';
import { type Child, startChild } from '../../../pipelines/base/child.ts';
import { freePort } from '../../../pipelines/base/free-port.ts';
import { createWarehouseClient } from '../../../sinks/clickhouse/client.ts';
import { migrate } from '../../../sinks/clickhouse/migrate.ts';
import { makePasswords } from '../../../sinks/clickhouse/warehouse/secret.ts';
import { warehouseCommand } from '../../../sinks/clickhouse/warehouse/warehouse.ts';
import { CODE } from '../../stand/code.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

export const DATABASE = 'andon';

/** A real warehouse for one test file, which can be killed and started again at the same address. */
export interface StartedWarehouse {
  readonly url: string;
  readonly directory: string;
  /** Of the owner, `default`. */
  readonly password: string;
  /** Of analysts. */
  readonly readerPassword: string;
  readonly consolePassword: string;
  readonly client: ClickHouseClient;
  pid(): number;
  /** kill -9, and the next start. */
  kill(): Promise<void>;
  start(): Promise<void>;
  rows<T>(query: string, parameters?: Record<string, unknown>): Promise<T[]>;
  stop(): Promise<void>;
}

export async function startWarehouse(): Promise<StartedWarehouse> {
  const directory = temporaryDirectory();
  const command = warehouseCommand({
    ...{ directory, port: await freePort(), memory: 1_500_000_000 },
    program: CODE === undefined ? undefined : join(CODE, 'sinks/clickhouse/warehouse/main.js'),
  });
  let child: Child;
  async function start(): Promise<void> {
    child = await startChild(command);
    await command.ready(AbortSignal.timeout(20_000));
  }
  await start();
  const passwords = makePasswords(directory);
  const { owner: password, analyst: readerPassword, console: consolePassword } = passwords;
  const client = createWarehouseClient({ url: command.url, password, database: DATABASE });
  afterAll(async () => {
    await client.close();
    await child.stop(5_000);
  });
  return {
    url: command.url,
    directory,
    password,
    readerPassword,
    consolePassword,
    client,
    pid: () => child.pid,
    start,
    async kill() {
      child.kill('SIGKILL');
      await child.exited;
    },
    async rows(query, query_params = {}) {
      const result = await client.query({ query, query_params, format: 'JSONEachRow' });
      return result.json();
    },
    stop: async () => void (await child.stop(5_000)),
  };
}

/** With the project's own schema. */
export async function migratedWarehouse(): Promise<StartedWarehouse> {
  const warehouse = await startWarehouse();
  await migrate(warehouse.client, DATABASE);
  return warehouse;
}

/** Waits until a question has an answer that is wanted; fails after 10 s. */
export async function until(question: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await question())) {
    if (performance.now() > deadline) throw new Error('waited for 10 s');
    await pause(20);
  }
}
