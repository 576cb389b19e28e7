/** Rows of a Parquet file, read in this process: whoever does not know the file asks `parquetSource`. */

import {
  type AsyncBuffer,
  asyncBufferFromFile,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { EXIT, Problem } from '../base/problem.ts';
import { cellOf, type RowOfTable, type RowSource } from './row-sources.ts';

/** So many rows of a Parquet file are read at a time. */
const AT_ONCE = 50_000;

export async function parquetRows(file: string): Promise<RowSource> {
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
          throw brokenParquet(file, error);
        }),
      );
    }
    const count = Math.max(0, ...parts.map(({ length }) => length));
    if (count < rowEnd - rowStart) {
      throw brokenParquet(file, new Error(`${count} rows where it says ${rowEnd - rowStart}`));
    }
    for (let index = 0; index < count; index += 1) {
      const where = `${file}, row ${rowStart + index + 1}`;
      const cells = names.map((name, at) => {
        const value: unknown = parts[at]?.[index]?.[name];
        if (!(value instanceof ParquetTime)) return cellOf(value, where);
        try {
          return value.text(zoned[at] === true);
        } catch (error) {
          throw brokenParquet(where, error);
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
    throw brokenParquet(file, error);
  }
}

/** What cannot be read as one, and why. */
export function brokenParquet(file: string, cause: unknown): Problem {
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
