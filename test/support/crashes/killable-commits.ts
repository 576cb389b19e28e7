import type { CommitStore } from '../../../pipelines/worker/commits/commit-store.ts';
import type { Objects } from '../../../pipelines/worker/copies/objects.ts';
import type { KillableProcess } from './killable-process.ts';

/** What becomes of an append: not carried out, or carried out and nobody hears of it; both are said to have failed. */
export const COMMIT_FAULTS = ['fails', 'answer-lost'] as const;
export type CommitFault = (typeof COMMIT_FAULTS)[number];

export type KillableCommitsOptions = {
  readonly process: KillableProcess;
  /** What is there from life to life. */
  readonly store: CommitStore;
  /** What becomes of the next append; undefined for nothing out of the ordinary. */
  readonly fault: () => CommitFault | undefined;
};

/**
 * A log of commits whose every call is a step, so that its process can die before an append, between it and its answer,
 * and after it. What is dead appends nothing more.
 */
export function killableCommits({ process, store, fault }: KillableCommitsOptions): CommitStore {
  return {
    last: async () => process.act({ call: 'read', whole: () => store.last() }),
    next: async (from) => process.act({ call: 'read', whole: () => store.next(from) }),
    async append(bytes, after) {
      const befalls = fault();
      const appended =
        befalls === 'fails'
          ? undefined
          : await process.act({ call: 'commit', whole: () => heard(store.append(bytes, after)) });
      if (befalls !== undefined || appended === undefined) throw new Error(`commit: ${befalls}`);
      return appended;
    },
    isLasting: store.isLasting,
  };
}

/** A process that is paused right then hears of a refusal later. */
function heard<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/** A bucket of objects whose every call is a step. What is dead puts and removes nothing more. */
export function killableObjects(process: KillableProcess, objects: Objects): Objects {
  async function act<T>(call: 'read' | 'copy', ask: () => Promise<T>): Promise<T> {
    return process.act({ call, whole: () => heard(ask()) });
  }
  return {
    list: (prefix) => act('read', () => objects.list(prefix)),
    revisionOf: (name) => act('read', () => objects.revisionOf(name)),
    get: (name) => act('read', () => objects.get(name)),
    put: (name, bytes, previous) => act('copy', () => objects.put(name, bytes, previous)),
    remove: (name) => act('copy', () => objects.remove(name)),
    tidy: () => act('copy', () => objects.tidy()),
  };
}
