/** A schedule of others into entries of the schedules of lines: B2MML in XML or JSON, CSV, productions of Tryton, or JSON as the log has it. */

import { nameSchema } from '../../operators/model/plant-model.ts';
import { scheduleMessageSchema } from '../../operators/model/schedule.ts';
import { csvRowsOf, plainCell } from '../base/csv.ts';
import { EXIT, Problem } from '../base/problem.ts';
import { readInstant } from '../files/instant.ts';
import { entriesOfB2mml, type LineEntries, type RawEntry } from './b2mml.ts';
import { entriesOfProductions } from './tryton.ts';
import { readXmlTree } from './xml-tree.ts';

/** The line that a text is about which does not say so itself. */
export type GivenLine = { readonly plant?: string; readonly line?: string };

const COLUMNS = [
  'plant',
  'line',
  'id',
  'kind',
  'start',
  'end',
  'order',
  'segment',
  'product',
  'due',
  'quantity',
  'assets',
  'cancelled',
] as const;
type Column = (typeof COLUMNS)[number];

/**
 * Reads a text, and checks it as the pipeline would: what would be a dead letter there is an error here. Throws a `Problem`
 * that says what was expected and where; then nothing of the text counts.
 */
export function readSchedule(
  text: string,
  where: string,
  given: GivenLine = {},
): readonly LineEntries[] {
  const lines = linesIn(text, where, given);
  for (const { plant, line, entries } of lines) {
    for (const name of [plant, line]) {
      if (!nameSchema.safeParse(name).success) {
        throw wrong(where, 'plant and line of letters, digits, _ and -', name);
      }
    }
    const checked = scheduleMessageSchema.safeParse({ entries });
    const [issue] = checked.error?.issues ?? [];
    if (issue === undefined) continue;
    const [, index] = issue.path;
    const entry = typeof index === 'number' ? entries[index] : undefined;
    throw wrong(where, `${issue.path.join('.')}: ${issue.message}`, JSON.stringify(entry ?? null));
  }
  return lines;
}

function linesIn(text: string, where: string, given: GivenLine): readonly LineEntries[] {
  const first = text.replace(/^\uFEFF/, '').trimStart()[0];
  if (first === '<') {
    const tree = readXmlTree(text);
    if ('problem' in tree && typeof tree.problem === 'string') {
      throw wrong(where, 'XML', tree.problem);
    }
    return readWith(() => entriesOfB2mml(tree, given), where, ISA_95);
  }
  if (first !== '{') return csvLines(text, where, given);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw wrong(where, 'JSON', error instanceof Error ? error.message : String(error));
  }
  const { entries, productions } = document as {
    readonly entries?: unknown;
    readonly productions?: unknown;
  };
  const { plant = '', line = '' } = given;
  if (Array.isArray(productions)) {
    const read = () => [{ plant, line, entries: entriesOfProductions(productions) }];
    return readWith(read, where, 'productions of Tryton');
  }
  if (!Array.isArray(entries)) {
    return readWith(() => entriesOfB2mml(document, given), where, ISA_95);
  }
  return [{ plant, line, entries: entries as RawEntry[] }];
}

const ISA_95 = 'a schedule as ISA-95 has it';

function readWith(
  read: () => readonly LineEntries[],
  where: string,
  expected: string,
): readonly LineEntries[] {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw wrong(where, expected, error.message);
  }
}

/** A heading and a row for each entry. Columns `plant` and `line` may be missing where they are given. */
function csvLines(text: string, where: string, given: GivenLine): readonly LineEntries[] {
  const delimiter = (text.split('\n', 1)[0] ?? '').includes(';') ? ';' : ',';
  const [heading, ...rows] = csvRowsOf(where, text, delimiter);
  const headings = heading?.cells ?? [];
  for (const name of ['id', 'kind', 'start', 'end']) {
    if (!headings.includes(name)) {
      throw wrong(where, `the heading ${name} (of ${COLUMNS.join(', ')})`, headings.join(', '));
    }
  }
  const lines = new Map<string, LineEntries & { readonly entries: RawEntry[] }>();
  for (const { line: row, cells } of rows) {
    const cell = (name: Column) => plainCell(cells[headings.indexOf(name)] ?? '');
    const [plant, line] = [
      cell('plant') || (given.plant ?? ''),
      cell('line') || (given.line ?? ''),
    ];
    const known = lines.get(`${plant}/${line}`) ?? { plant, line, entries: [] };
    lines.set(`${plant}/${line}`, known);
    known.entries.push(entryOfRow(cell, `${where}:${row}`));
  }
  return [...lines.values()];
}

function entryOfRow(cell: (name: Column) => string, where: string): RawEntry {
  const time = (name: Column) => {
    const found = readInstant(cell(name));
    if (Number.isFinite(found)) return found;
    throw wrong(where, `${name}: a time such as 2026-12-01T06:00:00Z`, cell(name));
  };
  const texts = (['order', 'segment', 'product'] as const).flatMap((name) =>
    cell(name) === '' ? [] : [[name, cell(name)] as const],
  );
  const assets = cell('assets')
    .split(/[ ;|]+/)
    .filter((one) => one !== '');
  return {
    ...{
      id: cell('id'),
      kind: cell('kind') as RawEntry['kind'],
      start: time('start'),
      end: time('end'),
    },
    ...Object.fromEntries(texts),
    ...(cell('due') === '' ? {} : { due: time('due') }),
    ...(cell('quantity') === '' ? {} : { quantity: Number(cell('quantity')) }),
    ...(assets.length === 0 ? {} : { assets }),
    ...(/^(true|yes|1)$/i.test(cell('cancelled')) ? { cancelled: true } : {}),
  };
}

function wrong(where: string, expected: string, found: string): Problem {
  const remedy = 'Correct it where it is made. Nothing of it was published.';
  return new Problem({ where, expected, found: found.slice(0, 300), remedy, exit: EXIT.input });
}
