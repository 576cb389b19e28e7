/** What is kept of comparisons: that somebody asked for one, and what the last one found. Both in buckets of their own lane. */

import type { NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';
import { findBucket, openBucket, type StoreOptions } from '../../nats/streams.ts';
import { DIFFERENCE_KINDS, type DifferenceKind, type SystemDifference } from './difference.ts';

/** Requests and commands of one system are compared each by its own loop. */
export type ReconcileLane = 'requests' | 'commands';

const askSchema = z.object({ id: z.string(), mend: z.boolean() });
/** Somebody wants both sides to be compared now. `id`: of the report that answers it. */
export type ReconcileAsk = z.infer<typeof askSchema>;

/** What a comparison found. */
export type ReconcileReport = {
  readonly id: string;
  readonly system: string;
  readonly lane: ReconcileLane;
  /** Epoch milliseconds. */
  readonly begun: number;
  readonly ended: number;
  /** Everything was compared, and not only what changed since the last one. Not where a list could not be read. */
  readonly full: boolean;
  /** When everything was compared last; 0: never. */
  readonly full_begun: number;
  /** When the last one began that read every list: the next goes on from there. */
  readonly read_begun: number;
  readonly sides: readonly {
    readonly verb: string;
    readonly ours: number;
    readonly theirs: number;
    readonly unseen: string | null;
  }[];
  readonly counts: Readonly<Record<DifferenceKind, number>>;
  /** Those that were mended, by key and kind, are marked. */
  readonly differences: readonly (SystemDifference & { readonly mended: boolean })[];
  /** Differences that are counted and not listed. */
  readonly left_off: number;
  readonly landed: boolean;
};

/** A report is one message: more than these are counted. Bytes: half of what a server takes by default. */
const MOST_LISTED = 500;
const LONGEST_LIST = 512 * 1024;

export interface ReconcileBook {
  asked(): Promise<ReconcileAsk | undefined>;
  /** It is being done. */
  taken(): Promise<void>;
  /** It could not be done now. */
  askAgain(ask: ReconcileAsk): Promise<void>;
  last(): Promise<ReconcileReport | undefined>;
  keep(report: ReconcileReport): Promise<void>;
}

export async function openReconcileBook(
  connection: NatsConnection,
  lane: ReconcileLane,
  system: string,
  options: StoreOptions = {},
): Promise<ReconcileBook> {
  const asks = await openBucket(connection, 'resends', options);
  const reports = await openBucket(connection, 'ledger', options);
  const ask = askName(lane, system);
  return {
    async asked() {
      const found = await asks.get(ask);
      if (found?.operation !== 'PUT') return undefined;
      return askSchema.safeParse(JSON.parse(found.string())).data;
    },
    taken: () => asks.purge(ask),
    askAgain: async (wish) => void (await asks.put(ask, JSON.stringify(wish))),
    async last() {
      const found = await reports.get(reportName(lane, system));
      return found?.operation === 'PUT' ? found.json<ReconcileReport>() : undefined;
    },
    async keep(report) {
      const listed = listedOf(report);
      const left_off = report.left_off + report.differences.length - listed.length;
      const kept = { ...report, differences: listed, left_off };
      await reports.put(reportName(lane, system), JSON.stringify(kept));
    },
  };
}

function listedOf({ differences }: ReconcileReport): ReconcileReport['differences'] {
  let size = 0;
  const most = differences.slice(0, MOST_LISTED);
  const end = most.findIndex((difference) => {
    size += Buffer.byteLength(JSON.stringify(difference));
    return size > LONGEST_LIST;
  });
  return end < 0 ? most : most.slice(0, end);
}

/** For whoever asks: leaves the wish, sees whether it was taken up, and reads the report. */
export interface ReconcileDesk {
  ask(ask: ReconcileAsk): Promise<void>;
  isTaken(): Promise<boolean>;
  withdraw(): Promise<void>;
  report(id: string): Promise<ReconcileReport | undefined>;
}

export async function openReconcileDesk(
  connection: NatsConnection,
  lane: ReconcileLane,
  system: string,
): Promise<ReconcileDesk> {
  const asks =
    (await findBucket(connection, 'resends')) ?? (await openBucket(connection, 'resends'));
  const name = askName(lane, system);
  return {
    ask: async (ask) => void (await asks.put(name, JSON.stringify(ask))),
    isTaken: async () => (await asks.get(name))?.operation !== 'PUT',
    withdraw: () => asks.purge(name),
    async report(id) {
      const reports = await findBucket(connection, 'ledger');
      const found = await reports?.get(reportName(lane, system));
      const report = found?.operation === 'PUT' ? found.json<ReconcileReport>() : undefined;
      return report?.id === id ? report : undefined;
    },
  };
}

function askName(lane: ReconcileLane, system: string): string {
  return `reconcile.${lane}.${system}`;
}

function reportName(lane: ReconcileLane, system: string): string {
  return `reconciled.${lane}.${system}`;
}

export function countDifferences(
  differences: readonly Pick<SystemDifference, 'kind'>[],
): Readonly<Record<DifferenceKind, number>> {
  const counts = Object.fromEntries(DIFFERENCE_KINDS.map((kind) => [kind, 0]));
  for (const { kind } of differences) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts as Record<DifferenceKind, number>;
}
