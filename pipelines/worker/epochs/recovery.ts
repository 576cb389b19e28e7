/** What a start does with what is left on disk: where epochs are cut again, and when nothing can be gone on from. */

import { EXIT, Problem } from '../../base/problem.ts';
import type { CommittedEpoch } from '../commits/commit-entry.ts';
import type { Cursor } from './cursors.ts';
import type { EpochFile, EpochRange } from './epoch-files.ts';

/**
 * Where an epoch that was cut before must be cut again.
 *
 * - `compare`: its file is there; what comes out now must be the same, or the file is written again if damaged.
 * - `committed`: it is committed, and its file is not here; what comes out now must have the sha256 that was committed.
 * - `discard`: its file went because everything was carried out; only the states matter.
 */
export type KnownCut =
  | { readonly kind: 'compare'; readonly file: EpochFile }
  | { readonly kind: 'committed'; readonly committed: CommittedEpoch }
  | { readonly kind: 'discard'; readonly epoch: number; readonly to: number };

/** What a directory has of the epochs that were cut before. */
type Written = {
  readonly files: readonly EpochFile[];
  /** Committed epochs whose files are not there. */
  readonly missing: readonly CommittedEpoch[];
  /** The last epoch that was written down here, and the last that was committed. */
  readonly ends: readonly Cursor[];
};

/** The cuts between a checkpoint and the end of what was written down, in order. */
export function planReplay({ files, missing, ends }: Written, checkpoint: Cursor): KnownCut[] {
  const known = [
    ...files.map((file): KnownCut => ({ kind: 'compare', file })),
    ...missing.map((committed): KnownCut => ({ kind: 'committed', committed })),
  ].sort((a, b) => rangeOf(a).epoch - rangeOf(b).epoch);
  const cuts: KnownCut[] = [];
  let end = checkpoint.to;
  for (const cut of known) {
    const { epoch, from, to } = rangeOf(cut);
    if (to <= checkpoint.to) continue;
    if (from > end + 1) cuts.push({ kind: 'discard', epoch: epoch - 1, to: from - 1 });
    cuts.push(cut);
    end = to;
  }
  const last = ends.reduce((one, other) => (other.epoch > one.epoch ? other : one), checkpoint);
  if (last.to > end) cuts.push({ kind: 'discard', epoch: last.epoch, to: last.to });
  return cuts;
}

/** The epoch of a cut and its messages. Of one that is not looked at again only its end is known. */
export function rangeOf(cut: KnownCut): EpochRange {
  if (cut.kind === 'compare') return cut.file;
  return cut.kind === 'committed' ? cut.committed : { ...cut, from: cut.to };
}

/** Neither may stand in for the other: sinks have perhaps taken the one, and whoever reads the log makes the other. */
export function otherThanCommitted(
  directory: string,
  { epoch, from, to, sha256 }: CommittedEpoch,
  found: { readonly sha256: string; readonly tables: readonly string[] },
): Problem {
  return new Problem({
    where: `${directory}, epoch ${epoch} (messages ${from} to ${to})`,
    expected: `the rows that were committed (sha256 ${sha256.slice(0, 16)})`,
    found: `others (${found.sha256.slice(0, 16)}), in ${found.tables.join(', ')}: the same messages gave another answer`,
    remedy:
      'Report it, with the rules. Nothing of it was delivered. Work on in the directory of the worker that committed ' +
      'the epoch, where its file is, or begin a new run (`run`).',
    exit: EXIT.outside,
  });
}

type Remains = {
  /** Where the files are, for people. */
  readonly directory: string;
  /** Epochs whose files are there. */
  readonly files: readonly number[];
  /** The last epoch of each sink; 0 for one that has none or has lost its cursor. */
  readonly cursors: ReadonlyMap<string, number>;
  /**
   * The last epoch that is committed, or that of the newest checkpoint, also of a damaged one: both come after the files
   * up to it.
   */
  readonly reached: number;
};

/**
 * A file goes only when every sink has taken it. One that is missing behind a cursor holds rows that this sink will
 * never get, and where it ended nobody knows: to go on would lose them, to cut anew would double them elsewhere.
 *
 * @throws Problem that names the sink and the epochs
 */
export function refuseMissing({ directory, files, cursors, reached }: Remains): void {
  const there = new Set(files);
  const last = Math.max(reached, ...files, ...cursors.values());
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
