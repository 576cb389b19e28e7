/** Who is in a group of workers, who works which partition, and how far it is: leases, which end with their owner. */

import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Config } from '../../base/config.ts';
import {
  findBucket,
  findStream,
  logStream,
  openBucket,
  type StoreOptions,
} from '../../nats/streams.ts';
import { entryFrom } from '../commits/commit-entry.ts';
import { openCommitStore } from '../commits/commit-store.ts';
import { type LeaseState, type OwnershipLease, readLease, takeLease } from '../ownership/lease.ts';
import type { Member } from './assignment.ts';

/** What is seen of a group at one moment. */
export type GroupView = {
  readonly members: readonly Member[];
  /** The lease of each partition. */
  readonly leases: readonly LeaseState[];
};

export interface GroupMembership {
  readonly id: string;
  /** Fires with a `Problem` when another process has the place of this member. */
  readonly lost: AbortSignal;
  look(): Promise<GroupView>;
  /** Leaves, so that the others take over what it lets go. */
  leave(): Promise<void>;
}

export type GroupOptions = StoreOptions & {
  readonly connection: NatsConnection;
  readonly config: Config;
  readonly owner: string;
  /** How much this member takes. */
  readonly share: NonNullable<Config['group']>;
};

/** The name of a member: the first digits of a sha256. A longer rest is of another pipeline whose name begins alike. */
const MEMBER = /^[0-9a-f]{16}$/;

/**
 * Joins the group of a pipeline, under a name that is the same after a restart on this host in this directory.
 *
 * @throws Problem when another process has joined from here
 */
export async function joinGroup(options: GroupOptions): Promise<GroupMembership> {
  const { connection, config, owner, share, ...store } = options;
  const { pipeline, partitions } = config;
  const directory = resolve(config.directory);
  const host = hostname();
  const id = createHash('sha256').update(`${host}:${directory}`).digest('hex').slice(0, 16);
  const begin = `member-${pipeline}-`;
  const lease: OwnershipLease = await takeLease({
    ...{ ...store, connection, key: `${begin}${id}` },
    expected: 'to be the only one of this group in this directory',
    me: { owner, host, directory, share },
  });
  const bucket = await openBucket(connection, 'leases', store);
  return {
    id,
    lost: lease.lost,
    async look() {
      const members: Member[] = [];
      for await (const key of await bucket.keys()) {
        const member = key.slice(begin.length);
        if (!key.startsWith(begin) || !MEMBER.test(member)) continue;
        const { holder } = await readLease(bucket, key);
        if (holder?.share !== undefined) members.push({ id: member, ...holder.share });
      }
      return { members, leases: await leasesOf(bucket, pipeline, partitions) };
    },
    leave: () => lease.release(),
  };
}

/** The leases of the partitions of a pipeline, in their order. */
export async function leasesOf(
  bucket: KV,
  pipeline: string,
  partitions: number,
): Promise<readonly LeaseState[]> {
  const leases: LeaseState[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    leases.push(await readLease(bucket, `${pipeline}-${partition}`));
  }
  return leases;
}

/** How a partition stands, as NATS alone tells it: whoever asks need not reach its worker. */
export type PartitionStanding = {
  readonly partition: number;
  /** Who holds its lease now; null for nobody. */
  readonly owner: string | null;
  readonly host: string | null;
  /** The last message of its log; null where there is no log yet. */
  readonly last: number | null;
  /** The last epoch that is committed, and its last message; null for none. */
  readonly epoch: number | null;
  readonly committed: number | null;
  /** Messages that are in the log and not committed yet. */
  readonly behind: number | null;
  /** Epochs that each sink was behind when something was committed last. */
  readonly sinks: Readonly<Record<string, number>>;
  /** The epoch of the newest checkpoint then. */
  readonly checkpoint: number | null;
};

export async function partitionStandings(
  connection: NatsConnection,
  { pipeline, run, partitions }: Pick<Config, 'pipeline' | 'run' | 'partitions'>,
): Promise<readonly PartitionStanding[]> {
  const bucket = await findBucket(connection, 'leases');
  const leases = bucket === undefined ? [] : await leasesOf(bucket, pipeline, partitions);
  const all: PartitionStanding[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const info = await findStream(connection, logStream(connection, partition));
    const store = await openCommitStore(connection, { pipeline, partition, run });
    const stored = await store.last();
    const said = stored && entryFrom(stored.bytes);
    const entry = said?.created === info?.created ? said : undefined;
    const last = info?.state.last_seq ?? null;
    const holder = leases[partition]?.holder;
    all.push({
      ...{ partition, owner: holder?.owner ?? null, host: holder?.host ?? null, last },
      ...{ epoch: entry?.epoch ?? null, committed: entry?.to ?? null },
      behind: last === null ? null : last - (entry?.to ?? (info?.state.first_seq ?? 1) - 1),
      sinks: Object.fromEntries(
        Object.entries(entry?.cursors ?? {}).map(([sink, { epoch }]) => {
          return [sink, (entry?.epoch ?? 0) - epoch];
        }),
      ),
      checkpoint: entry?.checkpoint ?? null,
    });
  }
  return all;
}
