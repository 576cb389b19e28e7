/** Telemetry on its way into the log: rows of one asset, as a frame or a block of the wire format once nothing joins them. */

import { Packr } from 'msgpackr';
import type { TagQuality, TagValue } from './tag-reading.ts';

export type Cell = { readonly value: TagValue; readonly quality: TagQuality };

/** The values of some signals at one time: epoch milliseconds. */
export type Row = { readonly time: number; readonly values: ReadonlyMap<string, Cell> };

export type Telemetry = { readonly subject: string; readonly rows: readonly Row[] };

const packr = new Packr({ useRecords: false, useBigIntExtension: false });

/** The payload: a frame of one row, or a block of several, in their order. */
export function packRows(rows: readonly Row[]): Uint8Array {
  const values: Columns<TagValue | null> = new Map();
  const quality: Columns<TagQuality> = new Map();
  for (const [at, row] of rows.entries()) {
    for (const [name, cell] of row.values) {
      columnOf(values, name, rows.length, null)[at] = cell.value;
      if (cell.quality === 'good') continue;
      columnOf(quality, name, rows.length, 'good' as const)[at] = cell.quality;
    }
  }
  const [first] = rows;
  const isFrame = rows.length === 1;
  const named = <T>(columns: Columns<T>) =>
    Object.fromEntries([...columns].map(([name, all]) => [name, isFrame ? all[0] : all]));
  return packr.pack({
    time: isFrame ? first?.time : rows.map(({ time }) => time),
    values: named(values),
    ...(quality.size === 0 ? {} : { quality: named(quality) }),
  });
}

type Columns<T> = Map<string, T[]>;

function columnOf<T>(columns: Columns<T>, name: string, rows: number, none: T): T[] {
  const found = columns.get(name);
  if (found !== undefined) return found;
  const made = new Array<T>(rows).fill(none);
  columns.set(name, made);
  return made;
}
