/**
 * Copies of checkpoints in the cluster: whoever takes the partition over without the directory of its owner goes on from
 * them. They are made beside the work, which never waits for them but where a run begins, and where a message is skipped.
 */

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Disk, readIfThere } from '../../base/disk.ts';
import { createNotifier } from '../../base/notifier.ts';
import { messageOf } from '../../base/problem.ts';
import type { RecordEvent } from '../../observe/observe.ts';
import type { Committer } from '../commits/commits.ts';
import { chainsOf, checkpointNamed, type Run } from '../epochs/checkpoints.ts';
import type { EpochStore } from '../epochs/epoch-store.ts';
import { SKIPPED } from '../epochs/poison.ts';
import { type Objects, UNDER_WAY } from './objects.ts';

export type CopiesOptions = {
  readonly objects: Objects;
  readonly run: Run;
  readonly directory: string;
  readonly disk: Disk;
  /**
   * The epoch that all sinks have taken, as the log of commits says it: who takes over begins behind it, and needs a
   * checkpoint before that.
   */
  readonly taken: () => number;
  readonly record: RecordEvent;
  /** Nothing more comes: ends when all is copied. */
  readonly drain: AbortSignal;
  /** Gives up. */
  readonly signal: AbortSignal;
};

export interface Copies {
  /** Something in the directory is new. */
  wake(): void;
  /** Waits until all is copied that is in the directory now, or until that is given up. */
  settled(): Promise<void>;
  /** Copies, one file at a time, until `drain`. Never rejects. */
  run(): Promise<void>;
}

const PAUSE = { least: 250, most: 30_000 };

/** What the names of all copies of a run begin with; `created`: those of this log. */
export function copyPrefix({ pipeline, run, created }: Run): { all: string; own: string } {
  const all = `${pipeline}/${run}/`;
  return { all, own: `${all}${created}/` };
}

export function createCopies(options: CopiesOptions): Copies {
  const { objects, record, drain, signal } = options;
  const notifier = createNotifier();
  /** Counts what is new in the directory, and how much of that is copied. */
  let [wanted, copied] = [1, 0];
  let tidies = 0;
  /** The epoch behind which copies are those of an owner before, until they are removed. */
  let begun: number | undefined;

  /** Pieces of a copy that was broken off are left alone for a while: they may be of one that is under way. */
  async function tidy(): Promise<void> {
    try {
      await objects.tidy();
      tidies = tidies === 0 ? performance.now() + UNDER_WAY : Number.POSITIVE_INFINITY;
    } catch {
      tidies = performance.now() + UNDER_WAY;
    }
  }

  async function copyAgain(): Promise<void> {
    for (let pause = PAUSE.least; ; pause = Math.min(2 * pause, PAUSE.most)) {
      const now = wanted;
      try {
        await copyAll(options, begun);
        begun = undefined;
        copied = now;
        notifier.notify();
        return;
      } catch (error) {
        if (signal.aborted) return;
        tidies = Math.min(tidies, performance.now() + UNDER_WAY);
        record({ kind: 'checkpoint-copy-failed', reason: messageOf(error), again: pause });
        await delay(pause, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  return {
    wake() {
      wanted += 1;
      notifier.notify();
    },
    async settled() {
      const mine = wanted;
      while (copied < mine && !signal.aborted) await notifier.wait(1_000, signal);
    },
    async run() {
      const ending = AbortSignal.any([drain, signal]);
      begun = await newestHere(options).catch(() => undefined);
      while (!signal.aborted) {
        if (performance.now() >= tidies) await tidy();
        if (copied < wanted) await copyAgain();
        else if (drain.aborted) return;
        else await notifier.wait(1_000, ending);
      }
    },
  };
}

/**
 * The store, which tells of what is to be copied. Nothing is committed before the beginning of its run is in the cluster:
 * without it nobody else could cut the first epochs again. So it is with a message that is skipped: its reason is in a row.
 */
export function withCopies(store: EpochStore, copies: Copies): EpochStore {
  const { checkpoints, skipped } = store;
  return {
    ...store,
    checkpoints: {
      ...checkpoints,
      async write(checkpoint, needed) {
        const bytes = await checkpoints.write(checkpoint, needed);
        copies.wake();
        if (checkpoint.epoch === 0) await copies.settled();
        return bytes;
      },
    },
    skipped: {
      ...skipped,
      async add(sequence, reason) {
        await skipped.add(sequence, reason);
        copies.wake();
        await copies.settled();
      },
    },
  };
}

/**
 * Commits. A process that was killed while it waited as above has left what is not copied: then its next life waits before
 * it commits anything.
 */
export async function commitWhenCopied(
  copies: Copies | undefined,
  { history, skipped }: EpochStore,
  commits: Committer,
): Promise<void> {
  if (history.last.epoch === 0 || skipped.any()) await copies?.settled();
  await commits.run();
}

async function checkpointsHere({ disk, directory }: Pick<CopiesOptions, 'disk' | 'directory'>) {
  const names = await disk.readdir(join(directory, 'checkpoints'));
  return names.filter((name) => checkpointNamed(name) !== undefined).sort();
}

async function newestHere(options: CopiesOptions): Promise<number | undefined> {
  const epochs = (await checkpointsHere(options)).flatMap((name) => checkpointNamed(name) ?? []);
  return epochs.length === 0 ? undefined : Math.max(...epochs.map(({ epoch }) => epoch));
}

/**
 * Makes the bucket have what the directory has, and what somebody else may still need. `begun`: what is newer, and not of
 * this directory, is of an owner that was further when it was lost. It would stand between the copies of this one.
 */
async function copyAll(options: CopiesOptions, begun: number | undefined): Promise<void> {
  const { objects, run, directory, disk, record, signal } = options;
  const { all, own } = copyPrefix(run);
  // Before the list: what another owner puts behind it is not overwritten.
  const revision = await objects.revisionOf(own + SKIPPED);
  const there = new Map((await objects.list(all)).map(({ name, sha256 }) => [name, sha256]));
  for (const name of begun === undefined ? [] : [...there.keys()].reverse()) {
    const said = name.startsWith(own) ? checkpointNamed(name.slice(own.length)) : undefined;
    if (said === undefined || said.epoch <= (begun ?? 0)) continue;
    signal.throwIfAborted();
    await objects.remove(name);
    there.delete(name);
  }
  const here = await checkpointsHere(options);
  for (const name of here) {
    if (there.has(own + name)) continue;
    signal.throwIfAborted();
    const started = performance.now();
    const bytes = await readIfThere(disk, join(directory, 'checkpoints', name));
    // Nobody needs it any more.
    if (bytes === undefined) continue;
    await objects.put(own + name, bytes);
    const milliseconds = performance.now() - started;
    const { epoch = 0 } = checkpointNamed(name) ?? {};
    record({ kind: 'checkpoint-copied', epoch, bytes: bytes.length, milliseconds });
  }
  const skipped = await readIfThere(disk, join(directory, SKIPPED));
  signal.throwIfAborted();
  if (skipped !== undefined && there.get(own + SKIPPED) !== sha256Of(skipped)) {
    // Not over the list of another owner, which came while this one was paused.
    await objects.put(own + SKIPPED, skipped, revision);
  }
  const kept = new Set([SKIPPED, ...here].map((name) => own + name));
  for (const name of outdatedCopies([...there.keys()], { ...options, kept })) {
    signal.throwIfAborted();
    await objects.remove(name);
  }
}

type Outdated = Pick<CopiesOptions, 'run' | 'taken'> & { readonly kept: ReadonlySet<string> };

/**
 * Copies that nobody needs: neither this directory, nor who takes over and begins where the log of commits says that the
 * sinks are. What stands on another goes before it.
 */
function outdatedCopies(there: readonly string[], { run, taken, kept }: Outdated): string[] {
  const { own } = copyPrefix(run);
  const files = there.flatMap((name) => {
    const said = name.startsWith(own) ? checkpointNamed(name.slice(own.length)) : undefined;
    return said === undefined ? [] : [{ name, ...said }];
  });
  const oldest = chainsOf(files).findLast(([base]) => base?.isBase && base.epoch <= taken())?.[0];
  const old = files.filter(({ epoch }) => oldest !== undefined && epoch < oldest.epoch);
  // Of a log of the same name that was there before.
  const others = there.filter((name) => !name.startsWith(own));
  return [...old.map(({ name }) => name).reverse(), ...others].filter((name) => !kept.has(name));
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
