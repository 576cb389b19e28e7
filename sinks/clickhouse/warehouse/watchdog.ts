// What ends the process of the warehouse when nothing else can: a function of the engine that works on one block heeds no
// limit, and a call that does not return keeps the thread of the server. The engine is made to be killed at any time:
// what was confirmed is on disk, and whoever runs the process starts it again.

import { readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { watchThread } from '../../watchdog.ts';
import { clickHouseError } from './engine.ts';
import type { Role } from './secret.ts';

/** Milliseconds. */
export type WatchLimits = {
  /** That the thread of the server may do one thing. */
  readonly silence: number;
  /** That what is under way may take once the process is told to stop. */
  readonly stop: number;
};

export const WATCH_LIMITS: WatchLimits = { silence: 60_000, stop: 10_000 };

export interface Watchdog {
  /** From now on the process has `stop` left. */
  stopping(): void;
}

/** Watches this thread from another one until the process ends. */
export function startWatchdog({ silence, stop }: WatchLimits): Watchdog {
  watchThread({ what: 'the warehouse', silence });
  return {
    stopping() {
      setTimeout(() => endNow(`the warehouse did not stop within ${stop / 1_000} s`), stop).unref();
    },
  };
}

/** Whose statements had to be ended with the process, and who waits for that. */
export interface OverdueEnds {
  /** Throws while a role has to wait. */
  check(role: Role): void;
  /** Written down ahead of the end: the process that knows it is gone then. */
  note(role: Role): void;
}

/** Milliseconds: after the first end within `COUNTED`, twice as long after each further one, and at most. */
const WAIT = { first: 60_000, longest: 1_800_000 };
const COUNTED = 3_600_000;

/**
 * Keeps those out for a while whose statement has ended the warehouse: a dashboard that asks the same again and again, or
 * somebody who means it, would end it every other minute, for everybody.
 */
export function createOverdueEnds(directory: string, now: () => number = Date.now): OverdueEnds {
  const file = join(directory, 'overdue.json');
  let ends = endsIn(file);

  function recent(role: Role): readonly number[] {
    const time = now();
    // A clock that was set back makes nobody wait.
    return ends.flatMap((end) =>
      end.role === role && end.time <= time && time - end.time < COUNTED ? [end.time] : [],
    );
  }

  return {
    check(role) {
      const times = recent(role);
      const last = times.at(-1);
      if (last === undefined) return;
      const wait = Math.min(WAIT.first * 2 ** (times.length - 1), WAIT.longest);
      const left = Math.ceil((last + wait - now()) / 1_000);
      if (left <= 0) return;
      throw clickHouseError(
        202,
        'TOO_MANY_SIMULTANEOUS_QUERIES',
        `A statement of ${role === 'analyst' ? 'analysts' : `the ${role}`} heeded no limit and ended the warehouse ` +
          `(statements.log, and the log of the worker). Statements are taken again in ${left} s`,
      );
    },
    note(role) {
      ends = [...ends.filter(({ time }) => now() - time < COUNTED), { role, time: now() }];
      try {
        writeFileSync(file, JSON.stringify(ends), { mode: 0o600 });
      } catch {
        // On a full disk nobody waits; the end must come all the same.
      }
    },
  };
}

/** None where the file is not what it should be: it only makes wait. */
function endsIn(file: string): readonly { readonly role: Role; readonly time: number }[] {
  try {
    const ends: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return Array.isArray(ends) ? ends.filter((end) => typeof end?.time === 'number') : [];
  } catch {
    return [];
  }
}

/** Ends this process at once. An orderly end would wait for the threads of the engine. */
export function endNow(why: string): void {
  writeSync(2, `${why} and is ended\n`);
  process.kill(process.pid, 'SIGKILL');
}
