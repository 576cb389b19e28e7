/** Fills a directory without state, or with an old one, from the copies in the cluster. */

import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Disk, fileNamesIn, openDirectory, writeWhole } from '../../base/disk.ts';
import { EXIT, messageOf, Problem } from '../../base/problem.ts';
import type { RecordEvent } from '../../observe/observe.ts';
import { type CommitWriter, isWriterSame } from '../commits/commit-entry.ts';
import { type CommitEnd, staleSink } from '../commits/history.ts';
import { chainsOf, checkpointNamed, openCheckpoints, type Run } from '../epochs/checkpoints.ts';
import { type Cursor, openCursors, placeCursor } from '../epochs/cursors.ts';
import { openEpochFiles } from '../epochs/epoch-files.ts';
import { adoptSkipped, SKIPPED } from '../epochs/poison.ts';
import { copyPrefix } from './copies.ts';
import { DamagedObjectError, type Objects } from './objects.ts';

export type FillOptions = {
  readonly objects: Objects;
  readonly run: Run;
  readonly directory: string;
  readonly disk: Disk;
  readonly sinks: readonly string[];
  readonly partitions: number;
  /** Who opens the directory. */
  readonly writer: CommitWriter;
  /** What is committed. */
  readonly end: CommitEnd;
  /** Whether a sink has what the log says that it took; undefined when it does not answer. */
  readonly hasTaken?: ((sink: string, cursor: Cursor) => Promise<boolean | undefined>) | undefined;
  readonly record: RecordEvent;
  /** Gives up. */
  readonly signal: AbortSignal;
};

/** Where copies are laid before they are looked at. */
const INCOMING = 'incoming';
/** Milliseconds after which a sink that did not answer is asked again. */
const ASK_AGAIN = { least: 500, most: 30_000 };

/**
 * Leaves the directory as it is when it has state that is as new as any, or when nothing usable is in the cluster: then
 * whoever opens it says so. Otherwise it has the newest checkpoint from which every epoch can be cut that some sink has
 * still to take, and sinks are where the log of commits says. Killed at any step, it is filled again.
 *
 * @throws Problem when a sink has not what the log says that it has, and nothing in the directory could be gone on from
 */
export async function fillDirectory(options: FillOptions): Promise<void> {
  const { objects, run, directory, disk, end, record } = options;
  for (const part of ['epochs', 'checkpoints', 'cursors', INCOMING, '.']) {
    await openDirectory(disk, join(directory, part));
  }
  if (end.before === undefined || end.last.epoch === 0) return;
  const left = await leftIn(options);
  if (left === undefined) return;
  const { own } = copyPrefix(run);
  const there = (await objects.list(own)).map(({ name }) => name.slice(own.length));
  const { cursors, taken } = startOf(options);
  const restored = await fetchCheckpoint(there, { ...options, from: left.checkpoint + 1, taken });
  if (restored === undefined) return;
  for (const [sink, cursor] of cursors) {
    if (cursor.epoch > 0 && !(await mayBegin(sink, cursor, left, options))) return;
  }
  await clear(disk, directory);
  for (const [sink, cursor] of cursors) {
    const place = join(directory, 'cursors');
    await placeCursor(disk, place, sink, { cursor, single: end.last.epoch });
  }
  // A checkpoint makes the directory one with state: the last thing of all, the oldest first.
  for (const name of await fileNamesIn(disk, join(directory, INCOMING))) {
    await disk.rename(join(directory, INCOMING, name), join(directory, 'checkpoints', name));
  }
  await openDirectory(disk, join(directory, 'checkpoints'));
  record({ kind: 'directory-filled', directory, ...restored, owner: end.before.owner });
}

/**
 * Adds the list of poison in the cluster to that of the directory. It is read when the log of commits has been taken over:
 * nobody adds to it any more whose epochs count.
 */
export async function takeSkipped(options: SkippedOptions): Promise<void> {
  const { run, directory, disk } = options;
  const list = await skippedIn(copyPrefix(run).own + SKIPPED, options);
  if (list !== undefined) await adoptSkipped(disk, directory, list);
}

type SkippedOptions = Pick<
  FillOptions,
  'objects' | 'run' | 'directory' | 'disk' | 'record' | 'signal'
>;

/** Without it messages would be skipped for other reasons, and epochs cut otherwise. */
async function skippedIn(name: string, options: SkippedOptions): Promise<Buffer | undefined> {
  try {
    return await fetchWhole(name, options);
  } catch (error) {
    if (!(error instanceof DamagedObjectError)) throw error;
    throw new Problem({
      where: name,
      expected: 'the list of poison messages as it was put',
      found: error.message,
      remedy:
        'Remove that object, and start in the directory of the last owner, which has the list.',
      exit: EXIT.outside,
    });
  }
}

/** Asks until there is an answer: none says nothing of the object. Undefined when it is not there, or no longer whole. */
async function fetchWhole(
  name: string,
  { objects, record, signal }: Pick<FillOptions, 'objects' | 'record' | 'signal'>,
): Promise<Buffer | undefined> {
  for (let again = ASK_AGAIN.least; ; again = Math.min(2 * again, ASK_AGAIN.most)) {
    try {
      return await objects.get(name);
    } catch (error) {
      if (error instanceof DamagedObjectError) throw error;
      signal.throwIfAborted();
      record({ kind: 'fill-waiting', reason: `${name}: ${messageOf(error)}`, again });
    }
    await pause(again, signal);
    // Pieces that are gone would be waited for again and again.
    const there = await objects.list(name).catch(() => undefined);
    if (there?.some((object) => object.name === name) === false) return undefined;
  }
}

/** Ends with the reason of the signal, which is a `Problem` when the partition is lost. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => undefined);
  signal.throwIfAborted();
}

type Left = {
  /** The epoch of its newest checkpoint that could be gone on from; -1 for none. */
  readonly checkpoint: number;
};

const NOTHING: Left = { checkpoint: -1 };

/** What is in a directory that could be filled; undefined for one that is gone on from in any case. */
async function leftIn(options: FillOptions): Promise<Left | undefined> {
  const { directory, disk, sinks, partitions, end, writer } = options;
  const { list } = await openEpochFiles(disk, join(directory, 'epochs'));
  const checkpoints = openCheckpoints(disk, join(directory, 'checkpoints'), () => undefined);
  const checkpoint = await checkpoints.last();
  if (list.length === 0 && checkpoint === 0) return NOTHING;
  const newest = list.at(-1)?.epoch ?? 0;
  const cursors = await openCursors(disk, join(directory, 'cursors'), sinks, newest);
  const oldest = (list[0]?.epoch ?? 1) - 1;
  const own = new Map(sinks.map((sink) => [sink, cursors.of(sink).epoch || oldest]));
  // Its rows would land twice.
  if (staleSink(end, own, partitions) !== undefined) return NOTHING;
  const isNewest = end.before !== undefined && isWriterSame(end.before, writer);
  const furthest = Math.max(newest, checkpoint, ...own.values());
  return isNewest || furthest > end.last.epoch ? undefined : { checkpoint };
}

/** Where each sink goes on, and the epoch behind which some sink has still to take one. */
function startOf({ sinks, end }: FillOptions) {
  // One that was not there yet is owed nothing of before.
  const cursors = new Map(sinks.map((sink) => [sink, end.cursors.get(sink) ?? end.last]));
  const taken = Math.min(...Array.from(cursors.values(), ({ epoch }) => epoch));
  return { cursors, taken };
}

type Wanted = FillOptions & {
  /** The first epoch that is newer than what is in the directory. */
  readonly from: number;
  /** The last epoch that all sinks have taken. */
  readonly taken: number;
};

/** Lays the newest usable chain into `incoming`, and with it those after it; undefined when there is none. */
async function fetchCheckpoint(
  there: readonly string[],
  options: Wanted,
): Promise<Cursor | undefined> {
  const { run, directory, disk, record, from, taken } = options;
  const incoming = join(directory, INCOMING);
  for (const name of await fileNamesIn(disk, incoming)) await disk.rm(join(incoming, name), FORCE);
  const refused = (file: string, reason: string) =>
    record({ kind: 'checkpoint-refused', file, reason });
  const checkpoints = openCheckpoints(disk, incoming, refused);
  const { own } = copyPrefix(run);
  const files = there.flatMap((name) => {
    const said = checkpointNamed(name);
    return said === undefined || said.epoch > taken ? [] : [{ name, ...said }];
  });
  for (const chain of chainsOf(files).reverse()) {
    if ((chain.at(-1)?.epoch ?? -1) < from) return undefined;
    for (const { name } of chain) {
      const bytes = await fetchWhole(own + name, options).catch((error: unknown) => {
        if (!(error instanceof DamagedObjectError)) throw error;
        refused(own + name, error.message);
        return undefined;
      });
      if (bytes !== undefined) await writeWhole(disk, join(incoming, name), [bytes]);
    }
    try {
      const newest = await checkpoints.newest(run, Number.POSITIVE_INFINITY);
      if (newest !== undefined && newest.epoch < from) return undefined;
      if (newest !== undefined) return { epoch: newest.epoch, to: newest.to };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
    }
  }
  return undefined;
}

const FORCE = { force: true } as const;

/** What is too old to be gone on from. Nothing of it was refused to anybody: the log of commits has gone on without it. */
async function clear(disk: Disk, directory: string): Promise<void> {
  for (const part of ['epochs', 'checkpoints']) {
    const place = join(directory, part);
    // The newest first: what is left when the process is killed amid that is as old as all was.
    for (const name of (await fileNamesIn(disk, place)).reverse()) {
      await disk.rm(join(place, name), FORCE);
    }
  }
}

/**
 * Whether a sink has what the log of commits says. One that has not is another one, or was lost, or put back together with
 * the directory: what is left there is then gone on from.
 *
 * @throws Problem when rows would be missing: nothing is left
 */
async function mayBegin(
  sink: string,
  cursor: Cursor,
  left: Left,
  { directory, end, hasTaken, record, signal }: FillOptions,
): Promise<boolean> {
  if (hasTaken === undefined) return true;
  const isLeft = left.checkpoint >= 0;
  let answer = await hasTaken(sink, cursor);
  for (let again = ASK_AGAIN.least; answer === undefined && !isLeft; ) {
    const reason = `${sink} does not say whether it has epoch ${cursor.epoch}`;
    record({ kind: 'fill-waiting', reason, again });
    await pause(again, signal);
    again = Math.min(2 * again, ASK_AGAIN.most);
    answer = await hasTaken(sink, cursor);
  }
  if (answer === true || isLeft) return answer === true;
  throw new Problem({
    where: directory,
    expected: `a ${sink} that has epoch ${cursor.epoch}, as the log of commits says`,
    found: 'one without it: another one, or one that was lost or put back to an earlier time',
    remedy:
      `Work where ${end.before?.owner} did (${end.before?.directory} on ${end.before?.host}), restore the backup as a ` +
      'whole, or begin a new run (`run`).',
    exit: EXIT.input,
  });
}
