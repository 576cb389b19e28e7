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
  readonly onEvent?: (event: SupervisorEvent) => void;
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
  return new Supervisor(options);
}

class Supervisor implements Supervised {
  readonly ready: Promise<void>;
  readonly #options: SuperviseOptions;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #child: Child | undefined;
  /** It was ready once. */
  #worked = false;
  /** The last lines that it printed, for the problem that is reported if it never becomes ready. */
  #output: string[] = [];

  constructor(options: SuperviseOptions) {
    this.#options = options;
    let begun: () => void = () => undefined;
    let failed: (reason: unknown) => void = () => undefined;
    this.ready = new Promise<void>((resolve, reject) => {
      begun = resolve;
      failed = reject;
    });
    this.#running = this.#keepRunning(begun).catch(failed);
    // Who never asks for readiness must not die of it; who does still gets the rejection.
    this.ready.catch(() => undefined);
  }

  pid(): number | undefined {
    return this.#child?.pid;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#child?.stop(this.#grace);
    await this.#running;
  }

  get #grace(): number {
    return this.#options.grace ?? 5_000;
  }

  async #keepRunning(begun: () => void): Promise<void> {
    const { name, onEvent } = this.#options;
    for (let failures = 0; !this.#stopping.signal.aborted; failures += 1) {
      const started = performance.now();
      const reason = await this.#runOnce(begun);
      if (performance.now() - started > WELL_AFTER) failures = 0;
      const last =
        this.#stopping.signal.aborted || (!this.#worked && failures + 1 >= FIRST_ATTEMPTS);
      const again = last ? undefined : Math.min(FIRST_PAUSE * 2 ** failures, LONGEST_PAUSE);
      onEvent?.({ name, kind: 'child-exited', reason, again });
      if (again === undefined) throw neverReady(name, reason, this.#output);
      await pause(again, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  /** From one start to the end of the process; gives the reason of the end. */
  async #runOnce(begun: () => void): Promise<string> {
    const { name, onEvent } = this.#options;
    let child: Child;
    try {
      child = await startChild({ ...this.#options, onLine: (line) => this.#onLine(line) });
    } catch (error) {
      // What has worked once may be in the middle of an upgrade.
      if (!this.#worked || !(error instanceof Problem)) throw error;
      return error.message;
    }
    this.#child = child;
    onEvent?.({ name, kind: 'child-started', pid: child.pid });
    // Stopped between the decision to start and the start: nobody else knows of this child.
    if (this.#stopping.signal.aborted) void child.stop(this.#grace);
    const over = new AbortController();
    const ready = this.#awaitReady(child, over.signal, begun);
    const exit = await child.exited;
    this.#child = undefined;
    over.abort();
    await ready;
    return exit.signal ?? `exit code ${exit.code}`;
  }

  /** Kills a child that does not become ready in time. Resolves soon after `over`, whatever `ready` does. */
  async #awaitReady(child: Child, over: AbortSignal, begun: () => void): Promise<void> {
    const { name, onEvent, patience = 30_000 } = this.#options;
    const started = performance.now();
    const signal = AbortSignal.any([over, AbortSignal.timeout(patience)]);
    try {
      // The race: a `ready` that does not heed its signal must not hold up the next start.
      await Promise.race([this.#options.ready(signal), aborted(signal)]);
    } catch (error) {
      if (over.aborted) return;
      this.#onLine(`not ready: ${error instanceof Error ? error.message : String(error)}`);
      child.kill('SIGKILL');
      return;
    }
    if (over.aborted) return;
    this.#worked = true;
    const after = Math.round(performance.now() - started);
    onEvent?.({ name, kind: 'child-ready', pid: child.pid, after });
    begun();
  }

  #onLine(line: string): void {
    this.#output = [...this.#output.slice(-4), line];
    this.#options.onEvent?.({ name: this.#options.name, kind: 'child-line', line });
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function neverReady(name: string, reason: string, output: readonly string[]): Problem {
  return new Problem({
    expected: `${name} to become ready`,
    found: [`it ended with ${reason}`, ...output].join('\n  '),
    remedy: 'Its own words above say why.',
    exit: EXIT.outside,
  });
}
