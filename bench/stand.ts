import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import { type Child, startChild } from '../pipelines/base/child.ts';
import { EXIT, Problem } from '../pipelines/base/problem.ts';
import type { CmmsAddress } from '../pipelines/stand/programs.ts';
import type { Variables } from '../pipelines/stand/service.ts';
import { type Stand, type StandOptions, startStand } from '../pipelines/stand/stand.ts';
import { createWarehouseClient } from '../sinks/clickhouse/client.ts';
import { makePasswords } from '../sinks/clickhouse/warehouse/secret.ts';
import type { Elsewhere } from './elsewhere.ts';
import { benchProgram } from './program.ts';

/** A stand in a temporary directory, as benchmarks need it: with a way to ask, to apply and to start others of them. */
export interface BenchStand extends Stand {
  readonly folder: string;
  /** Reads; the caller closes it. */
  client(): ClickHouseClient;
  /** Runs `andon …` to its end, which has to be a good one. */
  run(args: readonly string[]): Promise<void>;
  /** Starts another benchmark of this program. It ends with the stand at the latest. */
  bench(args: readonly string[], onLine: (line: string) => void, env?: Variables): Promise<Child>;
}

export type BenchStandOptions = Pick<StandOptions, 'node' | 'warehouse' | 'leafnodes'> & {
  /** Requests go to a reference CMMS. */
  readonly cmms?: boolean;
  /** Commands go to these systems, as the configuration describes them. */
  readonly systems?: Readonly<Record<string, object>>;
  /** Seconds, as text; without it, the default of the configuration. */
  readonly epoch?: string | undefined;
  readonly env?: Variables;
  /** Somebody's nats-server and ClickHouse; without them, the stand's own. */
  readonly elsewhere?: Elsewhere;
};

/** Starts everything but the worker. Rejects, with everything stopped, when a part does not become ready. */
export async function startBenchStand(options: BenchStandOptions): Promise<BenchStand> {
  const { node, warehouse, leafnodes, elsewhere } = options;
  const folder = await mkdtemp(join(tmpdir(), 'andon-bench-'));
  const running: Child[] = [];
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const stand = await startStand({
      ...{ folder, node, leafnodes, nats: elsewhere?.nats },
      warehouse: elsewhere?.clickhouse === undefined ? warehouse : 'worker',
      // Nobody answers requests here, so nobody is asked.
      cmms: options.cmms === true ? {} : false,
      config: {
        ...(options.systems === undefined ? {} : { systems: options.systems }),
        ...(options.epoch === undefined ? {} : { epoch: { seconds: Number(options.epoch) } }),
      },
      env: { ANDON_LOG_LEVEL: 'warn', ...elsewhere?.clickhouse?.env, ...options.env },
    });
    return {
      ...{ ...stand, folder },
      client: () =>
        elsewhere?.clickhouse?.client() ??
        createWarehouseClient({
          ...{ url: stand.engine()?.url ?? '', user: 'analyst', database: 'andon' },
          password: makePasswords(join(stand.directory, 'warehouse')).analyst,
        }),
      run: (args) => succeed(stand, args),
      async bench(args, onLine, env) {
        const command = process.execPath;
        const child = await startChild({ command, args: benchProgram(args), onLine, env });
        running.push(child);
        return child;
      },
      async stop() {
        for (const child of running) await child.stop(20_000);
        await stand.stop();
        await elsewhere?.forget();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Writes a file into the stand's folder; its path. */
export async function placed(stand: BenchStand, name: string, text: string): Promise<string> {
  const path = join(stand.folder, name);
  await writeFile(path, text);
  return path;
}

/** The last line that another benchmark printed, as JSON, once it has ended. */
export async function resultOf<T>(child: Child, lines: readonly string[]): Promise<T> {
  await child.exited;
  // The last lines may arrive behind the exit.
  await pause(50);
  const result: T | null = JSON.parse(lines.at(-1) ?? 'null');
  if (result === null) throw new Error('expected a result as the last line, found none');
  return result;
}

/** A work request of the reference CMMS: what benchmarks look at. `created`: ISO, of its own clock. */
const worksSchema = z.object({
  items: z.array(z.object({ asset: z.string(), failure_code: z.string(), created: z.string() })),
});

/** Everything that the reference CMMS holds. */
export async function worksAt({ url, token }: CmmsAddress) {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/api/work-requests`, { headers });
  return worksSchema.parse(await response.json()).items;
}

async function succeed(stand: Stand, args: readonly string[]): Promise<void> {
  const { code, out, err } = await stand.andon(args);
  if (code === 0) return;
  throw new Problem({
    expected: `andon ${args[0] ?? ''} to succeed`,
    found: `${out}${err}` || 'none',
    remedy: 'Its own words above say why.',
    exit: EXIT.outside,
  });
}
