import type { Message } from '../../operators/model/message.ts';
import { createBell } from '../../pipelines/runtime/bell.ts';
import { deliver } from '../../pipelines/runtime/deliver.ts';
import type { Pipeline } from '../../pipelines/runtime/engine.ts';
import { openEpochStore } from '../../pipelines/runtime/epoch-store.ts';
import { runEpochs } from '../../pipelines/runtime/epochs.ts';
import type { Happening } from '../../pipelines/runtime/happenings.ts';
import type { Sink } from '../../sinks/sink.ts';
import { memoryLog } from './memory-log.ts';

export type Life = {
  readonly directory: string;
  readonly messages: readonly Message[];
  readonly pipeline: Pipeline;
  readonly sinks: readonly Sink[];
  /** Rows per epoch. */
  readonly rows?: number;
  /** Messages per pull. */
  readonly most?: () => number;
  /** Called with every happening; may throw, and the life ends as if the process had been killed there. */
  readonly happen?: (happening: Happening) => void;
};

/** One life of a worker over a finite log, from whatever the last one left in its directory. Rejects when it dies. */
export async function live(life: Life): Promise<void> {
  const { directory, messages, pipeline, sinks, most, rows = 200, happen = () => {} } = life;
  const names = sinks.map(({ name }) => name);
  const store = await openEpochStore(directory, names, (file) => {
    happen({ kind: 'checkpoint-refused', file, reason: 'damaged' });
  });
  const bell = createBell();
  const dead = new AbortController();
  const written = new AbortController();
  let checkpointed = 0;
  const die = (error: unknown) => dead.abort(error);
  const delivering = sinks.map((sink) =>
    deliver({
      sink,
      store,
      notes: sinks[0] ?? sink,
      bell,
      happen,
      checkpointed: () => checkpointed,
      drain: written.signal,
      signal: dead.signal,
    }).catch(die),
  );
  try {
    await runEpochs({
      run: { pipeline: 'plant', run: '1', stream: 'MEMORY', created: '2026-01-01T00:00:00Z' },
      openLog: async (after) => memoryLog(messages, after, most),
      pipeline,
      store,
      directory,
      limits: { seconds: 60, rows, bytes: 64_000_000, checkpointEvery: 3 },
      backlog: { files: 1_000, bytes: 1e9 },
      bell,
      happen,
      onCheckpoint(epoch) {
        checkpointed = epoch;
      },
      signal: dead.signal,
      abort: dead.signal,
    });
    written.abort();
    await Promise.all(delivering);
    dead.signal.throwIfAborted();
  } catch (error) {
    die(error);
    await Promise.all(delivering);
    throw error;
  }
}
