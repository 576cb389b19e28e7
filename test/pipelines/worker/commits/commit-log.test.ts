import { describe, expect, test } from 'vitest';
import { EXIT } from '../../../../pipelines/base/problem.ts';
import {
  type CommitLog,
  type NewCommit,
  openCommitLog,
} from '../../../../pipelines/worker/commits/commit-log.ts';
import type { CommitStore } from '../../../../pipelines/worker/commits/commit-store.ts';
import {
  type CommitEnd,
  refuseEmpty,
  refuseStale,
} from '../../../../pipelines/worker/commits/history.ts';
import { RUN } from '../../../support/in-process-worker.ts';
import { memoryCommits } from '../../../support/memory-commits.ts';

type Taken = {
  readonly owner?: string;
  readonly patience?: number;
  readonly check?: (end: CommitEnd) => void;
};

function take(
  store: CommitStore,
  { owner = 'hall-7', patience = 60_000, check = () => {} }: Taken = {},
) {
  const writer = { owner, host: owner, directory: '/var/andon/plant-0' };
  const { signal } = new AbortController();
  return openCommitLog({ store, run: RUN, writer, record: () => {}, signal, patience, check });
}

function epoch(number: number, cursor = 0): NewCommit {
  const [from, to] = [number * 10 - 9, number * 10];
  const cursors = { clickhouse: { epoch: cursor, to: cursor * 10 } };
  const print = { sha256: `sha ${number}`, tables: {}, format: 1 };
  return { kind: 'epoch', epoch: number, from, to, ...print, cursors, checkpoint: 0 };
}

async function commitTo(log: CommitLog, last: number): Promise<void> {
  for (let number = 1; number <= last; number += 1) await log.append(epoch(number), 1);
}

test('an entry that waits for an epoch behind which it stands says no less than that', async () => {
  const store = memoryCommits();
  const log = await take(store);
  await commitTo(log, 2);
  const head = { epoch: 2, to: 20, cursors: {}, checkpoint: 0 };
  const batch = { first: 1, last: 2, apart: [] };
  await Promise.all([
    log.append(epoch(3), 1),
    log.append({ ...head, kind: 'batch', sink: 'clickhouse', batch }, 1),
  ]);
  const { last, epochs } = await (await take(store, { owner: 'hall-8' })).recall(1);
  expect(last).toEqual({ epoch: 3, to: 30 });
  expect(epochs.map((each) => each.epoch)).toEqual([1, 2, 3]);
});

test('an owner that was paused before it heard that it took over does not take over again', async () => {
  const store = memoryCommits();
  await commitTo(await take(store), 2);
  const append = store.append;
  store.append = async (bytes, after) => {
    await append(bytes, after);
    store.append = append;
    await (await take(store, { owner: 'hall-9' })).append(epoch(3), 1);
    throw new Error('no answer');
  };
  await expect(take(store, { owner: 'hall-8' })).rejects.toThrow(
    'that hall-9 on hall-9 has taken it over',
  );
  expect((await (await take(store, { owner: 'hall-10' })).recall(1)).last.epoch).toBe(3);
});

describe('a log of commits whose leader does not know all yet', () => {
  test('is asked again for what is committed before a take-over', async () => {
    const store = memoryCommits();
    await commitTo(await take(store), 4);
    const log = await take(store, { owner: 'hall-8' });
    // All answers from here on are of the new leader, for a while.
    const { entries } = store;
    const shown = entries.splice(3);
    const back = () => entries.push(...shown.splice(0));
    const next = store.next;
    let asked = 0;
    store.next = async (from) => {
      const stored = await next(from);
      if (stored === undefined && ++asked === 2) back();
      return stored;
    };
    const { epochs, last } = await log.recall(1);
    expect(last.epoch).toBe(4);
    expect(epochs.map((each) => each.epoch)).toEqual([1, 2, 3, 4]);
  });

  test('is given up when it stays short, with what is missing', async () => {
    const store = memoryCommits();
    await commitTo(await take(store), 4);
    const log = await take(store, { owner: 'hall-8', patience: 0 });
    store.entries.splice(3);
    await expect(log.recall(1)).rejects.toMatchObject({ exit: EXIT.outside });
    await expect(log.recall(1)).rejects.toThrow(/expected an entry at message 18, which was ack/);
  });

  test('has nothing appended before all that was acknowledged is there again', async () => {
    const store = memoryCommits();
    const log = await take(store);
    await commitTo(log, 2);
    const sequences = store.entries.map(({ sequence }) => sequence);
    const shown = store.entries.splice(1);
    const { last, append } = store;
    const lengths: number[] = [];
    store.append = (bytes, after) => {
      lengths.push(store.entries.length);
      return append(bytes, after);
    };
    let asked = 0;
    store.last = async () => {
      if (++asked === 3) store.entries.push(...shown);
      return last();
    };
    await log.append(epoch(3), 1);
    // Refused by the short log once, and not tried again before it is whole.
    expect(lengths).toEqual([1, 3]);
    expect(store.entries.map(({ sequence }) => sequence)).toEqual([...sequences, 12]);
  });

  test('is not taken for the same when another owner stands at the same message', async () => {
    const store = memoryCommits();
    const log = await take(store);
    await commitTo(log, 1);
    store.entries.splice(0);
    // As many entries as the first one had.
    await commitTo(await take(store, { owner: 'hall-8' }), 1);
    const { append } = store;
    store.append = async (bytes, after) => {
      store.append = append;
      throw new Error(`no answer, behind ${after} with ${bytes.length} bytes`);
    };
    await expect(log.append(epoch(2), 1)).rejects.toMatchObject({ exit: EXIT.owned });
    expect(store.entries).toHaveLength(2);
  });

  test('that was deleted ends its owner', async () => {
    const store = memoryCommits();
    const log = await take(store, { patience: 0 });
    await commitTo(log, 1);
    store.entries.splice(0);
    const refused = log.append(epoch(2), 1);
    await expect(refused).rejects.toThrow(/expected an entry at message 6, .* found no entry at/);
    await expect(refused).rejects.toMatchObject({ exit: EXIT.outside });
  });
});

describe('whoever cannot go on from a log of commits', () => {
  test('is refused before it takes anything over', async () => {
    const store = memoryCommits();
    const first = await take(store);
    await first.append(epoch(8_000, 7_999), 8_000);
    const refusing = (own: number, partitions: number) => (end: CommitEnd) =>
      refuseStale('/copy', end, new Map([['clickhouse', own]]), partitions);
    const check = refusing(2_998, 1);
    const stale = take(store, { owner: 'hall-8', check });
    await expect(stale).rejects.toMatchObject({ exit: EXIT.input });
    await expect(stale).rejects.toThrow(
      /expected a directory that remembers epoch 2999 or later, since clickhouse has taken 7999, found one that knows of 2998: hall-7 worked on/,
    );
    const empty = (end: CommitEnd) => refuseEmpty('/new', RUN, end);
    await expect(take(store, { owner: 'hall-8', check: empty })).rejects.toThrow('found an empty');
    // More partitions insert into the same tables.
    await expect(take(store, { check: refusing(2_999, 2) })).rejects.toThrow('epoch 5499 or later');
    await first.append(epoch(8_001), 8_000);
    await take(store, { owner: 'hall-8', check: refusing(2_999, 1) });
    await expect(first.append(epoch(8_002), 8_000)).rejects.toMatchObject({ exit: EXIT.owned });
  });

  test('an owner in between makes what it saw come again as it may have been sent', async () => {
    const store = memoryCommits();
    const first = await take(store);
    await first.append(epoch(1), 1);
    await first.append(epoch(2), 1);
    expect(await (await take(store)).recall(1)).toMatchObject({ own: true });
    await take(store, { owner: 'hall-8' });
    await take(store);
    expect(await (await take(store)).recall(1)).toMatchObject({ own: false });
  });
});
