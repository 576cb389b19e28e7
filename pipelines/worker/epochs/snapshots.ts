/** Packs the states of all stages for a checkpoint, in parts, while work goes on. */

import { Packr } from 'msgpackr';
import type { StageId } from '../../../operators/flow/flow.ts';
import type {
  Copy,
  Head,
  KeyState,
  Saved,
  Snapshot,
  States,
} from '../../../operators/flow/states.ts';
import { EMPTY_KNOWLEDGE, type Knowledge } from '../../../operators/model/knowledge.ts';

/** The states of all stages, packed in parts: a checkpoint's content. */
export type PackedStates = readonly Uint8Array[];

export const NO_STATES: PackedStates = [];

/** The states of one running pipeline. They are copied from the barriers on that are checkpoints, while work goes on. */
export interface Snapshots extends States {
  /** Sends a barrier that is a checkpoint. */
  begin(sendBarrier: () => void): void;
  /** Copies on for about so long, at least a little; the states when all is copied. */
  copied(milliseconds: number): PackedStates | undefined;
  /** Copies all that is left, at once. */
  taken(): PackedStates;
  /** Bytes of the last checkpoint by stage. */
  readonly sizes: ReadonlyMap<string, number>;
}

// Packing is the copy: state lives on and changes while the bytes are written. Records would tie the bytes to a shared
// structure table; plain maps can be read by any version. Typed arrays keep their type.
const packr = new Packr({ useRecords: false, mapsAsObjects: true, moreTypes: true });

/** States of a stage between two looks at the clock: some tenths of a millisecond. */
const STATES_A_TURN = 64;
/** Parts are packed one behind the other into buffers of this size, and stay there. */
const ROOM = 1_048_576;

type Part =
  | { readonly stage: StageId; readonly head: Head }
  | { readonly stage: StageId; readonly knowledge: Knowledge }
  | { readonly stage: StageId; readonly states: readonly KeyState[] };

/** Where the knowledge of all stages stands among their states. */
const KNOWLEDGE = 'knowledge' as StageId;

export function createSnapshots(restored: PackedStates): Snapshots {
  return new PackedSnapshots(restored);
}

class PackedSnapshots implements Snapshots {
  readonly sizes = new Map<string, number>();
  /** Each stage asks once. What was handed out is dropped, or a checkpoint would stay in memory for ever. */
  readonly #restored: Map<StageId, Snapshot>;
  #knowledge: Knowledge;
  /** The knowledge as it was packed last. */
  #packedKnowledge: { readonly of: Knowledge; readonly packed: Uint8Array } | undefined;
  /** The barrier under way is a checkpoint. */
  #wanted = false;
  #parts: Uint8Array[] = [];
  /** Stages whose states are not all copied yet. */
  #saving = new Map<StageId, Saved>();

  constructor(restored: PackedStates) {
    const { stages, knowledge } = unpacked(restored);
    this.#restored = stages;
    this.#knowledge = knowledge;
  }

  get knowledge(): Knowledge {
    return this.#knowledge;
  }

  restore(id: StageId): Snapshot | undefined {
    const found = this.#restored.get(id);
    this.#restored.delete(id);
    return found;
  }

  save(id: StageId, begin: (copy: Copy) => Saved): void {
    if (!this.#wanted) return;
    if (this.#saving.has(id)) throw new Error(`two stages have the id ${id}`);
    const saved = begin((states) => {
      if (states.length > 0) this.#add(id, pack({ stage: id, states }));
    });
    if (this.#saving.size === 0) this.#saveKnowledge(saved.knowledge);
    else if (saved.knowledge !== this.#knowledge) {
      throw new Error(`stage ${id} has not seen the same changes as those before it`);
    }
    this.#saving.set(id, saved);
    this.#add(id, pack({ stage: id, head: saved.head }));
  }

  begin(sendBarrier: () => void): void {
    this.#parts = [];
    this.#saving = new Map();
    this.sizes.clear();
    packr.useBuffer(Buffer.allocUnsafeSlow(ROOM));
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

  #add(stage: StageId, packed: Uint8Array): void {
    this.sizes.set(stage, (this.sizes.get(stage) ?? 0) + packed.length);
    this.#parts.push(packed);
  }

  /** Plant models are large and seldom change: packed anew only when they did. */
  #saveKnowledge(knowledge: Knowledge): void {
    this.#knowledge = knowledge;
    if (this.#packedKnowledge?.of !== knowledge) {
      // Its own memory: it outlives the buffer that it was packed into.
      const packed = Uint8Array.from(pack({ stage: KNOWLEDGE, knowledge }));
      this.#packedKnowledge = { of: knowledge, packed };
    }
    this.#add(KNOWLEDGE, this.#packedKnowledge.packed);
  }

  /** True when nothing is left. */
  #copyUntil(over: () => boolean): boolean {
    for (const [stage, { more }] of this.#saving) {
      while (more(STATES_A_TURN)) if (over()) return false;
      this.#saving.delete(stage);
    }
    return true;
  }

  #take(): PackedStates {
    const states = this.#parts;
    this.#parts = [];
    return states;
  }
}

function pack(part: Part): Uint8Array {
  return packr.pack(part);
}

type Unpacked = { readonly stages: Map<StageId, Snapshot>; readonly knowledge: Knowledge };

function unpacked(states: PackedStates): Unpacked {
  type Mutable = { -readonly [K in keyof Snapshot]: Snapshot[K] } & { states: KeyState[] };
  const stages = new Map<StageId, Mutable>();
  let knowledge = EMPTY_KNOWLEDGE;
  for (const packed of states) {
    // Packed by `pack` above.
    const part = packr.unpack(packed) as Part;
    if ('knowledge' in part) {
      knowledge = part.knowledge;
      continue;
    }
    const known = stages.get(part.stage);
    if ('head' in part) stages.set(part.stage, { ...part.head, states: [] });
    else if (known === undefined) throw new Error(`expected the head of stage ${part.stage} first`);
    else for (const state of part.states) known.states.push(state);
  }
  return { stages, knowledge };
}
