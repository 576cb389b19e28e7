import type { Cursor } from './cursors.ts';
import type { EpochFile } from './epoch-files.ts';

/**
 * Where an epoch that was cut before must be cut again.
 *
 * - `compare`: its file is there; what comes out now must be the same, or the file is written again if damaged.
 * - `discard`: its file went because everything was carried out; only the states matter.
 */
export type KnownCut =
  | { readonly kind: 'compare'; readonly file: EpochFile }
  | { readonly kind: 'discard'; readonly epoch: number; readonly to: number };

/** The cuts between a checkpoint and the end of what was written down, in order. */
export function plan(files: readonly EpochFile[], checkpoint: Cursor, written: Cursor): KnownCut[] {
  const open = files.filter(({ to }) => to > checkpoint.to);
  const first = open[0];
  const cuts: KnownCut[] = open.map((file) => ({ kind: 'compare', file }));
  if (first !== undefined && first.from > checkpoint.to + 1) {
    cuts.unshift({ kind: 'discard', epoch: first.epoch - 1, to: first.from - 1 });
  }
  if (first === undefined && written.to > checkpoint.to) {
    cuts.push({ kind: 'discard', epoch: written.epoch, to: written.to });
  }
  return cuts;
}
