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
import type { Plain } from '../../../operators/model/plain.ts';

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
  | { readonly stage: StageId; readonly shared: Plain }
  | { readonly stage: StageId; readonly states: readonly KeyState[] };

/** The shared value of a stage as it was packed last, and the number of changes that it had then. */
type SharedPart = { readonly changes: number; readonly packed: Uint8Array };

export function createSnapshots(restored: PackedStates): Snapshots {
  return new PackedSnapshots(restored);
}

class PackedSnapshots implements Snapshots {
  readonly sizes = new Map<string, number>();
  /** Each stage asks once. What was handed out is dropped, or a checkpoint would stay in memory for ever. */
  readonly #restored: Map<StageId, Snapshot>;
  readonly #sharedParts = new Map<StageId, SharedPart>();
  /** The barrier under way is a checkpoint. */
  #wanted = false;
  #parts: Uint8Array[] = [];
  /** Stages whose states are not all copied yet. */
  #saving = new Map<StageId, Saved>();

  constructor(restored: PackedStates) {
    this.#restored = unpacked(restored);
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
    this.#saving.set(id, saved);
    this.#add(id, pack({ stage: id, head: saved.head }));
    this.#add(id, this.#packShared(id, saved));
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

  /** Plant models are large and seldom change: packed anew only when the stage says that they did. */
  #packShared(stage: StageId, { shared, changes }: Saved): Uint8Array {
    const known = this.#sharedParts.get(stage);
    if (known !== undefined && known.changes === changes) return known.packed;
    const packed = pack({ stage, shared });
    // Its own memory: it outlives the buffer that it was packed into.
    this.#sharedParts.set(stage, { changes, packed: Uint8Array.from(packed) });
    return packed;
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

function unpacked(states: PackedStates): Map<StageId, Snapshot> {
  type Mutable = { -readonly [K in keyof Snapshot]: Snapshot[K] } & { states: KeyState[] };
  const found = new Map<StageId, Mutable>();
  for (const packed of states) {
    // Packed by `pack` above.
    const part = packr.unpack(packed) as Part;
    const known = found.get(part.stage);
    if ('head' in part) found.set(part.stage, { ...part.head, shared: null, states: [] });
    else if (known === undefined) throw new Error(`expected the head of stage ${part.stage} first`);
    else if ('shared' in part) known.shared = part.shared;
    else for (const state of part.states) known.states.push(state);
  }
  return found;
}
