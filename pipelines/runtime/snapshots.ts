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

const SMALL = 65_536;

export function createSnapshots(restored: PackedStates): Snapshots {
  let wanted = false;
  let saved: Record<string, Uint8Array> = {};
  let size = SMALL;
  // Each is wanted once. What was read is let go of, or a checkpoint would stay in memory for ever.
  const left = new Map(Object.entries(restored));
  return {
    restore(id: StageId): Snapshot | undefined {
      const bytes = left.get(id);
      left.delete(id);
      return bytes === undefined ? undefined : packr.unpack(bytes);
    },
    save(id, take) {
      if (!wanted) return;
      if (saved[id] !== undefined) throw new Error(`two stages have the id ${id}`);
      saved[id] = packr.pack(take());
    },
    want() {
      wanted = true;
      saved = {};
      // States are packed one behind the other into one buffer and stay there: no copy, and nothing is left of it
      // once the checkpoint is written. An eighth more than last time, so that it need not grow.
      packr.useBuffer(Buffer.allocUnsafeSlow(size));
    },
    taken() {
      wanted = false;
      const states = saved;
      saved = {};
      const bytes = Object.values(states).reduce((sum, { length }) => sum + length, 0);
      size = Math.max(SMALL, Math.ceil(bytes * 1.125));
      packr.useBuffer(Buffer.allocUnsafeSlow(SMALL));
      return states;
    },
  };
}
