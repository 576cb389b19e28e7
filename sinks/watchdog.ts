// What ends a process when nothing else can: code of others that does not return heeds no signal and no limit, and takes
// memory without end. Only for processes that may be killed at any time.

import { Worker } from 'node:worker_threads';

export type ThreadWatch = {
  /** Begins the sentence that the process leaves on standard error. */
  readonly what: string;
  /** Milliseconds that its thread may do one thing. */
  readonly silence: number;
  /** Bytes that all of it may take. Default: any number. */
  readonly memory?: number;
};

/**
 * A thread that never touches the code of others. It counts its own looks and not the time, so that a machine that slept
 * does not look like a thread that hangs. In plain JavaScript, because a thread starts without the loader of this one.
 */
const WATCH = `
const { workerData } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const { what, shared, parent, looks, every, memory } = workerData;
const beats = new Int32Array(shared);
let seen = -1;
let silent = 0;
setInterval(() => {
  const beat = Atomics.load(beats, 0);
  silent = beat === seen ? silent + 1 : 0;
  seen = beat;
  // Who started this has gone, and the thread that should notice does not: nobody waits for it.
  const orphaned = process.ppid !== parent && silent >= 3;
  const greedy = process.memoryUsage.rss() > memory;
  if (silent < looks && !orphaned && !greedy) return;
  const silence = 'did not answer for ' + Math.round(silent * every / 1000) + ' s';
  const why = greedy ? 'took more than ' + Math.round(memory / 1048576) + ' MiB' : silence;
  writeSync(2, what + ' ' + why + ' and is ended\\n');
  process.kill(process.pid, 'SIGKILL');
}, every);
`;

/** Watches this thread from another one until the process ends. */
export function watchThread({ what, silence, memory = Number.POSITIVE_INFINITY }: ThreadWatch) {
  const shared = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const beats = new Int32Array(shared);
  const every = Math.min(memory === Number.POSITIVE_INFINITY ? 1_000 : 100, silence / 4);
  setInterval(() => void Atomics.add(beats, 0, 1), every / 2).unref();
  const looks = Math.ceil(silence / every);
  const workerData = { what, shared, parent: process.ppid, looks, every, memory };
  new Worker(WATCH, { eval: true, execArgv: [], env: {}, workerData }).unref();
}
