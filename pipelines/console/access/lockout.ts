/** Slows down whoever guesses passwords: each failure doubles the time until the next try of that name or address. */

const FIRST_PAUSE = 2_000;
const LONGEST_PAUSE = 15 * 60_000;
/** Milliseconds after which failures are forgotten. */
const FORGET = 60 * 60_000;
/** Names and addresses that are kept: whoever makes names up cannot fill the memory. */
const MOST = 10_000;

type Failures = { count: number; last: number };

export interface Lockout {
  /** Milliseconds that somebody has to wait; 0 if they need not. */
  wait(who: string): number;
  failed(who: string): void;
  succeeded(who: string): void;
}

/** So many failures cost nothing: people mistype, and many of them may share an address. */
export const FREE_FAILURES = { name: 5, address: 50 } as const;

/** `now` gives milliseconds of a clock. */
export function createLockout(free: number, now: () => number = () => performance.now()): Lockout {
  const failures = new Map<string, Failures>();

  function pauseOf({ count, last }: Failures): number {
    const over = count - free;
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
    wait(who) {
      const found = known(who);
      return found === undefined ? 0 : pauseOf(found);
    },
    failed(who) {
      const count = (known(who)?.count ?? 0) + 1;
      failures.delete(who);
      failures.set(who, { count, last: now() });
      const [oldest] = failures.keys();
      if (failures.size > MOST && oldest !== undefined) failures.delete(oldest);
    },
    succeeded(who) {
      failures.delete(who);
    },
  };
}
