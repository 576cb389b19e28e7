import type { Key } from '../model/key.ts';
import type { Plain } from '../model/plain.ts';
import type { Cell, Copy } from './states.ts';

/** A state that can be copied. */
export type Copied<S extends Plain> = {
  readonly key: Key;
  state: S | undefined;
  /** The last checkpoint that has it. */
  copied: number;
};

/** Copies the states of a stage for a checkpoint, while they change. */
export interface Copying<S extends Plain> {
  /** The number that a new state begins with: the checkpoint under way knows nothing of it. */
  readonly checkpoint: number;
  /** Called before a state changes: hands it over as it was at the barrier. */
  keep(cell: Copied<S>): void;
  /** Begins a checkpoint of all that is there now; gives `more` of `Saved`. */
  begin(cells: Iterable<Copied<S>>, copy: Copy): (limit: number) => boolean;
}

export function createCopying<S extends Plain>(): Copying<S> {
  let checkpoint = 0;
  let copy: Copy | undefined;
  return {
    get checkpoint() {
      return checkpoint;
    },
    keep(cell) {
      if (copy === undefined || cell.copied === checkpoint) return;
      cell.copied = checkpoint;
      if (cell.state !== undefined) copy([[cell.key, cell.state]]);
    },
    begin(cells, to) {
      checkpoint += 1;
      copy = to;
      const left = cells[Symbol.iterator]();
      return (limit) => {
        const found: Cell[] = [];
        while (found.length < limit) {
          const { value: cell, done } = left.next();
          if (done === true) break;
          if (cell.copied === checkpoint) continue;
          cell.copied = checkpoint;
          if (cell.state !== undefined) found.push([cell.key, cell.state]);
        }
        to(found);
        if (found.length < limit) copy = undefined;
        return found.length === limit;
      };
    },
  };
}
