/** A lease in a KV bucket: liveness of one owner. */

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import { EXIT, Problem } from '../../base/problem.ts';
import { openBucket, type StoreOptions } from '../../nats/streams.ts';

const holderSchema = z.object({
  owner: z.string(),
  host: z.string(),
  directory: z.string().optional(),
  /** Of a member of a group: how much it takes beside the others, and how many partitions at most. */
  share: z.object({ weight: z.number(), most: z.number() }).optional(),
});
const entrySchema = holderSchema.extend({ holding: z.string() });

/**
 * Who holds something, and where its state is. Whoever comes back to its own directory on its own host, which the
 * operating system's lock has given it, takes its old lease over at once.
 */
export type Holder = z.infer<typeof holderSchema>;

export type LeaseOptions = StoreOptions & {
  readonly connection: NatsConnection;
  /** What is held: letters, digits, `_` and `-`. */
  readonly key: string;
  /** For people: `a partition that no other worker holds`. */
  readonly expected: string;
  readonly me: Holder;
  /**
   * Milliseconds without renewal after which it ends by itself, when this makes the bucket; else the bucket's own.
   * Default 10,000.
   */
  readonly term?: number;
};

export type WaitingOptions = LeaseOptions & {
  readonly signal: AbortSignal;
  /** Called with everybody who holds it meanwhile. */
  readonly onHeld: (owner: string) => void;
};

export interface OwnershipLease {
  /** Fires with a `Problem` when somebody else took it. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

type Entry = z.infer<typeof entrySchema>;
type Claim = {
  readonly bucket: KV;
  readonly key: string;
  readonly entry: Entry;
  readonly term: number;
  /** The problem to reject with when somebody else has it. */
  readonly held: (holder: Entry) => Problem;
};

const TERM = 10_000;

/**
 * Takes a lease, one entry of a KV bucket that only compare-and-set changes, and keeps it until `release`. It keeps
 * well-behaved owners apart: a process that was paused for longer than the term learns of its loss only at its next
 * renewal, so what matters is guarded by compare-and-set as well.
 *
 * @throws Problem with the name of whoever holds it
 */
export async function takeLease(options: LeaseOptions): Promise<OwnershipLease> {
  const claim = await claimOf(options);
  const taken = await take(claim);
  if (typeof taken !== 'number') throw claim.held(taken);
  return keep(claim, taken, options.connection);
}

/** Waits until nobody holds it; else like `takeLease`. Rejects when the signal aborts. */
export async function awaitLease(options: WaitingOptions): Promise<OwnershipLease> {
  const { connection, signal, onHeld } = options;
  const claim = await claimOf(options);
  let reported: string | undefined;
  for (;;) {
    signal.throwIfAborted();
    // A server that is away is waited for like a holder.
    const taken = await take(claim).catch(() => undefined);
    if (typeof taken === 'number') return keep(claim, taken, connection);
    if (taken !== undefined && taken.holding !== reported) {
      reported = taken.holding;
      onHeld(taken.owner);
    }
    await delay(Math.min(claim.term / 4, 500), undefined, { signal });
  }
}

async function claimOf(options: LeaseOptions): Promise<Claim> {
  const { connection, key, me, expected, term = TERM } = options;
  const bucket = await openBucket(connection, 'leases', { ...options, term });
  const { ttl } = await bucket.status();
  const held = ({ owner, host, directory }: Entry) =>
    new Problem({
      where: key,
      expected,
      found: `that ${owner} on ${host} holds it${directory === undefined ? '' : ` (${directory})`}`,
      remedy: `Stop that process; if it is already gone, wait ${ttl / 1_000} s and start again.`,
      exit: EXIT.owned,
    });
  return { bucket, key, entry: { ...me, holding: randomUUID() }, term: ttl, held };
}

/** Gives the revision with which it was taken, or the entry of whoever has it. */
async function take(claim: Claim): Promise<number | Entry> {
  const { bucket, key, entry } = claim;
  const { holder, revision } = await readLease(bucket, key);
  if (holder !== undefined && !isSameDirectory(holder, entry)) return holder;
  try {
    return await bucket.put(key, JSON.stringify(entry), { previousSeq: revision });
  } catch (error) {
    const now = await readLease(bucket, key);
    // It ended, or somebody took it and left, between the look and the try.
    if (now.holder === undefined && now.revision !== revision) return take(claim);
    if (now.holder === undefined) throw error;
    return now.holder.holding === entry.holding ? now.revision : now.holder;
  }
}

/** Without a holder, `revision` tells a lease that was released from one that ended by itself, or never was: that has 0. */
export type LeaseState = { readonly holder: Entry | undefined; readonly revision: number };

export async function readLease(bucket: KV, key: string): Promise<LeaseState> {
  const found = await bucket.get(key);
  if (found === null) return { holder: undefined, revision: 0 };
  const holder = found.operation === 'PUT' ? entrySchema.parse(found.json()) : undefined;
  return { holder, revision: found.revision };
}

function isSameDirectory(a: Holder, b: Holder): boolean {
  return a.directory !== undefined && a.directory === b.directory && a.host === b.host;
}

function keep(claim: Claim, taken: number, connection: NatsConnection): OwnershipLease {
  const { bucket, key, term } = claim;
  let revision = taken;
  const lost = new AbortController();
  const stop = new AbortController();
  const renewing = (async () => {
    while (!lost.signal.aborted) {
      await delay(term / 3, undefined, { signal: stop.signal }).catch(() => undefined);
      if (stop.signal.aborted) return;
      // While the server is away nobody else can take it either.
      const renewed = await renew(claim, revision).catch(() => revision);
      if (typeof renewed === 'number') revision = renewed;
      else lost.abort(claim.held(renewed));
    }
  })();
  return {
    lost: lost.signal,
    async release() {
      stop.abort();
      await renewing;
      if (lost.signal.aborted || connection.isClosed()) return;
      await bucket.delete(key, { previousSeq: revision }).catch(() => undefined);
    },
  };
}

async function renew(claim: Claim, revision: number): Promise<number | Entry> {
  const { bucket, key, entry } = claim;
  try {
    return await bucket.update(key, JSON.stringify(entry), revision);
  } catch {
    // Only the entry says whether the answer was lost, the term is over, or somebody else has it.
    const now = await readLease(bucket, key);
    if (now.holder === undefined) return take(claim);
    return now.holder.holding === entry.holding ? now.revision : now.holder;
  }
}
