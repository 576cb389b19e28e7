/** Front door: the loop that takes a log in, epoch by epoch. */

import type { Blocks } from '../../../sinks/sink.ts';
import type { Notifier } from '../../base/notifier.ts';
import type { Log } from '../../nats/log.ts';
import type { RecordEvent } from '../../observe/observe.ts';
import type { Commits } from '../commits/commits.ts';
import type { Run } from './checkpoints.ts';
import type { Collector, Pipeline } from './engine.ts';
import { createEpochCollector } from './epoch-collector.ts';
import { type EpochStore, persist } from './epoch-store.ts';
import { PoisonError } from './poison.ts';
import { type EpochLimits, EpochSession } from './session.ts';
import { NO_PACKED_STATES, NO_STATES } from './state-image.ts';

export type EpochsOptions = {
  readonly run: Run;
  /** Rejects with the reason of the signal when that fires before the log is open. */
  readonly openLog: (after: number, signal: AbortSignal) => Promise<Log>;
  readonly pipeline: Pipeline;
  /** Encodes the rows of an epoch. */
  readonly createBlocks: () => Blocks;
  /** Looks on at what comes out of the pipeline. */
  readonly observer?: Collector | undefined;
  readonly store: EpochStore;
  readonly commits: Pick<Commits, 'until'>;
  readonly directory: string;
  readonly limits: EpochLimits;
  readonly backlog: { readonly files: number; readonly bytes: number };
  /** Notified when an epoch was written and when a sink moved on. */
  readonly notifier: Notifier;
  readonly record: RecordEvent;
  readonly onCheckpoint: (epoch: number) => void;
  /** Called after every batch. */
  readonly onProgress?: (progress: EpochSession['progress']) => void;
  /** Ends the epoch under way with a checkpoint, and returns. */
  readonly signal: AbortSignal;
  /** Stops without. */
  readonly abort: AbortSignal;
};

/** The most messages of one pull: some tens of milliseconds of work. */
const BATCH = 1_000;

/**
 * The loop: pull, push, cut, write down. Runs until `signal` fires or a finite log has ended; both end with a
 * checkpoint. An operator that throws twice on the same message has it skipped from then on. Rejects with the reason of
 * `signal` when that fires before the log is open.
 */
export async function runEpochs(options: EpochsOptions): Promise<void> {
  const thrown = new Map<number, number>();
  for (;;) {
    try {
      await runSession(options);
      return;
    } catch (error) {
      if (!(error instanceof PoisonError)) throw error;
      const times = (thrown.get(error.sequence) ?? 0) + 1;
      thrown.set(error.sequence, times);
      await onPoison(error, times > 1, options);
    }
  }
}

async function onPoison(error: PoisonError, skip: boolean, options: EpochsOptions): Promise<void> {
  const { sequence, subject, cause } = error;
  const reason = String(cause instanceof Error ? cause.stack : cause).slice(0, 2_000);
  const kind = skip ? 'message-poisoned' : 'message-failed';
  options.record({ kind, stream: options.run.stream, sequence, subject, error: reason });
  if (skip) await written(options, () => options.store.skipped.add(sequence, reason));
}

/** Writes to the disk, for as long as it takes. */
function written<T>(
  { directory: path, record, abort: signal }: EpochsOptions,
  write: () => Promise<T>,
) {
  return persist(write, { path, record, signal });
}

/** From the newest usable checkpoint until the end, or until an operator throws. */
async function runSession(options: EpochsOptions): Promise<void> {
  const { run, store, notifier, record, signal } = options;
  // An epoch file that is damaged or missing can only be cut again from a checkpoint before it.
  const damaged = await store.files.firstDamaged();
  const before = Math.min(
    damaged?.from ?? Number.POSITIVE_INFINITY,
    store.missing[0]?.from ?? Number.POSITIVE_INFINITY,
  );
  const checkpoint = await store.checkpoints.newest(run, before);
  const log = await options.openLog(checkpoint?.to ?? 0, signal);
  const at = { epoch: checkpoint?.epoch ?? 0, to: checkpoint?.to ?? 0 };
  try {
    if (checkpoint === undefined && store.written().epoch === 0) {
      // Where this run began must be known when the log has lost its beginning: nothing may be cut again without it.
      const { first } = await log.state().catch((error: unknown) => {
        signal.throwIfAborted();
        throw error;
      });
      at.to = first - 1;
      const beginning = { ...run, ...at, states: NO_PACKED_STATES };
      await written(options, () => store.checkpoints.write(beginning));
    }
    if (checkpoint !== undefined) {
      record({ kind: 'checkpoint-restored', ...at });
      options.onCheckpoint(checkpoint.epoch);
    }
    const collector = createEpochCollector(options.createBlocks());
    const onEpoch = async (checkpointed: number | undefined) => {
      if (checkpointed !== undefined) options.onCheckpoint(checkpointed);
      notifier.notify();
      await awaitRoom(options);
    };
    const session = new EpochSession(
      { ...options, log, collector, onEpoch },
      at,
      checkpoint?.states ?? NO_STATES,
    );
    try {
      for (let ended = false; !ended && !signal.aborted; ) {
        const pulled = await log.pull(BATCH, session.remaining, signal);
        await session.take(pulled.messages, pulled.gaps);
        options.onProgress?.(session.progress);
        ended = pulled.ended;
      }
      if (!options.abort.aborted) await session.cut(true);
    } finally {
      // Another session may follow: it must find all files that this one writes.
      await session.settled();
    }
  } finally {
    await log.close();
  }
}

/** Whether too much waits for the sinks. */
export function isHeldBack(store: EpochStore, backlog: EpochsOptions['backlog']): boolean {
  const { files, bytes } = store.waiting();
  return files >= backlog.files || bytes >= backlog.bytes;
}

/** Back-pressure: while too much waits for the sinks, nothing is pulled. */
async function awaitRoom(options: EpochsOptions): Promise<void> {
  const { store, backlog, notifier, record, signal } = options;
  const full = () => isHeldBack(store, backlog);
  if (!full()) return;
  const started = performance.now();
  record({ kind: 'back-pressure-on', ...store.waiting() });
  while (full() && !signal.aborted) await notifier.wait(500, signal);
  record({ kind: 'back-pressure-off', milliseconds: performance.now() - started });
}
