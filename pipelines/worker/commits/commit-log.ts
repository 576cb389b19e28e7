/**
 * Front door: the commit log, the fence between owners of a partition. Each entry is appended behind the one that its
 * writer knows as the last; whoever takes over appends first. So an owner that was paused, and wakes when another one
 * works, can commit nothing more.
 */

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { EXIT, messageOf, Problem } from '../../base/problem.ts';
import type { RecordEvent } from '../../observe/observe.ts';
import type { Run } from '../epochs/checkpoints.ts';
import {
  type CommitEntry,
  type CommitWriter,
  entryBytes,
  entryFrom,
  isWriterSame,
} from './commit-entry.ts';
import type { CommitStore, StoredCommit } from './commit-store.ts';
import { type CommitEnd, type CommitHistory, commitEnd, historyOf } from './history.ts';

type Head = Omit<CommitEntry, 'kind' | 'by' | 'stream' | 'created' | 'since'>;
type WithoutHead<E> = E extends CommitEntry
  ? Omit<E, 'by' | 'stream' | 'created' | 'since'>
  : never;
/** An entry without what the log itself puts into it. */
export type NewCommit = WithoutHead<CommitEntry> & Head;

export interface CommitLog {
  /** What was committed before this owner, of this epoch and behind it. */
  recall(from: number): Promise<CommitHistory>;
  /**
   * Appends an entry, one at a time. `oldest`: the oldest epoch whose file is there, whose entry the next start needs.
   *
   * @throws Problem that names who has taken over; rejects when `signal` fires
   */
  append(entry: NewCommit, oldest: number): Promise<void>;
}

export type CommitLogOptions = {
  readonly store: CommitStore;
  readonly run: Run;
  readonly writer: CommitWriter;
  readonly record: RecordEvent;
  /** Called before anything is appended; throws when this owner cannot go on from there, and so fences nobody. */
  readonly check?: (end: CommitEnd) => void;
  /** Gives up. */
  readonly signal: AbortSignal;
  /** Milliseconds in which a log that is shorter than it was may be that of a new leader that does not know all yet. */
  readonly patience?: number;
};

/** Milliseconds that a take-over tries to be the last one, while the owner before it still commits. */
const TAKING = 30_000;
const PATIENCE = 30_000;
const PAUSE = { least: 100, most: 2_000 };

/** What is committed, for whoever has to know it before it takes over. */
export async function readCommitEnd(options: CommitLogOptions): Promise<CommitEnd> {
  const { entry, before } = await newestEntry(options, newWriter(options));
  return commitEnd(entry, before?.by);
}

type NewestEntry = {
  readonly last: StoredCommit | undefined;
  /** The last entry of this run, if there is one. */
  readonly before: CommitEntry | undefined;
  /** What takes over from it, but for where the log begins that it needs. */
  readonly entry: CommitEntry;
};

async function newestEntry(options: CommitLogOptions, by: CommitEntry['by']): Promise<NewestEntry> {
  const { store, run } = options;
  const last = await asked(() => store.last(), options);
  const known = last === undefined ? undefined : readEntry(last);
  const before = known !== undefined && isOf(known, run) ? known : undefined;
  const entry: CommitEntry = {
    ...{ epoch: 0, to: 0, since: 0, cursors: {}, checkpoint: 0 },
    ...before,
    kind: 'take-over',
    ...{ by, stream: run.stream, created: run.created },
  };
  return { last, before, entry };
}

function newWriter({ writer }: CommitLogOptions): CommitEntry['by'] {
  return { ...writer, holding: randomUUID() };
}

/**
 * Takes over: appends an entry behind the last one, and then reads what was committed before it. From then on nobody
 * else commits.
 */
export async function openCommitLog(options: CommitLogOptions): Promise<CommitLog> {
  const { record, signal } = options;
  const by = newWriter(options);
  const until = performance.now() + TAKING;
  for (;;) {
    const { last, before, entry } = await newestEntry(options, by);
    options.check?.(commitEnd(entry, before?.by));
    const since = before === undefined ? 0 : before.since || (last?.sequence ?? 0);
    const own = { ...entry, since };
    const { stored, isOwn } = await appendBehind(own, last, options);
    if (isOwn) {
      const { epoch, to } = entry;
      record({ kind: 'taken-over', epoch, to, owner: before?.by.owner ?? '' });
      return keepLog({ ...options, by, stored, since, entry, before: before?.by });
    }
    signal.throwIfAborted();
    // It was appended, and somebody took over behind it before this owner, paused, heard the answer: the partition is theirs.
    const next = await asked(() => options.store.next((last?.sequence ?? 0) + 1), options);
    const wasOwn = next !== undefined && isSame(next, entryBytes(own));
    if (wasOwn || performance.now() > until) throw takenOver(stored, options);
  }
}

/** The sequence of the oldest entry that may be of this epoch: what is committed only grows. */
async function sequenceOf(epoch: number, end: number, options: CommitLogOptions): Promise<number> {
  let [from, to] = [1, end];
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    const stored = await firstFrom(middle, end, options);
    const entry = stored.sequence >= end ? undefined : readEntry(stored);
    // Entries of a log that was there before are before all of this one.
    const isBefore = entry !== undefined && (!isOf(entry, options.run) || entry.epoch < epoch);
    if (isBefore) from = stored.sequence + 1;
    else to = middle;
  }
  return from;
}

/**
 * The first entry at a sequence or behind it. The one at `end` was acknowledged: where there is none at all, a new leader
 * does not know all yet, and to take that for the end would hide what is committed.
 */
async function firstFrom(
  sequence: number,
  end: number,
  options: CommitLogOptions,
): Promise<StoredCommit> {
  const { store, patience = PATIENCE } = options;
  let short: number | undefined;
  return asked(async () => {
    const stored = await store.next(sequence);
    if (stored !== undefined) return stored;
    short ??= performance.now();
    if (performance.now() - short > patience) throw lost(end, sequence - 1, options);
    throw new Error(`message ${end}, which was acknowledged, is not there yet`);
  }, options);
}

type Entries = readonly { readonly sequence: number; readonly entry: CommitEntry }[];

/** The entries of this log from one sequence to another; those that were trimmed are left out. */
async function entriesBetween(
  since: number,
  end: number,
  options: CommitLogOptions,
): Promise<Entries> {
  const entries: { sequence: number; entry: CommitEntry }[] = [];
  for (let from = since; since > 0 && from < end; ) {
    const stored = await firstFrom(from, end, options);
    if (stored.sequence >= end) break;
    const entry = readEntry(stored);
    if (isOf(entry, options.run)) entries.push({ sequence: stored.sequence, entry });
    from = stored.sequence + 1;
  }
  return entries;
}

type Kept = CommitLogOptions & {
  readonly by: CommitEntry['by'];
  /** The entry that took over, and as it is stored. */
  readonly entry: CommitEntry;
  readonly stored: StoredCommit;
  /** Where the oldest entry is that the owner before it thought to be needed. */
  readonly since: number;
  readonly before: CommitEntry['by'] | undefined;
};

function keepLog(options: Kept): CommitLog {
  const { by, run, since, before } = options;
  let last = options.stored;
  /** How far all is committed. What waits for its turn was told before: no entry says less than the one before it. */
  let reached: Pick<CommitEntry, 'epoch' | 'to'> = options.entry;
  /** Where the entries of epochs are that a start may need. */
  let places: { readonly sequence: number; readonly epoch: number }[] = [];
  /** One at a time: each names the one before it. */
  let turn: Promise<void> = Promise.resolve();

  async function appendNow(wanted: NewCommit, oldest: number): Promise<void> {
    places = places.filter(({ epoch }) => epoch >= oldest);
    const since = places[0]?.sequence ?? 0;
    const { stream, created } = run;
    const { epoch, to } = wanted.epoch < reached.epoch ? reached : wanted;
    const entry: CommitEntry = { ...wanted, epoch, to, by, stream, created, since };
    const { stored, isOwn } = await appendBehind(entry, last, options);
    if (!isOwn) throw takenOver(stored, options);
    last = stored;
    reached = entry;
    if (entry.kind === 'epoch') places.push({ sequence: last.sequence, epoch: entry.epoch });
  }

  return {
    async recall(from) {
      let entries = await entriesBetween(since, options.stored.sequence, options);
      const oldest = entries.find(({ entry }) => entry.kind === 'epoch')?.entry.epoch;
      if (from < (oldest ?? options.entry.epoch + 1)) {
        const start = await sequenceOf(from, options.stored.sequence, options);
        entries = await entriesBetween(start, options.stored.sequence, options);
      }
      places = entries.flatMap(({ sequence, entry }) => {
        return entry.kind === 'epoch' ? [{ sequence, epoch: entry.epoch }] : [];
      });
      return historyOf(entries, options.entry, before);
    },
    append(wanted, oldest) {
      const appending = turn.then(() => appendNow(wanted, oldest));
      // Whoever comes next meets the same by itself.
      turn = appending.catch(() => undefined);
      return appending;
    },
  };
}

type Appended = {
  readonly stored: StoredCommit;
  /** Whether it is the entry itself; otherwise it is what stands in its place. */
  readonly isOwn: boolean;
};

/**
 * Appends behind the entry that is known as the last, however often an answer is lost: what is stored tells. Nothing is
 * appended to a log that is shorter than it was, before all of it is there again: there it would stand in another
 * entry's place.
 */
async function appendBehind(
  entry: CommitEntry,
  before: StoredCommit | undefined,
  options: CommitLogOptions,
): Promise<Appended> {
  const { store, record, signal, patience = PATIENCE } = options;
  const bytes = entryBytes(entry);
  const after = before?.sequence ?? 0;
  let short: number | undefined;
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    let reason = `message ${after}, which was acknowledged, is not there yet`;
    try {
      if (short === undefined) {
        return { stored: { sequence: await store.append(bytes, after), bytes }, isOwn: true };
      }
    } catch (error) {
      refuseLasting(error, options);
      reason = messageOf(error);
    }
    const found = await lastKnown(options);
    if (found !== 'unknown') {
      const at = found?.sequence ?? 0;
      if (found !== undefined && at > after) return { stored: found, isOwn: isSame(found, bytes) };
      if (found !== undefined && at === after && !isSame(found, before?.bytes)) {
        return { stored: found, isOwn: false };
      }
      short = at === after ? undefined : (short ?? performance.now());
      if (short !== undefined && performance.now() - short > patience) {
        throw lost(after, at, options);
      }
    }
    record({ kind: 'commit-retry', epoch: entry.epoch, attempt, reason });
    await delay(pauseAfter(attempt), undefined, { signal });
  }
}

async function lastKnown(options: CommitLogOptions): Promise<StoredCommit | undefined | 'unknown'> {
  try {
    return await options.store.last();
  } catch (error) {
    refuseLasting(error, options);
    return 'unknown';
  }
}

function isSame({ bytes }: StoredCommit, other: Uint8Array | undefined): boolean {
  return other !== undefined && Buffer.compare(bytes, other) === 0;
}

/** Asks until there is an answer: whoever starts cannot do without. */
async function asked<T>(ask: () => Promise<T>, options: CommitLogOptions): Promise<T> {
  const { record, signal } = options;
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      if (error instanceof Problem) throw error;
      refuseLasting(error, options);
      record({ kind: 'commit-retry', epoch: 0, attempt, reason: messageOf(error) });
      await delay(pauseAfter(attempt), undefined, { signal });
    }
  }
}

function pauseAfter(attempt: number): number {
  return Math.min(PAUSE.most, PAUSE.least * 2 ** Math.min(attempt - 1, 10));
}

function isOf({ stream, created }: CommitEntry, run: Run): boolean {
  return stream === run.stream && created === run.created;
}

/** @throws Problem when it is none that this release can read */
function readEntry({ sequence, bytes }: StoredCommit): CommitEntry {
  try {
    return entryFrom(bytes);
  } catch (cause) {
    throw new Problem(
      {
        where: `commit log, message ${sequence}`,
        expected: 'an entry that this release of Andon can read',
        found: Buffer.from(bytes.subarray(0, 200)).toString(),
        remedy:
          'Go on with the release that wrote it, or begin a new run: another `run` and another `directory`.',
        exit: EXIT.outside,
      },
      { cause },
    );
  }
}

function takenOver(stored: StoredCommit, { run, writer, record }: CommitLogOptions): Problem {
  const { by } = readEntry(stored);
  const { stream } = run;
  record({ kind: 'owner-lost', stream, owner: by.owner });
  return new Problem({
    where: `commit log of ${run.pipeline}, run ${run.run}, on ${stream}`,
    expected: `that ${writer.owner} owns the partition`,
    found: `that ${by.owner} on ${by.host} has taken it over (${by.directory})`,
    remedy: isWriterSame(by, writer)
      ? 'Another process works in the same directory: stop one of them.'
      : 'Nothing that it has not committed was delivered. Stop one of the two. Started again, this one goes on, unless ' +
        'the other has made some thousand epochs since (docs/faults.md).',
    exit: EXIT.owned,
  });
}

/** @throws Problem when trying again is of no use: whoever waits for ever looks as if it worked */
function refuseLasting(cause: unknown, { store, run }: CommitLogOptions): void {
  if (!store.isLasting(cause)) return;
  throw new Problem(
    {
      where: `commit log of ${run.pipeline}, run ${run.run}, on ${run.stream}`,
      expected: 'to read it and to append to it',
      found: messageOf(cause),
      remedy:
        'Nothing is lost. Look at the rights and the password of the user of the worker (make the configuration of NATS ' +
        'anew with `andon nats-config`), and start again.',
      exit: EXIT.outside,
    },
    { cause },
  );
}

function lost(after: number, found: number, { run }: CommitLogOptions): Problem {
  return new Problem({
    where: `commit log of ${run.pipeline}, run ${run.run}, on ${run.stream}`,
    expected: `an entry at message ${after}, which was acknowledged`,
    found: found === 0 ? 'no entry at all' : `nothing behind message ${found}`,
    remedy:
      'nats-server has lost what it had acknowledged, or the stream was made anew. Start the worker again in the directory ' +
      'that worked last: it goes on from what is there.',
    exit: EXIT.outside,
  });
}
