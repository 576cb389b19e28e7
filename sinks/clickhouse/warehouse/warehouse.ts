import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { STEADY_MEMORY } from '../../steady-memory.ts';

/** A checkout runs its sources as they are; a package holds JavaScript. */
const PROGRAM = import.meta.url.endsWith('.ts') ? './main.ts' : './main.js';

export type WarehouseOptions = {
  /** Folder of its data and its address; made if missing. Of one process at a time. */
  readonly directory: string;
  readonly port: number;
  /** Bytes that the engine may use. Default 2 GB. */
  readonly memory?: number;
  /** The file that is run. Default: the one beside this. */
  readonly program?: string | undefined;
};

/** How to start the embedded warehouse on this machine alone; for `supervise` or `startChild`. */
export type WarehouseCommand = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly url: string;
  /** Resolves when it answers. */
  readonly ready: (signal: AbortSignal) => Promise<void>;
};

export function warehouseCommand(options: WarehouseOptions): WarehouseCommand {
  const { directory, port, memory } = options;
  const url = `http://127.0.0.1:${port}`;
  const program = options.program ?? fileURLToPath(new URL(PROGRAM, import.meta.url));
  const limit = memory === undefined ? [] : ['--memory', String(memory)];
  return {
    command: process.execPath,
    args: [
      ...(program.endsWith('.ts') ? ['--import', import.meta.resolve('tsx')] : []),
      program,
      '--directory',
      directory,
      '--port',
      String(port),
      ...limit,
    ],
    env: {
      ...STEADY_MEMORY,
      // The engine has an allocator of its own, which keeps what merges needed for ten seconds, and in as many places.
      JE_MALLOC_CONF: 'narenas:4,dirty_decay_ms:1000,muzzy_decay_ms:0',
      // Every running statement holds a thread of libuv's pool, which has four by default.
      UV_THREADPOOL_SIZE: '16',
      TZ: 'UTC',
    },
    url,
    async ready(signal) {
      while (!(await answersPing(url))) await pause(25, undefined, { signal });
    },
  };
}

/** Milliseconds in which a process that is there has answered. */
const PATIENCE = 2_000;

/**
 * Whether something answers `/ping` at an address as ClickHouse does. Each question has a signal of its own: fetch lets
 * go of one only when its answer is collected, and whoever waits asks often.
 */
export async function answersPing(url: string): Promise<boolean> {
  try {
    const response = await fetch(new URL('/ping', url), { signal: AbortSignal.timeout(PATIENCE) });
    return (await response.text()) === 'Ok.\n';
  } catch {
    return false;
  }
}
