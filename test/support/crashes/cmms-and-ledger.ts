import type { RequestStatus } from '../../../operators/model/machine-event.ts';
import type { Request } from '../../../operators/model/request.ts';
import type { LedgerEntry } from '../../../pipelines/systems/entry.ts';

/** An object in the CMMS: what was done to it, in order. */
export type CmmsObject = {
  readonly remote: string;
  readonly key: string;
  /** Revisions with which it was created and written; each again if it was written again. */
  readonly revisions: number[];
  title: string;
};

/** How a person works a request off, from look to look. */
const WAY: readonly RequestStatus[] = ['accepted', 'started', 'completed', 'closed'];

/**
 * What outlives every process of the delivery of requests: the ledger's bucket, the CMMS, and the log that statuses go
 * into. The CMMS makes an object of every `create`; who looks first makes one.
 */
export class CmmsAndLedger {
  readonly works: CmmsObject[] = [];
  readonly contradictions: string[] = [];
  readonly #entries = new Map<string, { readonly entry: LedgerEntry; readonly version: number }>();
  readonly #statuses = new Map<string, string>();
  readonly #looks = new Map<string, number>();
  #versions = 0;

  held(id: string) {
    return this.#entries.get(id) ?? { entry: undefined, version: 0 };
  }

  get entries(): LedgerEntry[] {
    return Array.from(this.#entries.values(), ({ entry }) => entry);
  }

  put(entry: LedgerEntry, version: number): number {
    if (this.held(entry.id).version !== version) throw new Error('wrong last sequence');
    this.#versions += 1;
    this.#entries.set(entry.id, { entry: structuredClone(entry), version: this.#versions });
    return this.#versions;
  }

  find(key: string): CmmsObject[] {
    return this.works.filter((work) => work.key === key);
  }

  create({ id, revision, title }: Request): string {
    const remote = `w${this.works.length + 1}`;
    this.works.push({ remote, key: id, revisions: [revision], title });
    return remote;
  }

  write({ revision, title }: Request, remote: string): void {
    const work = this.works.find((one) => one.remote === remote);
    work?.revisions.push(revision);
    if (work !== undefined) work.title = title;
  }

  has(revision: number, remote: string): boolean {
    return this.works.find((one) => one.remote === remote)?.revisions.includes(revision) ?? false;
  }

  /** What a person has made of it; every second look finds the next. */
  status(remote: string): RequestStatus | null {
    const looks = (this.#looks.get(remote) ?? -1) + 1;
    this.#looks.set(remote, looks);
    return WAY[Math.min(Math.floor(looks / 2), WAY.length) - 1] ?? null;
  }

  /** Takes each message id once, as JetStream does; another content under a known id is a contradiction. */
  publish(name: string, content: string): void {
    const known = this.#statuses.get(name);
    if (known === undefined) this.#statuses.set(name, content);
    else if (known !== content) this.contradictions.push(name);
  }

  /** Statuses in the log, as words, by request. */
  get statuses(): Map<string, string[]> {
    const told = new Map<string, string[]>();
    for (const content of this.#statuses.values()) {
      const { data }: { data: { id: string; status: string } } = JSON.parse(content);
      told.set(data.id, [...(told.get(data.id) ?? []), data.status]);
    }
    return told;
  }
}

/** What a request has come to when all is over. */
export const WHOLE_WAY: readonly string[] = WAY;
