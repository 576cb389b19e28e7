/**
 * XML as a tree of plain values, the way JSON would have it: an element with elements is an object, one with text alone is the
 * text, and one that comes several times is a list. Prefixes of names are left out. What documents of others do not need, and
 * what makes reading them dangerous (document types, entities of their own), is refused.
 */

import { plainXmlText } from '../base/xml-text.ts';

export type Tree = string | readonly Tree[] | { readonly [name: string]: Tree };

type Open = { readonly name: string; readonly children: [string, Tree][]; text: string };

/**
 * What a document is made of: a comment, CDATA, an instruction, a tag, or text. A name ends where it ends: one that could
 * give characters back to what follows would make a tag without an end quadratic.
 */
const TOKEN =
  /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\?[\s\S]*?\?>|<(\/?)([^\s<>/!?"']+)(?=[\s/>])((?:[^<>"']|"[^"<]*"|'[^'<]*')*?)(\/?)>|([^<]+)/y;
const DEEPEST = 64;

/** The root, by its name; or what is wrong with the document, and where. */
export function readXmlTree(text: string): { readonly [name: string]: Tree } | { problem: string } {
  const open: Open[] = [{ name: '', children: [], text: '' }];
  const document = text.replace(/^\uFEFF/, '');
  TOKEN.lastIndex = 0;
  for (let at = 0; at < document.length; at = TOKEN.lastIndex) {
    const token = TOKEN.exec(document);
    if (token === null) return { problem: `no XML that can be read ${placeOf(document, at)}` };
    const [, cdata, closing, name, , empty, plain] = token;
    const top = open.at(-1);
    if (top === undefined) break;
    top.text += cdata ?? (plain === undefined ? '' : plainXmlText(plain));
    if (name === undefined) continue;
    const own = name.slice(name.indexOf(':') + 1);
    if (closing === '/') {
      if (open.length === 1 || top.name !== own) {
        return { problem: `</${name}> closes nothing ${placeOf(document, at)}` };
      }
      open.pop();
      open.at(-1)?.children.push([own, treeOf(top)]);
    } else if (empty === '/') top.children.push([own, '']);
    else if (open.length > DEEPEST)
      return { problem: `more than ${DEEPEST} elements in each other` };
    else open.push({ name: own, children: [], text: '' });
  }
  const [root, unclosed] = open;
  if (unclosed !== undefined) return { problem: `<${unclosed.name}> has no end` };
  const tree = root === undefined ? '' : treeOf(root);
  return typeof tree === 'object' && !Array.isArray(tree)
    ? (tree as { readonly [name: string]: Tree })
    : { problem: 'no element' };
}

function treeOf({ children, text }: Open): Tree {
  if (children.length === 0) return text.trim();
  const found = new Map<string, Tree[]>();
  for (const [name, value] of children) {
    const known = found.get(name);
    if (known === undefined) found.set(name, [value]);
    else known.push(value);
  }
  return Object.fromEntries(
    [...found].map(([name, values]) => [name, values.length === 1 ? (values[0] ?? '') : values]),
  );
}

function placeOf(document: string, at: number): string {
  return `in line ${document.slice(0, at).split('\n').length}`;
}
