/** What each source of an edge is given, and what it gives back, whatever its kind. */

import type { RecordEvent } from '../observe/observe.ts';
import type { EdgeConfig } from './edge-config.ts';
import type { EdgeMemory } from './memory.ts';
import type { Tally } from './tally.ts';

/** What a source may use of its edge. */
export type SourceContext = {
  readonly config: EdgeConfig;
  readonly memory: EdgeMemory;
  /** Counts what this source brings. */
  readonly tally: Tally;
  readonly record: RecordEvent;
  /** What cannot go on. What a source can get over by itself is none of it. */
  readonly onFailure: (error: unknown) => void;
};

export interface OpenSource {
  /** To be called whenever more is stored. */
  acknowledge(): void;
  close(): Promise<void>;
}
