/** Fills a directory without state, or with one that is too old, from the copies in the cluster. */

import { join } from 'node:path';
import { type Disk, fileNamesIn, openDirectory, writeWhole } from '../../base/disk.ts';
import { EXIT, messageOf, Problem } from '../../base/problem.ts';
import type { RecordEvent } from '../../observe/observe.ts';
import { type CommitEnd, staleSink } from '../commits/history.ts';
import { chainsOf, checkpointNamed, openCheckpoints, type Run } from '../epochs/checkpoints.ts';
import { type Cursor, openCursors, placeCursor } from '../epochs/cursors.ts';
import { openEpochFiles } from '../epochs/epoch-files.ts';
import { adoptSkipped, SKIPPED } from '../epochs/poison.ts';
import { copyPrefix } from './copies.ts';
import type { Objects } from './objects.ts';

export type FillOptions = {
  readonly objects: Objects;
  readonly run: Run;
  readonly directory: string;
  readonly disk: Disk;
  readonly sinks: readonly string[];
  readonly partitions: number;
  /** What is committed. */
  readonly end: CommitEnd;
  /** Whether a sink has what the log says that it took; undefined when it does not answer. */
  readonly hasTaken?: ((sink: string, cursor: Cursor) => Promise<boolean | undefined>) | undefined;
  readonly record: RecordEvent;
};

/** Where copies are laid before they are looked at. */
const INCOMING = 'incoming';

/**
 * Leaves the directory as it is when it has state that can be gone on from, or when nothing usable is in the cluster: then
 * whoever opens it says so. Otherwise it has the newest checkpoint from which every epoch can be cut that some sink has
 * still to take, and sinks are where the log of commits says. Killed at any step, it is filled again.
 *
 * @throws Problem when a sink has not what the log says that it has
 */
export async function fillDirectory(options: FillOptions): Promise<void> {
  const { objects, run, directory, disk, end, record } = options;
  const { own } = copyPrefix(run);
  const there = (await objects.list(own)).map(({ name }) => name.slice(own.length));
  for (const part of ['epochs', 'checkpoints', 'cursors', INCOMING, '.']) {
    await openDirectory(disk, join(directory, part));
  }
  if (there.includes(SKIPPED)) {
    const list = await objects.get(own + SKIPPED);
    if (list !== undefined) await adoptSkipped(disk, directory, list);
  }
  if (end.before === undefined || end.last.epoch === 0 || !(await needsFilling(options))) return;
  const { cursors, to } = startOf(options);
  const restored = await fetchCheckpoint(there, to, options);
  if (restored === undefined) return;
  await refuseOtherSinks(cursors, options);
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

/** Whether the directory has no state, or one whose rows would land twice. */
async function needsFilling(options: FillOptions): Promise<boolean> {
  const { directory, disk, sinks, partitions, end } = options;
  const { list } = await openEpochFiles(disk, join(directory, 'epochs'));
  const checkpoints = openCheckpoints(disk, join(directory, 'checkpoints'), () => undefined);
  if (list.length === 0 && (await checkpoints.last()) === 0) return true;
  const newest = list.at(-1)?.epoch ?? 0;
  const cursors = await openCursors(disk, join(directory, 'cursors'), sinks, newest);
  const oldest = (list[0]?.epoch ?? 1) - 1;
  const own = new Map(sinks.map((sink) => [sink, cursors.of(sink).epoch || oldest]));
  return staleSink(end, own, partitions) !== undefined;
}

/** Where each sink goes on, and the message behind which the first epoch begins that some sink has still to take. */
function startOf({ sinks, end }: FillOptions) {
  // One that was not there yet is owed nothing of before.
  const cursors = new Map(sinks.map((sink) => [sink, end.cursors.get(sink) ?? end.last]));
  const to = Math.min(...Array.from(cursors.values(), (cursor) => cursor.to));
  return { cursors, to };
}

/** Lays the newest usable chain into `incoming`, and with it those after it; undefined when there is none. */
async function fetchCheckpoint(
  there: readonly string[],
  to: number,
  { objects, run, directory, disk, record }: FillOptions,
): Promise<Cursor | undefined> {
  const incoming = join(directory, INCOMING);
  for (const name of await fileNamesIn(disk, incoming)) await disk.rm(join(incoming, name), FORCE);
  const refused = (file: string, reason: string) =>
    record({ kind: 'checkpoint-refused', file, reason });
  const checkpoints = openCheckpoints(disk, incoming, refused);
  const { own } = copyPrefix(run);
  const files = there.flatMap((name) => {
    const said = checkpointNamed(name);
    return said === undefined || said.to > to ? [] : [{ name, ...said }];
  });
  for (const chain of chainsOf(files).reverse()) {
    for (const { name } of chain) {
      try {
        const bytes = await objects.get(own + name);
        if (bytes !== undefined) await writeWhole(disk, join(incoming, name), [bytes]);
      } catch (error) {
        refused(`${own}${name}`, messageOf(error));
      }
    }
    try {
      const { epoch, to: at } = (await checkpoints.newest(run, to + 1)) ?? {};
      if (epoch !== undefined && at !== undefined) return { epoch, to: at };
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

/** @throws Problem when rows would be missing: the warehouse is another one, or was lost with the directory */
async function refuseOtherSinks(
  cursors: ReadonlyMap<string, Cursor>,
  { directory, end, hasTaken }: FillOptions,
): Promise<void> {
  for (const [sink, cursor] of cursors) {
    if (cursor.epoch === 0 || (await hasTaken?.(sink, cursor)) !== false) continue;
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
}
