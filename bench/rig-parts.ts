import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ClickHouseClient } from '@clickhouse/client';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { parse } from 'yaml';
import { z } from 'zod';
import { type Child, startChild } from '../pipelines/base/child.ts';
import { freePort } from '../pipelines/base/free-port.ts';
import { EXIT, Problem } from '../pipelines/base/problem.ts';
import { natsServer } from '../pipelines/demo/nats-server.ts';
import { connectNats } from '../pipelines/nats/connection.ts';
import { createWarehouseClient } from '../sinks/clickhouse/client.ts';
import { warehouseCommand } from '../sinks/clickhouse/warehouse/command.ts';
import { makeSecret } from '../sinks/clickhouse/warehouse/secret.ts';

const CMMS = fileURLToPath(new URL('../pipelines/demo/reference-cmms-main.ts', import.meta.url));
const PRESET = fileURLToPath(new URL('../examples/cmms/reference.yaml', import.meta.url));
const TOKEN = 'reference';

/** A part of a rig that goes away with it. `pid` is 0 where the part runs on another machine. */
type Part = { readonly pid: number; stop(grace: number): Promise<unknown> };

export type Nats = Part & { readonly url: string };

/** Where a rig's rows land, and how to ask for them. */
export type Warehouse = {
  readonly environment: Readonly<Record<string, string>>;
  /** Reads; the caller closes it. */
  client(): Promise<ClickHouseClient>;
  /** 0 where it runs on another machine. */
  pid(): Promise<number>;
  /** Where it can be sent away and called back: at the same address, with what it had. */
  readonly away?: { leave(): Promise<void>; comeBack(): Promise<void> };
  stop(grace: number): Promise<unknown>;
};

/** A work request of the reference CMMS: the ones that benchmarks look at. `created`: ISO, of its own clock. */
const worksSchema = z.object({
  items: z.array(z.object({ asset: z.string(), failure_code: z.string(), created: z.string() })),
});
type Work = z.infer<typeof worksSchema>['items'][number];
export type Cmms = Part & { readonly config: object; works(): Promise<readonly Work[]> };

/** A nats-server of its own, or the one at `url`, whose streams are removed behind the benchmark. */
export async function natsFor(url: string | undefined, directory: string): Promise<Nats> {
  if (url !== undefined) {
    await refuseLog(url);
    return { url, pid: 0, stop: () => forgetLog(url) };
  }
  const { ready, ...program } = natsServer({
    store: join(directory, 'nats'),
    port: await freePort(),
  });
  const child = await startChild(program);
  await ready(AbortSignal.timeout(20_000));
  return { ...child, url: program.url };
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

/** The worker's own embedded warehouse: whoever reads needs no password. */
export function embedded(directory: string): Warehouse {
  const path = join(directory, 'andon', 'warehouse', 'address.json');
  const address = async () => JSON.parse(await readFile(path, 'utf8'));
  return {
    environment: {},
    client: async () => createWarehouseClient({ url: (await address()).url, database: 'andon' }),
    pid: async () => Number((await address()).pid),
    stop: () => Promise.resolve(),
  };
}

/** A warehouse beside the worker, which can be sent away and called back. */
export async function warehouseApart(directory: string): Promise<Warehouse> {
  const home = join(directory, 'clickhouse');
  const { url, ready, ...program } = warehouseCommand({
    directory: home,
    port: await freePort(),
    memory: 1_500_000_000,
  });
  const password = makeSecret(home);
  let child: Child;
  const comeBack = async () => {
    child = await startChild(program);
    await ready(AbortSignal.timeout(60_000));
  };
  await comeBack();
  return {
    environment: { CLICKHOUSE_URL: url, CLICKHOUSE_PASSWORD: password },
    client: async () => createWarehouseClient({ url, password, database: 'andon' }),
    pid: async () => child.pid,
    away: {
      async leave() {
        await child.stop(20_000);
      },
      comeBack,
    },
    stop: (grace) => child.stop(grace),
  };
}

/** A ClickHouse server at some address: a database of its own there, which is dropped at the end. */
export function warehouseAt(url: string): () => Promise<Warehouse> {
  const database = `andon_bench_${process.pid}`;
  const { CLICKHOUSE_USER: user = 'default', CLICKHOUSE_PASSWORD: password = '' } = process.env;
  const open = () => createWarehouseClient({ url, user, password, database });
  return async () => ({
    environment: { CLICKHOUSE_URL: url, CLICKHOUSE_DATABASE: database },
    client: async () => open(),
    pid: async () => 0,
    async stop() {
      const client = open();
      await client.command({ query: `DROP DATABASE IF EXISTS ${database}` });
      await client.close();
    },
  });
}

/** The reference CMMS as a process, and the configuration of a worker that sends its requests there. */
export async function cmmsFor(directory: string): Promise<Cmms> {
  const url = `http://127.0.0.1:${await freePort()}`;
  const port = new URL(url).port;
  const child = await startChild({
    command: process.execPath,
    args: ['--import', import.meta.resolve('tsx'), CMMS, '--port', port].concat([
      '--journal',
      join(directory, 'cmms.ndjson'),
    ]),
  });
  const works = async (): Promise<readonly Work[]> => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const response = await fetch(`${url}/api/work-requests`, { headers });
    const { items } = worksSchema.parse(await response.json());
    return items;
  };
  const until = performance.now() + 20_000;
  while ((await works().catch(() => undefined)) === undefined) {
    if (performance.now() > until) throw new Error('expected the CMMS to answer within 20 s');
    await pause(50);
  }
  // Nobody answers requests here, so nobody is asked; and it takes as many calls as come.
  const { status: _, rate: __, ...preset } = parse(readFileSync(PRESET, 'utf8'));
  const config = { ...preset, base: url, auth: { kind: 'bearer', token: TOKEN } };
  return { ...child, config, works };
}
