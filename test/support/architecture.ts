import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export type SourceFile = { readonly path: string; readonly text: string };

/** A file of the checkout. */
export function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** All files below the folders that end with one of the endings, with paths from the root of the checkout. */
export function filesBelow(
  folders: readonly string[],
  endings: readonly string[],
): readonly SourceFile[] {
  return folders
    .flatMap((folder) => pathsBelow(folder))
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .map((path) => ({ path, text: textOf(path) }));
}

function pathsBelow(folder: string): string[] {
  try {
    const entries = readdirSync(join(ROOT, folder), { withFileTypes: true });
    return entries.flatMap((entry) => {
      const path = posix.join(folder, entry.name);
      return entry.isDirectory() ? pathsBelow(path) : [path];
    });
  } catch {
    return [];
  }
}

/** Who may import whom. The first row that a file is below counts; `own` is the file's own folder below `operators`. */
export const LAW: readonly { readonly below: string; readonly may: readonly string[] }[] = [
  { below: 'operators/model/', may: ['operators/model/', 'zod', 'node:crypto'] },
  { below: 'operators/flow/', may: ['operators/flow/', 'operators/model/', 'rxjs'] },
  {
    below: 'operators/',
    may: [
      'own',
      'operators/flow/',
      'operators/model/',
      'zod',
      'node:crypto',
      'msgpackr',
      'fft.js',
      'ml-matrix',
      '@datadog/sketches-js',
      '@marcbachmann/cel-js',
    ],
  },
  {
    below: 'sinks/',
    may: [
      'sinks/',
      'operators/model/',
      'operators/flow/',
      'node:',
      'zod',
      'yaml',
      'cockatiel',
      'chdb',
      '@clickhouse/client',
      '@nats-io/',
    ],
  },
  {
    below: 'pipelines/',
    may: ['pipelines/', 'operators/', 'sinks/', 'scripts/nats-server.js', 'package'],
  },
  { below: 'scripts/', may: ['scripts/', 'pipelines/main.ts', 'node:', 'tsx/'] },
  { below: 'bench/', may: ['bench/', 'pipelines/', 'operators/', 'sinks/', 'package'] },
  { below: 'test/', may: ['test/', 'bench/', 'pipelines/', 'operators/', 'sinks/', 'package'] },
];

/** What a file imports against the law, one sentence each. */
export function unlawfulImports({ path, text }: SourceFile): readonly string[] {
  const row = LAW.find(({ below }) => path.startsWith(below));
  if (row === undefined) return [`${path} is in no folder that the law knows`];
  const own = path.split('/').slice(0, 2).join('/');
  const allowed = row.may.map((target) => (target === 'own' ? `${own}/` : target));
  return importsOf(text)
    .map((name) => (name.startsWith('.') ? posix.join(posix.dirname(path), name) : name))
    .filter((target) => !allowed.some((may) => matches(target, may)))
    .map((target) => `${path} imports ${target}; ${row.below} may import ${row.may.join(', ')}`);
}

function matches(target: string, may: string): boolean {
  // `package`: whatever is not a file of this checkout.
  if (may === 'package') return !/^(operators|sinks|pipelines|bench|test|scripts)\//.test(target);
  return may.endsWith('/') || may.endsWith(':') ? target.startsWith(may) : target === may;
}

/** What stands behind `from`, `import` and `import(…)`. */
export function importsOf(text: string): readonly string[] {
  const statement =
    /(?:^|[\n;])\s*(?:import|export)\s(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g;
  return [...text.matchAll(statement)].flatMap(([, named, dynamic]) => named ?? dynamic ?? []);
}

/** RxJS that neither schedules nor holds back: nothing may overtake a barrier. */
const LAWFUL_RXJS = new Set([
  'filter',
  'map',
  'merge',
  'MonoTypeOperatorFunction',
  'Observable',
  'Observer',
  'OperatorFunction',
  'pipe',
  'share',
  'Subject',
  'Subscriber',
  'Subscription',
  'tap',
]);

/** What makes the answer of an operator depend on more than its input. */
const IMPURE =
  /\b(?:Date\.now|new Date\(\)|performance\.\w+|Math\.random|randomUUID|randomBytes|process\.\w+|setTimeout|setInterval|setImmediate|queueMicrotask|requestAnimationFrame|fetch\(|async |await )/g;

/** What a file of `operators/` uses that is not pure, one sentence each. */
export function impurities({ path, text }: SourceFile): readonly string[] {
  const code = text.replace(/\/\*.*?\*\/|(?<!:)\/\/[^\n]*/gs, '');
  const used = [...code.matchAll(IMPURE)].map(([word]) => `${path} uses ${word.trim()}`);
  const rxjs = [...code.matchAll(/import\s+(?:type\s+)?\{([^}]*)\}\s+from\s+['"]rxjs[^'"]*['"]/g)]
    .flatMap(([, names = '']) => names.split(','))
    .map((name) => name.replace(/^\s*type\s/, '').trim())
    .filter((name) => name !== '' && !LAWFUL_RXJS.has(name))
    .map((name) => `${path} imports ${name} from rxjs, which is not among the lawful ones`);
  return [...used, ...rxjs];
}

/** The stages of a pipeline in the order in which their calls stand in the text, repetitions left out. */
export function stagesOf(text: string, names: ReadonlySet<string>): readonly string[] {
  const body = text.slice(text.indexOf('export function plant('));
  const calls = [...body.matchAll(/\b([a-z]\w*)(?:<[^()]*>)?\(/g)].map(([, name = '']) => name);
  return calls.filter((name) => names.has(name)).filter((name, at, all) => name !== all[at - 1]);
}
