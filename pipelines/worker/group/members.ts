/** Who is in a group of workers, and who works which partition: both are leases, which end with their owner. */

import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Config } from '../../base/config.ts';
import { openBucket, type StoreOptions } from '../../nats/streams.ts';
import { type Holder, type OwnershipLease, readHolder, takeLease } from '../ownership/lease.ts';
import type { Member } from './assignment.ts';

/** What is seen of a group at one moment. */
export type GroupView = {
  readonly members: readonly Member[];
  /** Who holds each partition that somebody holds. */
  readonly owners: ReadonlyMap<number, Holder>;
};

export interface GroupMembership {
  readonly id: string;
  look(): Promise<GroupView>;
  /** Leaves, so that the others take over what it lets go. */
  leave(): Promise<void>;
}

export type GroupOptions = StoreOptions & {
  readonly connection: NatsConnection;
  readonly config: Config;
  readonly owner: string;
};

const MOST_PARTITIONS = 1_024;

/**
 * Joins the group of a pipeline, under a name that is the same after a restart on this host in this directory.
 *
 * @throws Problem when another process has joined from here
 */
export async function joinGroup(options: GroupOptions): Promise<GroupMembership> {
  const { connection, config, owner, ...store } = options;
  const { pipeline, partitions, group } = config;
  const directory = resolve(config.directory);
  const host = hostname();
  const id = createHash('sha256').update(`${host}:${directory}`).digest('hex').slice(0, 16);
  const begin = `member-${pipeline}-`;
  const { weight = 1, most = MOST_PARTITIONS } = group ?? {};
  const lease: OwnershipLease = await takeLease({
    ...{ ...store, connection, key: `${begin}${id}` },
    expected: 'to be the only one of this group in this directory',
    me: { owner, host, directory, share: { weight, most } },
  });
  const bucket = await openBucket(connection, 'leases', store);
  return {
    id,
    async look() {
      const members: Member[] = [];
      for await (const key of await bucket.keys()) {
        if (!key.startsWith(begin)) continue;
        const share = (await readHolder(bucket, key))?.share;
        if (share !== undefined) members.push({ id: key.slice(begin.length), ...share });
      }
      return { members, owners: await ownersOf(bucket, pipeline, partitions) };
    },
    leave: () => lease.release(),
  };
}

/** Who holds the partitions of a pipeline. */
export async function ownersOf(
  bucket: KV,
  pipeline: string,
  partitions: number,
): Promise<ReadonlyMap<number, Holder>> {
  const owners = new Map<number, Holder>();
  for (let partition = 0; partition < partitions; partition += 1) {
    const holder = await readHolder(bucket, `${pipeline}-${partition}`);
    if (holder !== undefined) owners.set(partition, holder);
  }
  return owners;
}
