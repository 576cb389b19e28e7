import type { Cmms } from '../../sinks/remote/remote.ts';
import type { RecordEvent } from '../observe/observe.ts';

/** How long things take, in milliseconds, and how often a fault is taken for an accident. */
export type DeliveryTiming = {
  readonly timeout: number;
  /** How much longer a call without an answer may still be carried out over there. */
  readonly settle: number;
  readonly every: number;
  readonly faults: number;
};

/** What every step of carrying something out needs, whatever it is. */
export type SystemContext = {
  readonly timing: DeliveryTiming;
  readonly record: RecordEvent;
  readonly signal: AbortSignal;
  /** Of the log that replies are published into. */
  readonly partitions: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
};

/** What every step of the delivery of requests needs. */
export type DeliveryContext = SystemContext & { readonly cmms: Cmms };

/** What a step came to: it is over, or wants another try after so many milliseconds (undefined: as the back-off says). */
export type StepResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'again'; readonly atLeast: number };

export function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
