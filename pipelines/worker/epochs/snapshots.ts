import { Packr } from 'msgpackr';
import type { StageId } from '../../../operators/flow/flow.ts';
import type { Cell, Copy, Head, Saved, Snapshot, States } from '../../../operators/flow/states.ts';
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

/** Cells of a stage between two looks at the clock: some tenths of a millisecond. */
const CELLS = 64;
/** Parts are packed one behind the other into buffers of this size, and stay there. */
const ROOM = 1_048_576;

type Part =
  | { readonly stage: StageId; readonly head: Head }
  | { readonly stage: StageId; readonly shared: Plain }
  | { readonly stage: StageId; readonly cells: readonly Cell[] };

export function createSnapshots(restored: PackedStates): Snapshots {
  // Each stage is wanted once. What was read is let go of, or a checkpoint would stay in memory for ever.
  const left = unpacked(restored);
  const sizes = new Map<string, number>();
  const unchanged = new Map<StageId, { readonly changes: number; readonly packed: Uint8Array }>();
  let wanted = false;
  let parts: Uint8Array[] = [];
  let saving = new Map<StageId, Saved>();

  function add(stage: StageId, packed: Uint8Array): void {
    sizes.set(stage, (sizes.get(stage) ?? 0) + packed.length);
    parts.push(packed);
  }

  /** Plant models are large and seldom change: packed anew only when the stage says that they did. */
  function packShared(stage: StageId, { shared, changes }: Saved): Uint8Array {
    const known = unchanged.get(stage);
    if (known !== undefined && known.changes === changes) return known.packed;
    const packed = pack({ stage, shared });
    // Its own memory: it outlives the buffer that it was packed into.
    unchanged.set(stage, { changes, packed: Uint8Array.from(packed) });
    return packed;
  }

  return {
    sizes,
    restore(id) {
      const found = left.get(id);
      left.delete(id);
      return found;
    },
    save(id, begin) {
      if (!wanted) return;
      if (saving.has(id)) throw new Error(`two stages have the id ${id}`);
      const copy: Copy = (cells) => {
        if (cells.length > 0) add(id, pack({ stage: id, cells }));
      };
      const saved = begin(copy);
      saving.set(id, saved);
      add(id, pack({ stage: id, head: saved.head }));
      add(id, packShared(id, saved));
      copy(saved.cells);
    },
    begin(sendBarrier) {
      parts = [];
      saving = new Map();
      sizes.clear();
      packr.useBuffer(Buffer.allocUnsafeSlow(ROOM));
      wanted = true;
      sendBarrier();
      wanted = false;
    },
    copied(milliseconds) {
      const end = performance.now() + milliseconds;
      return copyUntil(() => performance.now() >= end) ? take() : undefined;
    },
    taken() {
      copyUntil(() => false);
      return take();
    },
  };

  /** True when nothing is left. */
  function copyUntil(over: () => boolean): boolean {
    for (const [stage, { more }] of saving) {
      while (more(CELLS)) if (over()) return false;
      saving.delete(stage);
    }
    return true;
  }

  function take(): PackedStates {
    const states = parts;
    parts = [];
    return states;
  }
}

function pack(part: Part): Uint8Array {
  return packr.pack(part);
}

function unpacked(states: PackedStates): Map<StageId, Snapshot> {
  type Mutable = { -readonly [K in keyof Snapshot]: Snapshot[K] } & { cells: Cell[] };
  const found = new Map<StageId, Mutable>();
  for (const packed of states) {
    // Packed by `pack` above.
    const part = packr.unpack(packed) as Part;
    const known = found.get(part.stage);
    if ('head' in part) found.set(part.stage, { ...part.head, shared: null, cells: [] });
    else if (known === undefined) throw new Error(`expected the head of stage ${part.stage} first`);
    else if ('shared' in part) known.shared = part.shared;
    else for (const cell of part.cells) known.cells.push(cell);
  }
  return found;
}
