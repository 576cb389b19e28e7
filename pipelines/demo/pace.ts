import type { EventTime } from '../../operators/model/time.ts';

/** How simulated time follows the clock of the machine. */
export interface Pace {
  /** Simulated time now. `held`: it stands still, because those who listen are behind. */
  at(now: number, held: boolean): EventTime;
  /** Milliseconds until that simulated time at full speed, from `now`. */
  untilDue(time: EventTime): number;
  /** Milliseconds that it stood still. */
  readonly held: number;
}

/** How much faster than asked it may run to make up for a stop. */
const CATCHING_UP = 1.5;

/**
 * Simulated time that begins at `begin` and runs `speed` times as fast as the clock (`started`, `now`: milliseconds).
 * It never jumps: what was lost while it was held is made up for slowly, so that nothing piles up in a burst.
 */
export function createPace(begin: EventTime, speed: number, started: number): Pace {
  let simulated = begin as number;
  let looked = started;
  let held = 0;
  return {
    at(now, hold) {
      const passed = now - looked;
      looked = now;
      if (hold) {
        held += passed;
      } else {
        const asked = begin + (now - started) * speed * 1_000;
        simulated = Math.min(asked, simulated + passed * speed * CATCHING_UP * 1_000);
      }
      return Math.round(simulated) as EventTime;
    },
    untilDue: (time) => (time - simulated) / (speed * 1_000),
    get held() {
      return held;
    },
  };
}
