import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { filesBelow, type SourceFile, textOf } from '../support/architecture.ts';
import { linksOf } from '../support/documents.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The longest line of prose. */
const WIDTH = 120;
/** Pages whose lines are not measured, each with the reason. */
const UNMEASURED: Readonly<Record<string, string>> = {
  'docs/detection.md': 'its evaluations are written by npm run eval',
};

const FOLDERS = [
  ...['bench', 'deploy', 'docs', 'examples', 'operators', 'pipelines'],
  ...['scripts', 'sinks', 'sql', 'test'],
];
const documents: readonly SourceFile[] = [
  ...readdirSync(ROOT)
    .filter((path) => path.endsWith('.md'))
    .map((path) => ({ path, text: textOf(path) })),
  ...filesBelow(FOLDERS, ['.md']),
];

test('the repository has documents', () => {
  expect(documents.length).toBeGreaterThan(15);
});

test('lines of prose have at most 120 characters', () => {
  const measured = documents.filter(({ path }) => UNMEASURED[path] === undefined);
  expect(measured.flatMap(longLines)).toEqual([]);
});

test('pages whose lines are not measured are there', () => {
  for (const path of Object.keys(UNMEASURED)) expect(existsSync(join(ROOT, path))).toBe(true);
});

test('README.md links to every document in docs/', () => {
  const linked = linksOf('README.md');
  const pages = documents.map(({ path }) => path).filter((path) => path.startsWith('docs/'));
  expect(pages.filter((path) => !linked.includes(path))).toEqual([]);
});

test('relative links lead to files, and their fragments to headings', () => {
  expect(documents.flatMap(brokenLinks)).toEqual([]);
});

/** What is prose: not tables, fenced blocks, link definitions, sentences that `andon explain` gives, old changes. */
function longLines({ path, text }: SourceFile): readonly string[] {
  const released = path === 'CHANGELOG.md' ? text.search(/^## 0\.1\.0/m) : -1;
  const prose = withoutBlocks(released < 0 ? text : text.slice(0, released));
  return prose
    .split('\n')
    .map((line, at) => ({ line, at: at + 1 }))
    .filter(({ line }) => [...line].length > WIDTH)
    .filter(({ line }) => !/^\s*\||^> |^\[[^\]]+\]: |^!?\[[^\]]*\]\(\S+\)$/.test(line))
    .map(({ line, at }) => `${path}:${at}: ${[...line].length} characters`);
}

function brokenLinks({ path, text }: SourceFile): readonly string[] {
  const links = [...withoutBlocks(text).matchAll(/\]\(([^)#\s]*)(?:#([^)\s]*))?\)/g)];
  return links.flatMap(([link, target = '', fragment]) => {
    if (/^[a-z]+:/.test(target)) return [];
    const file = target === '' ? path : posix.join(posix.dirname(path), target);
    if (!existsSync(join(ROOT, file))) return [`${path}: ${link.slice(1)} leads nowhere`];
    if (fragment === undefined || statSync(join(ROOT, file)).isDirectory()) return [];
    return headingsOf(textOf(file)).includes(fragment)
      ? []
      : [`${path}: ${link.slice(1)} leads to no heading`];
  });
}

/** The text with its fenced blocks empty, so that lines keep their numbers. */
function withoutBlocks(text: string): string {
  return text.replace(/^ *```.*?^ *```$/gms, (block) => block.replaceAll(/[^\n]/g, ''));
}

/** The fragments of a page's headings, as Git hosts make them. */
function headingsOf(text: string): readonly string[] {
  return [...withoutBlocks(text).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}
