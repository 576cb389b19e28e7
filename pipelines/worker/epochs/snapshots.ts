/** Packs the states of all stages for checkpoints, in parts, while work goes on: all of them, or what changed. */

import type { StageId } from '../../../operators/flow/flow.ts';
import type { Copy, KeyState, Saved, Snapshot, States } from '../../../operators/flow/states.ts';
import type { Key } from '../../../operators/model/key.ts';
import type { Knowledge } from '../../../operators/model/knowledge.ts';
import { beginParts, type PackedStates, packPart, type RestoredStates } from './state-image.ts';
import { changedPages, type PageDigests, type StateChanges } from './state-pages.ts';

/** The states of one running pipeline. They are copied from the barriers on that are checkpoints, while work goes on. */
export interface Snapshots extends States {
  /** Sends a barrier that is a checkpoint. */
  begin(sendBarrier: () => void): void;
  /** Copies on for about so long, at least a little; the states when all is copied. */
  copied(milliseconds: number): PackedStates | undefined;
  /** Copies all that is left, at once. */
  taken(): PackedStates;
  /** Bytes of the states of each stage. */
  readonly sizes: ReadonlyMap<string, number>;
}

/** Bytes of states between two looks at the clock: some tenths of a millisecond. */
const BYTES_A_TURN = 262_144;
const STATES_A_TURN = 64;

/**
 * Increments behind a base, at most. A base comes earlier when they hold as many bytes as it: so a start reads less than
 * two such bases and one more increment. Where states change much and do not grow, all checkpoints together are about
 * twice what has changed. Where little changes, most of their bytes are one base in 65 checkpoints.
 */
export const MOST_INCREMENTS = 64;

/** What the checkpoints since the last base have of a stage. */
type WrittenStage = { head: PageDigests | undefined; readonly keys: Map<Key, PageDigests> };

/** Where the knowledge of all stages stands among their sizes. */
const KNOWLEDGE = 'knowledge';

export function createSnapshots(restored: RestoredStates): Snapshots {
  return new PackedSnapshots(restored);
}

class PackedSnapshots implements Snapshots {
  readonly sizes = new Map<string, number>();
  readonly #restored: RestoredStates;
  #knowledge: Knowledge;
  /** The knowledge as it was packed last. */
  #packedKnowledge: { readonly of: Knowledge; readonly packed: Uint8Array } | undefined;
  /** The barrier under way is a checkpoint. */
  #wanted = false;
  /** The checkpoint under way has everything. */
  #whole = true;
  #parts: Uint8Array[] = [];
  /** Stages whose states are not all copied yet. */
  #saving = new Map<StageId, Saved>();
  /** What is written down when the checkpoints so far are. Nothing is known of those of an earlier life. */
  readonly #written = new Map<StageId, WrittenStage>();
  #chain = { base: 0, increments: 0, count: MOST_INCREMENTS };

  constructor(restored: RestoredStates) {
    this.#restored = restored;
    this.#knowledge = restored.knowledge;
  }

  get knowledge(): Knowledge {
    return this.#knowledge;
  }

  restore(id: StageId): Snapshot | undefined {
    return this.#restored.restore(id);
  }

  save(id: StageId, begin: (copy: Copy, whole: boolean) => Saved): void {
    if (!this.#wanted) return;
    if (this.#saving.has(id)) throw new Error(`two stages have the id ${id}`);
    const saved = begin((states) => this.#addStates(id, states), this.#whole);
    if (this.#saving.size === 0) this.#saveKnowledge(saved.knowledge);
    else if (saved.knowledge !== this.#knowledge) {
      throw new Error(`stage ${id} has not seen the same changes as those before it`);
    }
    this.#saving.set(id, saved);
    this.#addHead(id, saved);
  }

  begin(sendBarrier: () => void): void {
    const { base, increments, count } = this.#chain;
    this.#whole = count >= MOST_INCREMENTS || increments >= base;
    if (this.#whole) {
      this.#written.clear();
      this.sizes.clear();
    }
    this.#parts = [];
    this.#saving = new Map();
    beginParts();
    this.#wanted = true;
    sendBarrier();
    this.#wanted = false;
  }

  copied(milliseconds: number): PackedStates | undefined {
    const end = performance.now() + milliseconds;
    return this.#copyUntil(() => performance.now() >= end) ? this.#take() : undefined;
  }

  taken(): PackedStates {
    this.#copyUntil(() => false);
    return this.#take();
  }

  #writtenOf(id: StageId): WrittenStage {
    let written = this.#written.get(id);
    if (written === undefined) {
      written = { head: undefined, keys: new Map() };
      this.#written.set(id, written);
    }
    return written;
  }

  #addHead(stage: StageId, { head: { version, ...rest }, closed }: Saved): void {
    const written = this.#writtenOf(stage);
    for (const key of closed) {
      this.#grow(stage, -(written.keys.get(key)?.bytes ?? 0));
      written.keys.delete(key);
    }
    const changed = changedPages(rest, written.head);
    if (changed !== undefined) {
      this.#grow(stage, changed.digests.bytes - (written.head?.bytes ?? 0));
      written.head = changed.digests;
    }
    this.#parts.push(packPart({ stage, version, closed, head: changed?.changes }));
  }

  #addStates(stage: StageId, states: readonly KeyState[]): void {
    const { keys } = this.#writtenOf(stage);
    const changes: (readonly [Key, StateChanges])[] = [];
    for (const [key, state] of states) {
      const before = keys.get(key);
      const changed = changedPages(state, before);
      if (changed === undefined) continue;
      this.#grow(stage, changed.digests.bytes - (before?.bytes ?? 0));
      keys.set(key, changed.digests);
      changes.push([key, changed.changes]);
    }
    if (changes.length > 0) this.#parts.push(packPart({ stage, states: changes }));
  }

  #grow(stage: string, bytes: number): void {
    this.sizes.set(stage, (this.sizes.get(stage) ?? 0) + bytes);
  }

  /** Plant models are large and seldom change: packed anew only when they did. */
  #saveKnowledge(knowledge: Knowledge): void {
    this.#knowledge = knowledge;
    const isOther = this.#packedKnowledge?.of !== knowledge;
    if (isOther || this.#packedKnowledge === undefined) {
      // Its own memory: it outlives the buffer that it was packed into.
      this.#packedKnowledge = { of: knowledge, packed: Uint8Array.from(packPart({ knowledge })) };
    }
    const { packed } = this.#packedKnowledge;
    this.sizes.set(KNOWLEDGE, packed.length);
    if (isOther || this.#whole) this.#parts.push(packed);
  }

  /** True when nothing is left. */
  #copyUntil(over: () => boolean): boolean {
    for (const [stage, { more }] of this.#saving) {
      while (more(this.#statesATurn(stage))) if (over()) return false;
      this.#saving.delete(stage);
    }
    return true;
  }

  /**
   * A state may have a hundred bytes or a megabyte. A base begins without sizes: at first one state, and never more than
   * those whose sizes are known.
   */
  #statesATurn(stage: StageId): number {
    const known = this.#written.get(stage)?.keys.size || 1;
    const average = (this.sizes.get(stage) ?? 0) / known;
    const most = Math.min(STATES_A_TURN, known);
    return Math.max(1, Math.min(most, Math.floor(BYTES_A_TURN / (average + 1))));
  }

  #take(): PackedStates {
    const states = { whole: this.#whole, parts: this.#parts };
    const bytes = states.parts.reduce((sum, { length }) => sum + length, 0);
    const { base, increments, count } = this.#chain;
    this.#chain = states.whole
      ? { base: bytes, increments: 0, count: 0 }
      : { base, increments: increments + bytes, count: count + 1 };
    this.#parts = [];
    return states;
  }
}
