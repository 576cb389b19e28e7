import {
  type Block,
  type EpochContent,
  type RequestRevision,
  tokenOf,
} from '../../../sinks/sink.ts';

import { nativeRows } from './native-rows.ts';

/** What has come out, as it is compared with what should have. */
export interface Landed {
  readonly contradictions: readonly string[];
  readonly tables: readonly string[];
  rows(table: string): readonly Record<string, unknown>[];
  readonly revisions: readonly { readonly content: string }[];
}

/**
 * What outlives every process: a warehouse that takes each token once, and a stream that takes each subject once, as
 * ClickHouse and JetStream do. Both would keep quiet about another content under a name that they know: here that is
 * a contradiction.
 */
export class Outside implements Landed {
  readonly contradictions: string[] = [];
  readonly #blocks = new Map<string, Block>();
  readonly #stream = new Map<string, string>();

  insert(content: EpochContent, block: Block): void {
    const token = tokenOf(content, block.table);
    const known = this.#blocks.get(token);
    if (known === undefined) this.#blocks.set(token, { ...block, data: Buffer.from(block.data) });
    else if (Buffer.compare(known.data, block.data) !== 0) this.contradictions.push(token);
  }

  publish({ id, revision, content }: RequestRevision): void {
    const subject = `request.${id}.${revision}`;
    const known = this.#stream.get(subject);
    if (known === undefined) this.#stream.set(subject, content);
    else if (known !== content) this.contradictions.push(subject);
  }

  /** The rows of a table, as objects, in the order in which they came. */
  rows(table: string): Record<string, unknown>[] {
    return [...this.#blocks.values()]
      .filter((block) => block.table === table)
      .flatMap(({ format, data }) => {
        if (format === 'Native') return nativeRows(data);
        const lines = Buffer.from(data).toString().split('\n').filter(Boolean);
        return lines.map((line) => JSON.parse(line));
      });
  }

  get tables(): string[] {
    return [...new Set([...this.#blocks.values()].map(({ table }) => table))];
  }

  /** The stream of requests, in its order. */
  get revisions(): { readonly subject: string; readonly content: string }[] {
    return Array.from(this.#stream, ([subject, content]) => ({ subject, content }));
  }
}
