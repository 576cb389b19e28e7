import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { filesBelow, textOf } from '../support/architecture.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A row of the glossary: its words, and the name in code that it is held together with. */
type Entry = { readonly words: readonly string[]; readonly name: string; readonly path: string };

const entries: readonly Entry[] = [
  ...textOf('docs/glossary.md').matchAll(
    /^\| ([^|]+) \| [^|]+ \| `(\w+)` in \[([^\]]+)\]\(\.\.\/([^)]+)\) \|$/gm,
  ),
].map(([, words = '', name = '', , path = '']) => ({ words: words.split(', '), name, path }));

/** Words that are gone since version 0.2: no exported name is made of them. */
const GONE: ReadonlySet<string> = new Set([
  ...['recognise', 'situate', 'annunciate', 'aside', 'asides', 'behind', 'hear', 'heard', 'hears'],
  ...['judge', 'judges', 'judged', 'say', 'says', 'tell', 'tells', 'told', 'stir', 'ebb', 'hush'],
  ...['ripen', 'ripe', 'happen', 'happening', 'happenings', 'gathering', 'gatherings', 'workshop'],
  ...['seat', 'lately', 'remembered', 'errand', 'stranger', 'mortal', 'fate'],
]);
/** Types of these names are gone; as a part of a longer name the word may be the field's: a delivery lane, HTTP routes. */
const GONE_WHOLE: ReadonlySet<string> = new Set([
  ...['Cell', 'Place', 'Edge', 'Moment', 'Lane', 'Route', 'Look', 'World', 'Voice', 'Desk'],
]);

function exportedNames(): readonly { readonly name: string; readonly path: string }[] {
  const declaration =
    /^export (?:async )?(?:abstract )?(?:function\*?|const|let|type|interface|class) (\w+)/gm;
  return filesBelow(['operators', 'pipelines', 'sinks'], ['.ts']).flatMap(({ path, text }) =>
    [...text.matchAll(declaration)].map(([, name = '']) => ({ name, path })),
  );
}

/** `landAlarmRow` and `REQUEST_STREAM` as words in lower case. */
function wordsOf(name: string): readonly string[] {
  return name
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .split(/[\s_]+/)
    .map((word) => word.toLowerCase());
}

test('every row of the glossary is read', () => {
  const rows = [...textOf('docs/glossary.md').matchAll(/^\| (?!word |-)/gm)];
  expect(entries.length).toBeGreaterThan(80);
  expect(entries).toHaveLength(rows.length);
});

test('every word of the glossary is defined where it says', () => {
  const wrong = entries.flatMap(({ words, name, path }) => {
    if (!existsSync(`${root}${path}`)) return [`${words.join(', ')}: there is no ${path}`];
    const text = textOf(path);
    const exported = new RegExp(
      `^export (?:async )?(?:function|const|type|interface|class) ${name}\\b`,
      'm',
    );
    const property = new RegExp(`^\\s+(?:readonly )?${name}(?:\\?)?[:(]`, 'm');
    return exported.test(text) || (/^[a-z]/.test(name) && property.test(text))
      ? []
      : [`${words.join(', ')}: ${path} defines no ${name}`];
  });
  expect(wrong).toEqual([]);
});

test('every word stands in the glossary once', () => {
  const words = entries.flatMap((entry) => entry.words);
  expect(words.filter((word, at) => words.indexOf(word) !== at)).toEqual([]);
});

test('no exported name is made of words that are gone', () => {
  const exported = exportedNames();
  expect(exported.length).toBeGreaterThan(300);
  const names = exported.filter(({ name }) => {
    return GONE_WHOLE.has(name) || wordsOf(name).some((word) => GONE.has(word));
  });
  expect(names.map(({ name, path }) => `${path}: ${name}`)).toEqual([]);
});
