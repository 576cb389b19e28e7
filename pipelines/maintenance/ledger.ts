import { Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { entrySchema, type LedgerEntry } from './entry.ts';

export const LEDGER_BUCKET = 'ANDON_MAINTENANCE';

/** One entry, and the version that a change of it must find. 0: there is none yet. */
export type Held = { readonly entry: LedgerEntry | undefined; readonly version: number };

/**
 * What became of every request: one entry each in a KV bucket, changed by compare-and-set only, so that two who
 * believe they own it cannot both go on.
 */
export interface Ledger {
  all(): Promise<readonly LedgerEntry[]>;
  get(id: string): Promise<Held>;
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
  const parse = (value: Uint8Array) => entrySchema.parse(JSON.parse(Buffer.from(value).toString()));

  return {
    async all() {
      const entries: LedgerEntry[] = [];
      for await (const { operation, value } of await bucket.history({ key: 'request.*' })) {
        if (operation === 'PUT') entries.push(parse(value));
      }
      return entries;
    },
    async get(id) {
      const found = await bucket.get(`request.${id}`);
      if (found === null) return { entry: undefined, version: 0 };
      const { operation, value, revision } = found;
      return { entry: operation === 'PUT' ? parse(value) : undefined, version: revision };
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
