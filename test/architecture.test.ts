import { describe, expect, test } from 'vitest';
import {
  exportedTwice,
  filesBelow,
  HOUSE,
  importCircles,
  impurities,
  linesOf,
  longFunctions,
  looseFiles,
  MOST_LINES,
  MOST_LOOSE_FILES,
  type SourceFile,
  smallFiles,
  stagesOf,
  textOf,
  unlawfulImports,
  upwardImports,
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

describe('the rooms of pipelines', () => {
  const files = filesBelow(['pipelines'], CODE);

  test('no file imports from a room above its own', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(files.flatMap(upwardImports)).toEqual([]);
  });

  test.each([
    ['pipelines/base/a.ts', "import type { Log } from '../nats/log.ts';"],
    ['pipelines/nats/a.ts', "import {\n  type Recorded,\n} from '../recordings/recorded.ts';"],
    ['pipelines/worker/epochs/a.ts', "import { readRules } from '../../rules/rules.ts';"],
    ['pipelines/cli/a.ts', "await import('../main.ts');"],
    ['pipelines/nats/a.ts', "import { plant } from '../plant.ts';"],
    ['pipelines/plant.ts', "import { EXIT } from './base/problem.ts';"],
    ['pipelines/attic/a.ts', ''],
  ])('%s with %j looks upwards', (path, text) => {
    expect(upwardImports(file(path, text))).toHaveLength(1);
  });

  test.each([
    ['pipelines/worker/a.ts', "import { plant } from '../plant.ts';"],
    ['pipelines/worker/epochs/a.ts', "import type { Log } from '../../nats/log.ts';"],
    ['pipelines/plant.ts', "import { decode } from '../operators/decode/decode.ts';"],
  ])('%s with %j does not', (path, text) => {
    expect(upwardImports(file(path, text))).toEqual([]);
  });

  test('few files are in no room', () => {
    expect(looseFiles(files).length).toBeLessThanOrEqual(MOST_LOOSE_FILES);
    expect(looseFiles([file('pipelines/a.ts', ''), file('pipelines/base/a.ts', '')])).toEqual([
      'pipelines/a.ts',
    ]);
  });
});

describe('the rules of the house', () => {
  const files = filesBelow(['operators', 'pipelines', 'sinks'], CODE);
  const [house = ''] = HOUSE;
  const of = (name: string, text: string) => file(`${house}${name}`, text);
  const lines = (count: number, indent = '') => `${indent}call();\n`.repeat(count);

  test('no files import each other in a circle', () => {
    expect(importCircles(files)).toEqual([]);
    const circle = [
      of('a.ts', "import type { B } from './b.ts';"),
      of('b.ts', "import { c } from './c.ts';"),
      of('c.ts', "import { a } from './a.ts';"),
      of('d.ts', "import { a } from './a.ts';"),
    ];
    expect(importCircles(circle)).toEqual([
      `a circle of imports: ${house}a.ts, ${house}b.ts, ${house}c.ts`,
    ]);
    expect(importCircles(circle.slice(1))).toEqual([]);
  });

  test.each([
    ['source', [...PRODUCT, 'scripts'], MOST_LINES],
    ['test', ['test'], 400],
  ])('no %s file is too long', (_what, folders, most) => {
    const long = filesBelow(folders, CODE).filter((each) => linesOf(each) > most);
    expect(long.map((each) => `${each.path}: ${linesOf(each)} lines, at most ${most}`)).toEqual([]);
  });

  test('no file is too small to be one', () => {
    expect(smallFiles(files)).toEqual([]);
    const small = of('small.ts', lines(59));
    const importer = (name: string) => of(name, `import { s } from './small.ts';\n${lines(60)}`);
    const one = [small, importer('a.ts'), of('large.ts', lines(60))];
    const told = `${small.path} has fewer than 60 lines and fewer than two importers`;
    const large = one.slice(1).map(({ path }) => path);
    expect(smallFiles(one, {})).toEqual([told]);
    expect(smallFiles(one, { [small.path]: 'a reason' })).toEqual([]);
    expect(smallFiles([...one, importer('b.ts')], {})).toEqual([]);
    expect(smallFiles(one, { [small.path]: 'a reason', [large[0] ?? '']: 'none' })).toEqual([
      `${large[0]} needs no exception any more`,
    ]);
  });

  test('no function is too long', () => {
    expect(files.flatMap(longFunctions)).toEqual([]);
  });

  test.each([
    ['a function', `function a(): void {\n${lines(59, '  ')}}`],
    ['one with parameters in parts', `function a({\n  b,\n}: C): D {\n${lines(57, '  ')}}`],
    ['a constant', `const a = async (b: B) => {\n${lines(59, '  ')}};`],
    ['a method', `class A {\n  #a(b: B): C {\n${lines(59, '    ')}  }\n}`],
    ['one on several lines', `class A {\n  a(\n    b,\n  ): C {\n${lines(57, '    ')}  }\n}`],
    ['a factory', `function a() {\n  return {\n    b() {\n${lines(55, '      ')}    },\n  };\n}`],
  ])('%s of 61 lines is, of 60 not', (_what, text) => {
    expect(longFunctions(of('a.ts', text))).toHaveLength(1);
    expect(longFunctions(of('a.ts', text.replace(/ *call\(\);\n/, '')))).toEqual([]);
  });

  test('a long call or value is no function', () => {
    const call = `export function a(): void {\n  b(\n${lines(20, '    ')}  );\n}`;
    const value = `const a = b({\n${lines(80, '  ')}});\nconst c = (d as E)\n;\n${lines(80)}`;
    expect(longFunctions(of('a.ts', `${call}\n${value}`))).toEqual([]);
  });

  test('no name is exported twice', () => {
    expect(exportedTwice(files)).toEqual([]);
    const both = [of('a.ts', 'export type A = 1;'), of('b.ts', 'export async function A() {}')];
    expect(exportedTwice(both)).toEqual([`A is exported by ${house}a.ts and ${house}b.ts`]);
    expect(
      exportedTwice([of('a.ts', 'export function a(b: 1);\nexport function a(b: 2) {}')]),
    ).toEqual([]);
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

test('docs/architecture.md lists the stages of pipelines/plant.ts in their order', () => {
  // In the document: the rows of a table whose first cell is the stage's name as code.
  const listed = [...textOf('docs/architecture.md').matchAll(/^\|\s*`(\w+)`/gm)].map(
    ([, name]) => name,
  );
  const folders = ['decode', 'validate', 'window', 'spectrum', 'enrich', 'detect', 'correlate'];
  const names = new Set([
    ...folders,
    'alarm',
    'trigger',
    'coordinate',
    'watermarks',
    'land',
    'order',
  ]);
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
