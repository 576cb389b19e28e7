import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Block } from '../../../sinks/sink.ts';
import { DISK, openDirectory, writeWhole } from '../../base/disk.ts';
import { Problem } from '../../base/problem.ts';
import type { RecordEvent } from '../../observe/observe.ts';
import { type Checkpoints, openCheckpoints } from './checkpoints.ts';
import { type Cursor, type Cursors, openCursors } from './cursors.ts';
import { type EpochFile, type EpochFiles, openEpochFiles } from './epoch-files.ts';
import { openSkipped, type Skipped } from './poison.ts';
import { refuseMissing, refuseOverlapping } from './recovery.ts';

/** All that a worker must find again after a crash, in one directory of one disk. */
export interface EpochStore {
  readonly files: EpochFiles;
  readonly checkpoints: Checkpoints;
  readonly cursors: Cursors;
  readonly skipped: Skipped;
  /** The last epoch that was written down, and its last message, by files and cursors; 0 for none. */
  written(): Cursor;
  /** What some sink has still to take: not what only waits for a checkpoint. */
  waiting(): Waiting;
  /** What one of them has still to take. */
  waitingFor(sink: string): Waiting;
  /** Keeps a block that the world refused, for a person to look at. */
  refuse(file: EpochFile, block: Block): Promise<string>;
  /** Removes what every cursor has passed and a checkpoint covers. */
  sweep(checkpointed: number): Promise<void>;
}

type Waiting = { readonly files: number; readonly bytes: number };

/** @throws Problem when something that is left cannot be gone on from */
export async function openEpochStore(
  directory: string,
  sinks: readonly string[],
  onRefused: (file: string, reason: string) => void,
  disk = DISK,
): Promise<EpochStore> {
  for (const part of ['epochs', 'checkpoints', 'cursors', '.']) {
    await openDirectory(disk, join(directory, part));
  }
  const files = await openEpochFiles(disk, join(directory, 'epochs'));
  const checkpoints = openCheckpoints(disk, join(directory, 'checkpoints'), onRefused);
  const newest = files.list.at(-1)?.epoch ?? 0;
  const cursors = await openCursors(disk, join(directory, 'cursors'), sinks, newest);
  const skipped = await openSkipped(disk, directory);
  refuseOverlapping(join(directory, 'epochs'), files.list);
  refuseMissing({
    directory: join(directory, 'epochs'),
    files: files.list.map(({ epoch }) => epoch),
    cursors: new Map(sinks.map((sink) => [sink, cursors.of(sink).epoch])),
    checkpointed: await checkpoints.last(),
  });
  const waitingAfter = (passedEpoch: number): Waiting => {
    const left = files.list.filter(({ epoch }) => epoch > passedEpoch);
    return { files: left.length, bytes: left.reduce((sum, { bytes }) => sum + bytes, 0) };
  };
  const passed = () => Math.min(...sinks.map((sink) => cursors.of(sink).epoch));
  return {
    files,
    checkpoints,
    cursors,
    skipped,
    written() {
      const ends: Cursor[] = [...files.list, ...sinks.map(cursors.of)];
      return ends.reduce((last, end) => (end.epoch > last.epoch ? end : last), { epoch: 0, to: 0 });
    },
    waiting: () => waitingAfter(passed()),
    waitingFor: (sink) => waitingAfter(cursors.of(sink).epoch),
    async refuse(file, block) {
      const refused = join(directory, 'refused');
      await disk.mkdir(refused, { recursive: true });
      const path = join(refused, `${file.from}-${file.to}_${block.table}.${block.format}`);
      await writeWhole(disk, path, [block.data]);
      return path;
    },
    async sweep(checkpointed) {
      await files.removeTo(cursors.wholeTo(Math.min(passed(), checkpointed)));
    },
  };
}

type PersistOptions = {
  /** Where it is written, for people. */
  readonly path: string;
  readonly record: RecordEvent;
  /** Gives up. */
  readonly signal: AbortSignal;
};

const BETWEEN_ATTEMPTS = 1_000;

/**
 * Writes something down, again and again until the disk takes it: a full or read-only disk stops the work and loses
 * nothing.
 */
export async function persist<T>(write: () => Promise<T>, options: PersistOptions): Promise<T> {
  const { path, record, signal } = options;
  for (;;) {
    try {
      return await write();
    } catch (error) {
      // Says itself what to do; waiting is not it.
      if (error instanceof Problem) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      record({ kind: 'disk-full', path, reason });
      await delay(BETWEEN_ATTEMPTS, undefined, { signal });
    }
  }
}
