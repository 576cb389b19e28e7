import type { Key } from '../model/key.ts';
import type { Plain } from '../model/plain.ts';
import type { EventTime } from '../model/time.ts';
import type { StageId } from './flow.ts';
import type { Timer } from './timers.ts';

/** All that a stage knows at a barrier. Refers to live state: a store must copy it before it returns. */
export type Snapshot = {
  readonly version: number;
  readonly shared: Plain;
  readonly cells: readonly (readonly [key: Key, state: Plain])[];
  readonly timers: readonly Timer[];
  readonly clocks: readonly (readonly [of: Key, time: EventTime])[];
};

/** Where the states of one run are kept between its checkpoints. */
export interface States {
  restore(id: StageId): Snapshot | undefined;
  /** Called at every barrier; `take` is called only when this barrier is a checkpoint. */
  save(id: StageId, take: () => Snapshot): void;
}
