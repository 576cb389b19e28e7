import { setTimeout as delay } from 'node:timers/promises';
import { Problem } from '../../base/problem.ts';
import type { RecordEvent } from '../../observe/internal-events.ts';

export type PersistOptions = {
  /** Where it is written, for people. */
  readonly path: string;
  readonly record: RecordEvent;
  /** Gives up. */
  readonly signal: AbortSignal;
};

const BETWEEN_ATTEMPTS = 1_000;

/**
 * Writes something down, again and again until the disk takes it: a full or read-only disk stops the work and loses
 * nothing.
 */
export async function persist<T>(write: () => Promise<T>, options: PersistOptions): Promise<T> {
  const { path, record, signal } = options;
  for (;;) {
    try {
      return await write();
    } catch (error) {
      // Says itself what to do; waiting is not it.
      if (error instanceof Problem) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      record({ kind: 'disk-full', path, reason });
      await delay(BETWEEN_ATTEMPTS, undefined, { signal });
    }
  }
}
