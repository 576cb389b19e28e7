import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Child, startChild } from '../pipelines/base/child.ts';
import { freePort } from '../pipelines/base/free-port.ts';
import { EXIT, Problem } from '../pipelines/base/problem.ts';
import { STEADY_MEMORY } from '../sinks/steady-memory.ts';
import { type Cmms, cmmsFor, embedded, type Nats, natsFor, type Warehouse } from './rig-parts.ts';

const ANDON = fileURLToPath(new URL('../scripts/andon.js', import.meta.url));
const BENCH = fileURLToPath(new URL('main.ts', import.meta.url));

/** A nats-server, a worker and a warehouse, as processes of their own in a temporary directory, or where they are. */
export interface Rig {
  readonly directory: string;
  readonly nats: Nats;
  readonly worker: Child & { readonly url: string };
  readonly warehouse: Warehouse;
  readonly cmms: Cmms | undefined;
  /** What the worker logged as warning or worse. */
  readonly warnings: readonly string[];
  /** Runs `andon …` to its end; its standard output. */
  andon(args: readonly string[]): Promise<string>;
  /** Starts another benchmark of this program. */
  bench(args: readonly string[], onLine: (line: string) => void): Promise<Child>;
  /** Ends the worker as SIGTERM does: drained, with all profiles written. */
  drain(): Promise<void>;
  /** Kills the worker with SIGKILL and starts it anew at once; resolves when the new one answers. */
  crash(): Promise<void>;
  close(): Promise<void>;
}

export type RigOptions = {
  /** Options of node for the worker, such as `--cpu-prof`. */
  readonly node?: readonly string[];
  /** Somebody's nats-server; without it, one of its own. Refused when it has a log already. */
  readonly nats?: string | undefined;
  /** ClickHouse at some address; without it, the worker's own embedded one. */
  readonly warehouse?: (directory: string) => Promise<Warehouse>;
  /** Requests go to a reference CMMS. */
  readonly cmms?: boolean;
};

/** Starts everything. Rejects, with everything stopped, when a part does not become ready. */
export async function startRig(options: RigOptions): Promise<Rig> {
  const directory = await mkdtemp(join(tmpdir(), 'andon-bench-'));
  const running: { stop(grace: number): Promise<unknown> }[] = [];
  const close = async () => {
    for (const part of running.reverse()) await part.stop(20_000);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const nats = await natsFor(options.nats, directory);
    running.push(nats);
    const apart = await options.warehouse?.(directory);
    if (apart !== undefined) running.push(apart);
    const cmms = options.cmms === true ? await cmmsFor(directory) : undefined;
    if (cmms !== undefined) running.push(cmms);

    const http = await freePort();
    const env = {
      ...STEADY_MEMORY,
      NATS_URL: nats.url,
      CLICKHOUSE_URL: '',
      ...apart?.environment,
      ANDON_DIR: join(directory, 'andon'),
      ANDON_HTTP_PORT: String(http),
      ANDON_LOG_LEVEL: 'warn',
    };
    const config = join(directory, 'andon.yaml');
    // What is JSON is YAML.
    await writeFile(config, JSON.stringify(cmms === undefined ? {} : { cmms: cmms.config }));
    const warnings: string[] = [];
    const workerUrl = `http://127.0.0.1:${http}`;
    const startWorker = async () => {
      const child = await startChild({
        command: process.execPath,
        args: [...(options.node ?? []), ANDON, 'run', '--config', config],
        env,
        cwd: directory,
        onLine: (line) => warnings.push(line),
      });
      running.push(child);
      await answers(`${workerUrl}/healthz`, () => warnings.join('\n'));
      return { ...child, url: workerUrl };
    };
    let worker = await startWorker();

    return {
      directory,
      nats,
      get worker() {
        return worker;
      },
      warehouse: apart ?? embedded(directory),
      cmms,
      warnings,
      andon: (args) => output([ANDON, ...args], env),
      async bench(args, onLine) {
        const program = ['--import', import.meta.resolve('tsx'), BENCH, ...args];
        const child = await startChild({ command: process.execPath, args: program, onLine });
        running.push(child);
        return child;
      },
      async drain() {
        await worker.stop(60_000);
      },
      async crash() {
        worker.kill('SIGKILL');
        await worker.exited;
        worker = await startWorker();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Writes a file into the rig's directory; its path. */
export async function placed(rig: Rig, name: string, text: string): Promise<string> {
  const path = join(rig.directory, name);
  await writeFile(path, text);
  return path;
}

async function output(args: readonly string[], env: Readonly<Record<string, string>>) {
  const lines: string[] = [];
  const child = await startChild({
    command: process.execPath,
    args,
    env,
    onLine: (line) => lines.push(line),
  });
  const { code } = await child.exited;
  // The last lines may arrive behind the exit.
  await pause(50);
  if (code === 0) return lines.join('\n');
  throw failed(`andon ${args[1] ?? ''} to succeed`, lines.join('\n'));
}

async function answers(url: string, said: () => string): Promise<void> {
  const until = performance.now() + 60_000;
  while (performance.now() < until) {
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok === true) return;
    await pause(20);
  }
  throw failed(`an answer from ${url} within 60 s`, said());
}

function failed(expected: string, found: string): Problem {
  const remedy = 'Its own words above say why.';
  return new Problem({
    expected,
    found: found === '' ? 'none' : found,
    remedy,
    exit: EXIT.outside,
  });
}
