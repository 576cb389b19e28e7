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
  {
    below: 'operators/model/',
    may: ['operators/model/', 'zod', 'node:crypto', '@marcbachmann/cel-js', 're2js'],
  },
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
      'nodemailer',
    ],
  },
  {
    below: 'pipelines/',
    may: [
      ...['pipelines/', 'operators/', 'sinks/', 'scripts/nats-server.js', 'scripts/tryton.js'],
      'package',
    ],
  },
  {
    below: 'web/',
    may: ['web/', 'vite', 'node:url', 'preact', 'preact/', '@preact/signals', 'uplot', 'uplot/'],
  },
  { below: 'scripts/', may: ['scripts/', 'pipelines/main.ts', 'node:', 'tsx/'] },
  { below: 'bench/', may: ['bench/', 'pipelines/', 'operators/', 'sinks/', 'package'] },
  {
    below: 'test/',
    may: [
      ...['test/', 'bench/', 'pipelines/', 'operators/', 'sinks/', 'package'],
      // How JavaScript is made of the checkout, and where programs are kept that are no npm packages.
      ...['scripts/compile.js', 'scripts/nats-server.js', 'scripts/roundup.js'],
    ],
  },
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

/**
 * The rooms of `pipelines/`, from the ground up: a file imports from its own room and from rooms before it. `main.ts` is
 * the roof. `plant.ts`, the pipeline itself, knows operators alone, and is run by the rooms in `PLANT_RUNS_IN`.
 */
const ROOMS: readonly string[] = [
  'base',
  'files',
  'observe',
  'nats',
  'recordings',
  'schedules',
  'edge',
  'worker',
  'systems',
  'warehouse',
  'audit',
  'backup',
  'rules',
  'console',
  'contracts',
  'governance',
  'doctor',
  'diagnose',
  'stand',
  'demo',
  'cli',
  'main.ts',
];
const PLANT = 'plant.ts';
const PLANT_RUNS_IN: ReadonlySet<string> = new Set(['worker', 'rules']);

/** What a file of `pipelines/` imports from rooms above its own, one sentence each. */
export function upwardImports({ path, text }: SourceFile): readonly string[] {
  const own = roomOf(path);
  if (own === undefined) return [];
  if (own !== PLANT && floorOf(own) < 0) return [`${path} is in no room that the law knows`];
  return targetsOf({ path, text })
    .filter((target) => {
      const room = roomOf(target);
      if (room === undefined || room === own) return false;
      if (room === PLANT) return !PLANT_RUNS_IN.has(own);
      return own === PLANT || floorOf(room) > floorOf(own);
    })
    .map((target) => `${path} imports ${target}, which is in a room above its own`);
}

function roomOf(path: string): string | undefined {
  return /^pipelines\/([^/]+)/.exec(path)?.[1];
}

function floorOf(room: string): number {
  return ROOMS.indexOf(room);
}

/** The most files directly in `pipelines/`. */
export const MOST_LOOSE_FILES = 5;

export function looseFiles(files: readonly SourceFile[]): readonly string[] {
  return files.map(({ path }) => path).filter((path) => /^pipelines\/[^/]+$/.test(path));
}

/** Where the rules of the house are checked that follow: paths that begin with one of these. */
export const HOUSE: readonly string[] = ['operators/', 'pipelines/', 'sinks/'];

function isOfHouse(path: string): boolean {
  return HOUSE.some((prefix) => path.startsWith(prefix));
}

/** Files that import each other in a circle, one sentence for each circle. Imports of types count. */
export function importCircles(files: readonly SourceFile[]): readonly string[] {
  const targets = new Map(files.map((file) => [file.path, targetsOf(file)]));
  return stronglyConnected(targets)
    .filter(
      (circle) => circle.length > 1 || targets.get(circle[0] ?? '')?.includes(circle[0] ?? ''),
    )
    .filter((circle) => circle.some(isOfHouse))
    .map((circle) => `a circle of imports: ${circle.toSorted().join(', ')}`);
}

/** The files of the checkout that a file imports. */
function targetsOf({ path, text }: SourceFile): readonly string[] {
  return importsOf(text)
    .filter((name) => name.startsWith('.'))
    .map((name) => posix.join(posix.dirname(path), name));
}

/** Tarjan's strongly connected components: the largest sets in which every node reaches every other one. */
function stronglyConnected(targets: ReadonlyMap<string, readonly string[]>): string[][] {
  const components: string[][] = [];
  const indexes = new Map<string, number>();
  const stack: string[] = [];
  const visit = (node: string): number => {
    const index = indexes.size;
    let low = index;
    indexes.set(node, index);
    stack.push(node);
    for (const next of targets.get(node) ?? []) {
      if (!targets.has(next)) continue;
      const known = indexes.get(next);
      if (known === undefined) low = Math.min(low, visit(next));
      else if (stack.includes(next)) low = Math.min(low, known);
    }
    if (low === index) components.push(stack.splice(stack.indexOf(node)));
    return low;
  };
  for (const node of targets.keys()) if (!indexes.has(node)) visit(node);
  return components;
}

/** The most lines of a source file, and of a function. */
export const MOST_LINES = 400;
const MOST_FUNCTION_LINES = 60;
/** A file with fewer lines needs two files of the product that import it, or an entry in `SMALL_FILES`. */
const FEWEST_LINES = 60;

/** Small files with one importer or none, each with the reason why it is a file of its own. */
const ONE_COMMAND = 'one file a command: main.ts loads the one that was called';
export const SMALL_FILES: Readonly<Record<string, string>> = {
  'pipelines/cli/contract.ts': ONE_COMMAND,
  'pipelines/cli/diagnose.ts': ONE_COMMAND,
  'pipelines/cli/doctor.ts': ONE_COMMAND,
  'pipelines/cli/grants.ts': ONE_COMMAND,
  'pipelines/cli/look.ts': ONE_COMMAND,
  'pipelines/cli/migrate.ts': ONE_COMMAND,
  'pipelines/cli/reference-cmms.ts': ONE_COMMAND,
  'pipelines/cli/reference-erp.ts': ONE_COMMAND,
  'pipelines/cli/reference-planner.ts': ONE_COMMAND,
  'pipelines/files/parquet-main.ts': 'a program: a process of its own runs it, nobody imports it',
  'pipelines/rules/check-main.ts': 'a program: a process of its own runs it, nobody imports it',
};

export function linesOf({ text }: SourceFile): number {
  return text.trimEnd().split('\n').length;
}

/** Files that should be part of their only importer, and exceptions that are none any more, one sentence each. */
export function smallFiles(
  files: readonly SourceFile[],
  exceptions: Readonly<Record<string, string>> = SMALL_FILES,
): readonly string[] {
  const importers = new Map<string, number>();
  for (const target of files.flatMap((file) => [...new Set(targetsOf(file))])) {
    importers.set(target, (importers.get(target) ?? 0) + 1);
  }
  const small = files
    .filter((file) => linesOf(file) < FEWEST_LINES && (importers.get(file.path) ?? 0) < 2)
    .map(({ path }) => path);
  return [
    ...small
      .filter((path) => isOfHouse(path) && exceptions[path] === undefined)
      .map((path) => `${path} has fewer than ${FEWEST_LINES} lines and fewer than two importers`),
    ...Object.keys(exceptions)
      .filter((path) => !small.includes(path))
      .map((path) => `${path} needs no exception any more`),
  ];
}

/** Names that more than one file exports, one sentence each. */
export function exportedTwice(files: readonly SourceFile[]): readonly string[] {
  const exporting = new Map<string, string[]>();
  const declaration =
    /^export (?:async )?(?:abstract )?(?:function\*?|const|let|type|interface|class) (\w+)/gm;
  for (const { path, text } of files) {
    for (const [, name = ''] of text.matchAll(declaration)) {
      exporting.set(name, [...(exporting.get(name) ?? []), path]);
    }
  }
  return [...exporting]
    .map(([name, paths]) => [name, [...new Set(paths)]] as const)
    .filter(([, paths]) => paths.length > 1 && paths.some(isOfHouse))
    .map(([name, paths]) => `${name} is exported by ${paths.join(' and ')}`);
}

/** A line that begins a function: a declaration, a method, or a constant that is one. */
const FUNCTION_LINE =
  /^ *(?:export )?(?:async )?function\*? ?(?<declared>\w+)|^ *(?:export )?const (?<constant>\w+)(?:: [^=]+)? = (?:async )?(?:function\b|\(|<|\w+ =>)|^ +(?:(?:static|async|get|set|override) )*\*?(?<method>#?\w+)(?:<.*>)?\(/;
const NO_METHODS: ReadonlySet<string> = new Set(
  'if for while switch catch return await super function with'.split(' '),
);

/**
 * Functions with too many lines, one sentence each. Read off the indentation that the formatter gives: a function ends
 * where the indentation of its first line comes back. A factory counts whole, with the closures that it returns. A text
 * that stands further left than the code around it hides what follows it.
 */
export function longFunctions({ path, text }: SourceFile): readonly string[] {
  if (!isOfHouse(path)) return [];
  const lines = text.split('\n');
  return lines.flatMap((line, at) => {
    const { declared, constant, method } = FUNCTION_LINE.exec(line)?.groups ?? {};
    const name = declared ?? constant ?? method;
    if (name === undefined || NO_METHODS.has(name)) return [];
    const end = endOfBlock(lines, at, method !== undefined);
    const count = end - at + 1;
    if (count <= MOST_FUNCTION_LINES) return [];
    return [`${path}:${at + 1}: ${name} has ${count} lines, at most ${MOST_FUNCTION_LINES}`];
  });
}

/** The last line of what begins at a line. With `braced`, no more than that line unless a block follows. */
function endOfBlock(lines: readonly string[], at: number, braced: boolean): number {
  const indent = indentOf(lines[at] ?? '');
  let open = (lines[at] ?? '').endsWith('{');
  let last = at;
  for (let next = at + 1; next < lines.length; next += 1) {
    const line = lines[next] ?? '';
    if (line === '') continue;
    if (indentOf(line) > indent) {
      last = next;
      continue;
    }
    // The end of parameters that take several lines.
    if (/^ *[)}\]].*\{$/.test(line)) {
      open = true;
      continue;
    }
    if (/^ *[)}\]]/.test(line)) last = next;
    break;
  }
  return braced && !open ? at : last;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
