import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { createWarehouseClient } from '../sinks/clickhouse/client.ts';
import { answersPing, warehouseCommand } from '../sinks/clickhouse/warehouse/command.ts';
import type { Config } from './config.ts';
import type { Happen } from './runtime/happenings.ts';
import { supervise } from './runtime/supervise.ts';

/** Where ClickHouse is, and a client for it. */
export interface Warehouse {
  readonly client: ClickHouseClient;
  readonly url: string;
  /** It is the child of another worker, and goes away with that one. */
  readonly borrowed: boolean;
  /** Closes the client, and the embedded warehouse if it was started here. */
  close(): Promise<void>;
}

const NAME = 'warehouse';

/**
 * Finds ClickHouse: the server that the configuration names; else the embedded warehouse of a worker that runs on the
 * same directory; else an embedded warehouse of its own, which is started again when it dies, at the same address,
 * until `close`. A server is not asked whether it is there.
 *
 * @throws Problem if the embedded warehouse cannot be started
 */
export async function openWarehouse(
  config: Pick<Config, 'clickhouse' | 'directory'>,
  happen: Happen = () => undefined,
): Promise<Warehouse> {
  const { url, user, password, database, memory } = config.clickhouse;
  if (url !== undefined) {
    const client = createWarehouseClient({ url, user, password, database });
    return { client, url, borrowed: false, close: () => client.close() };
  }
  const directory = resolve(join(config.directory, 'warehouse'));
  const running = await runningAt(directory);
  if (running !== undefined) {
    const client = createWarehouseClient({ url: running, database });
    return { client, url: running, borrowed: true, close: () => client.close() };
  }
  const command = warehouseCommand({ directory, port: await freePort(), memory });
  const supervised = supervise({
    ...command,
    name: NAME,
    onHappening: happen,
  });
  try {
    await supervised.ready;
  } catch (error) {
    await supervised.stop();
    throw error;
  }
  const client = createWarehouseClient({ url: command.url, database });
  return {
    client,
    url: command.url,
    borrowed: false,
    async close() {
      await client.close();
      await supervised.stop();
    },
  };
}

/** The address of the warehouse that has the directory now, if one answers there. */
async function runningAt(directory: string): Promise<string | undefined> {
  let url: unknown;
  try {
    ({ url } = JSON.parse(await readFile(join(directory, 'address.json'), 'utf8')));
  } catch {
    return undefined;
  }
  if (typeof url !== 'string') return undefined;
  return (await answersPing(url, AbortSignal.timeout(2_000)).catch(() => false)) ? url : undefined;
}

/** Chosen before the start and not by the child, so that clients find it at the same place after a restart. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
