import { ExponentialBackoff, handleAll, retry } from 'cockatiel';
import { row } from '../../../operators/flow/flow.ts';
import type { Sequence } from '../../../operators/model/message.ts';
import { fromMilliseconds } from '../../../operators/model/time.ts';
import { type Blocks, type EpochContent, RefusedError, type Sink } from '../../../sinks/sink.ts';

import type { Notifier } from '../../base/notifier.ts';
import type { RecordEvent } from '../../observe/observe.ts';
import type { EpochFile } from '../epochs/epoch-files.ts';
import { type EpochStore, persist } from '../epochs/epoch-store.ts';

export type DeliveryOptions = {
  readonly sink: Sink;
  readonly store: EpochStore;
  /** Takes the row that records a refusal. */
  readonly notes: Sink;
  /** Encodes it as `notes` wants it. */
  readonly createBlocks: () => Blocks;
  /** Notified when an epoch was written; notifies when a cursor moved. */
  readonly notifier: Notifier;
  readonly record: RecordEvent;
  /** The last epoch that a checkpoint covers. */
  readonly checkpointed: () => number;
  /** Nothing more will be written: stop when all is delivered. */
  readonly drain: AbortSignal;
  /** Stop at once; what is left is delivered after the next start. */
  readonly signal: AbortSignal;
};

const LONGEST_PAUSE = 5_000;

/** Carries the epochs out to one sink, in order, until it is confirmed; for ever. */
export async function deliverEpochs(delivery: DeliveryOptions): Promise<void> {
  const { sink, store, notifier, drain, signal } = delivery;
  while (!signal.aborted) {
    const cursor = store.cursors.of(sink.name);
    const file = store.files.list.find(({ epoch }) => epoch > cursor.epoch);
    if (file === undefined) {
      if (drain.aborted) return;
      await notifier.wait(1_000, AbortSignal.any([drain, signal]));
      continue;
    }
    const content = await store.files.read(file);
    if (content === undefined) {
      delivery.record({ kind: 'epoch-file-damaged', file: file.path, reason: 'it cannot be read' });
      // Recovery finds damaged files at the start and cuts them again; until then nothing may overtake this one.
      await notifier.wait(500, signal);
      continue;
    }
    await carryOut(file, content, delivery);
    if (signal.aborted) return;
    const { epoch, to } = file;
    const move = () => store.cursors.move(sink.name, { epoch, to });
    await persist(move, { path: file.path, record: delivery.record, signal });
    await store.sweep(delivery.checkpointed());
    const left = store.files.list.filter(({ epoch }) => epoch > file.epoch);
    const bytes = left.reduce((sum, other) => sum + other.bytes, 0);
    delivery.record({ kind: 'sink-behind', sink: sink.name, files: left.length, bytes });
    notifier.notify();
  }
}

async function carryOut(
  file: EpochFile,
  content: EpochContent,
  delivery: DeliveryOptions,
): Promise<void> {
  const { sink, record, signal } = delivery;
  const again = retry(handleAll, {
    maxAttempts: Number.POSITIVE_INFINITY,
    backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: LONGEST_PAUSE }),
  });
  let attempts = 0;
  again.onRetry((failure) => {
    attempts += 1;
    const reason = 'error' in failure ? failure.error.message : 'no result';
    const { epoch } = file;
    record({
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
    await again.execute(({ signal: stop }) => writeOrRefuse(file, content, delivery, stop), signal);
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
  const rows = content.blocks.reduce((sum, block) => sum + block.rows, 0);
  const milliseconds = performance.now() - started;
  record({
    kind: 'epoch-landed',
    sink: sink.name,
    epoch: file.epoch,
    rows,
    bytes: file.bytes,
    milliseconds,
  });
}

/** What the world refuses stays in a file for people, becomes a row in `dead_letters`, and the cursor goes on. */
async function writeOrRefuse(
  file: EpochFile,
  content: EpochContent,
  { sink, notes, createBlocks, store, record }: DeliveryOptions,
  signal: AbortSignal,
): Promise<void> {
  try {
    await sink.write(content, signal);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    const reason = error.message;
    for (const part of error.parts) {
      const block = content.blocks.find(({ table }) => table === part);
      const kept = block === undefined ? file.path : await store.refuse(file, block);
      record({
        kind: 'block-refused',
        sink: sink.name,
        epoch: file.epoch,
        part,
        reason,
        file: kept,
      });
    }
    await notes
      .write(noteOf(error, content, sink.name, createBlocks()), signal)
      .catch((again: unknown) => {
        // A row that is refused itself would be for ever, and a warehouse that is away must hold up no request: then
        // the recorded error has to do.
        if (notes === sink && !(again instanceof RefusedError)) throw again;
      });
  }
}

/** The refusal as content of its own: another pipeline name gives it another token than the epoch's own dead letters. */
function noteOf(
  error: RefusedError,
  content: EpochContent,
  sink: string,
  blocks: Blocks,
): EpochContent {
  for (const part of error.parts) {
    const deadLetter = row('dead_letters', {
      reason: 'refused',
      stage: sink,
      source: part,
      detail: error.message.slice(0, 1_000),
      count: content.blocks.find(({ table }) => table === part)?.rows ?? 1,
      original: `messages ${content.from} to ${content.to}`,
    });
    blocks.add(deadLetter, content.to as Sequence, fromMilliseconds(Date.now()));
  }
  const { pipeline, stream, run } = content;
  return {
    ...content,
    pipeline: `${pipeline}-refused`,
    blocks: blocks.finish(stream, run),
    revisions: [],
  };
}
