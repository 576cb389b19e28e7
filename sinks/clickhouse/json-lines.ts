import type { Block } from '../sink.ts';

/** Rows of one table of low volume, as JSONEachRow lines. Whole numbers of microseconds are what DateTime64(6) reads. */
export interface JsonLines {
  readonly rows: number;
  readonly bytes: number;
  add(row: Readonly<Record<string, unknown>>): void;
  /** The block, or undefined if there is no row. Empties the builder. */
  finish(origin: Readonly<Record<string, string>>): Block | undefined;
}

export function createJsonLines(table: string): JsonLines {
  let lines: string[] = [];
  let bytes = 0;
  return {
    get rows() {
      return lines.length;
    },
    get bytes() {
      return bytes;
    },
    add(row) {
      const line = JSON.stringify(row, spelt);
      lines.push(line);
      bytes += line.length + 40;
    },
    finish(origin) {
      if (lines.length === 0) return undefined;
      // Every line is a non-empty object: the columns of the epoch go in front of its own.
      const head = `${JSON.stringify(origin).slice(0, -1)},`;
      const data = Buffer.from(lines.map((line) => `${head}${line.slice(1)}\n`).join(''));
      const block = { table, format: 'JSONEachRow', rows: lines.length, data } as const;
      lines = [];
      bytes = 0;
      return block;
    },
  };
}

/** JSON has no NaN or infinities and would say null for them; ClickHouse reads these words as numbers. */
function spelt(_name: string, value: unknown): unknown {
  if (typeof value !== 'number' || Number.isFinite(value)) return value;
  if (Number.isNaN(value)) return 'nan';
  return value > 0 ? 'inf' : '-inf';
}
