import type { z } from 'zod';
import { configSchema } from '../../pipelines/base/config.ts';
import { textOf } from './architecture.ts';

/** A fenced block of a document: `words` is what stands behind the fence. */
export type Block = { readonly words: readonly string[]; readonly text: string };

/** The fenced blocks of a Markdown file, in order. */
export function blocksOf(path: string): readonly Block[] {
  return [...textOf(path).matchAll(/^```([^\n]*)\n(.*?)^```$/gms)].map(
    ([, words = '', text = '']) => ({ words: words.split(' '), text }),
  );
}

/** The commands of a block: one a line, comments and continuation lines taken in. */
export function commandsOf({ text }: Block): readonly string[] {
  return text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.replace(/ +# .*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** A command line as arguments, double quotes taken off. */
export function argumentsOf(command: string): readonly string[] {
  return [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
}

/** What a relative link of a document leads to, from the root of the checkout. */
export function linksOf(path: string): readonly string[] {
  const text = textOf(path).replace(/^```.*?^```$/gms, '');
  return [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** Every setting as the row of a table: its path, its variable, its default, its sentence. */
export function configTable(): string {
  const rows = settingsOf(configSchema, []).map(
    ({ path, value, sentence }) =>
      `| \`${path}\` | ${variableOf(path)} | ${value === undefined ? '' : `\`${value}\``} | ${sentence} |`,
  );
  return ['| setting | variable | default | |', '|---|---|---|---|', ...rows].join('\n');
}

type Setting = {
  readonly path: string;
  readonly value: string | undefined;
  readonly sentence: string;
};

function settingsOf(schema: z.ZodType, at: readonly string[]): readonly Setting[] {
  const shape = shapeOf(schema);
  if (shape !== undefined) {
    return Object.entries(shape).flatMap(([name, inner]) => settingsOf(inner, [...at, name]));
  }
  const value = at.reduce<unknown>(
    (inside, name) =>
      typeof inside === 'object' && inside !== null ? Reflect.get(inside, name) : undefined,
    configSchema.parse({}),
  );
  const shown = value === undefined || value === '' ? undefined : String(value);
  return [{ path: at.join('.'), value: shown, sentence: schema.description ?? '' }];
}

/** The fields of an object schema, through its defaults. */
function shapeOf(schema: z.ZodType): Readonly<Record<string, z.ZodType>> | undefined {
  if ('shape' in schema) return schema.shape as Readonly<Record<string, z.ZodType>>;
  const { def } = schema as { readonly def?: { readonly innerType?: z.ZodType } };
  return def?.innerType === undefined ? undefined : shapeOf(def.innerType);
}

function variableOf(path: string): string {
  const list = textOf('pipelines/base/config.ts').matchAll(/^ {2}(\w+): \{ path: \[(.*?)\]/gm);
  const found = [...list].find(([, , names = '']) => {
    return names.replaceAll(/['\s]/g, '').replaceAll(',', '.') === path;
  });
  return found === undefined ? '' : `\`${found[1]}\``;
}
