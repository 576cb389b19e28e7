/** Slows down whoever guesses passwords: each failure doubles the time until the next try of that name or address. */

/** Failures that cost nothing: people mistype. */
const FREE = 5;
const FIRST_PAUSE = 2_000;
const LONGEST_PAUSE = 15 * 60_000;
/** Milliseconds after which failures are forgotten. */
const FORGET = 60 * 60_000;
/** Names and addresses that are kept: whoever makes names up cannot fill the memory. */
const MOST = 10_000;

type Failures = { count: number; last: number };

export interface Lockout {
  /** Milliseconds that these have to wait; 0 if they need not. */
  wait(...who: readonly string[]): number;
  failed(...who: readonly string[]): void;
  succeeded(...who: readonly string[]): void;
}

/** `now` gives milliseconds of a clock. */
export function createLockout(now: () => number = () => performance.now()): Lockout {
  const failures = new Map<string, Failures>();

  function pauseOf({ count, last }: Failures): number {
    const over = count - FREE;
    if (over < 0) return 0;
    const pause = Math.min(FIRST_PAUSE * 2 ** Math.min(over, 20), LONGEST_PAUSE);
    return Math.max(0, last + pause - now());
  }

  function known(who: string): Failures | undefined {
    const found = failures.get(who);
    if (found === undefined || now() - found.last <= FORGET) return found;
    failures.delete(who);
    return undefined;
  }

  return {
    wait(...who) {
      return Math.max(
        0,
        ...who.map((each) => known(each)).map((each) => (each ? pauseOf(each) : 0)),
      );
    },
    failed(...who) {
      for (const each of who) {
        const count = (known(each)?.count ?? 0) + 1;
        failures.delete(each);
        failures.set(each, { count, last: now() });
        const [oldest] = failures.keys();
        if (failures.size > MOST && oldest !== undefined) failures.delete(oldest);
      }
    },
    succeeded(...who) {
      for (const each of who) failures.delete(each);
    },
  };
}
