import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { natsServer } from '../pipelines/demo/nats-server.ts';
import { EXIT, Problem } from '../pipelines/problem.ts';
import { type Child, startChild } from '../pipelines/runtime/child.ts';
import { freePort } from '../pipelines/runtime/free-port.ts';

const ANDON = fileURLToPath(new URL('../scripts/andon.js', import.meta.url));
const BENCH = fileURLToPath(new URL('main.ts', import.meta.url));

/** A nats-server and a worker with its embedded warehouse, as processes of their own in a temporary directory. */
export interface Rig {
  readonly directory: string;
  readonly nats: Child & { readonly url: string };
  readonly worker: Child & { readonly url: string };
  /** What the worker logged as warning or worse. */
  readonly warnings: readonly string[];
  /** Runs `andon …` to its end; its standard output. */
  andon(args: readonly string[]): Promise<string>;
  /** Starts another benchmark of this program. */
  bench(args: readonly string[], onLine: (line: string) => void): Promise<Child>;
  /** Ends the worker as SIGTERM does: drained, with all profiles written. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

export type RigOptions = {
  /** Options of node for the worker, such as `--cpu-prof`. */
  readonly node: readonly string[];
};

/** Starts everything. Rejects, with everything stopped, when a part does not become ready. */
export async function startRig(options: RigOptions): Promise<Rig> {
  const directory = await mkdtemp(join(tmpdir(), 'andon-bench-'));
  const running: Child[] = [];
  const close = async () => {
    for (const child of running.reverse()) await child.stop(20_000);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const { ready, url, ...program } = natsServer({
      store: join(directory, 'nats'),
      port: await freePort(),
    });
    const nats = await startChild(program);
    running.push(nats);
    await ready(AbortSignal.timeout(20_000));

    const http = await freePort();
    const env = {
      NATS_URL: url,
      CLICKHOUSE_URL: '',
      ANDON_DIR: join(directory, 'andon'),
      ANDON_HTTP_PORT: String(http),
      ANDON_LOG_LEVEL: 'warn',
    };
    const warnings: string[] = [];
    const worker = await startChild({
      command: process.execPath,
      args: [...options.node, ANDON, 'run'],
      env,
      cwd: directory,
      onLine: (line) => warnings.push(line),
    });
    running.push(worker);
    const workerUrl = `http://127.0.0.1:${http}`;
    await answers(`${workerUrl}/healthz`, () => warnings.join('\n'));

    return {
      directory,
      nats: { ...nats, url },
      worker: { ...worker, url: workerUrl },
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
    await pause(100);
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
