import { setImmediate as macrotask } from 'node:timers/promises';

/**
 * Milliseconds of one turn. Sinks need some dozen turns of the event loop for an epoch (its file, a socket that takes a
 * part of it each time, the answer, the cursor): one that waits for them falls behind however fast it is.
 */
const LONGEST = 8;
/** Messages between two looks at the clock. */
const LOOK_EVERY = 32;

/** Who takes messages in shares one thread with everything else, by turns. */
export class Turns {
  #began = performance.now();
  #messages = 0;

  /** Asked once a message: whether it is time to give way. */
  over(): boolean {
    this.#messages += 1;
    return this.#messages % LOOK_EVERY === 0 && performance.now() - this.#began > LONGEST;
  }

  /** Lets everything else have its turn. */
  async giveWay(): Promise<void> {
    await macrotask();
    this.#began = performance.now();
  }
}
