/** Front door: a member of a group of workers, which keeps a worker for each partition that is assigned to it. */

import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Child, startChild } from '../../base/child.ts';
import type { Config } from '../../base/config.ts';
import { EXIT, messageOf } from '../../base/problem.ts';
import type { RecordEvent } from '../../observe/observe.ts';
import type { LeaseState } from '../ownership/lease.ts';
import { assignPartitions } from './assignment.ts';
import type { GroupMembership } from './members.ts';

export type GroupRunOptions = {
  readonly config: Config;
  readonly membership: GroupMembership;
  /** How the worker of one partition is started. */
  readonly program: (partition: number) => Parameters<typeof startChild>[0];
  readonly record: RecordEvent;
  /** Leave the group, and drain all of them. */
  readonly drain: AbortSignal;
};

/** Milliseconds between two looks at the group, and after which a worker that ended is started again. */
const LOOK_EVERY = 1_000;
const AGAIN = { first: 1_000, longest: 30_000 };
/**
 * Milliseconds after which a lease that ended by itself is free: where all ended because nats-server was away for longer than
 * their term, those who live renew theirs meanwhile.
 */
const SETTLE = 5_000;
/** Milliseconds that a worker may take to drain. */
const GRACE = 60_000;

type Worker = { readonly child: Child; leaving: boolean };

/**
 * Works what is assigned to this member until `drain`. A partition moves by itself: whoever had it drains its worker, which
 * copies its last checkpoint and releases the lease; the other one starts a worker once nobody holds it.
 */
export async function runGroup(options: GroupRunOptions): Promise<void> {
  const { membership, record, drain } = options;
  const workers = new Map<number, Worker>();
  /** When each may be started again, and after how long the next time. */
  const waiting = new Map<number, { readonly at: number; readonly pause: number }>();
  const isFree = createFreeWatch(options.config);
  const begin = (partition: number) => startWorker(partition, { ...options, workers, waiting });
  try {
    while (!drain.aborted) {
      try {
        const { members, leases } = await membership.look();
        const assigned = assignPartitions(options.config.partitions, members);
        for (const [partition, worker] of workers) {
          if (assigned.get(partition) !== membership.id) leave(partition, worker, record);
        }
        for (const [partition, member] of assigned) {
          if (member !== membership.id || workers.has(partition)) continue;
          const isDue = (waiting.get(partition)?.at ?? 0) <= performance.now();
          if (isFree(partition, leases[partition]) && isDue) await begin(partition);
        }
      } catch (error) {
        // The workers go on with what they have.
        record({ kind: 'group-trouble', reason: messageOf(error) });
      }
      await delay(LOOK_EVERY, undefined, { signal: drain }).catch(() => undefined);
    }
  } finally {
    await membership.leave();
    await Promise.all([...workers.values()].map(({ child }) => child.stop(GRACE)));
  }
}

function leave(partition: number, worker: Worker, record: RecordEvent): void {
  if (worker.leaving) return;
  worker.leaving = true;
  record({ kind: 'partition-left', partition });
  worker.child.kill('SIGTERM');
}

/** Whether nobody holds a partition any more, or whoever did was in the directory that is this member's own. */
function createFreeWatch({ directory, pipeline }: Config) {
  /** Since when each lease has been seen to have ended. */
  const ended = new Map<number, number>();
  return (partition: number, lease: LeaseState | undefined): boolean => {
    const now = performance.now();
    const { holder, revision = 0 } = lease ?? {};
    if (holder === undefined && revision === 0) {
      const since = ended.get(partition) ?? now;
      ended.set(partition, since);
      return now - since >= SETTLE;
    }
    ended.delete(partition);
    if (holder === undefined) return true;
    const own = resolve(join(directory, `${pipeline}-${partition}`));
    return holder.host === hostname() && holder.directory === own;
  };
}

type Starting = GroupRunOptions & {
  readonly workers: Map<number, Worker>;
  readonly waiting: Map<number, { readonly at: number; readonly pause: number }>;
};

async function startWorker(partition: number, options: Starting): Promise<void> {
  const { program, record, workers, waiting } = options;
  const child = await startChild(program(partition));
  const worker: Worker = { child, leaving: false };
  workers.set(partition, worker);
  record({ kind: 'partition-taken', partition, pid: child.pid });
  const started = performance.now();
  void child.exited.then(({ code, signal }) => {
    workers.delete(partition);
    const last = performance.now() - started > AGAIN.longest ? undefined : waiting.get(partition);
    const isUsual = worker.leaving || code === EXIT.owned;
    const pause = isUsual ? AGAIN.first : Math.min(2 * (last?.pause ?? AGAIN.first), AGAIN.longest);
    waiting.set(partition, { at: performance.now() + pause, pause });
    const reason = signal ?? `exit code ${code}`;
    if (!worker.leaving) record({ kind: 'partition-ended', partition, reason, again: pause });
  });
}
