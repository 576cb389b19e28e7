import type { Cmms } from '../../sinks/cmms/cmms.ts';
import type { RecordEvent } from '../observe/internal-events.ts';
import type { LedgerEntry } from './entry.ts';

/** How long things take, in milliseconds, and how often a fault is taken for an accident. */
export type Timing = {
  readonly timeout: number;
  readonly settle: number;
  readonly every: number;
  readonly faults: number;
};

/** What every step of the maintenance pipeline needs. */
export type World = {
  readonly cmms: Cmms;
  readonly timing: Timing;
  readonly record: RecordEvent;
  readonly signal: AbortSignal;
  /** Of the log that statuses are published into. */
  readonly partitions: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
};

/** One entry of the ledger while it is worked on. `save` rejects when somebody else has changed it. */
export interface Cell {
  readonly entry: LedgerEntry;
  save(changes: Partial<LedgerEntry>): Promise<void>;
}

/** A step is over, or wants another try after so many milliseconds (undefined: as the back-off says). */
export type Step = { readonly kind: 'done' } | { readonly kind: 'again'; readonly atLeast: number };
