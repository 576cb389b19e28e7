import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { textOf } from '../support/architecture.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const architecture = textOf('docs/architecture.md');
const [, chapter = ''] = /\n## Four ways through the code\n(.*?)\n## /s.exec(architecture) ?? [];

/** One file on a way, and the functions to look at there. `counted`: it has a number in the list. */
type Stop = {
  readonly path: string;
  readonly functions: readonly string[];
  readonly counted: boolean;
};

/** The most files that one must open on each way. */
const MOST: Readonly<Record<string, number>> = {
  'A tumbling window, from frame to row': 10,
  'A pattern match, from plant.ts to the incident': 15,
  'An anomaly, from plant.ts to its row and its request': 13,
  'A request, from plant.ts to the CMMS and back': 10,
};

const ways = chapter
  .split(/^### /m)
  .slice(1)
  .map((section) => {
    const [title = '', ...lines] = section.split('\n');
    return {
      title,
      stops: lines
        .join('\n')
        .split(/^(?=\d+\. |- )/m)
        .flatMap(stopIn),
    };
  });

/** An entry of a list: a number or a dash, the link, the functions, and perhaps a sentence. */
function stopIn(text: string): readonly Stop[] {
  const entry = /^(\d+\.|-) \[([^\]]+)\]\(\.\.\/([^)]+)\):\s+((?:`\w+`,?\s*)+)/.exec(text);
  if (entry === null) return [];
  const [, mark = '', shown = '', path = '', names = ''] = entry;
  expect(shown).toBe(path);
  const functions = [...names.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
  return [{ path, functions, counted: mark !== '-' }];
}

function declares(path: string, name: string): boolean {
  const declaration = new RegExp(
    `^(?:export )?(?:async )?function ${name}\\b|^\\s*(?:export )?const ${name}\\b|^ {2}async function ${name}\\b`,
    'm',
  );
  return declaration.test(textOf(path));
}

describe('the four ways of docs/architecture.md', () => {
  test('are those that are asked for', () => {
    expect(ways.map(({ title }) => title)).toEqual(Object.keys(MOST));
  });

  test.each(ways)('$title: every entry of the lists is read', ({ title, stops }) => {
    const section = chapter.split(`### ${title}\n`)[1]?.split(/^### /m)[0] ?? '';
    expect(stops).toHaveLength([...section.matchAll(/^(?:\d+\. |- )/gm)].length);
  });

  test.each(ways)('$title: its files declare its functions', ({ stops }) => {
    const wrong = stops.flatMap(({ path, functions }) => {
      if (!existsSync(`${root}${path}`)) return [`there is no ${path}`];
      return functions
        .filter((name) => !declares(path, name))
        .map((name) => `${path} declares no ${name}`);
    });
    expect(wrong).toEqual([]);
  });

  test.each(ways)('$title: is numbered, within its bar, and names no file twice', (way) => {
    const counted = way.stops.filter((stop) => stop.counted).map(({ path }) => path);
    expect(counted[0]).toBe('pipelines/plant.ts');
    expect(new Set(counted).size).toBe(counted.length);
    expect(counted.length).toBeLessThanOrEqual(MOST[way.title] ?? 0);
  });

  test('a function that is only called is not declared', () => {
    expect(declares('pipelines/plant.ts', 'judge')).toBe(true);
    expect(declares('pipelines/plant.ts', 'correlate')).toBe(false);
  });
});

test('docs/architecture.md lists the rooms of pipelines in their order', () => {
  const [, section = ''] = /\n### The rooms of pipelines\n(.*?)\n## /s.exec(architecture) ?? [];
  const listed = [...section.matchAll(/^\| \[\w+\]\(\.\.\/pipelines\/(\w+)\)/gm)].map(
    ([, room]) => room,
  );
  const [, law = ''] =
    /^const ROOMS: .*? = \[(.*?)\];/ms.exec(textOf('test/support/architecture.ts')) ?? [];
  const rooms = [...law.matchAll(/'(\w+)'/g)].map(([, room]) => room);
  expect(listed).toEqual(rooms);
  const folders = readdirSync(`${root}pipelines`, { withFileTypes: true });
  const there = folders.flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  expect(listed.toSorted()).toEqual(there.toSorted());
});

test('every file of a page that docs/architecture.md names as code is there', () => {
  const named = [...architecture.matchAll(/`((?:operators|pipelines|sinks|sql|test)\/[\w./-]*)`/g)];
  expect(named.length).toBeGreaterThan(2);
  expect(named.flatMap(([, path = '']) => (existsSync(`${root}${path}`) ? [] : [path]))).toEqual(
    [],
  );
});
