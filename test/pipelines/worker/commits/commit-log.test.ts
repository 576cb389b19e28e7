import { describe, expect, test } from 'vitest';
import { EXIT } from '../../../../pipelines/base/problem.ts';
import {
  type CommitLog,
  type NewCommit,
  openCommitLog,
} from '../../../../pipelines/worker/commits/commit-log.ts';
import type { CommitStore } from '../../../../pipelines/worker/commits/commit-store.ts';
import { RUN } from '../../../support/in-process-worker.ts';
import { memoryCommits } from '../../../support/memory-commits.ts';

type Taken = { readonly owner?: string; readonly patience?: number };

function take(store: CommitStore, { owner = 'hall-7', patience = 60_000 }: Taken = {}) {
  const writer = { owner, host: owner, directory: '/var/andon/plant-0' };
  const { signal } = new AbortController();
  return openCommitLog({ store, run: RUN, writer, record: () => {}, signal, patience });
}

function epoch(number: number): NewCommit {
  const [from, to] = [number * 10 - 9, number * 10];
  const print = { sha256: `sha ${number}`, tables: {}, format: 1 };
  return { kind: 'epoch', epoch: number, from, to, ...print, cursors: {}, checkpoint: 0 };
}

async function commitTo(log: CommitLog, last: number): Promise<void> {
  for (let number = 1; number <= last; number += 1) await log.append(epoch(number), 1);
}


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
});
