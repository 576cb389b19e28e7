import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import { RefusedError } from '../../sinks/refused-error.ts';
import type { EpochContent, Sink } from '../../sinks/sink.ts';
import type { Bell } from './bell.ts';
import type { EpochFile } from './epoch-files.ts';
import type { EpochStore } from './epoch-store.ts';
import type { Happen } from './happenings.ts';

export type Delivery = {
  readonly sink: Sink;
  readonly store: EpochStore;
  /** Rung when an epoch was written; rings when a cursor moved. */
  readonly bell: Bell;
  readonly happen: Happen;
  /** The last epoch that a checkpoint covers. */
  readonly checkpointed: () => number;
  /** Nothing more will be written: stop when all is delivered. */
  readonly drain: AbortSignal;
  /** Stop at once; what is left is delivered after the next start. */
  readonly signal: AbortSignal;
};

const LONGEST_PAUSE = 5_000;

/** Carries the epochs out to one sink, in order, until it is confirmed; for ever. */
export async function deliver(delivery: Delivery): Promise<void> {
  const { sink, store, bell, drain, signal } = delivery;
  while (!signal.aborted) {
    const cursor = store.cursors.of(sink.name);
    const file = store.files.list.find(({ epoch }) => epoch > cursor.epoch);
    if (file === undefined) {
      if (drain.aborted) return;
      await bell.wait(1_000, AbortSignal.any([drain, signal]));
      continue;
    }
    const content = await store.files.read(file);
    if (content === undefined) {
      // Recovery finds damaged files at the start and cuts them again; until then nothing may overtake this one.
      await bell.wait(500, signal);
      continue;
    }
    await carryOut(file, content, delivery);
    if (signal.aborted) return;
    await store.cursors.move(sink.name, { epoch: file.epoch, to: file.to });
    await store.sweep(delivery.checkpointed());
    const behind = store.files.list.filter(({ epoch }) => epoch > file.epoch);
    const bytes = behind.reduce((sum, other) => sum + other.bytes, 0);
    delivery.happen({ kind: 'sink-behind', sink: sink.name, files: behind.length, bytes });
    bell.ring();
  }
}

async function carryOut(file: EpochFile, content: EpochContent, delivery: Delivery): Promise<void> {
  const { sink, happen, signal } = delivery;
  const again = retry(
    handleWhen((error) => !(error instanceof RefusedError)),
    {
      maxAttempts: Number.POSITIVE_INFINITY,
      backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: LONGEST_PAUSE }),
    },
  );
  let attempts = 0;
  again.onRetry((failure) => {
    attempts += 1;
    const reason = 'error' in failure ? failure.error.message : 'no result';
    const { epoch } = file;
    happen({
      kind: 'sink-retry',
      sink: sink.name,
      epoch,
      attempt: attempts,
      reason,
      again: failure.delay,
    });
  });
  const started = performance.now();
  try {
    await again.execute(({ signal: stop }) => sink.write(content, stop), signal);
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof RefusedError)) throw error;
    await putAside(error, content, file, delivery);
  }
  const rows = content.blocks.reduce((sum, block) => sum + block.rows, 0);
  const milliseconds = performance.now() - started;
  happen({
    kind: 'epoch-landed',
    sink: sink.name,
    epoch: file.epoch,
    rows,
    bytes: file.bytes,
    milliseconds,
  });
}

/** What the world refuses stays in a file for people, and is told of. */
async function putAside(
  error: RefusedError,
  content: EpochContent,
  file: EpochFile,
  { sink, store, happen }: Delivery,
): Promise<void> {
  for (const part of error.parts) {
    const block = content.blocks.find(({ table }) => table === part);
    const kept = block === undefined ? file.path : await store.refuse(file, block);
    const reason = error.message;
    happen({ kind: 'block-refused', sink: sink.name, epoch: file.epoch, part, reason, file: kept });
  }
}
