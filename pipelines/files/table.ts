/**
 * Tables as text, as loggers, historians and people write them: where the table begins, what separates its cells, its
 * heading and units, and its decimal sign.
 */

import { type CsvRow, csvRowsOf, type DecimalSign, parseNumber } from '../base/csv.ts';
import { wrongInput } from '../base/problem.ts';
import type { TextEncoding } from './row-sources.ts';

export type Table = {
  /** Between cells; a blank stands for any number of them. */
  readonly delimiter: string;
  readonly decimal: DecimalSign;
  /** What stands above the table. */
  readonly preamble: readonly string[];
  /** As it is written, and its line; empty where there is none. */
  readonly heading: readonly string[];
  readonly headingLine: number;
  readonly hasUnits: boolean;
  /** Without their units; empty where there is no heading. */
  readonly names: readonly string[];
  /** In parallel with the names: of a row of units, else of the names' own brackets; empty texts where none is said. */
  readonly units: readonly string[];
  readonly rows: readonly CsvRow[];
};

const REMEDY =
  'Remove what is no row of the table, or write a heading that has a name for each column.';

/** The text of a file: UTF-8 or UTF-16 by its mark, else UTF-8 if it can be that, else Windows-1252. */
export function decodeText(bytes: Buffer): string {
  return new TextDecoder(encodingOf(bytes)).decode(bytes);
}

export function encodingOf(bytes: Buffer): TextEncoding {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  try {
    // What was cut within a letter is none the less UTF-8.
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return 'utf-8';
  } catch {
    return 'windows-1252';
  }
}

/** Reads a text as a table. Throws a `Problem` with the line of what cannot be understood. */
export function readTable(file: string, text: string): Table {
  const { lines, skipped, separator } = withoutComments(text);
  const delimiter = separator ?? delimiterOf(file, lines, skipped);
  const all = rowsOf(file, lines.join('\n'), delimiter).map(({ line, cells }) => ({
    line: line + skipped,
    cells: cells.length > 1 && cells.at(-1) === '' ? cells.slice(0, -1) : cells,
  }));
  const start = startOf(file, all);
  const rows = all.slice(start);
  const [first] = rows;
  if (first === undefined) {
    throw wrongInput(file, 'rows of numbers', 'none', 'Check whether the file was written whole.');
  }
  const { names, units, preamble, line } = headingOf(file, all.slice(0, start), first);
  checkWidths(file, rows, names.length || first.cells.length);
  const decimal = decimalOf(file, rows, delimiter);
  const labels = names.map((name, at) => labelOf(name, units[at]));
  return {
    delimiter,
    decimal,
    preamble,
    heading: names,
    headingLine: line,
    hasUnits: units.length > 0,
    names: labels.map(({ name }) => name),
    units: labels.map(({ unit }) => unit),
    rows,
  };
}

/** Comments and blank lines at the top, and a spreadsheet's `sep=;`. */
function withoutComments(text: string) {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  const isComment = (line: string) => /^\s*([#%].*)?$/.test(line) || /^sep=.$/.test(line);
  const from = lines.findIndex((line) => !isComment(line));
  const skipped = from < 0 ? lines.length : from;
  const separator = lines.slice(0, skipped).flatMap((line) => /^sep=(.)$/.exec(line)?.[1] ?? []);
  return { lines: lines.slice(skipped), skipped, separator: separator[0] };
}

/** How many of the last lines are looked at: above them may stand a preamble. */
const LOOKED_AT = 20;
/** Share of these lines that may have another number of separators. */
const ODD_LINES = 0.25;
/** Of a name or a number with its unit. What is longer is neither, and takes expressions more than one pass. */
const LONGEST = 256;
const WHOLE_COMMA_NUMBER = /^\s*"?[+−-]?\d+,\d+(e[+-]?\d+)?"?\s*$/i;

/** The one of the usual delimiters that is in each of the last lines equally often, else blanks. */
function delimiterOf(file: string, lines: readonly string[], skipped: number): string {
  const written = lines.flatMap((line, at) => (line.trim() === '' ? [] : [{ line, at }]));
  const last = written.slice(-Math.min(LOOKED_AT, Math.max(1, Math.ceil(written.length / 2))));
  for (const each of [';', '\t', '|', ',']) {
    const counts = last.map(({ line }) => countOf(line, each));
    const usual = counts.toSorted((a, b) => a - b)[counts.length >> 1] ?? 0;
    const odd = counts.filter((count) => count !== usual).length;
    // A line or two at the end may be no row; they are refused where they stand.
    if (usual === 0 || odd > ODD_LINES * counts.length) continue;
    const rows = last.filter((_, at) => counts[at] === usual);
    if (each === ',' && rows.every(({ line }) => WHOLE_COMMA_NUMBER.test(line))) {
      return commaOf(file, written, skipped);
    }
    return each;
  }
  return last.every(({ line }) => /\S\s+\S/.test(line.trim()) && /\d\s+[+−-]?[\d.]/.test(line))
    ? ' '
    : ';';
}

function countOf(line: string, delimiter: string): number {
  return line.replaceAll(/"[^"]*"/g, '').split(delimiter).length - 1;
}

/** `0,123` in each line: one column with decimal commas, or two of whole numbers. The heading says which. */
function commaOf(
  file: string,
  written: readonly { readonly line: string; readonly at: number }[],
  skipped: number,
): string {
  const first = written.findIndex(({ line }) => WHOLE_COMMA_NUMBER.test(line));
  const heading = written[first - 1];
  if (heading !== undefined) return heading.line.includes(',') ? ',' : ';';
  const where = `${file}, line ${(written[0]?.at ?? 0) + 1 + skipped}`;
  const expected = 'a heading, without which this is one column with decimal commas or two columns';
  throw wrongInput(where, expected, JSON.stringify(written[0]?.line), REMEDY);
}

function rowsOf(file: string, body: string, delimiter: string): readonly CsvRow[] {
  if (delimiter !== ' ') return csvRowsOf(file, body, delimiter);
  return body.split('\n').flatMap((line, at) => {
    return line.trim() === '' ? [] : [{ line: at + 1, cells: line.trim().split(/\s+/) }];
  });
}

/** What programs write for a value that is missing. */
const MISSING =
  /^([+-]?inf(inity)?|-?1\.#\w+|[+-]?nan|null|\(null\)|none|#?n\/?a|#\w+[!?]?|-+|\?+|bad( input| data)?|no ?data|no value|missing|invalid|i\/o timeout|pt created|shutdown|out of serv|over range|under range|comm fail|scan off|non un numero reale|keine daten|ungültig)$/i;

export function isMissing(cell: string): boolean {
  return cell.trim() === '' || MISSING.test(cell.trim());
}

const TIME_LIKE =
  /^(\d{4}[-/.]?\d\d[-/.]?\d\d|\d{1,2}[-/. ](\d{1,2}|[a-zäé]{3,4}\.?)[-/. ]\d{2,4})([T ]+\d{1,2}:?\d\d.*|[T ]\d{6}.*)?$|^\d{1,2}:\d\d(:\d\d)?([.,]\d+)?( *[ap]m)?$/i;

export function isTimeLike(cell: string): boolean {
  return TIME_LIKE.test(cell.trim());
}

function isNumber(cell: string): boolean {
  return [parseNumber(cell), parseNumber(cell, ',')].some((value) => !Number.isNaN(value));
}

/** Rows of data: some cell is a number or a time. */
function isRow({ cells }: CsvRow): boolean {
  return cells.some((cell) => isNumber(cell) || isTimeLike(cell));
}

/** So many rows in a row look alike where the table begins; above it two may by chance. */
const ALIKE = 5;

/** The first row that is one of the table: the next ones are as wide and look alike. */
function startOf(file: string, rows: readonly CsvRow[]): number {
  const found = rows.findIndex((row, at) => {
    return (
      isRow(row) && rows.slice(at + 1, at + ALIKE).every((next) => alike(row, next) && isRow(next))
    );
  });
  if (found >= 0) return found;
  const any = rows.findIndex(isRow);
  if (any >= 0) return any;
  const strange = rows.find(({ cells }) =>
    cells.some((cell) => cell.length <= LONGEST && /^[+−-]?[\d.,]+(e[+-]?\d+)?\s*\S+$/i.test(cell)),
  );
  if (strange === undefined) return rows.length;
  const where = `${file}, line ${strange.line}`;
  const remedy = 'Remove the unit, and say it in the heading or with --unit.';
  throw wrongInput(
    where,
    'numbers',
    JSON.stringify(strange.cells.find((cell) => /\d/.test(cell))),
    remedy,
  );
}

function alike(one: CsvRow, other: CsvRow): boolean {
  if (one.cells.length !== other.cells.length) return false;
  return one.cells.every((cell, at) => {
    const below = other.cells[at] ?? '';
    return isMissing(cell) || isMissing(below) || kindOf(cell) === kindOf(below);
  });
}

function kindOf(cell: string): string {
  return isNumber(cell) ? 'number' : isTimeLike(cell) ? 'time' : 'text';
}

const UNIT =
  /^(|-|–|[[(].*[\])]|s|sec|ms|us|µs|μs|ns|min|h|hz|khz|rpm|1\/min|u\/min|g|mg|gn|g-?force|m\/s\^?[2²]?|mm\/s\^?[2²]?|in\/s\^?2?|ips|um|µm|μm|mm|mil|mils|°?[cfk]|deg ?[cf]|bar|mbar|k?pa|psi|m?v|m?a|k?w|%|l\/min|m3\/h|m³\/h|n|kn|nm|pa)$/i;

function headingOf(file: string, above: readonly CsvRow[], first: CsvRow) {
  const preambleOf = (rows: readonly CsvRow[]) => rows.map(({ cells }) => cells.join('; '));
  const width = first.cells.length;
  const lowest = above.at(-1);
  // LabVIEW names a column for comments, and leaves it out of its rows.
  const isOpen =
    lowest?.cells.length === width + 1 && /^comments?$/i.test(lowest.cells[width] ?? '');
  const last = isOpen ? { ...lowest, cells: lowest.cells.slice(0, -1) } : lowest;
  if (last === undefined || last.cells.length !== width) {
    checkPreamble(file, above, above, first);
    return { names: [], units: [], preamble: preambleOf(above), line: 0 };
  }
  const before = above.at(-2);
  const areUnits =
    before !== undefined &&
    before.cells.length === width &&
    last.cells.some((cell) => cell !== '') &&
    last.cells.every((cell) => UNIT.test(cell.trim()));
  const rest = above.slice(0, areUnits ? -2 : -1);
  checkPreamble(file, rest, above, first);
  return {
    names: (areUnits ? before : last).cells,
    units: areUnits ? last.cells : [],
    preamble: preambleOf(rest),
    line: (areUnits ? before : last).line,
  };
}

/** Numbers above the heading that are as wide as the table are rows that something strange stands between. */
function checkPreamble(
  file: string,
  rows: readonly CsvRow[],
  above: readonly CsvRow[],
  first: CsvRow,
): void {
  const isValue = (cell: string) => isNumber(cell) || isTimeLike(cell) || isMissing(cell);
  const isSample = ({ cells }: CsvRow) => {
    return cells.length === first.cells.length && cells.every(isValue) && cells.some(isNumber);
  };
  const at = rows.findIndex(isSample);
  const strange = above[at + 1];
  if (at < 0 || strange === undefined) return;
  const column = Math.max(
    0,
    strange.cells.findIndex((cell) => !isValue(cell)),
  );
  const where = `${file}, line ${strange.line}, column ${column + 1}`;
  throw wrongInput(where, 'a number', JSON.stringify(strange.cells[column]), REMEDY);
}

function checkWidths(file: string, rows: readonly CsvRow[], width: number): void {
  const odd = rows.find(({ cells }) => cells.length !== width);
  if (odd === undefined) return;
  const where = `${file}, line ${odd.line}`;
  throw wrongInput(where, `${width} cells as in the first row`, `${odd.cells.length}`, REMEDY);
}

/** A comma is the decimal sign where it does not separate cells. `1,234` alone could be a thousand: then nobody knows. */
function decimalOf(file: string, rows: readonly CsvRow[], delimiter: string): DecimalSign {
  if (delimiter === ',') return isQuotedComma(rows) ? ',' : '.';
  const withComma = rows.flatMap(({ cells, line }) => {
    const cell = cells.find((each) => /^[+−-]?\d*,\d+(e[+-]?\d+)?$/i.test(each));
    return cell === undefined ? [] : [{ cell, line }];
  });
  const [first] = withComma;
  if (first === undefined) return '.';
  if (withComma.every(({ cell }) => /^[+−-]?[1-9]\d{0,2},\d{3}$/.test(cell))) {
    const where = `${file}, line ${first.line}`;
    const remedy = 'Write thousands without a separator.';
    throw wrongInput(where, 'a decimal comma or thousands, one of the two', first.cell, remedy);
  }
  return ',';
}

/** `"0,123","1,5"`: quoted because the comma stands inside of them. */
function isQuotedComma(rows: readonly CsvRow[]): boolean {
  return rows
    .slice(0, LOOKED_AT)
    .some(({ cells }) => cells.some((cell) => /^[+−-]?0?,\d+$|^[+−-]?\d+,\d{1,2}$/.test(cell)));
}

/** `X (g)`, `acc [m/s²]`, `Zeit / s`, or a name with its unit in the row below. */
function labelOf(heading: string, unit: string | undefined) {
  if (heading.length > LONGEST) return { name: heading.trim(), unit: unit ?? '' };
  const [, name = heading, own = ''] =
    /^(.*?)\s*[([]([^)\]]*)[)\]]\s*$/.exec(heading) ?? /^(\S.*?)\s+\/\s+(\S+)$/.exec(heading) ?? [];
  const said = unit === undefined || /^[-–]?$/.test(unit) ? own : unit;
  return { name: name.trim(), unit: said.replaceAll(/[()[\]]/g, '').trim() };
}
