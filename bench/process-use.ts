import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export type Use = {
  /** Resident bytes now. */
  readonly resident: number;
  /** Highest resident bytes of its life. */
  readonly peak: number;
  /** CPU seconds of all its threads, user and system. */
  readonly cpu: number;
};

/** Clock ticks per second of /proc, the same on every Linux that Node runs on. */
const TICKS = 100;

/** What a process has taken so far, from /proc; undefined when it is gone. */
export function useOf(pid: number): Use | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold blanks: fields count from behind it, the first there is the state.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const cpu = (Number(fields[11]) + Number(fields[12])) / TICKS;
    return { resident: kilobytes(status, 'VmRSS'), peak: kilobytes(status, 'VmHWM'), cpu };
  } catch {
    return undefined;
  }
}

/** CPU seconds of a process so far; none of one that is gone. */
export function cpuOf(pid = 0): number {
  return useOf(pid)?.cpu ?? 0;
}

/** What some work takes of this process, on all its threads. */
export function cpuSeconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Processes that wanted a core, averaged over the last minute: who else was at work. */
export function loadAverage(): number {
  return Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]);
}

/** Bytes of this process's heap that are held after a full collection: what was made before is then not collected later. */
export function heapHeld(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

function kilobytes(status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) * 1_024;
}
