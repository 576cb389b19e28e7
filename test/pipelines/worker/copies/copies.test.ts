import { expect, test } from 'vitest';
import type { InternalEvent } from '../../../../pipelines/observe/observe.ts';
import type { Objects } from '../../../../pipelines/worker/copies/objects.ts';
import { crashLog } from '../../../support/crashes/crash-log.ts';
import { poisoned } from '../../../support/crashes/run-workers.ts';
import { runWorker } from '../../../support/in-process-worker.ts';
import { memoryObjects } from '../../../support/memory-objects.ts';
import { MemorySink } from '../../../support/memory-sink.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

/** A bucket that takes no object of this kind the first time. */
function failingOnce(kind: string) {
  const objects = memoryObjects();
  let failed = false;
  const put: Objects['put'] = async (name, bytes) => {
    if (!failed && name.endsWith(kind)) {
      failed = true;
      throw new Error('no space left');
    }
    await objects.put(name, bytes);
  };
  const has = () => [...objects.kept.keys()].some((name) => name.endsWith(kind));
  return { objects: { ...objects, put }, has };
}

/** Works a log off. Whether the copy had failed, and was there, when the epoch with this message was committed. */
async function committedAt(message: number, kind: string, poison: ReadonlySet<number>) {
  const { objects, has } = failingOnce(kind);
  const recorded: InternalEvent[] = [];
  let seen: { readonly failed: boolean; readonly copied: boolean } | undefined;
  await runWorker({
    directory: temporaryDirectory(),
    messages: crashLog(7, 30),
    pipeline: poisoned(poison),
    sinks: [new MemorySink('clickhouse')],
    objects,
    record(event) {
      recorded.push(event);
      if (event.kind !== 'epoch-committed' || event.to < message) return;
      const failed = recorded.some((one) => one.kind === 'checkpoint-copy-failed');
      seen ??= { failed, copied: has() };
    },
  });
  return seen;
}

test('nothing is committed before the beginning of its run is in the cluster', async () => {
  const seen = await committedAt(1, '000000000000_0.checkpoint', new Set());
  expect(seen).toEqual({ failed: true, copied: true });
});

test('a message is skipped in no epoch that is committed before the list of them is in the cluster', async () => {
  const seen = await committedAt(20, 'skipped.json', new Set([20]));
  expect(seen).toEqual({ failed: true, copied: true });
});
