import { row } from '../../operators/flow/flow.ts';
import type { Sequence } from '../../operators/model/message.ts';
import { fromMilliseconds } from '../../operators/model/time.ts';
import { createNotifier } from '../../pipelines/base/notifier.ts';
import type { InternalEvent } from '../../pipelines/observe/observe.ts';
import { deliverEpochs } from '../../pipelines/worker/delivery/delivery.ts';
import type { Batch } from '../../pipelines/worker/epochs/cursors.ts';
import { type EpochStore, openEpochStore } from '../../pipelines/worker/epochs/epoch-store.ts';
import { createBlocks } from '../../sinks/clickhouse/blocks.ts';
import type { Blocks, EpochContent, Sink } from '../../sinks/sink.ts';
import { RUN } from './in-process-worker.ts';
import { UNFENCED } from './memory-commits.ts';

/** Messages of an epoch here. */
const MESSAGES = 10;

/** A small epoch: messages 1 to 10 for the first, and so on. `add` puts rows into it; one dead letter otherwise. */
export function epochContent(epoch: number, add = addDeadLetter): EpochContent {
  const from = (epoch - 1) * MESSAGES + 1;
  const to = epoch * MESSAGES;
  const blocks = createBlocks();
  add(blocks, from);
  const appended = fromMilliseconds(Date.UTC(2026, 10, 30) + epoch * 2_000);
  const { pipeline, created } = RUN;
  blocks.addEpoch({
    ...{ pipeline, created, epoch, from, to, messages: MESSAGES },
    ...{ first_appended: appended, last_appended: appended },
  });
  return {
    ...RUN,
    epoch,
    from,
    to,
    blocks: blocks.finish(RUN.stream, RUN.run),
    revisions: [],
    commands: [],
  };
}

function addDeadLetter(blocks: Blocks, from: number): void {
  const deadLetter = row('dead_letters', {
    ...{ reason: 'malformed', stage: 'decode', source: `source ${from}`, detail: '' },
    ...{ count: 1, original: '' },
  });
  blocks.add(deadLetter, from as Sequence, fromMilliseconds(Date.UTC(2026, 10, 30)));
}

/** Writes the files of epochs into a store, as a worker does. */
export async function storeEpochs(
  directory: string,
  sink: Sink,
  first: number,
  last: number,
  content: (epoch: number) => EpochContent = epochContent,
): Promise<void> {
  const store = await openStoreOf(directory, sink);
  for (let epoch = first; epoch <= last; epoch += 1) await store.files.write(content(epoch));
}

function openStoreOf(directory: string, sink: Sink): Promise<EpochStore> {
  return openEpochStore(directory, [sink.name], () => undefined);
}

type DeliverOptions = {
  /** Dies with the so-many-th failed try. */
  readonly tries?: number;
  /** The last epoch that a checkpoint covers; default all. */
  readonly checkpointed?: number;
  readonly recorded?: InternalEvent[];
  /** Whether a batch can be noted in the log of commits; default yes. */
  readonly notes?: (batch: Batch) => boolean;
};

/** One life of a delivery: until all that is stored was delivered, or it dies. */
export async function deliverStored(
  directory: string,
  sink: Sink,
  options: DeliverOptions = {},
): Promise<void> {
  const { tries = Number.POSITIVE_INFINITY, recorded = [] } = options;
  const { checkpointed = Number.POSITIVE_INFINITY, notes = () => true } = options;
  const store = await openStoreOf(directory, sink);
  const drain = new AbortController();
  const dead = new AbortController();
  drain.abort();
  await deliverEpochs({
    sink,
    store,
    commits: { ...UNFENCED, noteBatch: async (_sink, batch) => notes(batch) },
    notes: sink,
    createBlocks,
    notifier: createNotifier(),
    record(internalEvent) {
      recorded.push(internalEvent);
      if (internalEvent.kind === 'sink-retry' && internalEvent.attempt >= tries) dead.abort();
    },
    checkpointed: () => checkpointed,
    drain: drain.signal,
    signal: dead.signal,
  });
}
