/**
 * Which member of a group works which partition. Every member comes to the same answer from the same list, and whoever
 * joins or leaves moves only what must move: rendezvous hashing (Thaler and Ravishankar 1998), with weights as Schindelhauer
 * and Schomaker 2005 have them, and with a bound for each member.
 */

import { createHash } from 'node:crypto';

export type Member = {
  /** Stays the same when it is started again. */
  readonly id: string;
  /** How much of the whole it takes, beside the others. */
  readonly weight: number;
  /** Partitions, at most. */
  readonly most: number;
};

/** The member of each partition; none where all are full. */
export type Assignment = ReadonlyMap<number, string>;

/**
 * The highest scores first, whosever they are: a partition goes to the best member that has room, and a member has the best
 * partitions that nobody better takes. So one that joins or leaves moves only its own, and what they push on.
 */
export function assignPartitions(partitions: number, members: readonly Member[]): Assignment {
  const pairs = members.flatMap((member) =>
    Array.from({ length: partitions }, (_, partition) => {
      return { partition, member, score: scoreOf(member, partition) };
    }),
  );
  pairs.sort((a, b) => b.score - a.score || (a.member.id < b.member.id ? -1 : 1));
  const assigned = new Map<number, string>();
  const count = new Map<string, number>();
  for (const { partition, member } of pairs) {
    const has = count.get(member.id) ?? 0;
    if (assigned.has(partition) || has >= member.most) continue;
    assigned.set(partition, member.id);
    count.set(member.id, has + 1);
  }
  return assigned;
}

/** −weight / ln(u), where u is uniform in (0, 1): the highest is a member's as often as its share of all weights. */
function scoreOf({ id, weight }: Member, partition: number): number {
  const digest = createHash('sha256').update(`${id}/${partition}`).digest();
  const uniform = (digest.readUIntBE(0, 6) + 0.5) / 2 ** 48;
  return -weight / Math.log(uniform);
}
