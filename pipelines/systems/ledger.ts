import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { EXIT, Problem } from '../base/problem.ts';
import { streamManager } from '../nats/jetstream.ts';
import { BUCKETS, findBucket, openBucket, type StoreOptions } from '../nats/streams.ts';
import { entrySchema, type LedgerEntry } from './entry.ts';

/** One entry, and the version that a change of it must find. 0: there is none yet. */
export type StoredEntry = { readonly entry: LedgerEntry | undefined; readonly version: number };

/**
 * What became of every request: one entry each in a KV bucket, changed by compare-and-set only, so that two who
 * believe they own it cannot both go on.
 */
export interface Ledger {
  /** Every entry that can be read: `get` says of each other one what to do. */
  all(): Promise<readonly LedgerEntry[]>;
  /** @throws Problem when the entry cannot be read */
  get(id: string): Promise<StoredEntry>;
  /** Rejects when somebody else changed the entry since `version`. Gives the new version. */
  put(entry: LedgerEntry, version: number): Promise<number>;
  /** Ids that a person wants to be sent again. */
  resends(): Promise<readonly string[]>;
  resent(id: string): Promise<void>;
}

/** What whoever only looks may ask of the ledger. */
export type LedgerReader = Pick<Ledger, 'all' | 'get'>;

/** Opens the ledger, and makes its buckets when there are none. */
export async function openLedger(
  connection: NatsConnection,
  options: StoreOptions = {},
): Promise<Ledger> {
  const bucket = await openBucket(connection, 'ledger', options);
  const resends = await openBucket(connection, 'resends', options);
  return {
    ...readerOf(connection, bucket),
    put(entry, version) {
      return bucket.put(`request.${entry.id}`, JSON.stringify(entry), { previousSeq: version });
    },
    async resends() {
      const ids: string[] = [];
      for await (const id of await resends.keys()) ids.push(id);
      return ids;
    },
    resent: (id) => resends.purge(id),
  };
}

/** The ledger for whoever may not make it; undefined when there is none yet. */
export async function findLedger(connection: NatsConnection): Promise<LedgerReader | undefined> {
  const bucket = await findBucket(connection, 'ledger');
  return bucket === undefined ? undefined : readerOf(connection, bucket);
}

/** In a bucket of its own: whoever may write here can neither change nor remove what became of a request. */
export async function askResend(connection: NatsConnection, id: string): Promise<void> {
  const bucket =
    (await findBucket(connection, 'resends')) ?? (await openBucket(connection, 'resends'));
  await bucket.put(id, '');
}

/** How many entries are asked for at once. */
const WIDTH = 64;

function readerOf(connection: NatsConnection, bucket: KV): LedgerReader {
  return {
    async all() {
      const ids = await idsIn(connection);
      const entries: LedgerEntry[] = [];
      for (let at = 0; at < ids.length; at += WIDTH) {
        const found = await Promise.all(
          ids.slice(at, at + WIDTH).map((id) => bucket.get(`request.${id}`)),
        );
        for (const each of found) {
          const entry = each?.operation === 'PUT' ? parse(each.value) : undefined;
          if (entry !== undefined) entries.push(entry);
        }
      }
      return entries;
    },
    async get(id) {
      const found = await bucket.get(`request.${id}`);
      if (found === null) return { entry: undefined, version: 0 };
      const { operation, value, revision } = found;
      if (operation !== 'PUT') return { entry: undefined, version: revision };
      const entry = parse(value);
      if (entry === undefined) throw unreadable(id);
      return { entry, version: revision };
    },
  };
}

/** By the subjects of the bucket: a consumer of its own is more than a reader is permitted. */
async function idsIn(connection: NatsConnection): Promise<readonly string[]> {
  const { name } = BUCKETS.ledger;
  const prefix = `$KV.${name}.request.`;
  const { streams } = await streamManager(connection);
  const { state } = await streams.info(`KV_${name}`, { subjects_filter: `${prefix}*` });
  return Object.keys(state.subjects ?? {}).map((subject) => subject.slice(prefix.length));
}

function parse(value: Uint8Array): LedgerEntry | undefined {
  try {
    return entrySchema.parse(JSON.parse(Buffer.from(value).toString()));
  } catch {
    return undefined;
  }
}

function unreadable(id: string): Problem {
  return new Problem({
    where: `${BUCKETS.ledger.name}, request.${id}`,
    expected: 'what became of the request',
    found: 'an entry that is damaged, or of another version',
    remedy:
      `Remove it: nats kv del ${BUCKETS.ledger.name} request.${id}. Then the CMMS is searched for the request, ` +
      'and what it has is not sent again.',
    exit: EXIT.outside,
  });
}
