import { setTimeout as delay } from 'node:timers/promises';

/** What a step does outside: a call to the disk, a part to a sink, a batch of the log, a commit, a copy, a lease. */
export type Call =
  | 'read'
  | 'write'
  | 'sync'
  | 'rename'
  | 'remove'
  | 'send'
  | 'pull'
  | 'commit'
  | 'lease'
  | 'copy';

/** How a life ends: at which of its steps, and how far that step came. */
export type CrashPoint = {
  /**
   * - `kill`: the process is gone; what the operating system was given stays.
   * - `power`: so is what was not synced.
   * - `abort`: it is told to stop at once, and does.
   * - `drain`: it is told to finish.
   * - `pause`: it stands still, until it is woken.
   */
  readonly by: 'kill' | 'power' | 'abort' | 'drain' | 'pause';
  readonly step: number;
  /** Counts steps of this kind only. */
  readonly of: Call | undefined;
  readonly moment: 'before' | 'half-way' | 'after';
};

/** What a step does outside of the process, whole or in part. */
export type Effect<T> = {
  readonly call: Call;
  readonly whole: () => T;
  /** Where it can be torn. */
  readonly part?: () => void;
};

/**
 * One life of a process. All that it does outside goes through `act`, step by step; after its death nothing does, and
 * nobody who waits for it hears anything more: no handler of errors gets a chance that a killed process has not.
 */
export class KillableProcess {
  steps = 0;
  #counted = 0;
  dead = false;
  readonly died: Promise<void>;
  readonly #death: CrashPoint | undefined;
  readonly #onTold: (by: 'abort' | 'drain') => void;
  readonly #busy: () => void;
  readonly #pause: (call: Call) => number;
  #die: () => void = () => {};
  #wake: () => void = () => {};
  #sleep: Promise<void> | undefined;

  /** `pause`: milliseconds that a step takes before, and again after, its effect on this. */
  constructor(options: {
    readonly death: CrashPoint | undefined;
    readonly onTold: (by: 'abort' | 'drain') => void;
    readonly busy: () => void;
    readonly pause: (call: Call) => number;
  }) {
    this.#death = options.death;
    this.#onTold = options.onTold;
    this.#busy = options.busy;
    this.#pause = options.pause;
    this.died = new Promise((resolve) => {
      this.#die = resolve;
    });
  }

  async act<T>({ call, whole, part }: Effect<T>): Promise<T> {
    await this.#breath(call);
    const death = this.#isLast(call) ? this.#death : undefined;
    if (death?.by === 'abort' || death?.by === 'drain') this.#onTold(death.by);
    if (death?.by === 'pause') {
      if (death.moment === 'before') await this.#pauseHere();
      const result = whole();
      if (death.moment !== 'before') await this.#pauseHere();
      return result;
    }
    if (death?.by !== 'kill' && death?.by !== 'power') {
      const result = whole();
      await this.#breath(call);
      return result;
    }
    if (death.moment === 'after') whole();
    if (death.moment === 'half-way') part?.();
    this.dead = true;
    this.#die();
    return never();
  }

  /** Resolves while it runs: never when it is dead, and after it is woken when it is paused. */
  async running(): Promise<void> {
    if (this.dead) await never();
    while (this.#sleep !== undefined) await this.#sleep;
  }

  /** Goes on after a pause. */
  wake(): void {
    this.#wake();
  }

  async #pauseHere(): Promise<void> {
    this.#sleep = new Promise((resolve) => {
      this.#wake = () => {
        this.#sleep = undefined;
        resolve();
      };
    });
    this.#die();
    await this.#sleep;
  }

  #isLast(call: Call): boolean {
    this.steps += 1;
    const { of = call, step } = this.#death ?? { step: 0 };
    if (of === call) this.#counted += 1;
    return of === call && this.#counted === step;
  }

  async #breath(call: Call): Promise<void> {
    // All of a process stands still.
    await this.running();
    this.#busy();
    const milliseconds = this.#pause(call);
    if (milliseconds > 0) await delay(milliseconds);
    if (this.dead) await never();
  }
}

/** What the dead hear. */
export function never<T>(): Promise<T> {
  return new Promise<T>(() => {});
}
