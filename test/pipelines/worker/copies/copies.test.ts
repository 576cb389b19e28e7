import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DISK } from '../../../../pipelines/base/disk.ts';
import type { InternalEvent } from '../../../../pipelines/observe/observe.ts';
import { takeSkipped } from '../../../../pipelines/worker/copies/fill.ts';
import type { Objects } from '../../../../pipelines/worker/copies/objects.ts';
import { openSkipped, SKIPPED } from '../../../../pipelines/worker/epochs/poison.ts';
import { crashLog } from '../../../support/crashes/crash-log.ts';
import { poisoned } from '../../../support/crashes/run-workers.ts';
import { RUN, runWorker } from '../../../support/in-process-worker.ts';
import { memoryObjects } from '../../../support/memory-objects.ts';
import { MemorySink } from '../../../support/memory-sink.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

/** A bucket that takes no object of this kind the first time, in each life. */
function failingOnce(kind: string) {
  const objects = memoryObjects();
  let failed = false;
  const put: Objects['put'] = async (name, bytes, previous) => {
    if (!failed && name.endsWith(kind)) {
      failed = true;
      throw new Error('no space left');
    }
    return objects.put(name, bytes, previous);
  };
  const has = () => [...objects.kept.keys()].some((name) => name.endsWith(kind));
  const begin = () => {
    failed = false;
  };
  return { objects: { ...objects, put }, has, begin };
}

type Case = {
  readonly message: number;
  readonly kind: string;
  readonly poison: readonly number[];
  /** A life before, which is killed at once when the copy has failed. */
  readonly killed?: true;
};

/** Works a log off. Whether the copy had failed, and was there, when the epoch with this message was committed. */
async function committedAt({ message, kind, poison, killed }: Case) {
  const { objects, has, begin } = failingOnce(kind);
  const life = {
    directory: temporaryDirectory(),
    messages: crashLog(7, 30),
    pipeline: poisoned(new Set(poison)),
    sinks: [new MemorySink('clickhouse')],
    objects,
  };
  if (killed) {
    const end = new AbortController();
    const record = (event: InternalEvent) => {
      if (event.kind === 'checkpoint-copy-failed') end.abort(new Error('killed'));
    };
    await expect(runWorker({ ...life, abort: end.signal, record })).rejects.toThrow('killed');
    begin();
  }
  const recorded: InternalEvent[] = [];
  let seen: { readonly failed: boolean; readonly copied: boolean } | undefined;
  await runWorker({
    ...life,
    record(event) {
      recorded.push(event);
      if (event.kind !== 'epoch-committed' || event.to < message) return;
      const failed = recorded.some((one) => one.kind === 'checkpoint-copy-failed');
      seen ??= { failed, copied: has() };
    },
  });
  return seen;
}

const BEGINNING = { message: 1, kind: '000000000000_0.checkpoint', poison: [] };
const POISON = { message: 20, kind: 'skipped.json', poison: [20] };

test.each([
  ['', BEGINNING],
  [', nor by the next life of one that was killed then', { ...BEGINNING, killed: true as const }],
])('nothing is committed before the beginning of its run is in the cluster%s', async (_, each) => {
  expect(await committedAt(each)).toEqual({ failed: true, copied: true });
});

test.each([
  ['', POISON],
  [', nor by the next life of one that was killed then', { ...POISON, killed: true as const }],
])(
  'a message is skipped in no epoch that is committed before the list of them is in the cluster%s',
  async (_, each) => {
    expect(await committedAt(each)).toEqual({ failed: true, copied: true });
  },
);

test('who was told that the partition is lost copies nothing more, and not over the list of another owner', async () => {
  const { directory, messages, ...rest } = {
    directory: temporaryDirectory(),
    messages: crashLog(7, 10),
    pipeline: poisoned(new Set([9])),
    sinks: [new MemorySink('clickhouse')],
  };
  const objects = memoryObjects();
  const lost = new AbortController();
  const names: string[] = [];
  // Paused between the look at the bucket and the first object that it puts: another owner has put its list meanwhile.
  const list: Objects['list'] = async (prefix) => {
    const found = await objects.list(prefix);
    if (prefix.endsWith('/1/')) lost.abort(new Error('lost'));
    return found;
  };
  const put: Objects['put'] = async (name, bytes, previous) => {
    names.push(name);
    return objects.put(name, bytes, previous);
  };
  const paused = { ...rest, directory, messages, objects: { ...objects, list, put } };
  await expect(runWorker({ ...paused, abort: lost.signal })).rejects.toThrow('lost');
  expect(names).toEqual([]);
});

test('the list of poison is asked for again when nobody answers, and a damaged one is refused', async () => {
  const objects = memoryObjects();
  const name = `${RUN.pipeline}/${RUN.run}/${RUN.created}/${SKIPPED}`;
  const directory = temporaryDirectory();
  await (await openSkipped(DISK, directory)).add(7, 'Error: first');
  await objects.put(name, readFileSync(join(directory, SKIPPED)));
  const other = temporaryDirectory();
  let silent = 1;
  const get: Objects['get'] = async (asked) => {
    silent -= 1;
    if (silent >= 0) throw new Error('no answer within 10 s');
    return objects.get(asked);
  };
  const signal = new AbortController().signal;
  const given = { run: RUN, directory: other, disk: DISK, record: () => undefined, signal };
  await takeSkipped({ ...given, objects: { ...objects, get } });
  expect(readFileSync(join(other, SKIPPED), 'utf8')).toContain('Error: first');
  objects.kept.set(name, Buffer.from('{}'));
  await expect(takeSkipped({ ...given, objects })).rejects.toThrow(/the list of poison messages/);
});
