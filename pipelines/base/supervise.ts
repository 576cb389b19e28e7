import { setTimeout as pause } from 'node:timers/promises';
import { type Child, startChild } from './child.ts';
import { EXIT, Problem } from './problem.ts';

/** What becomes of a supervised process. */
export type SupervisorEvent = { readonly name: string } & (
  | { readonly kind: 'child-started'; readonly pid: number }
  | { readonly kind: 'child-ready'; readonly pid: number; readonly after: number }
  | { readonly kind: 'child-line'; readonly line: string }
  | {
      readonly kind: 'child-exited';
      readonly reason: string;
      /** Milliseconds until the next start; undefined if there is none. */
      readonly again: number | undefined;
    }
);

export type SuperviseOptions = {
  /** What people call it. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Beside the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Resolves when the process just started can be used. Rejects, or outlives `patience`: it is killed and started again. */
  readonly ready: (signal: AbortSignal) => Promise<void>;
  readonly onEvent?: (internalEvent: SupervisorEvent) => void;
  /** Milliseconds between SIGTERM and SIGKILL. Default 5,000. */
  readonly grace?: number;
  /** Milliseconds that `ready` may take. Default 30,000. */
  readonly patience?: number;
};

export interface Supervised {
  /** Resolves when it can be used for the first time; rejects with a `Problem` if it never could, or was stopped. */
  readonly ready: Promise<void>;
  /** Undefined while it is down. */
  pid(): number | undefined;
  stop(): Promise<void>;
}

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 10_000;
/** A process that ran this long is well: the next pause is the first one again. */
const WELL_AFTER = 30_000;
/** Starts that may fail before the first success. Something that has worked once is started again for ever. */
const FIRST_ATTEMPTS = 5;

/**
 * Keeps a process running: starts it again when it dies, after pauses that double from 0.1 s to 10 s, until `stop`. It
 * gives up only if the first five starts fail. The process dies with this one.
 */
export function supervise(options: SuperviseOptions): Supervised {
  const { name, onEvent = () => undefined, grace = 5_000, patience = 30_000 } = options;
  const stopping = new AbortController();
  let child: Child | undefined;
  let worked = false;
  let said: string[] = [];

  async function runOnce(begun: () => void): Promise<string> {
    try {
      child = await startChild({ ...options, onLine: say });
    } catch (error) {
      // What has worked once may be in the middle of an upgrade.
      if (!worked || !(error instanceof Problem)) throw error;
      return error.message;
    }
    const { pid, exited } = child;
    onEvent({ name, kind: 'child-started', pid });
    // Stopped between the decision to start and the start: nobody else knows of this child.
    if (stopping.signal.aborted) void child.stop(grace);
    const started = performance.now();
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, AbortSignal.timeout(patience)]);
    // The race: a `ready` that does not heed its signal must not hold up the next start.
    const ready = Promise.race([options.ready(signal), aborted(signal)]).then(
      () => {
        if (over.signal.aborted) return;
        worked = true;
        onEvent({
          name,
          kind: 'child-ready',
          pid,
          after: Math.round(performance.now() - started),
        });
        begun();
      },
      (error: unknown) => {
        if (over.signal.aborted) return;
        say(`not ready: ${error instanceof Error ? error.message : String(error)}`);
        child?.kill('SIGKILL');
      },
    );
    const exit = await exited;
    child = undefined;
    over.abort();
    await ready;
    return exit.signal ?? `exit code ${exit.code}`;
  }

  function say(line: string): void {
    said = [...said.slice(-4), line];
    onEvent({ name, kind: 'child-line', line });
  }

  async function keepRunning(begun: () => void): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted; failures += 1) {
      const started = performance.now();
      const reason = await runOnce(begun);
      if (performance.now() - started > WELL_AFTER) failures = 0;
      const last = stopping.signal.aborted || (!worked && failures + 1 >= FIRST_ATTEMPTS);
      const again = last ? undefined : Math.min(FIRST_PAUSE * 2 ** failures, LONGEST_PAUSE);
      onEvent({ name, kind: 'child-exited', reason, again });
      if (again === undefined) throw neverReady(name, reason, said);
      await pause(again, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  let running: Promise<void> = Promise.resolve();
  const ready = new Promise<void>((resolve, reject) => {
    running = keepRunning(resolve).catch(reject);
  });
  // Who never asks for readiness must not die of it; who does still gets the rejection.
  ready.catch(() => undefined);

  return {
    ready,
    pid: () => child?.pid,
    async stop() {
      stopping.abort();
      await child?.stop(grace);
      await running;
    },
  };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function neverReady(name: string, reason: string, said: readonly string[]): Problem {
  return new Problem({
    expected: `${name} to become ready`,
    found: [`it ended with ${reason}`, ...said].join('\n  '),
    remedy: 'Its own words above say why.',
    exit: EXIT.outside,
  });
}
