/** What a start does with what is left on disk: where epochs are cut again, and when nothing can be gone on from. */

import { EXIT, Problem } from '../../base/problem.ts';
import type { Cursor } from './cursors.ts';
import type { EpochFile, EpochRange } from './epoch-files.ts';

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
export function planReplay(
  files: readonly EpochFile[],
  checkpoint: Cursor,
  written: Cursor,
): KnownCut[] {
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

type Remains = {
  /** Where the files are, for people. */
  readonly directory: string;
  /** Epochs whose files are there. */
  readonly files: readonly number[];
  /** The last epoch of each sink; 0 for one that has none or has lost its cursor. */
  readonly cursors: ReadonlyMap<string, number>;
  /** The epoch of the newest checkpoint, also of a damaged one: it was written after the files up to it. */
  readonly checkpointed: number;
};

/**
 * A file goes only when every sink has taken it. One that is missing behind a cursor holds rows that this sink will
 * never get, and where it ended nobody knows: to go on would lose them, to cut anew would double them elsewhere.
 *
 * @throws Problem that names the sink and the epochs
 */
export function refuseMissing({ directory, files, cursors, checkpointed }: Remains): void {
  const there = new Set(files);
  const last = Math.max(checkpointed, ...files, ...cursors.values());
  for (const [sink, taken] of cursors) {
    if (taken === 0) continue;
    const missing: number[] = [];
    for (let epoch = taken + 1; epoch <= last; epoch += 1) {
      if (!there.has(epoch)) missing.push(epoch);
    }
    if (missing.length === 0) continue;
    throw new Problem({
      where: directory,
      expected: `the files of epochs ${taken + 1} to ${last}, which ${sink} has not taken yet`,
      found: `none of ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ' and more' : ''}`,
      remedy:
        'Restore them from a backup, or begin a new run (`run`). To do without them, remove ' +
        `${sink}.json in the folder of cursors: ${sink} then begins at the oldest file that is left.`,
      exit: EXIT.outside,
    });
  }
}

/**
 * Each epoch begins behind the one before it. Files that overlap were written by two workers that did not see each
 * other: which of them the sinks have taken nobody knows, and to deliver both would land rows twice.
 *
 * @throws Problem that names the two files
 */
export function refuseOverlapping(directory: string, files: readonly EpochRange[]): void {
  for (const [at, file] of files.entries()) {
    const next = files[at + 1];
    if (next === undefined || (next.epoch > file.epoch && next.from > file.to)) continue;
    throw new Problem({
      where: directory,
      expected: 'epoch files that follow one another, as one worker writes them',
      found: `${nameOf(file)} and ${nameOf(next)}, which overlap: two workers wrote here`,
      remedy:
        'Keep the directory for a look at it. Restore it from a backup, or begin a new run with another ' +
        '`directory` (docs/operations.md). `sql/checks` say whether rows of both have landed.',
      exit: EXIT.outside,
    });
  }
}

function nameOf({ epoch, from, to }: EpochRange): string {
  return `epoch ${epoch} (messages ${from} to ${to})`;
}
