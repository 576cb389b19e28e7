import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  filesBelow,
  impurities,
  type SourceFile,
  stagesOf,
  textOf,
  unlawfulImports,
} from './support/architecture.ts';

const PRODUCT = ['operators', 'sinks', 'pipelines', 'bench', 'web'];
const CODE = ['.ts', '.js', '.tsx'];
const file = (path: string, text: string): SourceFile => ({ path, text });

describe('who may import whom', () => {
  test('every file keeps the law', () => {
    const files = filesBelow([...PRODUCT, 'scripts', 'test'], CODE);
    expect(files.length).toBeGreaterThan(50);
    expect(files.flatMap(unlawfulImports)).toEqual([]);
  });

  test.each([
    ['operators/model/a.ts', "import { map } from 'rxjs';"],
    ['operators/flow/a.ts', "import { z } from 'zod';"],
    ['operators/detect/a.ts', "import { x } from '../trigger/x.ts';"],
    ['operators/detect/a.ts', "import { readFileSync } from 'node:fs';"],
    ['operators/detect/a.ts', "import { plant } from '../../pipelines/plant.ts';"],
    ['operators/detect/a.ts', "import {\n  type A,\n} from '../../sinks/sink.ts';"],
    ['sinks/a.ts', "import { Problem } from '../pipelines/problem.ts';"],
    ['sinks/a.ts', "import { detect } from '../operators/detect/detect.ts';"],
    ['pipelines/a.ts', "export { x } from '../test/support/x.ts';"],
    ['pipelines/a.ts', "const x = await import('../bench/x.ts');"],
    ['elsewhere/a.ts', ''],
  ])('%s with %j is against the law', (path, text) => {
    expect(unlawfulImports(file(path, text))).toHaveLength(1);
  });
});

describe('operators are pure', () => {
  test('no operator knows a clock, a timer, chance or a scheduler', () => {
    const files = filesBelow(['operators'], CODE);
    expect(files.length).toBeGreaterThan(20);
    expect(files.flatMap(impurities)).toEqual([]);
  });

  test.each([
    'const now = Date.now();',
    'const now = new Date();',
    'performance.now();',
    'setTimeout(() => {}, 1);',
    'setInterval(() => {}, 1);',
    'Math.random();',
    "if (process.env['X']) {}",
    'async function f() {}',
    "import { bufferTime } from 'rxjs';",
    "import { map, delay } from 'rxjs/operators';",
    "import {\n  map,\n  type Observable,\n  mergeMap,\n} from 'rxjs';",
  ])('%j is impure', (text) => {
    expect(impurities(file('operators/detect/a.ts', text))).toHaveLength(1);
  });

  test('what a comment speaks of is not used', () => {
    expect(
      impurities(file('operators/a.ts', '// never Date.now\n/* nor\n process.env */')),
    ).toEqual([]);
  });
});

describe('files stay small', () => {
  const linesOf = ({ text }: SourceFile) => text.trimEnd().split('\n').length;
  test.each([
    ['source', [...PRODUCT, 'scripts'], 300],
    ['test', ['test'], 400],
  ])('no %s file is too long', (_what, folders, most) => {
    const long = filesBelow(folders, CODE).filter((each) => linesOf(each) > most);
    expect(long.map((each) => `${each.path}: ${linesOf(each)} lines, at most ${most}`)).toEqual([]);
  });
});

test('every table that a stage may write has its CREATE TABLE', () => {
  const [, body = ''] =
    /export type Tables = \{(.*?)\n\};/s.exec(textOf('operators/model/tables.ts')) ?? [];
  const tables = [...body.matchAll(/^ {2}(\w+):/gm)].map(([, name]) => name);
  const schema = filesBelow(['sql/schema'], ['.sql'])
    .map(({ text }) => text)
    .join('\n');
  const created = [...schema.matchAll(/^CREATE TABLE (?:IF NOT EXISTS )?(?:\w+\.)?(\w+)/gim)];
  expect(tables.length).toBeGreaterThan(10);
  expect(tables.filter((table) => !created.some(([, name]) => name === table))).toEqual([]);
});

test('docs/architecture.md lists the stages of pipelines/plant.ts in their order', (context) => {
  const both = ['docs/architecture.md', 'pipelines/plant.ts'];
  const absent = both.find(
    (path) => !existsSync(fileURLToPath(new URL(`../${path}`, import.meta.url))),
  );
  if (absent !== undefined) context.skip(`${absent} is not written yet`);
  // In the document: the rows of a table whose first cell is the stage's name as code.
  const listed = [...textOf('docs/architecture.md').matchAll(/^\|\s*`(\w+)`/gm)].map(
    ([, name]) => name,
  );
  const folders = ['decode', 'recognise', 'window', 'spectrum', 'situate', 'detect', 'correlate'];
  const names = new Set([...folders, 'annunciate', 'trigger', 'watermarks', 'land', 'order']);
  expect(listed).toEqual(stagesOf(textOf('pipelines/plant.ts'), names));
});

describe('the lock file serves every machine', () => {
  type Locked = { readonly resolved?: string; readonly optionalDependencies?: object };
  const packages: Record<string, Locked> = JSON.parse(textOf('package-lock.json')).packages;

  test('it names no registry', () => {
    expect(Object.keys(packages).filter((name) => packages[name]?.resolved !== undefined)).toEqual(
      [],
    );
  });

  test('it has the optional packages of other platforms (else: node scripts/complete-lock.js)', () => {
    const optional = Object.values(packages).flatMap(({ optionalDependencies = {} }) =>
      Object.keys(optionalDependencies),
    );
    expect(optional.filter((name) => packages[`node_modules/${name}`] === undefined)).toEqual([]);
  });
});
