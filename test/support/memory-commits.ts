import type { CommitStore, StoredCommit } from '../../pipelines/worker/commits/commit-store.ts';
import type { Commits } from '../../pipelines/worker/commits/commits.ts';

/** The log of commits of one run in memory, as JetStream keeps it. */
export function memoryCommits(): CommitStore & { readonly entries: StoredCommit[] } {
  const entries: StoredCommit[] = [];
  return {
    entries,
    last: async () => entries.at(-1),
    next: async (from) => entries.find(({ sequence }) => sequence >= from),
    async append(bytes, after) {
      const last = entries.at(-1)?.sequence ?? 0;
      if (last !== after) throw new Error(`wrong last sequence: ${last}`);
      // Other runs and partitions are in the same stream.
      const sequence = last + 3;
      entries.push({ sequence, bytes });
      return sequence;
    },
    isLasting: () => false,
  };
}

const logs = new Map<string, CommitStore>();

/** The log of commits that the lives of one directory share. */
export function commitsOfDirectory(directory: string): CommitStore {
  const known = logs.get(directory) ?? memoryCommits();
  logs.set(directory, known);
  return known;
}

/** Where nobody else works: all that is written may be delivered. */
export const UNFENCED: Commits = {
  reached: () => Number.POSITIVE_INFINITY,
  until: async () => true,
  noteBatch: async () => true,
  ended: new AbortController().signal,
};
