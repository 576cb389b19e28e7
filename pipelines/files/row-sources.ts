/** Rows of the tables that historians export, one by one: CSV, Parquet, and one JSON object a line. */

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import {
  type AsyncBuffer,
  asyncBufferFromFile,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { csvRows } from '../base/csv.ts';
import { EXIT, Problem, wrongInput } from '../base/problem.ts';

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

function cellOf(value: unknown, where: string): TableValue {
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

/** So many rows of a Parquet file are read at a time. */
const AT_ONCE = 50_000;

export async function parquetSource(file: string): Promise<RowSource> {
  const { buffer, metadata } = await openParquet(file);
  const columns = metadata.schema.filter(({ num_children: children }) => children === undefined);
  const names = columns.map(({ name }) => name);
  // Times of no zone are told from those in UTC by the schema alone.
  const zoned = columns.map(({ logical_type: type }) => {
    return !(type !== undefined && 'isAdjustedToUTC' in type && type.isAdjustedToUTC === false);
  });
  // Of lists and structures there is nothing in a flat row.
  const { children } = parquetSchema(metadata);
  const flat = new Set(
    children.flatMap((each) => (each.children.length > 0 ? [] : each.element.name)),
  );
  return { names, rows: rowsOf() };

  async function* rowsOf(): AsyncGenerator<RowOfTable> {
    let from = 0;
    for (const { num_rows: count } of metadata.row_groups) {
      const groupEnd = from + Number(count);
      for (; from < groupEnd; from = Math.min(groupEnd, from + AT_ONCE)) {
        yield* rowsBetween(from, Math.min(groupEnd, from + AT_ONCE));
      }
    }
  }

  async function* rowsBetween(rowStart: number, rowEnd: number): AsyncGenerator<RowOfTable> {
    const parts: (readonly Readonly<Record<string, unknown>>[])[] = [];
    // One column of one group after the other: of several that fail the library leaves all but one to nobody.
    for (const name of names) {
      if (!flat.has(name)) {
        parts.push([]);
        continue;
      }
      const part = { file: buffer, metadata, compressors, parsers: PARSERS, rowStart, rowEnd };
      const read = parquetReadObjects({ ...part, columns: [name] });
      parts.push(
        await read.catch((error: unknown) => {
          throw broken(file, error);
        }),
      );
    }
    const count = Math.max(0, ...parts.map(({ length }) => length));
    if (count < rowEnd - rowStart) {
      throw broken(file, new Error(`${count} rows where it says ${rowEnd - rowStart}`));
    }
    for (let index = 0; index < count; index += 1) {
      const where = `${file}, row ${rowStart + index + 1}`;
      const cells = names.map((name, at) => {
        const value: unknown = parts[at]?.[index]?.[name];
        if (!(value instanceof ParquetTime)) return cellOf(value, where);
        try {
          return value.text(zoned[at] === true);
        } catch (error) {
          throw broken(where, error);
        }
      });
      yield { where, cells };
    }
  }
}

async function openParquet(
  file: string,
): Promise<{ readonly buffer: AsyncBuffer; readonly metadata: FileMetaData }> {
  try {
    const buffer = await asyncBufferFromFile(file);
    return { buffer, metadata: await parquetMetadataAsync(buffer) };
  } catch (error) {
    throw broken(file, error);
  }
}

function broken(file: string, cause: unknown): Problem {
  const found = cause instanceof Error ? cause.message : String(cause);
  const remedy = 'Check whether it was copied whole, and is not encrypted.';
  return new Problem(
    { where: file, expected: 'a Parquet file', found, remedy, exit: EXIT.input },
    { cause },
  );
}

/** A time with all its digits: a `Date` has no microseconds. */
class ParquetTime {
  readonly #microseconds: bigint;

  constructor(microseconds: bigint) {
    this.#microseconds = microseconds;
  }

  text(zoned: boolean): string {
    const milliseconds = Number(this.#microseconds / 1_000n);
    const rest = Number(this.#microseconds % 1_000n);
    const text = new Date(milliseconds).toISOString().slice(0, -1);
    return `${text}${String(rest).padStart(3, '0')}${zoned ? 'Z' : ''}`;
  }
}

const PARSERS = {
  timestampFromMilliseconds: (milliseconds: bigint) => new ParquetTime(milliseconds * 1_000n),
  timestampFromMicroseconds: (microseconds: bigint) => new ParquetTime(microseconds),
  timestampFromNanoseconds: (nanoseconds: bigint) => new ParquetTime(nanoseconds / 1_000n),
  dateFromDays: (days: number) => new ParquetTime(BigInt(days) * 86_400_000_000n),
  stringFromBytes: (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8'),
};
