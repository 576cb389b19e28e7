import { readFileSync, writeFileSync } from 'node:fs';
import type { Evaluation } from './evaluation.ts';

/** Writes each evaluation into a page, between `<!-- eval: NAME -->` and `<!-- end of eval -->`. */
export function writeResults(page: string, evaluations: readonly Evaluation[]): void {
  writePlaces(
    page,
    'eval',
    evaluations.map((evaluation) => [evaluation.name, resultsOf(evaluation)]),
  );
}

/**
 * Writes texts into a page, each between `<!-- KIND: NAME -->` and `<!-- end of KIND -->`. Throws when the page has no such
 * place.
 */
export function writePlaces(
  page: string,
  kind: string,
  texts: readonly (readonly [name: string, text: string])[],
): void {
  let text = readFileSync(page, 'utf8');
  for (const [name, content] of texts) {
    const begin = `<!-- ${kind}: ${name} -->`;
    const end = `<!-- end of ${kind} -->`;
    const from = text.indexOf(begin);
    const to = text.indexOf(end, from);
    if (from < 0 || to < 0) throw new RangeError(`${page}: expected ${begin} … ${end}, found none`);
    text = `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
  }
  writeFileSync(page, text);
}

/** An evaluation as Markdown: what was judged, the systems, what is asked for, the notes and the plots. */
export function resultsOf({ about, rows, bars, notes, plots }: Evaluation): string {
  const figures = Object.keys(rows[0] ?? {});
  return [
    about,
    '',
    tableOf(
      figures,
      rows.map((row) => figures.map((figure) => row[figure] ?? '')),
    ),
    '',
    tableOf(
      ['asked for', 'measured', ''],
      bars.map(({ bar, measured, met }) => [bar, measured, met ? 'met' : '**missed**']),
    ),
    ...(notes.length === 0 ? [] : ['', ...notes.map((note) => `- ${note}`)]),
    ...(plots.length === 0
      ? []
      : ['', ...plots.map(({ title, file }) => `![${title}](plots/${file}.svg)`)]),
  ].join('\n');
}

export function tableOf(
  heading: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [line(heading), line(heading.map(() => '---')), ...rows.map(line)].join('\n');
}
