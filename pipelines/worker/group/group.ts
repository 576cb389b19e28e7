/** Front door: a member of a group of workers, which keeps a worker for each partition that is assigned to it. */

import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { type Child, startChild } from '../../base/child.ts';
import type { Config } from '../../base/config.ts';
import { EXIT, messageOf } from '../../base/problem.ts';
import type { RecordEvent } from '../../observe/observe.ts';
import type { LeaseState } from '../ownership/lease.ts';
import { workerIdentity } from '../ownership/ownership.ts';
import { assignPartitions } from './assignment.ts';
import type { GroupMembership, GroupView } from './members.ts';

export type GroupRunOptions = {
  readonly config: Config;
  readonly membership: GroupMembership;
  /** How the worker of one partition is started. */
  readonly program: (partition: number) => Parameters<typeof startChild>[0];
  readonly record: RecordEvent;
  /** Fires with a `Problem` when another process has the place of this member. */
  readonly lost: AbortSignal;
  /** Leave the group, and drain all of them. */
  readonly drain: AbortSignal;
};

/** Milliseconds between two looks at the group, and after which a worker that ended is started again. */
const LOOK_EVERY = 1_000;
const AGAIN = { first: 1_000, longest: 30_000 };
/**
 * Milliseconds that what is seen has to last before anything is moved. Where nats-server was away for longer than their term all
 * leases have ended, and those who live renew theirs: within a third of the term of 10 s, and two answers that may be slow.
 */
const SETTLE = 8_000;
/** Milliseconds that a worker may take to drain. */
const GRACE = 60_000;

type Worker = { readonly child: Child; ending: Promise<unknown> | undefined };

/**
 * Works what is assigned to this member until `drain`. A partition moves by itself: whoever had it drains its worker, which
 * copies its last checkpoint and releases the lease; the other one starts a worker once nobody holds it.
 */
export async function runGroup(options: GroupRunOptions): Promise<void> {
  const { membership, record, lost } = options;
  const drain = AbortSignal.any([options.drain, lost]);
  const workers = new Map<number, Worker>();
  /** When each may be started again, and after how long the next time. */
  const waiting = new Map<number, { readonly at: number; readonly pause: number }>();
  const movesAfter = createMoves(options.config, membership.id);
  const begin = (partition: number) => startWorker(partition, { ...options, workers, waiting });
  try {
    while (!drain.aborted) {
      try {
        const view = await membership.look();
        const { leaves, begins } = movesAfter(view, workers, performance.now());
        for (const partition of leaves) leave(partition, workers.get(partition), record);
        for (const partition of begins) {
          const isDue = (waiting.get(partition)?.at ?? 0) <= performance.now();
          if (isDue && !drain.aborted) await begin(partition);
        }
      } catch (error) {
        // The workers go on with what they have.
        record({ kind: 'group-trouble', reason: messageOf(error) });
      }
      await delay(LOOK_EVERY, undefined, { signal: drain }).catch(() => undefined);
    }
  } finally {
    await membership.leave();
    await Promise.all([...workers.values()].map(end));
  }
  lost.throwIfAborted();
}

function leave(partition: number, worker: Worker | undefined, record: RecordEvent): void {
  if (worker === undefined || worker.ending !== undefined) return;
  record({ kind: 'partition-left', partition });
  void end(worker);
}

/** Drains it, and kills it if it hangs. Once: at a second SIGTERM a worker ends as it stands. */
function end(worker: Worker): Promise<unknown> {
  worker.ending ??= worker.child.stop(GRACE);
  return worker.ending;
}

/** What a member does after a look at its group: the partitions whose workers it ends, and those that it begins. */
export type Moves = { readonly leaves: readonly number[]; readonly begins: readonly number[] };

const NO_MOVES: Moves = { leaves: [], begins: [] };

/** Decides by what is seen, look after look, what is moved: nothing for what is seen for a moment. `now`: milliseconds. */
export function createMoves(config: Config, id: string) {
  /** Whose each partition is that is worked here and is not this member's, and since when. */
  const others = new Map<number, { readonly member: string | undefined; readonly since: number }>();
  /** Since when the lease of each that falls to this member, and is not worked here, has been seen to have ended. */
  const ended = new Map<number, number>();

  function hasSettled(partition: number, member: string | undefined, now: number): boolean {
    const before = others.get(partition);
    if (before !== undefined && before.member === member) return now - before.since >= SETTLE;
    others.set(partition, { member, since: now });
    return false;
  }

  /** Whether nobody holds a partition any more, or whoever did was in the directory that is this member's own. */
  function isFree(partition: number, lease: LeaseState | undefined, now: number): boolean {
    const { holder, revision = 0 } = lease ?? {};
    if (holder === undefined && revision === 0) {
      const since = ended.get(partition) ?? now;
      ended.set(partition, since);
      return now - since >= SETTLE;
    }
    ended.delete(partition);
    if (holder === undefined) return true;
    const own = workerIdentity({ ...config, partition });
    return holder.host === hostname() && holder.directory === own.directory;
  }

  return (
    { members, leases }: GroupView,
    working: ReadonlyMap<number, unknown>,
    now: number,
  ): Moves => {
    const own = members.find((member) => member.id === id);
    // As its own lease has ended, so have those of others that live: this is no view of the group, and ends what was seen.
    if (own === undefined) {
      others.clear();
      ended.clear();
      return NO_MOVES;
    }
    const assigned = assignPartitions(config.partitions, members);
    const isOwn = (partition: number) => assigned.get(partition) === id;
    for (const partition of others.keys()) {
      if (isOwn(partition) || !working.has(partition)) others.delete(partition);
    }
    for (const partition of ended.keys()) {
      if (!isOwn(partition) || working.has(partition)) ended.delete(partition);
    }
    const away = [...working.keys()].filter((partition) => !isOwn(partition));
    const free = [...assigned.keys()].filter((partition) => {
      return (
        isOwn(partition) && !working.has(partition) && isFree(partition, leases[partition], now)
      );
    });
    return {
      leaves: away.filter((partition) => hasSettled(partition, assigned.get(partition), now)),
      begins: free.slice(0, Math.max(0, own.most - working.size)),
    };
  };
}

type Starting = GroupRunOptions & {
  readonly workers: Map<number, Worker>;
  readonly waiting: Map<number, { readonly at: number; readonly pause: number }>;
};

async function startWorker(partition: number, options: Starting): Promise<void> {
  const { program, record, workers, waiting } = options;
  const child = await startChild(program(partition));
  const worker: Worker = { child, ending: undefined };
  workers.set(partition, worker);
  record({ kind: 'partition-taken', partition, pid: child.pid });
  const started = performance.now();
  void child.exited.then(({ code, signal }) => {
    workers.delete(partition);
    const last = performance.now() - started > AGAIN.longest ? undefined : waiting.get(partition);
    const isUsual = worker.ending !== undefined || code === EXIT.owned;
    const pause = isUsual ? AGAIN.first : Math.min(2 * (last?.pause ?? AGAIN.first), AGAIN.longest);
    waiting.set(partition, { at: performance.now() + pause, pause });
    const reason = signal ?? `exit code ${code}`;
    if (worker.ending === undefined)
      record({ kind: 'partition-ended', partition, reason, again: pause });
  });
}
