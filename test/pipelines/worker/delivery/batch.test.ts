import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { InternalEvent } from '../../../../pipelines/observe/observe.ts';
import { type EpochContent, RefusedError, type Sink } from '../../../../sinks/sink.ts';
import { deliverStored, epochContent, storeEpochs } from '../../../support/stored-epochs.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

/** A sink that notes the ranges it was sent; `refuse` names the wrong tables of a content. */
function rangeSink(refuse: (content: EpochContent) => readonly string[] = () => []) {
  const writes: string[] = [];
  const epochs: string[] = [];
  let dies = Number.POSITIVE_INFINITY;
  const sink: Sink = {
    name: 'clickhouse',
    takesBatches: true,
    async write(content) {
      const { from, to, blocks, pipeline } = content;
      const tables = blocks.map(({ table }) => table).join('+');
      writes.push(`${pipeline} ${from}-${to} ${tables}`);
      if (writes.length >= dies) throw new Error('killed');
      const wrong = refuse(content);
      for (const { table, data } of blocks) {
        if (table === 'epochs') epochs.push(...Buffer.from(data).toString().trim().split('\n'));
      }
      if (wrong.length > 0) throw new RefusedError('no such column', wrong);
    },
  };
  return { sink, writes, epochs, dieAt: (write: number) => (dies = write) };
}

test('what waits for a sink goes as one, after the first epoch, which may have been sent before', async () => {
  const directory = temporaryDirectory();
  const { sink, writes, epochs } = rangeSink();
  await storeEpochs(directory, sink, 1, 30);
  await deliverStored(directory, sink);
  expect(writes).toEqual(['plant 1-10 dead_letters+epochs', 'plant 11-300 dead_letters+epochs']);
  expect(epochs).toHaveLength(30);
  expect(readdirSync(join(directory, 'epochs'))).toEqual([]);
});

test('a batch comes again as it was noted, however many epochs there are by then', async () => {
  const directory = temporaryDirectory();
  const { sink, writes, dieAt } = rangeSink();
  await storeEpochs(directory, sink, 1, 5);
  dieAt(2);
  await deliverStored(directory, sink, { tries: 1 });
  await storeEpochs(directory, sink, 6, 9);
  dieAt(Number.POSITIVE_INFINITY);
  await deliverStored(directory, sink);
  const ranges = writes.map((write) => write.split(' ')[1]);
  expect(ranges.slice(0, 3)).toEqual(['1-10', '11-50', '11-50']);
  expect([...new Set(ranges)]).toEqual(['1-10', '11-50', '51-90']);
});

test.each([['clickhouse.json'], ['clickhouse.batches.json']])(
  'without %s what comes again comes in the ranges of before',
  async (lost) => {
    const directory = temporaryDirectory();
    const { sink, writes, dieAt } = rangeSink();
    await storeEpochs(directory, sink, 1, 5);
    dieAt(2);
    await deliverStored(directory, sink, { tries: 1, checkpointed: 0 });
    rmSync(join(directory, 'cursors', lost));
    await storeEpochs(directory, sink, 6, 7);
    dieAt(Number.POSITIVE_INFINITY);
    writes.length = 0;
    await deliverStored(directory, sink);
    const ranges = writes.map((write) => write.split(' ')[1]);
    // Without the cursor nobody knows whether the last two were sent.
    const singles = lost === 'clickhouse.json';
    expect(ranges).toEqual(singles ? ['1-10', '11-50', '51-60', '61-70'] : ['11-50', '51-70']);
  },
);

test('a batch that cannot be noted is not sent, whole or with tables apart, and comes later', async () => {
  const directory = temporaryDirectory();
  const { sink, writes } = rangeSink(({ from, to }) => (to > from + 9 ? ['dead_letters'] : []));
  await storeEpochs(directory, sink, 1, 5);
  await deliverStored(directory, sink, { notes: () => false });
  expect(writes).toEqual(['plant 1-10 dead_letters+epochs']);
  // Now the batch is noted, and that a table of it goes apart is not.
  await deliverStored(directory, sink, { notes: (batch) => batch.apart.length === 0 });
  const batch = 'plant 21-50 dead_letters+epochs';
  expect(writes.slice(1)).toEqual(['plant 11-20 dead_letters+epochs', batch]);
  await deliverStored(directory, sink);
  const apart = [3, 4, 5].map((each) => `plant ${each * 10 - 9}-${each * 10} dead_letters`);
  expect(writes.slice(3)).toEqual([batch, ...apart]);
});

test('files of a batch go together, so that it can come again whole', async () => {
  const directory = temporaryDirectory();
  const { sink, writes } = rangeSink();
  await storeEpochs(directory, sink, 1, 5);
  await deliverStored(directory, sink, { checkpointed: 3 });
  expect(readdirSync(join(directory, 'epochs'))).toHaveLength(4);
  rmSync(join(directory, 'cursors', 'clickhouse.json'));
  writes.length = 0;
  await deliverStored(directory, sink);
  expect(writes.map((write) => write.split(' ')[1])).toEqual(['11-50']);
});

test('a row that is wrong keeps no other epoch out, and tables that landed do not come again', async () => {
  const directory = temporaryDirectory();
  const isWrong = ({ from, to, blocks }: EpochContent) =>
    from <= 35 && to >= 35 && blocks.some(({ table }) => table === 'dead_letters');
  const { sink, writes } = rangeSink((content) =>
    content.pipeline === 'plant' && isWrong(content) ? ['dead_letters'] : [],
  );
  await storeEpochs(directory, sink, 1, 5);
  const recorded: InternalEvent[] = [];
  await deliverStored(directory, sink, { recorded });
  expect(writes).toEqual([
    'plant 1-10 dead_letters+epochs',
    'plant 11-50 dead_letters+epochs',
    'plant 11-20 dead_letters',
    'plant 21-30 dead_letters',
    'plant 31-40 dead_letters',
    'plant-refused 31-40 dead_letters',
    'plant 41-50 dead_letters',
  ]);
  expect(recorded.filter(({ kind }) => kind === 'block-refused')).toHaveLength(1);
  expect(readdirSync(join(directory, 'refused'))).toEqual(['31-40_dead_letters.JSONEachRow']);
});

test('a batch that was refused in part is sent so again, also when the world has changed its mind', async () => {
  const directory = temporaryDirectory();
  let refuses = true;
  const { sink, writes, dieAt } = rangeSink(({ blocks }) =>
    refuses && blocks.some(({ table }) => table === 'dead_letters') ? ['dead_letters'] : [],
  );
  await storeEpochs(directory, sink, 1, 3);
  // The first epoch and its note, then the batch, then the first table of its first epoch.
  dieAt(4);
  await deliverStored(directory, sink, { tries: 1 });
  refuses = false;
  dieAt(Number.POSITIVE_INFINITY);
  writes.length = 0;
  await deliverStored(directory, sink);
  expect(writes).toEqual([
    'plant 11-30 epochs',
    'plant 11-20 dead_letters',
    'plant 21-30 dead_letters',
  ]);
});

test('a batch holds no more than one block of ClickHouse takes', async () => {
  const directory = temporaryDirectory();
  const { sink, writes } = rangeSink();
  const large = (epoch: number) => {
    const content = epochContent(epoch);
    const blocks = content.blocks.map((block) => ({ ...block, rows: 400_000 }));
    return { ...content, blocks: blocks.slice(0, 1) };
  };
  await storeEpochs(directory, sink, 1, 6, large);
  await deliverStored(directory, sink);
  const ranges = writes.map((write) => write.split(' ')[1]);
  expect(ranges).toEqual(['1-10', '11-30', '31-50', '51-60']);
});
