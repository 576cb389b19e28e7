import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Block, EpochContent } from '../../../sinks/sink.ts';
import { DISK, openDirectory, writeWhole } from '../../base/disk.ts';
import { Problem } from '../../base/problem.ts';
import type { RecordEvent } from '../../observe/observe.ts';
import type { CommittedEpoch } from '../commits/commit-entry.ts';
import { type CommitHistory, fencedFiles, missingEpochs, singleTo } from '../commits/history.ts';
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
  readonly history: CommitHistory;
  /** As they were committed before this life, by epoch: those that a start may need. */
  readonly committed: ReadonlyMap<number, CommittedEpoch>;
  /** Committed epochs that a sink has still to take, and whose files are not there; in order. */
  readonly missing: readonly CommittedEpoch[];
  /** Files that were removed at the start: another owner has committed other epochs in their place. */
  readonly fenced: readonly EpochFile[];
  /** Writes one that was missing, when it was cut again. */
  restore(content: EpochContent): Promise<void>;
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

/** What is in a directory, before anybody is asked what is committed. */
export type LeftState = Pick<EpochStore, 'written' | 'checkpoints' | 'cursors'>;

type Waiting = { readonly files: number; readonly bytes: number };

/**
 * `recall`: what the log of commits says of this epoch and those behind it; without it what is in the directory is all
 * there is to know.
 *
 * @throws Problem when something that is left cannot be gone on from
 */
export async function openEpochStore(
  directory: string,
  sinks: readonly string[],
  onRefused: (file: string, reason: string) => void,
  disk = DISK,
  recall?: (from: number, left: LeftState) => Promise<CommitHistory>,
): Promise<EpochStore> {
  for (const part of ['epochs', 'checkpoints', 'cursors', '.']) {
    await openDirectory(disk, join(directory, part));
  }
  const committed = new Map<number, CommittedEpoch>();
  const sha256Of = (epoch: number) => committed.get(epoch)?.sha256;
  const files = await openEpochFiles(disk, join(directory, 'epochs'), sha256Of);
  const checkpoints = openCheckpoints(disk, join(directory, 'checkpoints'), onRefused);
  const newest = files.list.at(-1)?.epoch ?? 0;
  const cursors = await openCursors(disk, join(directory, 'cursors'), sinks, newest);
  const begins = beginningOf(files, cursors, sinks);
  const furthest = (): Cursor => sinks.map(cursors.of).reduce(laterOf, { epoch: 0, to: 0 });
  const written = () => files.list.reduce<Cursor>(laterOf, furthest());
  const history = (await recall?.(begins + 1, { written, checkpoints, cursors })) ?? NO_HISTORY;
  for (const each of history.epochs) committed.set(each.epoch, each);
  const fenced = fencedFiles(files.list, history, furthest());
  for (const file of fenced) await files.remove(file);
  await adoptHistory(history, sinks, cursors);
  const passed = () => Math.min(...sinks.map((sink) => cursors.of(sink).epoch));
  const missing = missingEpochs(history, files.list, begins);
  const skipped = await openSkipped(disk, directory);
  refuseOverlapping(join(directory, 'epochs'), files.list);
  refuseMissing({
    directory: join(directory, 'epochs'),
    files: [...files.list, ...missing].map(({ epoch }) => epoch),
    cursors: new Map(sinks.map((sink) => [sink, cursors.of(sink).epoch])),
    // What is committed was written down, here or elsewhere.
    reached: Math.max(await checkpoints.last(), history.last.epoch),
  });
  return {
    ...{ files, checkpoints, cursors, skipped, committed, history, missing, fenced },
    async restore(content) {
      await files.write(content);
      const at = missing.findIndex(({ epoch }) => epoch === content.epoch);
      if (at >= 0) missing.splice(at, 1);
    },
    written() {
      const { epoch, to } = written();
      return { epoch, to };
    },
    waiting: () => waitingAfter(files, passed()),
    waitingFor: (sink) => waitingAfter(files, cursors.of(sink).epoch),
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

function waitingAfter({ list }: EpochFiles, passed: number): Waiting {
  const left = list.filter(({ epoch }) => epoch > passed);
  return { files: left.length, bytes: left.reduce((sum, { bytes }) => sum + bytes, 0) };
}

const NO_HISTORY: CommitHistory = {
  ...{ last: { epoch: 0, to: 0 }, epochs: [], own: true },
  ...{ cursors: new Map(), batches: new Map(), before: undefined },
};

/**
 * The epoch behind which a sink has still to take some. One without a cursor begins at the oldest file that is left: what
 * was removed every sink had.
 */
function beginningOf(files: EpochFiles, cursors: Cursors, sinks: readonly string[]): number {
  const oldest = (files.list[0]?.epoch ?? Number.POSITIVE_INFINITY) - 1;
  const taken = sinks.map((sink) => {
    return cursors.of(sink).epoch || (cursors.isOwedAll(sink) ? 0 : oldest);
  });
  const least = Math.min(...taken);
  return least === Number.POSITIVE_INFINITY ? 0 : least;
}

function laterOf(one: Cursor, other: Cursor): Cursor {
  return other.epoch > one.epoch ? other : one;
}

/** How epochs were sent by whoever worked here before: they must come again in the same way. */
async function adoptHistory(
  history: CommitHistory,
  sinks: readonly string[],
  cursors: Cursors,
): Promise<void> {
  for (const sink of sinks) {
    const single = singleTo(history, sink, cursors.of(sink));
    await cursors.adopt(sink, { batches: history.batches.get(sink) ?? [], single });
  }
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
