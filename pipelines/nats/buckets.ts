/** Buckets of keys and of objects: their names, replicas and limits. Nothing else makes one. */

import {
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Bucket } from '../base/roles.ts';
import { ensureStream, findStream, type StoreOptions } from './ensure-stream.ts';
import { streamClient, streamIn } from './jetstream.ts';

/** The plain names of the buckets, and what is in them. */
export const BUCKETS: Readonly<Record<Bucket, { readonly name: string; readonly holds: string }>> =
  {
    leases: { name: 'ANDON_LEASES', holds: 'who works on what' },
    homes: { name: 'ANDON_HOMES', holds: 'where the state of each run is' },
    ledger: { name: 'ANDON_MAINTENANCE', holds: 'what became of each maintenance request' },
    // Apart: nats-server looks at every key of a bucket for those that begin alike, and of these there are most.
    outcomes: { name: 'ANDON_OUTCOMES', holds: 'what became of each command' },
    resends: { name: 'ANDON_RESENDS', holds: 'requests that a person wants to be sent again' },
    names: { name: 'ANDON_NAMES', holds: 'the names behind user ids' },
  };

/** The name of a bucket in the installation of a connection. */
export function bucketIn(connection: NatsConnection, bucket: Bucket): string {
  return streamIn(connection, BUCKETS[bucket].name);
}

/**
 * Opens a bucket, and makes it when there is none. `term`: milliseconds after which a lease that is not renewed ends,
 * when this makes their bucket; else the bucket's own.
 */
export async function openBucket(
  connection: NatsConnection,
  bucket: Bucket,
  options: StoreOptions & { readonly term?: number } = {},
): Promise<KV> {
  const { replicas = 1, term, onMended } = options;
  const { holds } = BUCKETS[bucket];
  const name = bucketIn(connection, bucket);
  const opened = await new Kvm(streamClient(connection)).create(name, {
    description: `Andon: ${holds}`,
    history: 1,
    replicas,
    // A read from a replica may be old, and what is old would be acted upon.
    allow_direct: false,
    // Whoever has a term for its lease hands it on with its other options: what nobody renews must not end by it.
    ...(term === undefined || bucket !== 'leases' ? {} : { ttl: term }),
  });
  if (onMended !== undefined) {
    // Copies are all that a bucket leaves to the configuration.
    const wanted = { name: `KV_${name}`, subjects: [`$KV.${name}.>`], num_replicas: replicas };
    await ensureStream(connection, wanted, { onMended });
  }
  return opened;
}

/** The bucket as it is, for whoever may not make it; undefined when there is none. */
export async function findBucket(
  connection: NatsConnection,
  bucket: Bucket,
): Promise<KV | undefined> {
  const name = bucketIn(connection, bucket);
  if ((await findStream(connection, `KV_${name}`)) === undefined) return undefined;
  return new Kvm(streamClient(connection)).open(name, { allow_direct: false });
}

/** The plain name of the bucket of objects that has the checkpoints of one partition. */
export function checkpointBucket(partition: number): string {
  return `ANDON_CHECKPOINTS_${partition}`;
}

/** The stream of a bucket of objects, as the object store of JetStream names it. */
export function objectStream(bucket: string): string {
  return `OBJ_${bucket}`;
}

/**
 * The checkpoints of a partition, beside those in the directory of its worker. There is no limit: the worker takes out
 * what nobody needs any more.
 */
export async function ensureCheckpoints(
  connection: NatsConnection,
  partition: number,
  options: StoreOptions = {},
): Promise<StreamInfo> {
  const bucket = streamIn(connection, checkpointBucket(partition));
  const wanted = {
    ...streamSettings(options.replicas),
    name: objectStream(bucket),
    description: `Andon: checkpoints of partition ${partition}`,
    subjects: [`$O.${bucket}.C.>`, `$O.${bucket}.M.>`],
    max_age: 0,
    max_bytes: -1,
    max_msgs_per_subject: -1,
    discard: DiscardPolicy.New,
    // The newest description of an object takes the place of the one before it.
    allow_rollup_hdrs: true,
  };
  return ensureStream(connection, wanted, options);
}

/** What all streams have. */
export function streamSettings(replicas = 1): Partial<StreamConfig> {
  return {
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    max_msgs: -1,
    max_msg_size: -1,
    num_replicas: replicas,
    no_ack: false,
  };
}
