/** Where a stage's states are kept between checkpoints, and how they are copied for one while work goes on. */

import type { Key } from '../model/key.ts';
import { EMPTY_KNOWLEDGE, type Knowledge } from '../model/knowledge.ts';
import type { Plain } from '../model/plain.ts';
import type { StageId } from './flow.ts';
import type { Timer } from './timers.ts';

/** Where the states of one run are kept between its checkpoints. */
export interface States {
  /** What was known at the checkpoint that the run goes on from: all stages begin with it. */
  readonly knowledge: Knowledge;
  /** What stages are shown of it, and of what is known later; all of it is kept. */
  readonly see?: (knowledge: Knowledge) => Knowledge;
  restore(id: StageId): Snapshot | undefined;
  /**
   * Called at every barrier; `begin` is called only when this barrier is a checkpoint. One that is not `whole` has what
   * changed since the one before.
   */
  save(id: StageId, begin: (copy: Copy, whole: boolean) => Saved): void;
}

/** Of a run without checkpoints: begins with nothing, keeps nothing. */
export const NO_CHECKPOINTS: States = {
  knowledge: EMPTY_KNOWLEDGE,
  restore: () => undefined,
  save: () => undefined,
};

/** The same, for stages that are shown a part of what is known. */
export function withView(states: States, see: (knowledge: Knowledge) => Knowledge): States {
  const { knowledge } = states;
  return {
    ...{ knowledge, see },
    restore: (id) => states.restore(id),
    save: (id, begin) => states.save(id, begin),
  };
}

/** A checkpoint has the state of a stage in another shape than the code. There are no migrations. */
export class StateVersionError extends Error {
  override name = 'StateVersionError' as const;

  constructor(stage: StageId, expected: number, found: number) {
    super(`stage ${stage}: expected state of version ${expected}, found version ${found}`);
  }
}

export type KeyState = readonly [key: Key, state: Plain];

/** What a stage keeps besides its states. Refers to live state: a store copies it before it returns. */
export type Head = {
  readonly version: number;
  readonly timers: readonly Timer[];
  readonly clocks: { readonly keys: readonly Key[]; readonly times: Float64Array };
};

/** All that a stage kept at a barrier. */
export type Snapshot = Head & { readonly states: readonly KeyState[] };

/** Copies states as they are now. */
export type Copy = (states: readonly KeyState[]) => void;

/**
 * How a stage is copied without standing still: what is small at the barrier, the states one after the other while
 * work goes on. The stage itself hands each state over before it changes it for the first time.
 */
export interface Saved {
  readonly head: Head;
  /** The same object for all stages of a pipeline: they have seen the same changes. */
  readonly knowledge: Knowledge;
  /** Keys that the checkpoint before has, and that are there no more. */
  readonly closed: readonly Key[];
  /** Hands over so many of the states that are left; false when none is left. */
  more(limit: number): boolean;
}

/** A state that can be copied. */
export type CopiedState<S extends Plain> = {
  readonly key: Key;
  state: S | undefined;
  /** The last checkpoint that has it. */
  copied: number;
  /** The last checkpoint before it changed last. */
  changed: number;
  /** Some checkpoint has it. */
  saved: boolean;
};

/** Copies the states of a stage for a checkpoint, while they change. */
export interface StateCopies<S extends Plain> {
  /** The number that a new state begins with: the checkpoint under way knows nothing of it. */
  readonly checkpoint: number;
  /** Called before a state changes: hands it over as it was at the barrier. */
  beforeChange(entry: CopiedState<S>): void;
  /** Called when a key is dropped. */
  close(entry: CopiedState<S>): void;
  /** Begins a checkpoint of all that is there now, or of what changed since the one before. */
  begin(
    entries: ReadonlyMap<Key, CopiedState<S>>,
    whole: boolean,
    copy: Copy,
  ): Pick<Saved, 'closed' | 'more'>;
}

export function createStateCopies<S extends Plain>(): StateCopies<S> {
  let checkpoint = 0;
  let copy: Copy | undefined;
  let all = true;
  let closed = new Set<Key>();

  /** Whether the checkpoint under way wants this state, which it has not seen yet. */
  function wants(entry: CopiedState<S>): boolean {
    entry.copied = checkpoint;
    if (entry.state === undefined) return false;
    entry.saved = true;
    return all || entry.changed >= checkpoint - 1;
  }

  return {
    get checkpoint() {
      return checkpoint;
    },
    beforeChange(entry) {
      if (copy !== undefined && entry.copied !== checkpoint && wants(entry)) {
        copy([[entry.key, entry.state as S]]);
      }
      entry.changed = checkpoint;
    },
    close({ key, saved }) {
      if (saved) closed.add(key);
    },
    begin(entries, whole, to) {
      checkpoint += 1;
      copy = to;
      all = whole;
      // One that was opened again is written over.
      const gone = [...closed].filter((key) => entries.get(key)?.state === undefined);
      closed = new Set();
      const left = entries.values();
      return {
        closed: whole ? [] : gone,
        more(limit) {
          const found: KeyState[] = [];
          while (found.length < limit) {
            const { value: entry, done } = left.next();
            if (done === true) break;
            if (entry.copied === checkpoint || !wants(entry)) continue;
            found.push([entry.key, entry.state as S]);
          }
          to(found);
          if (found.length < limit) copy = undefined;
          return found.length === limit;
        },
      };
    },
  };
}
