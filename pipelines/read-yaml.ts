import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { EXIT, Problem } from './problem.ts';

/** What a YAML file says, and where it says it. */
export type YamlSource = {
  readonly value: unknown;
  /** `file:line:column` of what stands at a path, or of the nearest thing around it. */
  readonly place: (path: readonly PropertyKey[]) => string;
  /** What the whole is called: the file's name. */
  readonly name: string;
};

/** The text of a file that somebody named. Throws a `Problem` if it cannot be read. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Problem(
      {
        where: file,
        expected: 'a file that can be read',
        found: error instanceof Error ? error.message : String(error),
        remedy: 'Correct its name or its permissions.',
        exit: EXIT.input,
      },
      { cause: error },
    );
  }
}

/** Parses YAML without judging what it says. Throws a `Problem` if it is no YAML. */
export function parseYaml(text: string, name: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const placeAt = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  const [broken] = document.errors;
  if (broken !== undefined) {
    throw wrong(name, [`${placeAt(broken.pos[0])}: ${broken.message}`]);
  }
  return {
    name,
    value: document.toJS() ?? {},
    place: (path) => {
      for (let length = path.length; length > 0; length -= 1) {
        const node: unknown = document.getIn(path.slice(0, length), true);
        if (hasRange(node)) return placeAt(node.range[0]);
      }
      return name;
    },
  };
}

/** What the source says, once it fits the schema. Throws a `Problem` that lists every mistake. */
export function checked<S extends z.ZodType>(schema: S, source: YamlSource): z.output<S> {
  const result = schema.safeParse(source.value);
  if (result.success) return result.data;
  throw wrong(
    source.name,
    result.error.issues.flatMap((issue) => mistakes(issue, source, [])),
  );
}

function wrong(name: string, lines: readonly string[]): Problem {
  return new Problem({
    where: name,
    expected: 'no mistakes',
    found: `${lines.length === 1 ? 'one' : lines.length}:\n  ${lines.join('\n  ')}`,
    remedy: 'Nothing was changed; correct the file and try again.',
    exit: EXIT.input,
  });
}

function mistakes(
  issue: z.core.$ZodIssue,
  source: YamlSource,
  above: readonly PropertyKey[],
): readonly string[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    // The alternative with the fewest complaints is most likely the one that was meant.
    const meant = issue.errors.reduce((least, errors) =>
      errors.length < least.length ? errors : least,
    );
    return meant.flatMap((inner) => mistakes(inner, source, path));
  }
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const at = [...path, key];
      return `${source.place(at)}: ${at.join('.')}: expected no such field, found it`;
    });
  }
  const expected = issue.message
    .replace(/^(Invalid input|Too big|Too small): /, '')
    .replace(/, received .*$/s, '');
  const found = expected.includes('found ') ? '' : `, found ${spell(source.value, path)}`;
  return [`${source.place(path)}: ${path.join('.') || 'file'}: ${expected}${found}`];
}

function spell(value: unknown, path: readonly PropertyKey[]): string {
  const at = path.reduce<unknown>((inner, key) => {
    return typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined;
  }, value);
  const text = JSON.stringify(at);
  if (text === undefined) return 'nothing';
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function hasRange(node: unknown): node is { readonly range: readonly number[] & { 0: number } } {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range);
}
