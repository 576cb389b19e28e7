/** What a partition has to be gone on from: its directory, perhaps filled from copies, and its log of commits, taken over. */

import { hostname } from 'node:os';
import { join } from 'node:path';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Config } from '../base/config.ts';
import { DISK, type Disk, guardedDisk } from '../base/disk.ts';
import type { DirectoryLock } from '../base/process-lock.ts';
import type { RecordEvent } from '../observe/observe.ts';
import {
  type CommitLog,
  type CommitLogOptions,
  openCommitLog,
  readCommitEnd,
} from './commits/commit-log.ts';
import { openCommitStore } from './commits/commit-store.ts';
import { type CommitEnd, type CommitHistory, refuseEmpty, refuseStale } from './commits/history.ts';
import { fillDirectory, takeSkipped } from './copies/fill.ts';
import { type Objects, openCheckpointObjects } from './copies/objects.ts';
import type { Run } from './epochs/checkpoints.ts';
import { type Cursor, forgetSink } from './epochs/cursors.ts';
import { type EpochStore, type LeftState, openEpochStore } from './epochs/epoch-store.ts';
import type { Homes, WorkerIdentity } from './ownership/ownership.ts';

export type StateOptions = {
  readonly connection: NatsConnection;
  readonly config: Config;
  readonly run: Run;
  readonly identity: WorkerIdentity;
  /** Of its directory. */
  readonly lock: Pick<DirectoryLock, 'confirm'>;
  /** What the directory is on. Default: the disk of this machine. */
  readonly disk?: Disk | undefined;
  readonly homes: Homes;
  readonly sinks: readonly string[];
  /** Its checkpoints are copied into the cluster. */
  readonly copies: boolean;
  /** Whether a sink has the epochs up to this one; undefined when it does not answer. */
  readonly hasTaken?:
    | ((run: Run, sink: string, cursor: Cursor) => Promise<boolean | undefined>)
    | undefined;
  /** The first message that the stream had at the start. */
  readonly first: number;
  /** Messages that were trimmed may stay unread. */
  readonly acceptLoss: boolean;
  readonly record: RecordEvent;
  /** Gives up. */
  readonly signal: AbortSignal;
};

export type OpenState = {
  readonly store: EpochStore;
  readonly log: CommitLog;
  /** Undefined where nothing is copied. */
  readonly objects: Objects | undefined;
  readonly disk: Disk;
};

/** Whoever subscribes to it is told what happens while it is on. */
const FEED = 'feed';

/** The directory first; the log of commits is taken over when all is known that is in the directory. */
export async function openWorkerState(options: StateOptions): Promise<OpenState> {
  const { connection, config, run, identity, record, lock, sinks, signal } = options;
  const { pipeline, partition } = config;
  const store = await openCommitStore(connection, { pipeline, partition, run: run.run });
  const writer = { ...identity, host: hostname() };
  const logOptions = { store, run, writer, record, signal };
  // Who was paused for long writes nothing beside whoever took its place.
  const disk = guardedDisk(options.disk ?? DISK, () => lock.confirm());
  const objects = options.copies ? await openCheckpointObjects(connection, partition) : undefined;
  const copied = { objects, run, directory: identity.directory, disk, record, signal };
  if (objects !== undefined) await fill(options, objects, disk, logOptions);
  let log: CommitLog | undefined;
  async function takeOver(from: number, left: LeftState): Promise<CommitHistory> {
    // One that has lost its cursor begins at what is left.
    const own = new Map(sinks.map((name) => [name, left.cursors.of(name).epoch || from - 1]));
    const check = await checkOf(options, left, own);
    log = await openCommitLog({ ...logOptions, check });
    if (objects !== undefined) await takeSkipped({ ...copied, objects });
    return log.recall(from);
  }
  if (!sinks.includes(FEED)) await forgetSink(disk, join(identity.directory, 'cursors'), FEED);
  const opened = await openEpochStore(
    identity.directory,
    sinks,
    (file, reason) => record({ kind: 'checkpoint-refused', file, reason }),
    disk,
    takeOver,
  );
  if (log === undefined) throw new Error('the log of commits was not taken over');
  return { store: opened, log, objects, disk };
}

async function fill(
  { run, identity, config, sinks, hasTaken, record, signal }: StateOptions,
  objects: Objects,
  disk: Disk,
  log: CommitLogOptions,
): Promise<void> {
  await fillDirectory({
    ...{ objects, run, disk, record, signal, end: await readCommitEnd(log) },
    writer: log.writer,
    directory: identity.directory,
    sinks,
    partitions: config.partitions,
    hasTaken: hasTaken && ((sink, cursor) => hasTaken(run, sink, cursor)),
  });
}

/**
 * What has to hold before anything is taken over.
 *
 * @throws Problem when the directory is empty, and the state of this run is in another one
 */
async function checkOf(
  { config, run, identity, homes, first, acceptLoss }: StateOptions,
  { written, checkpoints }: LeftState,
  own: ReadonlyMap<string, number>,
): Promise<(end: CommitEnd) => void> {
  const { directory } = identity;
  const isEmpty =
    written().epoch === 0 &&
    (await checkpoints.newest(run, Number.POSITIVE_INFINITY)) === undefined;
  const sends = own.has('outbox') && !acceptLoss;
  if (isEmpty) await homes.check(run, sends ? first : undefined);
  return (end) => {
    if (isEmpty) refuseEmpty(directory, run, end);
    refuseStale(directory, end, own, config.partitions);
  };
}
