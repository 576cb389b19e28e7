import { nameSchema } from '../../operators/model/plant-model.ts';
import { fromMilliseconds, plus } from '../../operators/model/time.ts';
import { csvRows, type DecimalSign, parseNumber } from '../base/csv.ts';
import { readTime } from './instant.ts';
import { bytesOf, lineage, type MoveTime, type Recorded, wrongRecording } from './recorded.ts';
import type { CsvDescription } from './recording-description.ts';

/** The rows of a CSV file with a heading: one frame per row, as JSON, appended `delay` after its time. */
export async function* recordedCsv(
  description: CsvDescription,
  move: MoveTime,
  boot: string,
): AsyncGenerator<Recorded> {
  const { file, delimiter, name, delay } = description;
  let columns: Columns | undefined;
  let message = 0;
  for await (const { line, cells } of csvRows(file, bytesOf(file), delimiter)) {
    if (columns === undefined) {
      columns = columnsOf(cells, description);
      continue;
    }
    const where = `${file}:${line}`;
    checkWidth(cells, columns, where);
    const milliseconds = timeIn(cells[columns.time] ?? '', description, where);
    const time = fromMilliseconds(milliseconds);
    const subject = description.subject ?? cells[columns.subject] ?? '';
    const values = valuesIn(cells, columns, description.decimal);
    if (Object.keys(values).length === 0) continue;
    message += 1;
    yield {
      subject,
      appended: move(plus(time, delay)),
      headers: { ...lineage(name, boot, message), 'Content-Type': 'application/json' },
      payload: Buffer.from(JSON.stringify({ time: move(time) / 1_000, values })),
    };
  }
}

type Columns = {
  readonly count: number;
  readonly time: number;
  readonly subject: number;
  readonly signals: readonly (readonly [signal: string, column: number])[];
};

function columnsOf(heading: readonly string[], description: CsvDescription): Columns {
  const { time, subject_column, signals, file } = description;
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
  const special = [time.column, subject_column];
  const named =
    signals === undefined
      ? heading
          .filter((name) => !special.includes(name))
          .map((name): [string, number] => [signalName(name), find(name)])
      : Object.entries(signals).map(([column, name]): [string, number] => [name, find(column)]);
  return {
    count: heading.length,
    time: find(time.column),
    subject: subject_column === undefined ? -1 : find(subject_column),
    signals: named,
  };
}

/** A row that is cut short, or has a separator too many, would put values under wrong names. */
function checkWidth(cells: readonly string[], { count }: Columns, where: string): void {
  const isTrailing = cells.length === count + 1 && cells.at(-1) === '';
  if (cells.length === count || isTrailing) return;
  const expected = `${count} cells, as in the heading`;
  throw wrongRecording({ where, expected, found: `${cells.length}` });
}

/** A column's name as a signal's: `Volume Flow RateRMS` is `Volume_Flow_RateRMS`. */
function signalName(column: string): string {
  return nameSchema.safeParse(column).success ? column : column.trim().replace(/[^\w-]+/g, '_');
}

function timeIn(text: string, { time }: CsvDescription, where: string): number {
  const milliseconds = text === '' ? Number.NaN : millisecondsOf(text, time);
  if (Number.isFinite(milliseconds)) return milliseconds;
  throw wrongRecording({ where, expected: `a time (${time.format})`, found: `"${text}"` });
}

function millisecondsOf(text: string, time: CsvDescription['time']): number {
  switch (time.format) {
    case 'epoch-s':
      return Number(text) * 1_000;
    case 'epoch-ms':
      return Number(text);
    case 'count':
      return (time.start + Number(text) * time.interval) / 1_000;
    default:
      return readTime(text, time.format);
  }
}

/** Numbers, booleans and texts; empty cells and NaN are no values. */
function valuesIn(cells: readonly string[], { signals }: Columns, decimal: DecimalSign) {
  const values: Record<string, number | boolean | string> = {};
  for (const [signal, column] of signals) {
    const cell = cells[column] ?? '';
    if (cell === '' || cell.toLowerCase() === 'nan') continue;
    const number = parseNumber(cell, decimal);
    if (Number.isFinite(number)) values[signal] = number;
    else if (cell === 'true' || cell === 'false') values[signal] = cell === 'true';
    else values[signal] = cell;
  }
  return values;
}
