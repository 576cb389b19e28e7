import type { Block } from '../sink.ts';

/** Rows of one table of low volume, as JSONEachRow lines. Whole numbers of microseconds are what DateTime64(6) reads. */
export interface JsonLines {
  /** About how many bytes it takes in the block. */
  add(row: Readonly<Record<string, unknown>>): number;
  /** The block, or undefined if there is no row. Empties the builder. */
  finish(origin: Readonly<Record<string, string>>): Block | undefined;
}

/** About what `origin` takes in front of every line. */
const ORIGIN_SIZE = 40;

export function createJsonLines(table: string): JsonLines {
  let lines: string[] = [];
  return {
    add(row) {
      const line = JSON.stringify(row, spelt);
      lines.push(line);
      return line.length + ORIGIN_SIZE;
    },
    finish(origin) {
      if (lines.length === 0) return undefined;
      // Every line is a non-empty object: the columns of the epoch go in front of its own.
      const head = `${JSON.stringify(origin).slice(0, -1)},`;
      const data = Buffer.from(lines.map((line) => `${head}${line.slice(1)}\n`).join(''));
      const block = { table, format: 'JSONEachRow', rows: lines.length, data } as const;
      lines = [];
      return block;
    },
  };
}

const HALF_OF_A_PAIR = /[\ud800-\udfff]/;

/** What JSON cannot say, or says in a way that ClickHouse refuses together with the whole block. */
function spelt(_name: string, value: unknown): unknown {
  if (typeof value === 'string') {
    // By way of UTF-8, which has no halves of surrogate pairs: they become U+FFFD, whole pairs stay.
    return HALF_OF_A_PAIR.test(value) ? Buffer.from(value).toString() : value;
  }
  if (typeof value !== 'number' || Number.isFinite(value)) return value;
  // JSON would say null for these, and ClickHouse would read 0.
  if (Number.isNaN(value)) return 'nan';
  return value > 0 ? 'inf' : '-inf';
}
