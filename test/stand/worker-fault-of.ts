/** One step of a worker at the file system, and what befalls it there. */
export type WorkerFault = {
  readonly step: 'open' | 'write' | 'sync' | 'rename' | 'sync-directory' | 'remove';
  /** `epochs`, `checkpoints`, the sink that a cursor is of; of `sync-directory` the directory. */
  readonly file: string;
  /** `amid`: half of the bytes are written. */
  readonly moment: 'before' | 'amid' | 'after';
  /** The how manieth call of this step in the life of the process. Default 1. */
  readonly nth?: number;
  /** Default `kill`: SIGKILL. `stop`: SIGSTOP. `block`: the thread stands still. `refuse`: the call fails. */
  readonly act?: 'kill' | 'stop' | 'block' | 'refuse';
  /** Of `block`. */
  readonly milliseconds?: number;
  /** Of `refuse`: as the system names it. Default EIO. */
  readonly code?: string;
  /** Of `refuse`: so many calls in a row. Default 1. */
  readonly times?: number;
};

/** What a stand lays over the environment of a worker for one life. */
export function withFault(fault: WorkerFault): Readonly<Record<string, string>> {
  return { ANDON_TEST_FAULT: JSON.stringify(fault) };
}

/** The file that has to be loaded ahead of the worker for that. */
export const FAULTS_PRELOAD = new URL('./worker-fault.ts', import.meta.url).href;

/** Sets the wall clock of the worker wrong at each SIGUSR2. */
export const CLOCK_PRELOAD = new URL('./clock-jump.ts', import.meta.url).href;

/** Lets a stage throw on the messages that `ANDON_TEST_POISON` names: a subject, and a divisor of their numbers. */
export const POISON_PRELOAD = new URL('./poison.ts', import.meta.url).href;
