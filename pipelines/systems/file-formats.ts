/** The texts of files that go through a door of files: JSON; CSV with a heading and one row; XML with an element for each value. */

import { type CsvRow, csvCell, csvRowsOf } from '../base/csv.ts';
import { escapeXml } from '../base/panel.ts';
import { Problem } from '../base/problem.ts';
import { plainXmlText } from '../base/xml-text.ts';

type Content = Readonly<Record<string, unknown>>;

type Root = { readonly name: string; readonly xmlns?: string | undefined };

type Format = {
  /** `verb` names what the content is, where the format has a place for it and `root` says nothing else. */
  write(verb: string, content: Content, root?: Root): string;
  /** What an answer says: an object, so that places in it are JSON pointers. Undefined when it cannot be read (yet). */
  read(text: string): unknown;
};

export type FileFormat = 'json' | 'csv' | 'xml';

export const FILE_FORMATS: Readonly<Record<FileFormat, Format>> = {
  json: {
    write(_, content, root) {
      const whole = root === undefined ? content : { [root.name]: content };
      return `${JSON.stringify(whole, null, 2)}\n`;
    },
    read(text) {
      try {
        return JSON.parse(text);
      } catch {
        return undefined;
      }
    },
  },
  csv: {
    write(_, content) {
      const names = Object.keys(content);
      const row = names.map((name) => csvCell(content[name]));
      return `${names.map(csvCell).join(',')}\r\n${row.join(',')}\r\n`;
    },
    read(text) {
      // A row without its line break may be half of one.
      if (!text.slice(text.trimEnd().length).includes('\n')) return undefined;
      const [heading, row] = rowsIn(text);
      if (heading === undefined || row === undefined) return undefined;
      return Object.fromEntries(heading.cells.map((name, at) => [name, row.cells[at] ?? '']));
    },
  },
  xml: {
    write(verb, content, root) {
      const { name, xmlns } = root ?? { name: verb };
      const element = elementOf(name, content);
      const own = xmlns === undefined ? '' : ` xmlns="${escapeXml(xmlns)}"`;
      const whole = `<${name}${own}${element.slice(name.length + 1)}`;
      return `<?xml version="1.0" encoding="UTF-8"?>\n${whole}\n`;
    },
    read: (text) => readXml(text),
  },
};

/** None where quotes do not close: perhaps the rest is still to come. */
function rowsIn(text: string): readonly CsvRow[] {
  try {
    return csvRowsOf('answer', text, ',');
  } catch (error) {
    if (error instanceof Problem) return [];
    throw error;
  }
}

function elementOf(name: string, value: unknown): string {
  if (Array.isArray(value)) return value.map((each) => elementOf(name, each)).join('');
  if (typeof value === 'object' && value !== null) {
    const inner = Object.entries(value).map(([inside, one]) => elementOf(inside, one));
    return `<${name}>${inner.join('')}</${name}>`;
  }
  if (value === null || value === undefined) return `<${name}/>`;
  return `<${name}>${escapeXml(String(value))}</${name}>`;
}

/** Of a text without blanks around it. Two blanks that may repeat side by side would make its time quadratic. */
const ROOT = /^(?:<\?xml[^>]*\?>\s*)?<([A-Za-z_][\w.-]*)(?:\s[^<>]*)?>(.*)<\/\1>$/s;
const ELEMENT = /<([A-Za-z_][\w.-]*)(?:\s[^<>]*)?(?:\/>|>([^<]*)<\/\1>)/g;

/**
 * The elements of an answer that hold text and nothing else, by name, below the name of its root. An answer is a receipt of
 * a few values; whatever else XML has (document types, entities of its own) makes it unreadable, and so harmless.
 */
function readXml(text: string): unknown {
  const root = ROOT.exec(text.trim());
  if (root === null || /<!/.test(text)) return undefined;
  const [, name = '', inside = ''] = root;
  const values = [...inside.matchAll(ELEMENT)].map(
    ([, element = '', content = '']) => [element, plainXmlText(content).trim()] as const,
  );
  return { [name]: Object.fromEntries(values) };
}
