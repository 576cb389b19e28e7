/** What a checkpoint is made of, and the states that a base and the increments behind it make. */

import { Packr } from 'msgpackr';
import type { StageId } from '../../../operators/flow/flow.ts';
import type { Head, KeyState, Snapshot, States } from '../../../operators/flow/states.ts';
import type { Key } from '../../../operators/model/key.ts';
import { EMPTY_KNOWLEDGE, type Knowledge } from '../../../operators/model/knowledge.ts';
import type { Plain } from '../../../operators/model/plain.ts';
import {
  applyPages,
  assembledState,
  type StateChanges,
  type StoredColumns,
} from './state-pages.ts';

/** The states of all stages, packed in parts: all of them, or what changed since the checkpoint before. */
export type PackedStates = { readonly whole: boolean; readonly parts: readonly Uint8Array[] };

/** Of a run that has not begun. */
export const NO_PACKED_STATES: PackedStates = { whole: true, parts: [] };

/** What a run goes on from. Each stage asks once, and gets what it may change. */
export type RestoredStates = Pick<States, 'knowledge' | 'restore'>;

export const NO_STATES: RestoredStates = {
  knowledge: EMPTY_KNOWLEDGE,
  restore: () => undefined,
};

/** A part of a checkpoint. The first of a stage says which of its keys are gone. */
export type StatePart =
  | {
      readonly stage: StageId;
      readonly version: number;
      readonly closed: readonly Key[];
      /** Of its timers and clocks. */
      readonly head: StateChanges | undefined;
    }
  | { readonly stage: StageId; readonly states: readonly (readonly [Key, StateChanges])[] }
  | { readonly knowledge: Knowledge };

const packr = new Packr({ useRecords: false, mapsAsObjects: true, moreTypes: true });

/** Bytes of the buffers that parts are packed into, one behind the other; they stay there. */
const ROOM = 1_048_576;

/** Parts that are packed from now on are in new memory: those of before live on. */
export function beginParts(): void {
  packr.useBuffer(Buffer.allocUnsafeSlow(ROOM));
}

export function packPart(part: StatePart): Uint8Array {
  return packr.pack(part);
}

/** Checkpoints as they are read, one applied to the other. */
export interface StateImage extends RestoredStates {
  apply(states: PackedStates): void;
}

type StoredStage = {
  version: number;
  head: StoredColumns | undefined;
  readonly states: Map<Key, StoredColumns>;
};

export function createStateImage(): StateImage {
  const stages = new Map<StageId, StoredStage>();
  let knowledge = EMPTY_KNOWLEDGE;

  function applyPart(part: StatePart): void {
    if ('knowledge' in part) {
      knowledge = part.knowledge;
      return;
    }
    let stage = stages.get(part.stage);
    if ('head' in part) {
      stage ??= { version: part.version, head: undefined, states: new Map() };
      stages.set(part.stage, stage);
      stage.version = part.version;
      if (part.head !== undefined) stage.head = applyPages(stage.head, part.head);
      for (const key of part.closed) stage.states.delete(key);
      return;
    }
    if (stage === undefined) throw new Error(`expected the head of stage ${part.stage} first`);
    for (const [key, changes] of part.states) {
      stage.states.set(key, applyPages(stage.states.get(key), changes));
    }
  }

  return {
    get knowledge() {
      return knowledge;
    },
    apply({ whole, parts }) {
      if (whole) stages.clear();
      // Packed by `packPart` above.
      for (const packed of parts) applyPart(packr.unpack(packed) as StatePart);
    },
    restore(id) {
      const stage = stages.get(id);
      // What was handed out is dropped, or it would stay in memory for ever.
      stages.delete(id);
      return stage === undefined ? undefined : snapshotOf(stage);
    },
  };
}

function snapshotOf({ version, head, states }: StoredStage): Snapshot {
  if (head === undefined) throw new Error('expected timers and clocks in the first checkpoint');
  const restored: KeyState[] = [];
  for (const [key, columns] of states) restored.push([key, assembledState(columns) as Plain]);
  // Packed from a `Head` by the snapshots of this version.
  return { ...(assembledState(head) as Omit<Head, 'version'>), version, states: restored };
}

/** The states that these checkpoints make, the first of them a whole one. */
export function restoreStates(...chain: readonly PackedStates[]): RestoredStates {
  const image = createStateImage();
  for (const states of chain) image.apply(states);
  return image;
}
