/** Messages of an edge on their way into the log. Telemetry is rows of one asset until nothing joins them any more. */

import { Packr } from 'msgpackr';
import type { TagQuality, TagReading, TagValue } from './tag-reading.ts';

/** The values of some signals at one time (epoch milliseconds), side by side: no name twice. */
export type TelemetryRow = {
  readonly time: number;
  readonly names: string[];
  readonly values: TagValue[];
  /** Of values that are not good. */
  quality?: Map<string, TagQuality>;
};

export type Telemetry = { readonly subject: string; readonly rows: readonly TelemetryRow[] };

export function addValue(
  row: TelemetryRow,
  name: string,
  value: TagValue,
  quality: TagQuality,
): void {
  row.names.push(name);
  row.values.push(value);
  if (quality === 'good') return;
  row.quality ??= new Map();
  row.quality.set(name, quality);
}

/** A message of the wire format, without the headers that say who sent it. */
export type EdgeMessage = { readonly subject: string; readonly payload: Uint8Array };

/** An event or a waveform. `part`: which reading of its payload it is of, since there may be several on one subject. */
export type PartMessage = EdgeMessage & { readonly part?: number };

/**
 * `stays`: it does not leave the plant, and only the judge here sees it. `portion`: from 1 on, where a payload is more than one
 * message can hold.
 */
export type MappedMessage = (PartMessage | (Telemetry & { readonly part?: undefined })) & {
  readonly portion?: number;
  readonly stays?: true;
};

/** The readings have their machine, tag and time: `TAGGED` maps them. */
export type Keep = (machine: string, readings: readonly TagReading[]) => EdgeMessage;

const packr = new Packr({ useRecords: false, useBigIntExtension: false });

/** The payload: a frame of one row, or a block of several, in their order. */
export function packRows(rows: readonly TelemetryRow[]): Uint8Array {
  const values: Columns<TagValue | null> = new Map();
  const quality: Columns<TagQuality> = new Map();
  for (const [at, row] of rows.entries()) {
    for (const [index, name] of row.names.entries()) {
      columnOf(values, name, rows.length, null)[at] = row.values[index] ?? null;
    }
    for (const [name, word] of row.quality ?? []) {
      columnOf(quality, name, rows.length, 'good' as const)[at] = word;
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
