import { type Child, type Exit, startChild } from '../base/child.ts';
import { EXIT, Problem } from '../base/problem.ts';
import type { SuperviseOptions } from '../base/supervise.ts';

/** How a process is started, and when it can be used. */
export type Program = Omit<SuperviseOptions, 'onEvent'>;

/** Variables of the environment, for one life of a process. */
export type Variables = Readonly<Record<string, string>>;

/** A process of a stand: killed without warning, ended politely, started again at the same place. */
export interface Service {
  /** Resolves when it can be used. `env` and options: for this life alone. */
  start(env?: Variables, ...options: readonly string[]): Promise<void>;
  /** A life that ends by itself; how it ended. */
  live(env?: Variables, ...options: readonly string[]): Promise<Exit>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGTERM, and SIGKILL if it does not heed that. */
  stop(): Promise<Exit>;
  pid(): number | undefined;
  /** How the life under way ends by itself. Rejects after `within` milliseconds. */
  ended(within?: number): Promise<Exit>;
  /** What it printed in all its lives. */
  readonly lines: readonly string[];
}

/** Milliseconds between SIGTERM and SIGKILL. */
export const GRACE = 20_000;
/** Milliseconds until it can be used. */
const PATIENCE = 60_000;
/** Milliseconds that a process may take to end by itself. */
const LONGEST_LIFE = 90_000;

/** A process that is started only when somebody says so: what ends stays down. */
export function createService(program: Program): Service {
  const { name, grace = GRACE } = program;
  const lines: string[] = [];
  let child: Child | undefined;

  async function begin(env: Variables = {}, options: readonly string[]): Promise<Child> {
    child = await startChild({
      ...program,
      args: [...program.args, ...options],
      env: { ...program.env, ...env },
      onLine: (line) => void lines.push(line),
    });
    return child;
  }

  async function ended(within = LONGEST_LIFE): Promise<Exit> {
    if (child === undefined) throw new Error(`expected ${name} to run`);
    return inTime(child.exited, within, () => `${name} still runs:\n${lastOf(lines)}`);
  }

  return {
    lines,
    pid: () => child?.pid,
    async start(env, ...options) {
      const from = lines.length;
      const started = await begin(env, options);
      try {
        await untilReady(program, started);
      } catch (error) {
        started.kill('SIGKILL');
        throw notReady(name, error, lines.slice(from));
      }
    },
    async live(env, ...options) {
      await begin(env, options);
      return ended();
    },
    ended,
    async kill() {
      const ending = child;
      child = undefined;
      ending?.kill('SIGKILL');
      await ending?.exited;
    },
    async stop() {
      const ending = child;
      child = undefined;
      const gone = ending?.stop(grace);
      // A frozen process takes SIGTERM only when it wakes up.
      ending?.kill('SIGCONT');
      return (await gone) ?? { code: null, signal: null };
    },
  };
}

async function untilReady(program: Program, { exited }: Child): Promise<void> {
  const over = new AbortController();
  const gone = exited.then(() => {
    throw new Error('it ended before it was ready');
  });
  gone.catch(() => undefined);
  const late = AbortSignal.timeout(program.patience ?? PATIENCE);
  try {
    await Promise.race([program.ready(AbortSignal.any([over.signal, late])), gone]);
  } finally {
    over.abort();
  }
}

function notReady(name: string, cause: unknown, lines: readonly string[]): Problem {
  const because = cause instanceof Error ? cause.message : String(cause);
  return new Problem(
    {
      expected: `${name} to become ready`,
      found: `${because}:\n${lastOf(lines)}`,
      remedy: 'Its own words above say why.',
      exit: EXIT.outside,
    },
    { cause },
  );
}

function lastOf(lines: readonly string[]): string {
  return lines.slice(-8).join('\n');
}

async function inTime<T>(answer: Promise<T>, within: number, late: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(late())), within);
  });
  return Promise.race([answer, over]).finally(() => clearTimeout(timer));
}
