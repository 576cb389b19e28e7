import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createWarehouseClient } from '../sinks/clickhouse/client.ts';
import { migrate } from '../sinks/clickhouse/migrate.ts';
import { STEADY_MEMORY } from '../sinks/steady-memory.ts';
import type { BareResult } from './bare.ts';
import { cursorOf } from './landed-to.ts';
import { cpuOf } from './process-use.ts';
import { type BenchStand, resultOf } from './stand.ts';

/** What one pass over the whole stream took: seconds of the clock, and CPU seconds of each process. */
export type Pass = BareResult & { readonly warehouse: number; readonly nats: number };

/** Of a bare loop: the pinned one, whose log is read by the client alone, or the product's own. */
export type Reader = 'pinned' | 'product';

/** Passes over the stream of a stand, one after another. */
export interface Passes {
  /** A bare loop over the stream up to this message. */
  bare(mode: 'all' | 'pull' | 'insert', reader: Reader, until: number): Promise<Pass>;
  /** A worker with fresh state, from its first message until this one has landed. */
  full(until: number): Promise<Pass>;
}

/** Milliseconds that a worker may take for the whole stream. */
const PATIENCE = 300_000;

/** `stand`: with its warehouse apart. Every pass lands in a database of its own, which is dropped at its end. */
export function createPasses(stand: BenchStand): Passes {
  let passes = 0;

  async function pass(run: (database: string) => Promise<BareResult>): Promise<Pass> {
    passes += 1;
    const database = `pass_${passes}`;
    const client = clientOf(stand, database);
    try {
      await migrate(client, database);
      const before = serversOf(stand);
      const result = await run(database);
      const after = serversOf(stand);
      return {
        ...result,
        nats: after.nats - before.nats,
        warehouse: after.warehouse - before.warehouse,
      };
    } finally {
      await client.command({ query: `DROP DATABASE IF EXISTS ${database}` });
      await client.close();
    }
  }

  return {
    bare: (mode, reader, until) =>
      pass((database) => bareLoop(stand, { database, mode, reader, until })),
    full: (until) => pass((database) => worker(stand, database, until)),
  };
}

function clientOf({ env }: BenchStand, database: string) {
  const { CLICKHOUSE_URL: url = '', CLICKHOUSE_PASSWORD: password = '' } = env;
  return createWarehouseClient({ url, password, database });
}

/** CPU seconds so far. */
export function serversOf({ nats, warehouse }: BenchStand) {
  return { nats: cpuOf(nats.pid()), warehouse: cpuOf(warehouse?.pid()) };
}

async function bareLoop(
  stand: BenchStand,
  of: {
    readonly database: string;
    readonly mode: string;
    readonly reader: Reader;
    readonly until: number;
  },
): Promise<BareResult> {
  const { CLICKHOUSE_URL: clickhouse = '', CLICKHOUSE_PASSWORD: password = '' } = stand.env;
  const options = { nats: stand.nats.url, clickhouse, ...of };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const lines: string[] = [];
  const child = await stand.bench(['bare', ...args], (line) => void lines.push(line), {
    ...STEADY_MEMORY,
    CLICKHOUSE_PASSWORD: password,
  });
  return resultOf<BareResult>(child, lines);
}

async function worker(stand: BenchStand, database: string, until: number): Promise<BareResult> {
  const directory = join(stand.folder, database);
  // It opens its port just before it reads the stream.
  await stand.worker.start({
    ...{ ANDON_PIPELINE: database, ANDON_DIR: directory },
    CLICKHOUSE_DATABASE: database,
  });
  try {
    const began = performance.now();
    const cpu = cpuOf(stand.worker.pid());
    while ((await cursorOf(directory, database)) < until) {
      if (performance.now() - began > PATIENCE) throw new Error(stand.worker.lines.join('\n'));
      await pause(20);
    }
    const seconds = (performance.now() - began) / 1_000;
    const used = cpuOf(stand.worker.pid()) - cpu;
    return { readings: await readingsIn(stand, database), seconds, cpu: used };
  } finally {
    await stand.worker.stop();
  }
}

async function readingsIn(stand: BenchStand, database: string): Promise<number> {
  const client = clientOf(stand, database);
  try {
    const query = 'SELECT count() AS n FROM readings';
    const result = await client.query({ query, format: 'JSONEachRow' });
    const [counted] = await result.json<{ n: string }>();
    return Number(counted?.n);
  } finally {
    await client.close();
  }
}
