/** Mappings as a CSV file: what `andon mapping list --csv` writes, `andon mapping propose --csv` reads. */

import { readFileSync } from 'node:fs';
import { mappingChangeSchema } from '../../operators/model/wire.ts';
import { csvCell, csvRowsOf, plainCell } from '../base/csv.ts';
import { nearest } from '../base/nearest.ts';
import { EXIT, foundInPlace, Problem } from '../base/problem.ts';
import type { CurrentMapping, ProposedMapping } from './mappings.ts';

const COLUMNS = ['entity', 'id', 'system', 'remote', 'owner', 'from', 'to'] as const;
/** Of what is so now; a reader passes over them. */
const TOLD = ['proposed', 'approved', 'state', 'change'] as const;
const REQUIRED: ReadonlySet<string> = new Set(['entity', 'id', 'system', 'remote']);

export function csvOfMappings(mappings: readonly CurrentMapping[]): string {
  const lines = mappings.map((one) =>
    [...COLUMNS, ...TOLD].map((column) => csvCell(one[column])).join(','),
  );
  return [[...COLUMNS, ...TOLD].join(','), ...lines, ''].join('\r\n');
}

/** Rows that wait or have ended are passed over where the file says so: they are no wishes. */
export function readMappingCsv(path: string): readonly ProposedMapping[] {
  const [heading, ...rows] = csvRowsOf(path, textOf(path), ',');
  const headings = heading?.cells ?? [];
  for (const name of REQUIRED) {
    if (headings.includes(name)) continue;
    const near = nearest(name, headings);
    const remedy = near === undefined ? `Name a column ${name}.` : `Is it the column ${near}?`;
    throw wrong(path, `the heading ${name}`, headings.join(', ') || 'no row', remedy);
  }
  return rows.flatMap(({ line, cells }) => {
    const at = (name: string) => plainCell(cells[headings.indexOf(name)] ?? '');
    if (['ended', 'waiting'].includes(at('state'))) return [];
    const filled = COLUMNS.filter((name) => headings.includes(name) && at(name) !== '');
    const mapping = Object.fromEntries(filled.map((name) => [name, at(name)]));
    const parsed = mappingChangeSchema.safeParse({ change: 'csv', verb: 'propose', mapping });
    if (parsed.success && parsed.data.mapping !== undefined) return [parsed.data.mapping];
    const [issue] = parsed.error?.issues ?? [];
    const place = String(issue?.path.at(-1) ?? 'row');
    throw wrong(
      `${path}:${line}`,
      `${place}: ${issue?.message ?? 'a mapping'}`,
      at(place) || 'nothing',
    );
  });
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw wrong(path, 'a file that can be read', foundInPlace(error));
  }
}

function wrong(
  where: string,
  expected: string,
  found: string,
  remedy = 'Correct the row.',
): Problem {
  return new Problem({ where, expected, found, remedy, exit: EXIT.input });
}
