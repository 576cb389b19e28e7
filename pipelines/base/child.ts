import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { EXIT, foundInPlace, Problem } from './problem.ts';

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type ChildOptions = {
  readonly command: string;
  readonly args: readonly string[];
  /** Beside the environment of this process. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
  /** Each line that it prints, on either output. */
  readonly onLine?: ((line: string) => void) | undefined;
};

export interface Child {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL after `grace` milliseconds. Resolves when it is gone. */
  stop(grace: number): Promise<Exit>;
}

/**
 * Starts a program that dies with this process, even when this process is killed: Ctrl-C does not reach it, so that
 * its owner can drain first, and a guard ends it when the owner is gone. Rejects with a `Problem` if it cannot start.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { command, args, env, cwd, onLine } = options;
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own: a terminal sends Ctrl-C to the whole group.
    detached: true,
  });
  for (const output of [child.stdout, child.stderr]) {
    createInterface({ input: output }).on('line', (line) => onLine?.(line));
  }
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw new Problem(
      {
        expected: 'a program that starts',
        found: foundInPlace(error),
        where: command,
        remedy: 'Install it or correct its path.',
        exit: EXIT.outside,
      },
      { cause: error },
    );
  }
  const pid = child.pid ?? 0;
  guard(child, pid);
  return {
    pid,
    exited,
    kill: (signal) => void child.kill(signal),
    async stop(grace) {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), grace);
      const exit = await exited;
      clearTimeout(late);
      return exit;
    },
  };
}

/** A shell that waits for the end of a pipe which only this process holds open, and then kills the child. */
function guard(child: ChildProcess, pid: number): void {
  if (process.platform === 'win32') return;
  const shell = spawn('/bin/sh', ['-c', `read _; kill -9 ${pid}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.on('error', () => undefined);
  // The guard goes first: its pipe must not close once the number may belong to another process.
  child.once('exit', () => shell.kill('SIGKILL'));
  shell.unref();
}

/** Between two looks whether npm is still there: milliseconds. */
const LOOK_EVERY = 500;

/**
 * Calls `gone` when npm, which started this process (`npx andon`, `npm run andon`), has ended. npm ends on SIGTERM
 * without waiting for what it runs, through a shell of its own: without this a worker would go on that nobody knows of.
 * A process that was not started by npm is nobody's child to look after: it may be meant to outlive its shell.
 */
export function onStarterGone(gone: () => void, environment = process.env): () => void {
  if (environment.npm_command === undefined) return () => undefined;
  const shell = process.ppid;
  // The shell of npm, and npm itself: either may be killed without the other.
  const npm = parentOf(shell);
  const timer = setInterval(() => {
    if (process.ppid === shell && parentOf(shell) === npm) return;
    clearInterval(timer);
    gone();
  }, LOOK_EVERY);
  timer.unref();
  return () => clearInterval(timer);
}

/** Undefined where there is no `/proc`, and of a process that has ended. */
function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

/**
 * Aborted by the first SIGTERM or SIGINT, and by the end of npm where it has started us. A second signal ends the process
 * as it stands. `told`: called once, with what it was.
 */
export function endOnSignal(told: (reason: string) => void = () => undefined): AbortSignal {
  const end = new AbortController();
  const begin = (reason: string) => {
    if (!end.signal.aborted) told(reason);
    end.abort();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (end.signal.aborted) process.exit(130);
      begin(signal);
    });
  }
  onStarterGone(() => begin('npm, which started this process, has ended'));
  return end.signal;
}
