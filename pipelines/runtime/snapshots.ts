import { Packr } from 'msgpackr';
import type { StageId } from '../../operators/flow/flow.ts';
import type { Snapshot, States } from '../../operators/flow/states.ts';

/** States by stage id, packed: a checkpoint's content. */
export type PackedStates = Readonly<Record<string, Uint8Array>>;

/** The states of one running pipeline, which copies them at the barriers that are checkpoints. */
export interface Snapshots extends States {
  /** The next barrier is a checkpoint. */
  want(): void;
  /** What was saved since `want`. */
  taken(): PackedStates;
}

// Packing is the copy: state lives on and changes while the bytes are written. Records would tie the bytes to a shared
// structure table; plain maps can be read by any version. Typed arrays keep their type.
const packr = new Packr({ useRecords: false, mapsAsObjects: true, moreTypes: true });

export function createSnapshots(restored: PackedStates): Snapshots {
  let wanted = false;
  let saved: Record<string, Uint8Array> = {};
  return {
    restore(id: StageId): Snapshot | undefined {
      const bytes = restored[id];
      return bytes === undefined ? undefined : packr.unpack(bytes);
    },
    save(id, take) {
      if (!wanted) return;
      if (saved[id] !== undefined) throw new Error(`two stages have the id ${id}`);
      // The packer hands out a view of a buffer that it uses again.
      saved[id] = Uint8Array.prototype.slice.call(packr.pack(take()));
    },
    want() {
      wanted = true;
      saved = {};
    },
    taken() {
      wanted = false;
      const states = saved;
      saved = {};
      return states;
    },
  };
}
