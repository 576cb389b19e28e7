import type { Measure } from './metrics.ts';

/**
 * By consequence. error: data is lost or a person must act; warn: something went wrong and is being mended; info: what
 * somebody did took effect; debug: the work itself. Nothing happens per reading or per message.
 */
export const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof LEVELS)[number];

/** What is to be said and counted about one kind of internalEvent with fields F. */
export type InternalEventKind<F> = {
  readonly level: Level | ((fields: F) => Level);
  /** The line for people. Every field stands in the JSON line anyway. */
  readonly say: (fields: F) => string;
  readonly measures: readonly Measure<F>[];
};

export function kind<F>(
  level: InternalEventKind<F>['level'],
  say: InternalEventKind<F>['say'],
  ...measures: readonly Measure<F>[]
): InternalEventKind<F> {
  return { level, say, measures };
}

/** `; again in 0.4 s`, or nothing if there will be no next time. */
export function again(milliseconds: number | undefined): string {
  return milliseconds === undefined ? '' : `; again in ${Math.round(milliseconds) / 1_000} s`;
}
