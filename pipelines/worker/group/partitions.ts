/** How the partitions of an installation stand, as NATS alone tells it: whoever asks need not reach a worker. */

import type { NatsConnection } from '@nats-io/transport-node';
import type { Config } from '../../base/config.ts';
import { findBucket, findStream, logStream } from '../../nats/streams.ts';
import { entryFrom } from '../commits/commit-entry.ts';
import { openCommitStore } from '../commits/commit-store.ts';
import { ownersOf } from './members.ts';

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
  const leases = await findBucket(connection, 'leases');
  const owners = leases === undefined ? new Map() : await ownersOf(leases, pipeline, partitions);
  const all: PartitionStanding[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const info = await findStream(connection, logStream(connection, partition));
    const store = await openCommitStore(connection, { pipeline, partition, run });
    const stored = await store.last();
    const said = stored && entryFrom(stored.bytes);
    const entry = said?.created === info?.created ? said : undefined;
    const last = info?.state.last_seq ?? null;
    const holder = owners.get(partition);
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
