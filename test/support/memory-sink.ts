import type { EpochContent, Sink } from '../../sinks/sink.ts';
import { tokenOf } from '../../sinks/sink.ts';

/** A warehouse and outbox in memory that deduplicates as the real ones do, and checks what they cannot. */
export class MemorySink implements Sink {
  readonly name: string;
  readonly takesBatches = true;
  readonly #blocks = new Map<
    string,
    { readonly table: string; readonly data: Buffer; readonly rows: number }
  >();
  readonly #revisions = new Map<string, string>();
  readonly #commands = new Map<string, string>();
  readonly #before: () => Promise<void>;

  /** `before` may throw, to fail a write before or after it took effect. */
  constructor(name: string, before: () => Promise<void> = async () => {}) {
    this.name = name;
    this.#before = before;
  }

  async write(content: EpochContent): Promise<void> {
    await this.#before();
    for (const block of content.blocks) {
      const token = tokenOf(content, block.table);
      const known = this.#blocks.get(token);
      const data = Buffer.from(block.data);
      if (known !== undefined && !known.data.equals(data))
        throw new Error(`${token} came with other bytes`);
      this.#blocks.set(token, { table: block.table, data, rows: block.rows });
    }
    for (const { id, revision, content: text } of content.revisions) {
      const known = this.#revisions.get(`${id}.${revision}`);
      if (known !== undefined && known !== text)
        throw new Error(`${id}.${revision} came with other bytes`);
      this.#revisions.set(`${id}.${revision}`, text);
    }
    for (const { id, system, content: text } of content.commands) {
      const known = this.#commands.get(`${system}.${id}`);
      if (known !== undefined && known !== text)
        throw new Error(`${system}.${id} came with other bytes`);
      this.#commands.set(`${system}.${id}`, text);
    }
    await this.#before();
  }

  /** The rows of a table that is written as JSON lines, sorted: a multiset. */
  lines(table: string): string[] {
    return [...this.#blocks.values()]
      .filter((block) => block.table === table)
      .flatMap(({ data }) => data.toString().split('\n').filter(Boolean))
      .sort();
  }

  /** How many rows a table has. */
  count(table: string): number {
    const blocks = [...this.#blocks.values()].filter((block) => block.table === table);
    return blocks.reduce((sum, { rows }) => sum + rows, 0);
  }

  get revisions(): string[] {
    return [...this.#revisions.values()].sort();
  }

  get commands(): string[] {
    return [...this.#commands.values()].sort();
  }

  /** All that must not depend on where epochs were cut. */
  facts(): Record<string, unknown> {
    const lines = [
      'windows',
      'features',
      'machine_states',
      'anomalies',
      'incidents',
      'requests',
      'baselines',
      'commands',
      'workflow_steps',
    ];
    return {
      readings: this.count('readings'),
      revisions: this.revisions,
      published: this.commands,
      deadLetters: this.deadLetters(),
      ...Object.fromEntries(lines.map((table) => [table, this.lines(table)])),
    };
  }

  /** DeadLetters are folded per epoch, so only their sums are the same wherever epochs are cut. */
  deadLetters(): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const line of this.lines('dead_letters')) {
      const { reason, stage, source, count } = JSON.parse(line);
      const name = `${reason} ${stage} ${source}`;
      sums[name] = (sums[name] ?? 0) + Number(count);
    }
    return sums;
  }
}
