import type { Key } from '../model/key.ts';
import type { Plain } from '../model/plain.ts';
import type { StageId } from './flow.ts';
import type { Timer } from './timers.ts';

export type Cell = readonly [key: Key, state: Plain];

/** What a stage knows at a barrier besides its cells. Refers to live state: a store copies it before it returns. */
export type Head = {
  readonly version: number;
  readonly timers: readonly Timer[];
  readonly clocks: { readonly keys: readonly Key[]; readonly times: Float64Array };
};

/** All that a stage knew at a barrier. */
export type Snapshot = Head & { readonly shared: Plain; readonly cells: readonly Cell[] };

/** Copies cells as they are now. */
export type Copy = (cells: readonly Cell[]) => void;

/**
 * How a stage is copied without standing still: what is small at the barrier, the cells one after the other while work
 * goes on. The stage itself hands each cell over before it changes it for the first time.
 */
export interface Saved {
  readonly head: Head;
  /** Those that are copied at the barrier already. */
  readonly cells: readonly Cell[];
  readonly shared: Plain;
  /** The shared value is the same as when the stage last gave this number. */
  readonly changes: number;
  /** Hands over so many of the cells that are left; false when none is left. */
  more(limit: number): boolean;
}

/** Where the states of one run are kept between its checkpoints. */
export interface States {
  restore(id: StageId): Snapshot | undefined;
  /** Called at every barrier; `begin` is called only when this barrier is a checkpoint. */
  save(id: StageId, begin: (copy: Copy) => Saved): void;
}
