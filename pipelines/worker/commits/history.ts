/** What a start learns from the commit log: which epochs are committed, and what their sinks were sent. */

import { EXIT, Problem } from '../../base/problem.ts';
import { FORMATS } from '../../base/sealed.ts';
import type { Run } from '../epochs/checkpoints.ts';
import type { Batch, Cursor } from '../epochs/cursors.ts';
import type { EpochFile } from '../epochs/epoch-files.ts';
import {
  type CommitEntry,
  type CommittedEpoch,
  type CommitWriter,
  isWriterSame,
} from './commit-entry.ts';

/** What the last entry alone tells, before anybody takes over. */
export type CommitEnd = {
  /** The last epoch that is committed; 0 for none. */
  readonly last: Cursor;
  /** How far each sink was at least, for whoever worked then. */
  readonly cursors: ReadonlyMap<string, Cursor>;
  /** Who worked last; undefined for nobody. */
  readonly before: CommitWriter | undefined;
};

export type CommitHistory = CommitEnd & {
  /** Those that a start may need, ascending. */
  readonly epochs: readonly CommittedEpoch[];
  /** Of each sink, in the order in which they were noted. */
  readonly batches: ReadonlyMap<string, readonly Batch[]>;
  /**
   * Whether all owners whose entries were read were processes of this directory on this host. Its lock tells that they
   * are dead, and what they left there is newer than any entry.
   */
  readonly own: boolean;
};

/** `last`: the entry that takes over, which has on what the entries before it ended. */
export function commitEnd(last: CommitEntry, before: CommitEntry['by'] | undefined): CommitEnd {
  return {
    last: { epoch: last.epoch, to: last.to },
    cursors: new Map(Object.entries(last.cursors)),
    before,
  };
}

/** `last`: the entry that took over, which has on what the entries before it ended. */
export function historyOf(
  entries: readonly { readonly entry: CommitEntry }[],
  last: CommitEntry,
  before: CommitEntry['by'] | undefined,
): CommitHistory {
  const epochs = new Map<number, CommittedEpoch>();
  const batches = new Map<string, readonly Batch[]>();
  for (const { entry } of entries) {
    if (entry.kind === 'epoch') {
      const { epoch, from, to, sha256, tables, format } = entry;
      epochs.set(epoch, { epoch, from, to, sha256, tables, format });
    }
    if (entry.kind === 'batch') {
      const { sink, batch } = entry;
      const others = (batches.get(sink) ?? []).filter(({ first }) => first !== batch.first);
      batches.set(sink, [...others, batch]);
    }
  }
  return {
    ...commitEnd(last, before),
    epochs: [...epochs.values()].sort((a, b) => a.epoch - b.epoch),
    batches,
    // Whoever took over and committed nothing may have sent what was committed, as well.
    own: [before ?? last.by, ...entries.map(({ entry }) => entry.by)].every((by) =>
      isWriterSame(by, last.by),
    ),
  };
}

/**
 * Up to which epoch a sink may have had each by itself. An owner elsewhere may have sent any; so may one of this directory
 * that has been put back to an older copy since.
 */
export function singleTo({ own, cursors, last }: CommitHistory, sink: string, at: Cursor): number {
  const isBack = (cursors.get(sink)?.epoch ?? 0) > at.epoch;
  return own && !isBack ? 0 : last.epoch;
}

/**
 * A directory without any state cannot go on with a run that has committed epochs, also when nobody knows its home.
 *
 * @throws Problem that says who has worked it
 */
export function refuseEmpty(where: string, { run }: Run, { last, before }: CommitEnd): void {
  if (last.epoch === 0 || before === undefined) return;
  throw new Problem({
    where,
    expected: `the state of run ${run}, which ${before.owner} had in ${before.directory} on ${before.host}`,
    found: 'an empty directory, and no copy in the cluster that is of use',
    remedy: 'Work there, or move that directory here as a whole, or begin a new run (`run`).',
    exit: EXIT.input,
  });
}

/** Inserts into a table whose tokens ClickHouse knows at least: half of its deduplication window (sql/schema). */
const KNOWN_TOKENS = 5_000;

/**
 * What a sink has taken since comes again with the tokens of then. A warehouse has forgotten those of long ago, and would
 * take the rows twice. Its tables are of all partitions, and each of them inserts into a table once in an epoch at most.
 * The others are taken to have made as many epochs since: what they did while this partition stood still is not seen.
 *
 * `own`: the last epoch of each sink that this directory knows to be taken. Gives a sink that was much further than that.
 */
export function staleSink(
  { cursors, before }: CommitEnd,
  own: ReadonlyMap<string, number>,
  partitions: number,
): { readonly sink: string; readonly own: number; readonly known: number } | undefined {
  const most = mostBehind(partitions);
  for (const [sink, epoch] of own) {
    const known = cursors.get(sink)?.epoch;
    if (before === undefined || known === undefined || known - epoch <= most) continue;
    return { sink, own: epoch, known };
  }
  return undefined;
}

function mostBehind(partitions: number): number {
  return Math.floor(KNOWN_TOKENS / partitions);
}

/** @throws Problem when a sink was much further than this directory knows */
export function refuseStale(
  where: string,
  end: CommitEnd,
  own: ReadonlyMap<string, number>,
  partitions: number,
): void {
  const stale = staleSink(end, own, partitions);
  if (stale === undefined || end.before === undefined) return;
  const { sink, known, own: epoch } = stale;
  const { owner, directory, host } = end.before;
  throw new Problem({
    where,
    expected: `a directory that remembers epoch ${known - mostBehind(partitions)} or later, since ${sink} has taken ${known}`,
    found: `one that knows of ${epoch}: ${owner} worked on in ${directory} on ${host}; no copy in the cluster is of use`,
    remedy:
      'What comes again after so long would land twice. Work there, or move that directory here as a whole, or begin ' +
      'a new run (`run`). If ClickHouse was put back together with this directory, purge the commits of this run ' +
      '(docs/operations.md).',
    exit: EXIT.input,
  });
}

/**
 * Files of epochs that were never committed and now cannot be: whoever took over has cut other epochs from the same
 * messages. `taken`: how far some sink is by this directory; what it took was committed, also where the log has lost it.
 */
export function fencedFiles(
  files: readonly EpochFile[],
  { last, epochs }: CommitHistory,
  taken: Cursor,
): readonly EpochFile[] {
  const committed = new Map(epochs.map((each) => [each.epoch, each]));
  let end = last.to;
  return files.filter((file) => {
    const known = committed.get(file.epoch);
    if (known !== undefined) return known.from !== file.from || known.to !== file.to;
    if (last.epoch === 0 || file.epoch <= Math.max(last.epoch, taken.epoch)) return false;
    if (file.from !== end + 1 && file.from !== taken.to + 1) return true;
    end = file.to;
    return false;
  });
}

/**
 * Committed epochs that some sink has still to take and whose files are not there: they are cut again.
 *
 * @throws Problem when another release has committed them
 */
export function missingEpochs(
  { epochs }: CommitHistory,
  files: readonly EpochFile[],
  passed: number,
): CommittedEpoch[] {
  const there = new Set(files.map(({ epoch }) => epoch));
  const missing = epochs.filter(({ epoch }) => epoch > passed && !there.has(epoch));
  const other = missing.find(({ format }) => format !== FORMATS.epoch.version);
  if (other === undefined) return missing;
  throw new Problem({
    where: `epoch ${other.epoch} (messages ${other.from} to ${other.to})`,
    expected: `an epoch of the format ${FORMATS.epoch.version}, which this release can cut again and compare`,
    found: `one of the format ${other.format}, whose file is not there`,
    remedy: 'Drain the release that committed it in its own directory, and upgrade there.',
    exit: EXIT.outside,
  });
}
