import { join } from 'node:path';
import { freePort } from '../../pipelines/base/free-port.ts';
import { type Supervised, supervise } from '../../pipelines/base/supervise.ts';
import { warehouseCommand } from '../../sinks/clickhouse/warehouse/command.ts';
import { makeSecret } from '../../sinks/clickhouse/warehouse/secret.ts';

/** The warehouse of a stand, but no child of its worker: it is there before and after each of its lives. */
export interface OutsideWarehouse {
  readonly port: number;
  /** Starts it, and starts it again when it dies. */
  start(): Supervised;
  /** How a worker finds it, as whoever may write into it; `through` another port that leads there. */
  env(through?: number): Record<string, string>;
}

/** `directory`: of the stand. */
export async function outsideWarehouse(directory: string): Promise<OutsideWarehouse> {
  const port = await freePort();
  const data = join(directory, 'warehouse');
  return {
    port,
    start: () => supervise({ ...warehouseCommand({ directory: data, port }), name: 'warehouse' }),
    env: (through = port) => ({
      CLICKHOUSE_URL: `http://127.0.0.1:${through}`,
      CLICKHOUSE_PASSWORD: makeSecret(data),
    }),
  };
}
