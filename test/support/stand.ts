import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { parse } from 'yaml';
import { type Child, type Exit, startChild } from '../../pipelines/base/child.ts';
import { freePort } from '../../pipelines/base/free-port.ts';
import type { WorkRequest } from '../../pipelines/demo/reference-cmms/work-request.ts';
import { startNats, type TestNats } from './servers.ts';
import { temporaryDirectory } from './temporary.ts';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ANDON = join(ROOT, 'scripts/andon.js');
/** Milliseconds that a process may take to end by itself. */
const LONGEST_LIFE = 90_000;
const CMMS = join(ROOT, 'pipelines/demo/reference-cmms-main.ts');

/** A process of a stand: killed without warning, ended politely, started again at the same place. */
export interface Service {
  /** `env` and options: for this life alone. */
  start(env?: Readonly<Record<string, string>>, ...options: readonly string[]): Promise<void>;
  /** A life that ends by itself; how it ended. */
  live(env?: Readonly<Record<string, string>>, ...options: readonly string[]): Promise<Exit>;
  kill(): Promise<void>;
  /** SIGTERM. */
  stop(): Promise<Exit>;
  pid(): number | undefined;
  /** How the life under way ends by itself. */
  ended(): Promise<Exit>;
  /** What it printed in all its lives. */
  readonly lines: readonly string[];
}

export type StandOptions = {
  /** Laid over the configuration of the worker. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Beside the environment of the worker. */
  readonly env?: Readonly<Record<string, string>>;
  /** The CMMS tells what became of requests, so the log depends on when it is asked. Default false. */
  readonly status?: boolean;
  /** How many requests are worked on at a time. Default: as the preset says. */
  readonly concurrency?: number;
  /** Of another stand, whose log this one works too. */
  readonly nats?: TestNats;
  /** Keeps the worker's state. Default: a new folder. */
  readonly directory?: string;
  /** Where its CMMS listens. Default: any free port. */
  readonly cmmsPort?: number;
  /** Modules that are loaded ahead of the worker. */
  readonly preload?: readonly string[];
};

/** A whole plant of real processes: nats-server, reference CMMS, a worker that runs the embedded warehouse. */
export interface Stand {
  readonly nats: TestNats;
  readonly cmms: Service & { readonly url: string };
  readonly worker: Service;
  /** Another worker of the same configuration, under this environment; whoever asks for it ends it. */
  twin(env?: Readonly<Record<string, string>>): Service;
  /** Of the worker: epochs, checkpoints, the warehouse. */
  readonly directory: string;
  /** The file with the configuration of the worker. */
  readonly config: string;
  readonly env: Readonly<Record<string, string>>;
  /** Of the embedded warehouse. */
  warehouse(): { readonly url: string; readonly pid: number } | undefined;
  /** What the worker's metrics say now; undefined while there is no answer or no such metric. */
  metric(name: string): Promise<number | undefined>;
  stop(): Promise<void>;
}

export async function startStand(options: StandOptions = {}): Promise<Stand> {
  const folder = temporaryDirectory();
  const directory = options.directory ?? join(folder, 'state');
  const nats = options.nats ?? (await startNats({ config: 'max_payload: 8MB' }));
  const { cmmsPort = await freePort() } = options;
  const httpPort = await freePort();
  const url = `http://127.0.0.1:${cmmsPort}`;
  const config = join(folder, 'andon.yaml');
  const written = {
    directory,
    http: { port: httpPort },
    epoch: { seconds: 0.3, checkpointEvery: 4 },
    cmms: quickCmms(options),
    ...options.config,
  };
  // What is JSON is YAML.
  writeFileSync(config, JSON.stringify(written));
  const env = { NATS_URL: nats.url, CMMS_URL: url, CMMS_TOKEN: 'reference', ...options.env };
  const journal = ['--port', `${cmmsPort}`, '--journal', join(folder, 'cmms.ndjson')];
  const cmms = service([CMMS, ...journal], env, /"url"/);
  const preloaded = (options.preload ?? []).flatMap((module) => ['--import', module]);
  const run = [...preloaded, ANDON, 'run', '--config', config];
  const twin = (more = {}) => service(run, { ...env, ...more }, /"kind":"started"/);
  const worker = twin();
  await cmms.start();
  return {
    nats,
    cmms: { ...cmms, url },
    worker,
    twin,
    directory,
    config,
    env,
    warehouse() {
      try {
        return JSON.parse(readFileSync(join(directory, 'warehouse', 'address.json'), 'utf8'));
      } catch {
        return undefined;
      }
    },
    async metric(name) {
      try {
        const text = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
        const [, value] = new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'm').exec(text) ?? [];
        return value === undefined ? undefined : Number(value);
      } catch {
        return undefined;
      }
    },
    async stop() {
      await worker.stop();
      await cmms.stop();
      if (options.nats === undefined) await nats.stop();
    },
  };
}

/** The preset of the reference CMMS, without patience. */
function quickCmms({ status, concurrency }: StandOptions): object {
  const preset = parse(readFileSync(join(ROOT, 'examples/cmms/reference.yaml'), 'utf8'));
  return {
    ...preset,
    ...(concurrency === undefined ? {} : { concurrency }),
    status: status === true ? { ...preset.status, every: '200ms' } : undefined,
    timeout: '1s',
    settle: '1s',
    rate: undefined,
    retry: { first: '50ms', most: '500ms' },
    breaker: { failures: 5, pause: '500ms' },
  };
}

function service(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  ready: RegExp,
): Service {
  const lines: string[] = [];
  let child: Child | undefined;
  async function begin(
    more: Readonly<Record<string, string>> = {},
    options: readonly string[],
  ): Promise<Child> {
    child = await startChild({
      command: process.execPath,
      args: ['--import', import.meta.resolve('tsx'), ...args, ...options],
      env: { ...env, ...more },
      onLine: (line) => lines.push(line),
    });
    return child;
  }
  async function ended(): Promise<Exit> {
    const over = new AbortController();
    const late = pause(LONGEST_LIFE, undefined, { signal: over.signal }).then(() => {
      throw new Error(`${args[0]} still lives:\n${lines.slice(-8).join('\n')}`);
    });
    late.catch(() => undefined);
    const exited = child?.exited ?? Promise.reject(new Error(`${args[0]} does not live`));
    return Promise.race([exited, late]).finally(() => over.abort());
  }
  return {
    lines,
    pid: () => child?.pid,
    async start(more, ...options) {
      const from = lines.length;
      const started = await begin(more, options);
      const ended = { now: false };
      void started.exited.then(() => {
        ended.now = true;
      });
      await until('a ready process', 30_000, async () => {
        if (lines.slice(from).some((line) => ready.test(line))) return true;
        if (ended.now) throw new Error(`${args[0]} ended:\n${lines.slice(-8).join('\n')}`);
        return false;
      });
    },
    async live(more, ...options) {
      await begin(more, options);
      return ended();
    },
    ended,
    async kill() {
      child?.kill('SIGKILL');
      await child?.exited;
      child = undefined;
    },
    async stop() {
      const ending = child;
      child = undefined;
      return (await ending?.stop(20_000)) ?? { code: null, signal: null };
    },
  };
}

/** Asks until the answer is yes. Fails with the name of what was waited for. */
export async function until(
  what: string,
  limit: number,
  question: () => Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + limit;
  while (!(await question())) {
    if (performance.now() > deadline) throw new Error(`waited ${limit} ms for ${what}`);
    await pause(20);
  }
}

/** Waits for the log of a stand: a worker that comes before a replay would make a live one. */
export async function untilPublished({ nats }: Pick<Stand, 'nats'>): Promise<void> {
  const connection = await connect({ servers: nats.url });
  try {
    const manager = await jetstreamManager(connection);
    await until('the stream', 30_000, () =>
      manager.streams.info('ANDON_0').then(
        () => true,
        () => false,
      ),
    );
  } finally {
    await connection.close();
  }
}

export type Ran = { readonly code: number; readonly out: string; readonly err: string };

/** Runs a command of `andon` to its end. */
export function andon(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [ANDON, ...args],
      { env: { ...process.env, ...env }, maxBuffer: 64_000_000 },
      (error, out, err) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, out, err });
      },
    );
  });
}

/** What the CMMS of a stand holds. */
export async function worksAt(stand: Stand): Promise<WorkRequest[]> {
  const found = await askCmms<{ items: WorkRequest[] }>(stand, 'GET', '/api/work-requests');
  return found.items;
}

/** Asks the CMMS as a person with its token would. */
export async function askCmms<T>(
  { cmms }: Stand,
  method: string,
  path: string,
  body?: object,
): Promise<T> {
  const ask = () =>
    fetch(`${cmms.url}${path}`, {
      method,
      headers: { Authorization: 'Bearer reference', 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  // A kept connection may be closed from the other side just as it is used: a question can be asked again.
  const response = await (method === 'GET' ? ask().catch(ask) : ask());
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
  return (await response.json()) as T;
}
