import type { Cmms } from '../../sinks/remote/remote.ts';
import type { RecordEvent } from '../observe/observe.ts';
import type { LedgerEntry } from './entry.ts';

/** How long things take, in milliseconds, and how often a fault is taken for an accident. */
export type DeliveryTiming = {
  readonly timeout: number;
  /** How much longer a call without an answer may still be carried out over there. */
  readonly settle: number;
  readonly every: number;
  readonly faults: number;
};

/** What every step of a delivery loop needs. */
export type DeliveryContext = {
  readonly cmms: Cmms;
  readonly timing: DeliveryTiming;
  readonly record: RecordEvent;
  readonly signal: AbortSignal;
  /** Of the log that statuses are published into. */
  readonly partitions: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
};

/** One entry of the ledger while it is worked on. `save` rejects when somebody else has changed it. */
export interface EntryHandle {
  readonly entry: LedgerEntry;
  save(changes: Partial<LedgerEntry>): Promise<void>;
}

/** What a step came to: it is over, or wants another try after so many milliseconds (undefined: as the back-off says). */
export type StepResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'again'; readonly atLeast: number };
