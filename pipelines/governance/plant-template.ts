/** A plant made from a template: files with parameters, laid over by what differs at this site and why. */

import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { type Document, isMap, isSeq, parseDocument, stringify, visit } from 'yaml';
import { z } from 'zod';
import { EXIT, Problem, wrongInput } from '../base/problem.ts';
import { readText } from '../base/read-text.ts';
import { openYamlFile } from '../base/yaml-file.ts';

const TEMPLATE = 'template.yaml';
/** In the folder of a plant: what its files are made from. */
export const MADE_FROM = 'made-from.yaml';

const templateSchema = z.strictObject({
  description: z.string(),
  parameters: z.record(
    z.string().regex(/^[a-z][a-z_]*$/),
    z.strictObject({ description: z.string(), default: z.string().optional() }),
  ),
});

const overlaySchema = z
  .strictObject({
    file: z.string().describe('File of the template.'),
    at: z
      .string()
      .regex(/^(\/[^/]+)+$/, 'expected a place such as /plants/berlin/lines/stamping')
      .describe(
        'Place in it; an entry of a list by its id, its name, or its number; `-`: one more.',
      ),
    value: z.unknown().optional().describe('What stands there; nothing removes it.'),
    why: z.string().min(1).describe('Why this site differs.'),
  })
  .strict();
export type PlantOverlay = z.output<typeof overlaySchema>;

const madeFromSchema = z.strictObject({
  template: z.string().describe('Folder of the template, from here.'),
  set: z.record(z.string(), z.string()).describe('Parameters.'),
  overlay: z.array(overlaySchema).default([]).describe('What differs at this site.'),
});
type MadeFrom = z.output<typeof madeFromSchema>;

/** `bare`: as the template says with the parameters; `made`: with what differs at the site laid over it. */
export type PlantFile = { readonly name: string; readonly bare: unknown; readonly made: string };
export type MadePlant = {
  readonly overlay: readonly PlantOverlay[];
  readonly files: readonly PlantFile[];
};

/** Writes what a plant is made from, and its files. Nothing that is there is written over. */
export function newPlant(
  folder: string,
  template: string,
  set: Readonly<Record<string, string>>,
): readonly string[] {
  const path = join(folder, MADE_FROM);
  const from = { template: relative(resolve(folder), resolve(template)), set, overlay: [] };
  const { files } = renderPlant(folder, from, path);
  const names = [MADE_FROM, ...files.map(({ name }) => name)];
  const there = names.filter((name) => existsSync(join(folder, name)));
  if (there.length > 0) {
    const remedy = `Choose another folder, or change ${MADE_FROM} and use --again.`;
    throw wrongInput(folder, 'a folder without files of a plant', there.join(', '), remedy);
  }
  mkdirSync(folder, { recursive: true });
  const head =
    '# What differs from the template goes under overlay, each with file, at, value, why.\n';
  writeFileSync(path, head + stringify(from));
  for (const { name, made } of files) writeFileSync(join(folder, name), made);
  return names;
}

/** What the files of a plant should be. Throws a `Problem` for whatever is wrong with template or overlay. */
export function readMadePlant(folder: string): MadePlant {
  const path = join(folder, MADE_FROM);
  if (!existsSync(path)) {
    const remedy = 'Make one: andon plant new FOLDER --template …';
    throw wrongInput(folder, `a folder with ${MADE_FROM}`, 'none', remedy);
  }
  return renderPlant(folder, readYaml(path, madeFromSchema), path);
}

function renderPlant(folder: string, from: MadeFrom, where: string): MadePlant {
  const base = resolve(folder, from.template);
  const { parameters } = readYaml(join(base, TEMPLATE), templateSchema);
  const set = parametersOf(parameters, from.set, where);
  const names = readdirSync(base)
    .filter((name) => name.endsWith('.yaml') && name !== TEMPLATE)
    .toSorted();
  for (const { file } of from.overlay) {
    if (!names.includes(file)) throw wrongInput(where, `one of ${names.join(', ')}`, file);
  }
  const files = names.map((name) => {
    const document = parseDocument(readText(join(base, name)));
    fill(document, set, join(base, name));
    const bare: unknown = document.toJS();
    for (const one of from.overlay) if (one.file === name) lay(document, one, where);
    return { name, bare, made: document.toString({ lineWidth: 0 }) };
  });
  return { overlay: from.overlay, files };
}

function readYaml<T>(path: string, schema: z.ZodType<T>): T {
  const yaml = openYamlFile(path);
  const parsed = schema.safeParse(yaml.data);
  yaml.report(parsed.error, []);
  if (parsed.success) return parsed.data;
  throw parsed.error;
}

function parametersOf(
  parameters: z.output<typeof templateSchema>['parameters'],
  set: Readonly<Record<string, string>>,
  where: string,
): ReadonlyMap<string, string> {
  const names = Object.keys(parameters);
  const unknown = Object.keys(set).filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    throw wrongInput(where, `parameters of the template: ${names.join(', ')}`, unknown.join(', '));
  }
  const found = new Map<string, string>();
  for (const [name, { default: fallback }] of Object.entries(parameters)) {
    const value = set[name] ?? fallback;
    if (value !== undefined) found.set(name, value);
  }
  const missing = names.filter((name) => !found.has(name));
  if (missing.length === 0) return found;
  const said = missing.map((name) => `${name} (${parameters[name]?.description ?? ''})`);
  throw wrongInput(where, `a value of ${said.join(', ')}`, 'none', 'Give each: --set name=value.');
}

function fill(document: Document, set: ReadonlyMap<string, string>, where: string): void {
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value !== 'string') return;
      node.value = node.value.replace(/\{\{(\w+)\}\}/g, (_all, name: string) => {
        const value = set.get(name);
        if (value !== undefined) return value;
        throw wrongInput(where, `parameters that ${TEMPLATE} describes`, `{{${name}}}`);
      });
    },
  });
}

function lay(document: Document, { file, at, value }: PlantOverlay, where: string): void {
  const steps = at.slice(1).split('/');
  const path: (string | number)[] = [];
  for (const [index, step] of steps.entries()) {
    const inside = path.length === 0 ? document.contents : document.getIn(path, true);
    const last = index === steps.length - 1;
    const key = isSeq(inside) ? placeIn(inside.toJS(document), step) : step;
    const known = isSeq(inside) ? key !== undefined : isMap(inside) && (last || inside.has(step));
    if (!known || key === undefined) throw noSuchPlace(where, file, steps.slice(0, index + 1));
    path.push(key);
  }
  if (value === undefined) {
    if (!document.deleteIn(path)) throw noSuchPlace(where, file, steps);
  } else document.setIn(path, document.createNode(value));
}

/** Where an entry of a list is. */
function placeIn(list: unknown, step: string): number | undefined {
  if (!Array.isArray(list)) return undefined;
  if (step === '-') return list.length;
  const named = list.findIndex((entry) => nameOfEntry(entry) === step);
  if (named >= 0) return named;
  return /^\d+$/.test(step) && Number(step) < list.length ? Number(step) : undefined;
}

function nameOfEntry(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const name: unknown = Reflect.get(entry, 'id') ?? Reflect.get(entry, 'name');
  return typeof name === 'string' ? name : undefined;
}

function noSuchPlace(where: string, file: string, steps: readonly string[]): Problem {
  return new Problem({
    where,
    expected: `a place of ${file}`,
    found: `/${steps.join('/')}`,
    remedy: 'Correct `at`: an entry of a list is found by its id, its name or its number.',
    exit: EXIT.input,
  });
}

/** Every value of a file by its place, entries of lists by their names. */
export function leavesOf(value: unknown, at = ''): ReadonlyMap<string, string> {
  const entries = Array.isArray(value)
    ? value.map((entry, index) => [nameOfEntry(entry) ?? String(index), entry] as const)
    : typeof value === 'object' && value !== null
      ? Object.entries(value)
      : undefined;
  if (entries === undefined || entries.length === 0) return new Map([[at, JSON.stringify(value)]]);
  return new Map(entries.flatMap(([key, inner]) => [...leavesOf(inner, `${at}/${key}`)]));
}
