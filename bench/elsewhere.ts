import type { ClickHouseClient } from '@clickhouse/client';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { EXIT, Problem } from '../pipelines/base/problem.ts';
import { connectNats } from '../pipelines/nats/nats.ts';
import type { NatsService } from '../pipelines/stand/nats-server.ts';
import type { Variables } from '../pipelines/stand/service.ts';
import { createWarehouseClient } from '../sinks/clickhouse/client.ts';

/** Options of benchmarks that can run on somebody's own machines. */
export const ELSEWHERE = {
  nats: { type: 'string' },
  clickhouse: { type: 'string' },
} as const;

/** Servers that run already, and what a benchmark leaves there is removed at its end. */
export type Elsewhere = {
  readonly nats: NatsService | undefined;
  readonly clickhouse: Clickhouse | undefined;
  forget(): Promise<void>;
};

type Clickhouse = {
  /** How a worker finds it. */
  readonly env: Variables;
  client(): ClickHouseClient;
  drop(): Promise<void>;
};

/** A nats-server without a log of Andon, and a ClickHouse in which a database is made and dropped: see docs/performance.md. */
export async function elsewhere(options: {
  readonly nats?: string | undefined;
  readonly clickhouse?: string | undefined;
}): Promise<Elsewhere> {
  const clickhouse =
    options.clickhouse === undefined ? undefined : clickhouseAt(options.clickhouse);
  const nats = options.nats === undefined ? undefined : await natsAt(options.nats);
  return {
    nats,
    clickhouse,
    async forget() {
      if (nats !== undefined) await forgetLog(nats.url);
      await clickhouse?.drop();
    },
  };
}

/** Refused when it has a log already. */
async function natsAt(url: string): Promise<NatsService> {
  await refuseLog(url);
  const no = () => Promise.reject(new Error(`${url} is not ours to start, to end or to wait for`));
  return {
    ...{ url, port: Number(new URL(url).port), store: '', lines: [] },
    ...{ start: no, live: no, kill: no, stop: no, ended: no },
    pid: () => undefined,
  };
}

async function refuseLog(servers: string): Promise<void> {
  const taken = await withStreams(servers, async (_, names) => names);
  if (taken.length === 0) return;
  throw new Problem({
    where: servers,
    expected: 'a nats-server without a log of Andon: the benchmark fills one and removes it',
    found: `the streams ${taken.join(', ')}`,
    remedy: 'Name a nats-server, or an account, that nothing else uses.',
    exit: EXIT.outside,
  });
}

async function forgetLog(servers: string): Promise<void> {
  await withStreams(servers, async (manager, names) => {
    for (const name of names) await manager.streams.delete(name);
  });
}

/** With the names of all streams and buckets of Andon at a nats-server. */
async function withStreams<T>(
  servers: string,
  work: (manager: JetStreamManager, names: readonly string[]) => Promise<T>,
): Promise<T> {
  const connection = await connectNats({ servers, name: 'bench' });
  try {
    const manager = await jetstreamManager(connection);
    const names: string[] = [];
    for await (const { config } of manager.streams.list()) names.push(config.name);
    return await work(
      manager,
      names.filter((name) => /^(KV_)?ANDON_/.test(name)),
    );
  } finally {
    await connection.close();
  }
}

/** A database of its own there, which is dropped at the end. */
function clickhouseAt(url: string): Clickhouse {
  const database = `andon_bench_${process.pid}`;
  const { CLICKHOUSE_USER: user = 'default', CLICKHOUSE_PASSWORD: password = '' } = process.env;
  const client = () => createWarehouseClient({ url, user, password, database });
  return {
    env: {
      CLICKHOUSE_URL: url,
      CLICKHOUSE_DATABASE: database,
      CLICKHOUSE_USER: user,
      CLICKHOUSE_PASSWORD: password,
    },
    client,
    async drop() {
      const dropping = client();
      await dropping.command({ query: `DROP DATABASE IF EXISTS ${database}` });
      await dropping.close();
    },
  };
}
