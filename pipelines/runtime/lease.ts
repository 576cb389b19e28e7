import { setTimeout as delay } from 'node:timers/promises';
import { type KV, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import { EXIT, Problem } from '../problem.ts';

const holderSchema = z.object({ owner: z.string(), host: z.string(), directory: z.string() });

/** Who holds a partition, and where its state is. */
export type Holder = z.infer<typeof holderSchema>;

export interface Lease {
  /** Fires with a `Problem` when somebody else took the partition. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

const BUCKET = 'ANDON_LEASES';
const LIFETIME = 10_000;
const RENEWAL = 3_000;

/**
 * Holds a partition for this worker: one KV entry whose revision only its holder knows. Entries end by themselves
 * after ten seconds without renewal. A worker that comes back to its own directory on its own host (which the
 * operating system's lock has given it) takes its old lease over at once.
 *
 * @throws Problem with the holder's name
 */
export async function takeLease(
  connection: NatsConnection,
  partition: string,
  me: Holder,
): Promise<Lease> {
  const bucket = await new Kvm(connection).create(BUCKET, { ttl: LIFETIME, history: 1 });
  let revision = await acquire(bucket, partition, me);
  const lost = new AbortController();
  const stop = new AbortController();
  const renewing = (async () => {
    while (!stop.signal.aborted && !lost.signal.aborted) {
      await delay(RENEWAL, undefined, { signal: stop.signal }).catch(() => undefined);
      if (stop.signal.aborted) return;
      try {
        revision = await renew(bucket, partition, me, revision);
      } catch (error) {
        // While the server is away nobody else can take it either: only a Problem says that somebody did.
        if (error instanceof Problem) lost.abort(error);
      }
    }
  })();
  return {
    lost: lost.signal,
    async release() {
      stop.abort();
      await renewing;
      if (lost.signal.aborted || connection.isClosed()) return;
      await bucket.delete(partition, { previousSeq: revision }).catch(() => undefined);
    },
  };
}

async function acquire(bucket: KV, partition: string, me: Holder): Promise<number> {
  const entry = await bucket.get(partition);
  if (entry === null || entry.operation !== 'PUT') return create(bucket, partition, me);
  const holder = holderSchema.parse(entry.json());
  if (holder.host !== me.host || holder.directory !== me.directory) throw held(partition, holder);
  return bucket.update(partition, JSON.stringify(me), entry.revision);
}

async function create(bucket: KV, partition: string, me: Holder): Promise<number> {
  try {
    return await bucket.create(partition, JSON.stringify(me));
  } catch (error) {
    const entry = await bucket.get(partition);
    if (entry === null || entry.operation !== 'PUT') throw error;
    throw held(partition, holderSchema.parse(entry.json()));
  }
}

async function renew(bucket: KV, partition: string, me: Holder, revision: number): Promise<number> {
  try {
    return await bucket.update(partition, JSON.stringify(me), revision);
  } catch (error) {
    const entry = await bucket.get(partition);
    // Ended while the server or this worker was away, and nobody took it: begin it again.
    if (entry === null || entry.operation !== 'PUT') return create(bucket, partition, me);
    if (entry.revision === revision) throw error;
    throw held(partition, holderSchema.parse(entry.json()));
  }
}

function held(partition: string, holder: Holder): Problem {
  return new Problem({
    where: `partition ${partition}`,
    expected: 'a partition that no other worker holds',
    found: `that ${holder.owner} on ${holder.host} holds it (${holder.directory})`,
    remedy: `Stop that worker; if it is already gone, wait ${LIFETIME / 1_000} s and start again.`,
    exit: EXIT.owned,
  });
}
