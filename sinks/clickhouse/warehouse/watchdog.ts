// What ends the process of the warehouse when nothing else can: a function of the engine that works on one block heeds no
// limit, and a call that does not return keeps the thread of the server. The engine is made to be killed at any time:
// what was confirmed is on disk, and whoever runs the process starts it again.

import { readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
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

/**
 * A thread that never touches the engine. It counts its own looks and not the time, so that a machine that slept does not
 * look like a thread that hangs. In plain JavaScript, because a thread starts without the loader of this one.
 */
const WATCH = `
const { workerData } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const { shared, parent, looks, every } = workerData;
const beats = new Int32Array(shared);
let seen = -1;
let silent = 0;
setInterval(() => {
  const beat = Atomics.load(beats, 0);
  silent = beat === seen ? silent + 1 : 0;
  seen = beat;
  // Who started this has gone, and the thread that should notice does not: nobody waits for it.
  const orphaned = process.ppid !== parent && silent >= 3;
  if (silent < looks && !orphaned) return;
  writeSync(2, 'the warehouse did not answer for ' + Math.round(silent * every / 1000) + ' s and is ended\\n');
  process.kill(process.pid, 'SIGKILL');
}, every);
`;

/** Watches this thread from another one until the process ends. */
export function startWatchdog({ silence, stop }: WatchLimits): Watchdog {
  const shared = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const beats = new Int32Array(shared);
  const every = Math.min(1_000, silence / 4);
  setInterval(() => void Atomics.add(beats, 0, 1), every / 2).unref();
  const workerData = { shared, parent: process.ppid, looks: Math.ceil(silence / every), every };
  new Worker(WATCH, { eval: true, execArgv: [], env: {}, workerData }).unref();
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
