/** What arrives together goes into the log together: a block of each asset, in which each row keeps the id of its message. */

import type { Telemetry, TelemetryRow } from './edge-message.ts';
import type { Receipt } from './memory.ts';
import type { Sent } from './source.ts';

/** No more than the centre remembers ids of one source, by far. */
const MOST_ROWS = 256;
/** Names times rows: beyond it a block would be mostly empty. */
const MOST_CELLS = 4_096;

type Block = {
  readonly subject: string;
  readonly lasting: boolean;
  readonly stays: true | undefined;
  readonly rows: TelemetryRow[];
  readonly ids: string[];
  readonly names: Set<string>;
};

export class TelemetryBlocks {
  readonly #blocks = new Map<string, Block>();
  /** Subjects and ids of what is in them. */
  readonly #known = new Set<string>();

  get isEmpty(): boolean {
    return this.#blocks.size === 0;
  }

  has(subject: string, id: string): boolean {
    return this.#known.has(`${subject} ${id}`);
  }

  /** True when a block is full: to be taken before anything is added. */
  add(
    { subject, rows: [row], stays }: Telemetry & Pick<Sent, 'stays'>,
    { id, lasting }: Receipt,
  ): boolean {
    if (row === undefined) return false;
    const key = `${subject} ${lasting} ${stays}`;
    const block = this.#blocks.get(key) ?? newBlock(subject, lasting, stays);
    this.#blocks.set(key, block);
    this.#known.add(`${subject} ${id}`);
    block.rows.push(row);
    block.ids.push(id);
    for (const name of row.names) block.names.add(name);
    const { length } = block.rows;
    return length >= MOST_ROWS || length * block.names.size >= MOST_CELLS;
  }

  /** All that is in them, each block in the order in which it was begun. */
  take(): readonly Sent[] {
    const blocks = [...this.#blocks.values()];
    this.#blocks.clear();
    this.#known.clear();
    return blocks.map(({ subject, rows, ids, lasting, stays }) => {
      const [id = ''] = ids;
      const receipt = rows.length === 1 ? { id, lasting } : { ids, lasting };
      return { subject, rows, receipt, stays };
    });
  }
}

function newBlock(subject: string, lasting: boolean, stays: true | undefined): Block {
  return { subject, lasting, stays, rows: [], ids: [], names: new Set() };
}
