import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DISK } from '../../../../pipelines/base/disk.ts';
import { forgetSink } from '../../../../pipelines/worker/epochs/cursors.ts';
import { openEpochStore } from '../../../../pipelines/worker/epochs/epoch-store.ts';
import { epochContent } from '../../../support/stored-epochs.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const SINKS = ['clickhouse', 'outbox'];

/** A life in which every sink takes the epochs from `first` to `last`. */
async function live(directory: string, sinks: readonly string[], first: number, last: number) {
  const store = await openEpochStore(directory, sinks, () => undefined);
  for (let epoch = first; epoch <= last; epoch += 1) {
    const content = epochContent(epoch);
    await store.files.write(content);
    for (const sink of sinks) await store.cursors.move(sink, { epoch, to: content.to });
  }
  await store.sweep(last);
  return store;
}

test('a sink that was off is refused what it missed, unless nothing of before is owed to it', async () => {
  const directory = temporaryDirectory();
  await live(directory, [...SINKS, 'feed'], 1, 3);
  await live(directory, SINKS, 4, 6);
  await expect(live(directory, [...SINKS, 'feed'], 7, 7)).rejects.toThrow('feed');
  await forgetSink(DISK, join(directory, 'cursors'), 'feed');
  const store = await live(directory, [...SINKS, 'feed'], 7, 7);
  expect(store.cursors.of('feed').epoch).toBe(7);
  // Of another sink the cursor stays.
  expect(store.cursors.of('outbox').epoch).toBe(7);
});
