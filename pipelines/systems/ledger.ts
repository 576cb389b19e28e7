import { Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { EXIT, Problem } from '../base/problem.ts';
import { entrySchema, type LedgerEntry } from './entry.ts';

export const LEDGER_BUCKET = 'ANDON_MAINTENANCE';

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
  askResend(id: string): Promise<void>;
  resent(id: string): Promise<void>;
}

/** Opens the ledger, and makes its bucket when there is none. */
export async function openLedger(connection: NatsConnection): Promise<Ledger> {
  const bucket = await new Kvm(connection).create(LEDGER_BUCKET, {
    history: 1,
    description: 'Andon: what became of each maintenance request',
    // A read from a replica may be old, and an old entry would be acted upon.
    allow_direct: false,
    timeout: 5_000,
  });
  return {
    async all() {
      const entries: LedgerEntry[] = [];
      for await (const { operation, value } of await bucket.history({ key: 'request.*' })) {
        const entry = operation === 'PUT' ? parse(value) : undefined;
        if (entry !== undefined) entries.push(entry);
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
    put(entry, version) {
      return bucket.put(`request.${entry.id}`, JSON.stringify(entry), { previousSeq: version });
    },
    async resends() {
      const ids: string[] = [];
      for await (const key of await bucket.keys('resend.*')) ids.push(key.slice('resend.'.length));
      return ids;
    },
    async askResend(id) {
      await bucket.put(`resend.${id}`, '');
    },
    resent: (id) => bucket.purge(`resend.${id}`),
  };
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
    where: `${LEDGER_BUCKET}, request.${id}`,
    expected: 'what became of the request',
    found: 'an entry that is damaged, or of another version',
    remedy:
      `Remove it: nats kv del ${LEDGER_BUCKET} request.${id}. Then the CMMS is searched for the request, ` +
      'and what it has is not sent again.',
    exit: EXIT.outside,
  });
}
