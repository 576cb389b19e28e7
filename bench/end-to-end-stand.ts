import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Child, startChild } from '../pipelines/base/child.ts';
import { freePort } from '../pipelines/base/free-port.ts';
import { natsServer } from '../pipelines/demo/nats-server.ts';
import { createWarehouseClient } from '../sinks/clickhouse/client.ts';
import { migrate } from '../sinks/clickhouse/migrate.ts';
import { warehouseCommand } from '../sinks/clickhouse/warehouse/command.ts';
import { makeSecret } from '../sinks/clickhouse/warehouse/secret.ts';
import { STEADY_MEMORY } from '../sinks/steady-memory.ts';
import type { BareResult } from './bare.ts';
import { useOf } from './process-use.ts';

const ANDON = fileURLToPath(new URL('../scripts/andon.js', import.meta.url));
const BENCH = fileURLToPath(new URL('main.ts', import.meta.url));

/** What one pass over the whole stream took: seconds of the clock, and CPU seconds of each process. */
export type Pass = BareResult & { readonly warehouse: number; readonly nats: number };

/** One nats-server and one embedded warehouse, which all passes of a benchmark share. */
export interface Stand {
  readonly nats: string;
  readonly directory: string;
  andon(args: readonly string[]): Promise<void>;
  /** A bare loop over the stream up to this message. */
  bare(mode: 'all' | 'pull' | 'insert', until: number): Promise<Pass>;
  /** A worker with fresh state, from its first message until this one has landed. */
  full(until: number): Promise<Pass>;
  close(): Promise<void>;
}

/** `profile`: a directory for CPU profiles of the workers. */
export async function startStand(profile?: string): Promise<Stand> {
  const directory = await mkdtemp(join(tmpdir(), 'andon-bench-'));
  const running: Child[] = [];
  const server = natsServer({ store: join(directory, 'nats'), port: await freePort() });
  const engine = warehouseCommand({ directory: join(directory, 'ch'), port: await freePort() });
  const password = makeSecret(join(directory, 'ch'));
  const { url: nats } = server;
  const pids = { nats: 0, warehouse: 0 };
  for (const [name, { ready, ...program }] of [
    ['nats', server],
    ['warehouse', engine],
  ] as const) {
    const child = await startChild(program);
    running.push(child);
    pids[name] = child.pid;
    await ready(AbortSignal.timeout(30_000));
  }
  const cpuOf = (pid: number) => useOf(pid)?.cpu ?? 0;
  const node = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  let passes = 0;

  /** Every pass lands in a database of its own, which is gone behind it. */
  async function pass(run: (database: string) => Promise<BareResult>): Promise<Pass> {
    passes += 1;
    const database = `pass_${passes}`;
    const client = createWarehouseClient({ url: engine.url, password, database });
    try {
      await migrate(client, database);
      const before = { nats: cpuOf(pids.nats), warehouse: cpuOf(pids.warehouse) };
      const result = await run(database);
      return {
        ...result,
        nats: cpuOf(pids.nats) - before.nats,
        warehouse: cpuOf(pids.warehouse) - before.warehouse,
      };
    } finally {
      await client.command({ query: `DROP DATABASE IF EXISTS ${database}` });
      await client.close();
    }
  }

  return {
    nats,
    directory,
    async andon(args) {
      const said: string[] = [];
      const child = await startChild({
        command: process.execPath,
        args: [ANDON, ...args],
        env: { NATS_URL: nats, CLICKHOUSE_URL: engine.url, CLICKHOUSE_PASSWORD: password },
        onLine: (line) => said.push(line),
      });
      const { code } = await child.exited;
      if (code !== 0) throw new Error(`andon ${args[0]}: ${said.join('\n')}`);
    },
    bare: (mode, until) =>
      pass(async (database) => {
        const args = [
          '--nats',
          nats,
          '--clickhouse',
          engine.url,
          '--password',
          password,
          '--database',
          database,
        ];
        const lines: string[] = [];
        const child = await startChild({
          command: process.execPath,
          args: ['--import', import.meta.resolve('tsx'), BENCH, 'bare', ...args].concat([
            '--until',
            String(until),
            '--mode',
            mode,
          ]),
          env: STEADY_MEMORY,
          onLine: (line) => lines.push(line),
        });
        running.push(child);
        await child.exited;
        await pause(50);
        return JSON.parse(lines.at(-1) ?? 'null') as BareResult;
      }),
    full: (until) => pass((database) => work(database, until)),
    async close() {
      for (const child of running.reverse()) await child.stop(20_000);
      await rm(directory, { recursive: true, force: true });
    },
  };

  async function work(database: string, until: number): Promise<BareResult> {
    const state = join(directory, database);
    const port = await freePort();
    const config = join(directory, `${database}.yaml`);
    await writeFile(
      config,
      `pipeline: ${database}\ndirectory: ${state}\nhttp: { port: ${port} }\n`,
    );
    const said: string[] = [];
    const worker = await startChild({
      command: process.execPath,
      args: [...node, ANDON, 'run', '--config', config],
      env: {
        ...STEADY_MEMORY,
        NATS_URL: nats,
        CLICKHOUSE_URL: engine.url,
        CLICKHOUSE_PASSWORD: password,
        CLICKHOUSE_DATABASE: database,
        ANDON_LOG_LEVEL: 'warn',
      },
      onLine: (line) => said.push(line),
    });
    running.push(worker);
    const cursor = join(state, `${database}-0`, 'cursors', 'clickhouse.json');
    try {
      const began = await firstPull(port, said);
      const cpu = cpuOf(worker.pid);
      while ((await landedTo(cursor)) < until) {
        if (performance.now() - began > 300_000) throw new Error(said.join('\n'));
        await pause(20);
      }
      const seconds = (performance.now() - began) / 1_000;
      const used = cpuOf(worker.pid) - cpu;
      const client = createWarehouseClient({ url: engine.url, password, database });
      const result = await client.query({
        query: 'SELECT count() AS n FROM readings',
        format: 'JSONEachRow',
      });
      const [counted] = await result.json<{ n: string }>();
      await client.close();
      return { readings: Number(counted?.n), seconds, cpu: used };
    } finally {
      await worker.stop(20_000);
    }
  }
}

/** The worker opens its port just before it reads the stream. */
async function firstPull(port: number, said: readonly string[]): Promise<number> {
  const until = performance.now() + 60_000;
  while (performance.now() < until) {
    if (
      await fetch(`http://127.0.0.1:${port}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      )
    ) {
      return performance.now();
    }
    await pause(5);
  }
  throw new Error(`expected a worker within 60 s, found: ${said.join('\n')}`);
}

async function landedTo(cursor: string): Promise<number> {
  try {
    return Number(JSON.parse(await readFile(cursor, 'utf8')).to);
  } catch {
    return 0;
  }
}
