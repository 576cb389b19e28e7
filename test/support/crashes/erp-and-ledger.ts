import type { Command } from '../../../operators/model/command.ts';
import type { CommandEntry } from '../../../pipelines/systems/command-entry.ts';
import { commandName, type LowWater } from '../../../pipelines/systems/ledger.ts';

/** An object in the ERP, and what was done to it. */
export type ErpObject = {
  readonly remote: string;
  readonly key: string;
  readonly n: number;
  submitted: number;
  released: number;
  looks: number;
};

/**
 * What outlives every process that carries commands out: the ledger's bucket, the ERP, and the log that replies go into. The
 * ERP makes an object of every `create`, and releases it as often as it is told to.
 */
export class ErpAndLedger {
  readonly objects: ErpObject[] = [];
  readonly contradictions: string[] = [];
  /** Everything that took effect over there, in its order. */
  readonly effects: string[] = [];
  readonly watched = new Set<string>();
  low: LowWater | undefined;
  readonly #entries = new Map<string, { readonly entry: CommandEntry; readonly version: number }>();
  readonly #replies = new Map<string, string>();
  #versions = 0;

  held(name: string) {
    return this.#entries.get(name) ?? { entry: undefined, version: 0 };
  }

  get entries(): CommandEntry[] {
    return Array.from(this.#entries.values(), ({ entry }) => entry);
  }

  put(entry: CommandEntry, version: number): number {
    const name = commandName(entry);
    if (this.held(name).version !== version) throw new Error('wrong last sequence');
    this.#versions += 1;
    this.#entries.set(name, { entry: structuredClone(entry), version: this.#versions });
    return this.#versions;
  }

  find(key: string): ErpObject[] {
    return this.objects.filter((object) => object.key === key);
  }

  create({ key, id, n }: Command): string {
    const remote = `o${this.objects.length + 1}`;
    this.objects.push({ remote, key, n, submitted: 0, released: 0, looks: 0 });
    this.effects.push(`create ${id}`);
    return remote;
  }

  object(remote: string): ErpObject {
    const found = this.objects.find((one) => one.remote === remote);
    if (found === undefined) throw new Error(`no object ${remote}`);
    return found;
  }

  submit(remote: string, id: string): void {
    this.object(remote).submitted += 1;
    this.effects.push(`submit ${id}`);
  }

  release(remote: string, id: string): void {
    this.object(remote).released += 1;
    this.effects.push(`release ${id}`);
  }

  /** What the warehouse has made of it; every second look finds the next. */
  state(remote: string): string {
    const object = this.object(remote);
    object.looks += 1;
    if (object.released > 0) return 'released';
    return object.looks < 3 ? 'assigned' : 'picked';
  }

  /** Takes each message id once, as the pipeline does; another content under a known id is a contradiction. */
  publish(name: string, content: string): void {
    const known = this.#replies.get(name);
    if (known === undefined) this.#replies.set(name, content);
    else if (known !== content) this.contradictions.push(name);
  }

  /** What was said of each command, in the order of the log. */
  get replies(): Map<string, Record<string, unknown>[]> {
    const said = new Map<string, Record<string, unknown>[]>();
    for (const content of this.#replies.values()) {
      const { data }: { data: Record<string, unknown> & { id: string } } = JSON.parse(content);
      said.set(data.id, [...(said.get(data.id) ?? []), data]);
    }
    return said;
  }
}
