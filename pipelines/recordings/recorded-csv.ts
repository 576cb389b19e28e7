import { nameSchema } from '../../operators/model/plant-model.ts';
import { fromMilliseconds, plus } from '../../operators/model/time.ts';
import { lineage, linesOf, type MoveTime, type Recorded, wrongRecording } from './recorded.ts';
import { type CsvDescription, readInstant } from './recording-description.ts';

/** The rows of a CSV file with a heading: one frame per row, as JSON, appended `delay` after its time. */
export async function* recordedCsv(
  description: CsvDescription,
  move: MoveTime,
  boot: string,
): AsyncGenerator<Recorded> {
  const { file, delimiter, name, delay } = description;
  let columns: Columns | undefined;
  let line = 0;
  let message = 0;
  for await (const text of linesOf(file)) {
    line += 1;
    if (text.trim() === '') continue;
    const cells = cellsOf(text, delimiter);
    if (columns === undefined) {
      columns = columnsOf(cells, description);
      continue;
    }
    const where = `${file}:${line}`;
    const milliseconds = timeIn(cells[columns.time] ?? '', description, where);
    const time = fromMilliseconds(milliseconds);
    const subject = description.subject ?? cells[columns.subject] ?? '';
    const values = valuesIn(cells, columns);
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
  readonly time: number;
  readonly subject: number;
  readonly signals: readonly (readonly [signal: string, column: number])[];
};

function columnsOf(heading: readonly string[], description: CsvDescription): Columns {
  const { time, subject_column, signals, file } = description;
  const find = (name: string) => {
    const at = heading.indexOf(name);
    if (at >= 0) return at;
    throw wrongRecording({
      where: `${file}:1`,
      expected: `a column ${name}`,
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
    time: find(time.column),
    subject: subject_column === undefined ? -1 : find(subject_column),
    signals: named,
  };
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
    case 'iso':
      return readInstant(text);
    case 'epoch-s':
      return Number(text) * 1_000;
    case 'epoch-ms':
      return Number(text);
    case 'count':
      return (time.start + Number(text) * time.interval) / 1_000;
  }
}

/** Numbers, booleans and texts; empty cells and NaN are no values. */
function valuesIn(cells: readonly string[], { signals }: Columns) {
  const values: Record<string, number | boolean | string> = {};
  for (const [signal, column] of signals) {
    const cell = cells[column]?.trim() ?? '';
    if (cell === '' || cell.toLowerCase() === 'nan') continue;
    const number = Number(cell);
    if (Number.isFinite(number)) values[signal] = number;
    else if (cell === 'true' || cell === 'false') values[signal] = cell === 'true';
    else values[signal] = cell;
  }
  return values;
}

/** One line of RFC 4180 without line breaks inside of cells. */
function cellsOf(line: string, delimiter: string): readonly string[] {
  if (!line.includes('"')) return line.split(delimiter);
  const cells: string[] = [];
  let cell = '';
  let quoted = false;
  for (let at = 0; at < line.length; at += 1) {
    const character = line.charAt(at);
    if (character === '"' && quoted && line.charAt(at + 1) === '"') {
      cell += '"';
      at += 1;
    } else if (character === '"') {
      quoted = !quoted;
    } else if (character === delimiter && !quoted) {
      cells.push(cell);
      cell = '';
    } else {
      cell += character;
    }
  }
  return [...cells, cell];
}
