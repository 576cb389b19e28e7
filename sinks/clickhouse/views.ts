// The views of `sql/views`: what each file defines, each view behind those that it reads.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sqlTokens } from './sql-tokens.ts';

export type ViewFile = { readonly name: string; readonly text: string };

const EACH = /^-- each (.*?): (.*)\n/m;
const NAME = /^CREATE OR REPLACE VIEW (\w+)$/m;

/**
 * The views that the files of a folder define. A file has one view, or one for each group of a line such as
 * `-- each grain, rollup: minute, readings_1m; hour, readings_1h`, with `{grain}` and `{rollup}` put in.
 */
export function readViewFiles(folder: string): readonly ViewFile[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  return names
    .sort()
    .flatMap((name) => eachOf(readFileSync(join(folder, name), 'utf8')))
    .map((text) => ({ name: nameOf(text), text }));
}

function nameOf(text: string): string {
  const [, name] = NAME.exec(text) ?? [];
  if (name === undefined) throw new Error(`expected CREATE OR REPLACE VIEW, found ${text}`);
  return name;
}

function eachOf(text: string): readonly string[] {
  const [line, keys = '', groups = ''] = EACH.exec(text) ?? [];
  if (line === undefined) return [text];
  const names = keys.split(', ');
  return groups.split('; ').map((group) => {
    const values = group.split(', ');
    return text
      .replace(line, '')
      .replaceAll(/\{(\w+)\}/g, (place, name) => values[names.indexOf(name)] ?? place);
  });
}

/** Each view behind those that it reads. */
export function inOrderOfReading(views: readonly ViewFile[]): readonly ViewFile[] {
  const ordered: ViewFile[] = [];
  const seen = new Set<ViewFile>();
  function place(view: ViewFile): void {
    if (seen.has(view)) return;
    seen.add(view);
    const words = new Set([...sqlTokens(view.text)].map(({ text }) => text));
    for (const other of views) if (other !== view && words.has(other.name)) place(other);
    ordered.push(view);
  }
  for (const view of views) place(view);
  return ordered;
}
