import type { Message } from '../../operators/model/message.ts';
import { DISK, type Disk } from '../../pipelines/base/disk.ts';
import { createNotifier } from '../../pipelines/base/notifier.ts';
import type { Log } from '../../pipelines/nats/log.ts';
import type { InternalEvent } from '../../pipelines/observe/observe.ts';
import { openCommitLog, readCommitEnd } from '../../pipelines/worker/commits/commit-log.ts';
import type { CommitStore } from '../../pipelines/worker/commits/commit-store.ts';
import { createCommits } from '../../pipelines/worker/commits/commits.ts';
import {
  commitWhenCopied,
  createCopies,
  withCopies,
} from '../../pipelines/worker/copies/copies.ts';
import { fillDirectory, takeSkipped } from '../../pipelines/worker/copies/fill.ts';
import type { Objects } from '../../pipelines/worker/copies/objects.ts';
import { deliverEpochs } from '../../pipelines/worker/delivery/delivery.ts';
import type { Run } from '../../pipelines/worker/epochs/checkpoints.ts';
import type { Pipeline } from '../../pipelines/worker/epochs/engine.ts';
import { openEpochStore } from '../../pipelines/worker/epochs/epoch-store.ts';
import { runEpochs } from '../../pipelines/worker/epochs/epochs.ts';
import { createBlocks } from '../../sinks/clickhouse/blocks.ts';
import type { Sink } from '../../sinks/sink.ts';
import { commitsOfDirectory } from './memory-commits.ts';
import { memoryLog } from './memory-log.ts';

export type WorkerRun = {
  readonly directory: string;
  readonly messages: readonly Message[];
  readonly pipeline: Pipeline;
  readonly sinks: readonly Sink[];
  /** Rows per epoch. */
  readonly rows?: number;
  /** The longest that an epoch lasts. */
  readonly seconds?: number;
  /** Epochs from one checkpoint to the next. */
  readonly checkpointEvery?: number;
  /** Files that may wait for a sink. */
  readonly backlog?: number;
  /** Messages per pull. */
  readonly most?: () => number;
  readonly disk?: Disk;
  /** Where it commits. Default: one log for all lives of the directory. */
  readonly commits?: CommitStore;
  /** Where its checkpoints are copied to. Default: nowhere. */
  readonly objects?: Objects | undefined;
  /** Who it is in the log of commits. */
  readonly owner?: string;
  readonly openLog?: (after: number) => Promise<Log>;
  /** Finishes what is under way, writes a checkpoint, delivers for a while, and returns. */
  readonly drain?: AbortSignal;
  /** Nothing more is committed; what is left waits for the next life. */
  readonly late?: AbortSignal;
  /** Stops at once. */
  readonly abort?: AbortSignal;
  /** Called with every internal event; may throw, and the life ends as if the process had been killed there. */
  readonly record?: (internalEvent: InternalEvent) => void;
};

export const RUN: Run = {
  pipeline: 'plant',
  run: '1',
  stream: 'MEMORY',
  created: '2026-01-01T00:00:00Z',
};

/** One life of a worker over a finite log, from whatever the last one left in its directory. Rejects when it dies. */
export async function runWorker(life: WorkerRun): Promise<void> {
  const { directory, messages, pipeline, sinks, most, rows = 200, record = () => {} } = life;
  const { seconds = 60, checkpointEvery = 3, backlog = 1_000, openLog } = life;
  const names = sinks.map(({ name }) => name);
  const refused = (file: string, reason: string) =>
    record({ kind: 'checkpoint-refused', file, reason });
  const dead = new AbortController();
  const abort = AbortSignal.any([dead.signal, ...(life.abort === undefined ? [] : [life.abort])]);
  const { commits: kept = commitsOfDirectory(directory), owner = 'worker' } = life;
  const writer = { owner, host: 'host', directory };
  const signal = AbortSignal.any([abort, ...(life.late === undefined ? [] : [life.late])]);
  const fence = { store: kept, run: RUN, writer, record, signal };
  const { objects, disk = DISK } = life;
  if (objects !== undefined) {
    const end = await readCommitEnd(fence);
    const place = { objects, run: RUN, directory, disk, writer };
    await fillDirectory({ ...place, sinks: names, partitions: 1, end, record, signal });
  }
  const log = await openCommitLog(fence);
  if (objects !== undefined) {
    await takeSkipped({ objects, run: RUN, directory, disk, record, signal });
  }
  const opened = await openEpochStore(directory, names, refused, disk, log.recall);
  for (const { path: file } of opened.fenced) record({ kind: 'epoch-file-fenced', file });
  const bell = createNotifier();
  const drain = life.drain === undefined ? abort : AbortSignal.any([abort, life.drain]);
  const written = new AbortController();
  let checkpointed = 0;
  const die = (error: unknown) => dead.abort(error);
  const ending = { record, signal, drain: written.signal };
  const commits = createCommits({
    ...{ log, store: opened, sinks: names, notifier: bell, onFailed: die, ...ending },
    checkpointed: () => checkpointed,
  });
  const { taken } = commits;
  const copies = objects && createCopies({ objects, run: RUN, directory, disk, taken, ...ending });
  const store = copies === undefined ? opened : withCopies(opened, copies);
  const committing = Promise.all([commitWhenCopied(copies, store, commits), copies?.run()]);
  const delivering = sinks.map((sink) =>
    deliverEpochs({
      sink,
      store,
      commits,
      notes: sinks[0] ?? sink,
      createBlocks,
      notifier: bell,
      record,
      checkpointed: () => checkpointed,
      drain: written.signal,
      signal: abort,
    }).catch(die),
  );
  try {
    await runEpochs({
      run: RUN,
      openLog: openLog ?? (async (after) => memoryLog(messages, after, most)),
      pipeline,
      createBlocks,
      store,
      commits,
      directory,
      limits: { seconds, rows, bytes: 64_000_000, checkpointEvery },
      backlog: { files: backlog, bytes: 1e9 },
      notifier: bell,
      record,
      onCheckpoint(epoch) {
        checkpointed = epoch;
      },
      signal: drain,
      abort,
    });
    written.abort();
    await Promise.all([committing, ...delivering]);
    abort.throwIfAborted();
    await commits.release();
  } catch (error) {
    die(error);
    await Promise.all([committing, ...delivering]);
    throw error;
  }
}
