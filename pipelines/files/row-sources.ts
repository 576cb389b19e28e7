/** Rows of the tables that historians export as text, one by one: CSV, and one JSON object a line. */

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { csvRows } from '../base/csv.ts';
import { Problem, wrongInput } from '../base/problem.ts';

export type TableValue = string | number | boolean;

export type RowOfTable = {
  /** `file:line`, or `file, row n`. */
  readonly where: string;
  /** An empty text where there is nothing. */
  readonly cells: readonly TableValue[];
};

/** The names of the columns first, then row by row. */
export type RowSource = {
  readonly names: readonly string[];
  readonly rows: AsyncIterable<RowOfTable>;
};

export const ENCODINGS = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252'] as const;
export type TextEncoding = (typeof ENCODINGS)[number];

export type CsvLayout = {
  readonly delimiter: string;
  /** Lines above the heading. */
  readonly skip: number;
  /** A row of units below the heading. */
  readonly units_row: boolean;
  readonly encoding: TextEncoding;
};

/** The bytes of a file, unpacked when it ends in `.gz`. */
export function bytesOf(file: string): Readable {
  const bytes = createReadStream(file);
  if (!file.endsWith('.gz')) return bytes;
  const unpacked = createGunzip();
  bytes.on('error', (error) => unpacked.destroy(error));
  return bytes.pipe(unpacked);
}

/** The lines of a text file, unpacked when it ends in `.gz`. */
export function linesOf(file: string): AsyncIterable<string> {
  return createInterface({ input: bytesOf(file), crlfDelay: Number.POSITIVE_INFINITY });
}

export async function csvSource(file: string, layout: CsvLayout): Promise<RowSource> {
  const { delimiter, skip, units_row, encoding } = layout;
  const bytes = bytesOf(file);
  const input = encoding === 'utf-8' ? bytes : Readable.from(decoded(bytes, encoding));
  const rows = csvRows(file, input, delimiter, skip + 1);
  const heading = await rows.next();
  if (heading.done !== true && units_row) await rows.next();
  return { names: heading.done === true ? [] : heading.value.cells, rows: csvCells(file, rows) };
}

async function* decoded(bytes: AsyncIterable<Uint8Array>, encoding: TextEncoding) {
  const decoder = new TextDecoder(encoding);
  for await (const part of bytes) yield decoder.decode(part, { stream: true });
  yield decoder.decode();
}

async function* csvCells(
  file: string,
  rows: AsyncIterable<{ readonly line: number; readonly cells: readonly string[] }>,
): AsyncGenerator<RowOfTable> {
  for await (const { line, cells } of rows) yield { where: `${file}:${line}`, cells };
}

/** Objects of one level; the first line names the columns, and later ones may leave some out. */
export async function jsonSource(file: string): Promise<RowSource> {
  const lines = linesOf(file)[Symbol.asyncIterator]();
  let number = 0;
  const next = async () => {
    for (;;) {
      const line = await lines.next();
      if (line.done === true) return undefined;
      number += 1;
      if (line.value.trim() !== '') return objectOf(line.value, `${file}:${number}`);
    }
  };
  const first = await next();
  const names = Object.keys(first ?? {});
  return { names, rows: jsonRows(first) };

  async function* jsonRows(begin: Readonly<Record<string, unknown>> | undefined) {
    for (let object = begin; object !== undefined; object = await next()) {
      const where = `${file}:${number}`;
      const strange = Object.keys(object).find((name) => !names.includes(name));
      if (strange !== undefined) {
        const expected = `the columns of the first line: ${names.join(', ')}`;
        throw wrongInput(
          where,
          expected,
          strange,
          'Write all columns in the first line, null where there is nothing.',
        );
      }
      const own = object;
      yield { where, cells: names.map((name) => cellOf(own[name], where)) };
    }
  }
}

function objectOf(text: string, where: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
    throw wrongInput(where, 'a JSON object', text.slice(0, 40), 'Write one object a line.');
  } catch (error) {
    if (error instanceof Problem) throw error;
    const found = error instanceof Error ? error.message : String(error);
    throw wrongInput(where, 'a JSON object', found, 'Write one object a line.');
  }
}

/** Throws a `Problem` for what has no place in a row. */
export function cellOf(value: unknown, where: string): TableValue {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  // Serial numbers keep all their digits as a text.
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  throw wrongInput(
    where,
    'numbers and texts',
    JSON.stringify(value).slice(0, 40),
    'Export flat rows.',
  );
}
