import { ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import { row } from '../../../operators/flow/flow.ts';
import type { Sequence } from '../../../operators/model/message.ts';
import { fromMilliseconds } from '../../../operators/model/time.ts';
import { type Blocks, type EpochContent, RefusedError, type Sink } from '../../../sinks/sink.ts';

import type { Notifier } from '../../base/notifier.ts';
import type { RecordEvent } from '../../observe/observe.ts';
import type { Commits } from '../commits/commits.ts';
import type { EpochFile } from '../epochs/epoch-files.ts';
import { type EpochStore, persist } from '../epochs/epoch-store.ts';
import { type Gathered, gatherBatch, mergeContents } from './batch.ts';

export type DeliveryOptions = {
  readonly sink: Sink;
  readonly store: EpochStore;
  readonly commits: Pick<Commits, 'reached' | 'noteBatch' | 'ended'>;
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

/**
 * Carries the epochs out to one sink, in order, until it is confirmed; for ever. What waits for a sink that was away
 * goes many epochs at a time.
 */
export async function deliverEpochs(delivery: DeliveryOptions): Promise<void> {
  const { sink, store, commits, notifier, drain, signal } = delivery;
  // One for all turns: their sources would keep each of them.
  const drained = AbortSignal.any([drain, signal]);
  const committed = AbortSignal.any([commits.ended, signal]);
  while (!signal.aborted) {
    const { open, waiting } = deliverable(delivery);
    const [first] = waiting;
    if (first === undefined) {
      // What is not committed by then is committed and delivered after the next start.
      const isOver = open === 0 || commits.ended.aborted;
      if (drain.aborted && isOver) return;
      await notifier.wait(1_000, isOver ? drained : committed);
      continue;
    }
    const gathered = await gatherBatch(sink, waiting, store);
    if (gathered === undefined) {
      delivery.record({
        kind: 'epoch-file-damaged',
        file: first.path,
        reason: 'it cannot be read',
      });
      // Recovery finds damaged files at the start and cuts them again; until then nothing may overtake this one.
      await notifier.wait(500, signal);
      continue;
    }
    if (!gathered.noted && !(await isNoted(gathered, delivery))) return;
    if (!(await isCarriedOut(gathered, delivery)) || signal.aborted) return;
    const { epoch, to } = lastOf(gathered);
    await written(delivery, () => store.cursors.move(sink.name, { epoch, to }));
    await store.sweep(delivery.checkpointed());
    delivery.record({ kind: 'sink-behind', sink: sink.name, ...store.waitingFor(sink.name) });
    notifier.notify();
  }
}

/** What a sink may have now: epochs that are committed, and none of a batch before all of it is there. */
function deliverable({ sink, store, commits }: DeliveryOptions) {
  const cursor = store.cursors.of(sink.name);
  const open = store.files.list.filter(({ epoch }) => epoch > cursor.epoch);
  const reached = commits.reached();
  const waiting = open.filter(({ epoch }) => epoch <= reached);
  const batch = store.cursors.batchFrom(sink.name, waiting[0]?.epoch ?? 0);
  const isParted = batch !== undefined && batch.last > reached;
  return { open: open.length, waiting: isParted ? [] : waiting };
}

function lastOf({ files }: Gathered): EpochFile {
  const last = files.at(-1);
  if (last === undefined) throw new RangeError('nothing was gathered');
  return last;
}

/** Notes a batch down; false when the worker was stopped before that. */
async function isNoted(gathered: Gathered, delivery: DeliveryOptions): Promise<boolean> {
  try {
    return await note(gathered, delivery);
  } catch (error) {
    if (delivery.signal.aborted) return false;
    throw error;
  }
}

/** Notes down which epochs are sent as one, and which tables of them are not; false when that is given up. */
async function note(gathered: Gathered, delivery: DeliveryOptions): Promise<boolean> {
  const { sink, store, commits } = delivery;
  const { files, apart } = gathered;
  const { epoch: last } = lastOf(gathered);
  const batch = { first: files[0]?.epoch ?? last, last, apart };
  const oldest = store.files.list[0]?.epoch ?? batch.first;
  // Whoever takes over has to know it, whatever becomes of this directory.
  if (!(await commits.noteBatch(sink.name, batch))) return false;
  await written(delivery, () => store.cursors.note(sink.name, batch, oldest));
  return true;
}

/** Writes to the disk, for as long as it takes. */
function written(
  { sink, record, signal }: DeliveryOptions,
  write: () => Promise<void>,
): Promise<void> {
  return persist(write, { path: `cursor of ${sink.name}`, record, signal });
}

/** The tables of a batch that were refused cannot be noted any more: what is left waits for the next start. */
class GivenUpError extends Error {}

/** Carries a batch out, however often it fails; false when the worker was stopped before that. */
async function isCarriedOut(gathered: Gathered, delivery: DeliveryOptions): Promise<boolean> {
  const { sink, record, signal } = delivery;
  const { files, contents } = gathered;
  const { epoch } = lastOf(gathered);
  const again = retry(
    handleWhen((error) => !(error instanceof GivenUpError)),
    {
      maxAttempts: Number.POSITIVE_INFINITY,
      backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: LONGEST_PAUSE }),
    },
  );
  let attempts = 0;
  again.onRetry((failure) => {
    attempts += 1;
    const reason = 'error' in failure ? failure.error.message : 'no result';
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
  let left = gathered;
  const attempt = async (stop: AbortSignal) => {
    left = await writeBatch(left, delivery, stop);
    await writeApart(left, delivery, stop);
  };
  try {
    await again.execute(({ signal: stop }) => attempt(stop), signal);
  } catch (error) {
    if (signal.aborted || error instanceof GivenUpError) return false;
    throw error;
  }
  const blocks = contents.flatMap((content) => content.blocks);
  record({
    kind: 'epoch-landed',
    sink: sink.name,
    epoch,
    epochs: files.length,
    rows: blocks.reduce((sum, { rows }) => sum + rows, 0),
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    milliseconds: performance.now() - started,
  });
  return true;
}

/**
 * Writes epochs as one. Tables that are refused are noted, to be sent epoch by epoch: one epoch's wrong row must not
 * keep the others out, and no later try may bring the rows of the others again under the token of all.
 */
async function writeBatch(
  gathered: Gathered,
  delivery: DeliveryOptions,
  signal: AbortSignal,
): Promise<Gathered> {
  const { files, contents, apart } = gathered;
  const [file] = files;
  const content = mergeContents(contents);
  if (files.length === 1 && file !== undefined) {
    await writeOrRefuse(file, content, delivery, signal);
    return gathered;
  }
  const blocks = content.blocks.filter(({ table }) => !apart.includes(table));
  try {
    await delivery.sink.write({ ...content, blocks }, signal);
    return gathered;
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    const noted = { ...gathered, apart: [...apart, ...error.parts] };
    if (!(await note(noted, delivery))) throw new GivenUpError();
    return noted;
  }
}

/** The tables that were refused as one, epoch by epoch. */
async function writeApart(
  { files, contents, apart }: Gathered,
  delivery: DeliveryOptions,
  signal: AbortSignal,
): Promise<void> {
  if (apart.length === 0) return;
  for (const [index, file] of files.entries()) {
    const content = contents[index];
    const blocks = content?.blocks.filter(({ table }) => apart.includes(table)) ?? [];
    if (content === undefined || blocks.length === 0) continue;
    await writeOrRefuse(
      file,
      { ...content, blocks, revisions: [], commands: [] },
      delivery,
      signal,
    );
  }
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
    commands: [],
  };
}
