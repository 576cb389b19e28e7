import type { Bell } from '../../base/bell.ts';
import type { Log } from '../../nats/log.ts';
import type { RecordEvent } from '../../observe/internal-events.ts';
import { type Pipeline, PoisonError } from './engine.ts';
import { createEpochCollector } from './epoch-collector.ts';
import type { EpochStore } from './epoch-store.ts';
import { persist } from './persist.ts';
import type { Run } from './run.ts';
import { type EpochLimits, Session } from './session.ts';
import { NO_STATES } from './snapshots.ts';

export type EpochsOptions = {
  readonly run: Run;
  readonly openLog: (after: number) => Promise<Log>;
  readonly pipeline: Pipeline;
  readonly store: EpochStore;
  readonly directory: string;
  readonly limits: EpochLimits;
  readonly backlog: { readonly files: number; readonly bytes: number };
  /** Rung when an epoch was written and when a sink moved on. */
  readonly bell: Bell;
  readonly record: RecordEvent;
  readonly onCheckpoint: (epoch: number) => void;
  /** Called after every batch. */
  readonly onProgress?: (progress: Session['progress']) => void;
  /** Ends the epoch under way with a checkpoint, and returns. */
  readonly signal: AbortSignal;
  /** Stops without. */
  readonly abort: AbortSignal;
};

/** The most messages between two looks at the outside world: some tens of milliseconds. */
const BATCH = 1_000;

/**
 * The loop: pull, push, cut, write down. Runs until `signal` fires or a finite log has ended; both end with a
 * checkpoint. An operator that throws twice on the same message has it skipped from then on.
 */
export async function runEpochs(options: EpochsOptions): Promise<void> {
  const thrown = new Map<number, number>();
  for (;;) {
    try {
      await live(options);
      return;
    } catch (error) {
      if (!(error instanceof PoisonError)) throw error;
      const times = (thrown.get(error.sequence) ?? 0) + 1;
      thrown.set(error.sequence, times);
      const reason = String(error.cause instanceof Error ? error.cause.stack : error.cause).slice(
        0,
        2_000,
      );
      const { sequence, subject } = error;
      const { stream } = options.run;
      const skipped = times > 1;
      options.record({
        kind: skipped ? 'message-poisoned' : 'message-failed',
        stream,
        sequence,
        subject,
        error: reason,
      });
      if (skipped) await written(options, () => options.store.skipped.add(sequence, reason));
    }
  }
}

function written<T>(
  { directory: path, record, abort: signal }: EpochsOptions,
  write: () => Promise<T>,
) {
  return persist(write, { path, record, signal });
}

async function live(options: EpochsOptions): Promise<void> {
  const { run, store, bell, record, signal } = options;
  // An epoch file that is damaged can only be cut again from a checkpoint before it.
  const damaged = await store.files.firstDamaged();
  const before = damaged?.from ?? Number.POSITIVE_INFINITY;
  const checkpoint = await store.checkpoints.newest(run, before);
  const log = await options.openLog(checkpoint?.to ?? 0);
  const at = { epoch: checkpoint?.epoch ?? 0, to: checkpoint?.to ?? 0 };
  try {
    if (checkpoint === undefined && store.written().epoch === 0) {
      // Where this run began must be known when the log has lost its beginning: nothing may be cut again without it.
      at.to = (await log.state()).first - 1;
      const beginning = { ...run, ...at, states: NO_STATES };
      await written(options, () => store.checkpoints.write(beginning));
    }
    if (checkpoint !== undefined) {
      record({ kind: 'checkpoint-restored', ...at });
      options.onCheckpoint(checkpoint.epoch);
    }
    const collector = createEpochCollector();
    const onEpoch = async (checkpointed: number | undefined) => {
      if (checkpointed !== undefined) options.onCheckpoint(checkpointed);
      bell.ring();
      await room(options);
    };
    const session = new Session(
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
      // Another life may begin behind this one: it must find all files that this one writes.
      await session.settled();
    }
  } finally {
    await log.close();
  }
}

/** Back-pressure: while too much waits for the sinks, nothing is pulled. */
async function room({ store, backlog, bell, record, signal }: EpochsOptions): Promise<void> {
  const full = () => {
    const { files, bytes } = store.waiting();
    return files >= backlog.files || bytes >= backlog.bytes;
  };
  if (!full()) return;
  const started = performance.now();
  record({ kind: 'back-pressure-on', ...store.waiting() });
  while (full() && !signal.aborted) await bell.wait(500, signal);
  record({ kind: 'back-pressure-off', milliseconds: performance.now() - started });
}
