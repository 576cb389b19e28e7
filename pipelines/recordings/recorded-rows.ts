import { nameSchema } from '../../operators/model/plant-model.ts';
import { type EventTime, fromMilliseconds, plus } from '../../operators/model/time.ts';
import { type DecimalSign, parseNumber } from '../base/csv.ts';
import { createTimeReader } from '../files/instant.ts';
import { parquetSource } from '../files/parquet-source.ts';
import {
  csvSource,
  jsonSource,
  type RowOfTable,
  type RowSource,
  type TableValue,
} from '../files/row-sources.ts';
import { lineage, type MoveTime, type Recorded, wrongRecording } from './recorded.ts';
import type { TableDescription } from './recording-description.ts';

/**
 * The rows of a table: one frame for each row, as JSON, appended `delay` after its time. In the wide layout a column is a
 * signal; in the long one each row has the tag of its signal.
 */
export async function* recordedRows(
  description: TableDescription,
  move: MoveTime,
  boot: string,
): AsyncGenerator<Recorded> {
  const { name, delay } = description;
  const { names, rows } = await sourceOf(description);
  if (names.length === 0) return;
  const columns = columnsOf(names, description);
  const timeIn = timeReader(description, columns);
  let message = 0;
  for await (const row of rows) {
    checkWidth(row, columns);
    const time = fromMilliseconds(timeIn(row));
    for (const [subject, frame] of framesIn(row, columns, description)) {
      if (Object.keys(frame.values).length === 0) continue;
      message += 1;
      const body = { time: move(time) / 1_000, ...frame };
      yield {
        subject,
        appended: move(plus(time as EventTime, delay)),
        headers: { ...lineage(name, boot, message), 'Content-Type': 'application/json' },
        payload: Buffer.from(JSON.stringify(body)),
      };
    }
  }
}

function sourceOf(description: TableDescription): Promise<RowSource> {
  switch (description.kind) {
    case 'csv':
      return csvSource(description.file, description);
    case 'parquet':
      return parquetSource(description.file);
    case 'json':
      return jsonSource(description.file);
  }
}

/** Where a value goes. An empty subject is that of the row. */
type Target = { readonly subject: string; readonly signal: string };

type Columns = {
  readonly count: number;
  readonly time: number;
  readonly clock: number;
  readonly subject: number;
  readonly quality: number;
  readonly signals: readonly (readonly [target: Target, column: number])[];
  /** Of the long layout. */
  readonly tag: number;
  readonly value: number;
  readonly tags: ReadonlyMap<string, Target> | undefined;
};

function columnsOf(heading: readonly string[], description: TableDescription): Columns {
  const { time, subject_column, signals, file, long, quality } = description;
  const find = (name: string) => {
    const at = heading.indexOf(name);
    const isTwice = at >= 0 && heading.indexOf(name, at + 1) >= 0;
    if (at >= 0 && !isTwice) return at;
    throw wrongRecording({
      where: `${file}:1`,
      expected: isTwice ? `one column ${name}` : `a column ${name}`,
      found: heading.join(', '),
    });
  };
  const optional = (name: string | undefined) => (name === undefined ? -1 : find(name));
  const clock = 'clock' in time ? time.clock : undefined;
  const special = [time.column, clock, subject_column, quality?.column];
  const targets = Object.entries(signals ?? {}).map(([column, name]): [string, Target] => {
    return [column, typeof name === 'string' ? { subject: '', signal: name } : name];
  });
  const all = heading
    .filter((name) => !special.includes(name))
    .map((name): [string, Target] => [name, { subject: '', signal: signalName(name) }]);
  const wide = long !== undefined ? [] : signals === undefined ? all : targets;
  return {
    count: heading.length,
    time: find(time.column),
    clock: optional(clock),
    subject: optional(subject_column),
    quality: optional(quality?.column),
    signals: wide.map(([column, target]) => [target, find(column)] as const),
    tag: optional(long?.tag),
    value: optional(long?.value),
    tags: signals === undefined ? undefined : new Map(targets),
  };
}

/** A row that is cut short, or has a separator too many, would put values under wrong names. */
function checkWidth({ cells, where }: RowOfTable, { count }: Columns): void {
  const isTrailing = cells.length === count + 1 && cells.at(-1) === '';
  if (cells.length === count || isTrailing) return;
  const expected = `${count} cells, as in the heading`;
  throw wrongRecording({ where, expected, found: `${cells.length}` });
}

/** A column's name as a signal's: `Volume Flow RateRMS` is `Volume_Flow_RateRMS`. */
function signalName(column: string): string {
  return nameSchema.safeParse(column).success ? column : column.trim().replace(/[^\w-]+/g, '_');
}

/** Milliseconds of the time of each row. */
function timeReader({ time }: TableDescription, columns: Columns): (row: RowOfTable) => number {
  if (time.format === 'count') {
    return ({ cells, where }) => {
      const count = cells[columns.time] ?? '';
      const milliseconds =
        count === '' ? Number.NaN : (time.start + Number(count) * time.interval) / 1_000;
      if (Number.isFinite(milliseconds)) return milliseconds;
      throw wrongRecording({ where, expected: 'a time (count)', found: `"${count}"` });
    };
  }
  const read = createTimeReader(time.format, time.zone);
  return ({ cells, where }) => {
    const date = `${cells[columns.time] ?? ''}`;
    return read(columns.clock < 0 ? date : `${date} ${cells[columns.clock] ?? ''}`, where);
  };
}

type Frame = {
  readonly values: Record<string, TableValue>;
  quality?: Record<string, string>;
};

/** By subject: one frame, or several where the columns of a row are of several assets. */
function framesIn(
  row: RowOfTable,
  columns: Columns,
  description: TableDescription,
): ReadonlyMap<string, Frame> {
  const { cells } = row;
  const own = description.subject ?? `${cells[columns.subject] ?? ''}`;
  const frames = new Map<string, Frame>();
  const rated = qualityOf(`${cells[columns.quality] ?? ''}`, columns, description);
  for (const [{ subject, signal }, column] of signalsOf(row, columns)) {
    const cell = cells[column] ?? '';
    const isNothing = cell === '' || (typeof cell === 'string' && cell.toLowerCase() === 'nan');
    if (isNothing) continue;
    const frame = frames.get(subject || own) ?? { values: {} };
    frames.set(subject || own, frame);
    const decimal = description.kind === 'csv' ? description.decimal : '.';
    frame.values[signal] = readCell(cell, decimal);
    const quality = isMissing(cell, description) ? 'bad' : rated;
    if (quality !== undefined) frame.quality = { ...frame.quality, [signal]: quality };
  }
  return frames;
}

function signalsOf({ cells }: RowOfTable, columns: Columns): Columns['signals'] {
  if (columns.tag < 0) return columns.signals;
  const tag = `${cells[columns.tag] ?? ''}`;
  const target =
    columns.tags === undefined ? { subject: '', signal: signalName(tag) } : columns.tags.get(tag);
  return target === undefined || tag === '' ? [] : [[target, columns.value]];
}

/** Numbers, booleans and texts. */
function readCell(cell: TableValue, decimal: DecimalSign): TableValue {
  if (typeof cell !== 'string') return cell;
  const number = parseNumber(cell, decimal);
  const isTooLong = /^[+-]?\d{16,}$/.test(cell) && !Number.isSafeInteger(number);
  if (Number.isFinite(number) && !isTooLong) return number;
  return cell === 'true' || cell === 'false' ? cell === 'true' : cell;
}

/** What the description says that stands for nothing; a number however it is written. */
function isMissing(cell: TableValue, { missing }: TableDescription): boolean {
  return missing.some((each) => {
    const number = parseNumber(each);
    return `${cell}`.trim() === each || (!Number.isNaN(number) && Number(cell) === number);
  });
}

/** Words and codes for good values, unless the description names its own. */
const GOOD = ['good', 'ok', '192', '0', 'valid', 'gut', 'true', ''];
const UNCERTAIN = ['uncertain', 'questionable', '64', 'fraglich'];

function qualityOf(
  word: string,
  { quality: column }: Columns,
  { quality }: TableDescription,
): string | undefined {
  if (column < 0 || quality === undefined) return undefined;
  const plain = word.trim().toLowerCase();
  const among = (words: readonly string[]) => words.some((each) => each.toLowerCase() === plain);
  if (among(quality.good ?? GOOD)) return undefined;
  return among(quality.uncertain ?? UNCERTAIN) ? 'uncertain' : 'bad';
}
