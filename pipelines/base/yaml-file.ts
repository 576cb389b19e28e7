import { isMap, isNode, LineCounter, type Node, parseDocument } from 'yaml';
import type { z } from 'zod';
import type { Finding, Issue } from '../rules/rules-findings.ts';
import { type Overlay, overlaid } from './environment.ts';
import { EXIT, Problem } from './problem.ts';
import { readText } from './read-text.ts';
import { expectationsOf } from './zod-expectations.ts';

export interface YamlFile {
  /** What it says, with what was laid over it. Null when it is empty. */
  readonly data: unknown;
  /** Throws a `Problem` that lists all of it, in the order of the file. Nothing wrong: does nothing. */
  report(
    error: z.ZodError | undefined,
    findings: readonly Finding[],
    issues?: readonly Issue[],
  ): void;
  /** The same issues with their places, for those that are no mistakes. */
  remarks(issues: readonly Issue[]): readonly Remark[];
}

/** Something to know about one place of a file. `where`: `file:line:column`. */
export type Remark = { readonly where: string; readonly path: string; readonly message: string };

/** Reads a YAML file for people to be told where in it something is wrong. Throws a `Problem` if it is no YAML. */
export function openYamlFile(path: string, overlays: readonly Overlay[] = []): YamlFile {
  return parseYaml(readText(path), path, overlays);
}

/** Like `openYamlFile`, of a text. What is laid over it is placed at its own name. */
export function parseYaml(text: string, path: string, overlays: readonly Overlay[] = []): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
  });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    const broken = document.errors.map(({ pos, message }) => `${place(pos[0])}: ${message}`);
    throw wrong(' in the YAML', broken);
  }

  function offsetOf({ path: steps, atKey }: Finding): number {
    const field = atKey === true ? keyNode(steps) : undefined;
    if (field?.range) return field.range[0];
    for (let length = steps.length; length > 0; length -= 1) {
      const node = document.getIn(steps.slice(0, length), true);
      if (isNode(node) && node.range) return node.range[0];
    }
    return document.contents?.range?.[0] ?? 0;
  }

  function keyNode(steps: readonly (string | number)[]): Node | undefined {
    const parent =
      steps.length === 1 ? document.contents : document.getIn(steps.slice(0, -1), true);
    if (!isMap(parent)) return undefined;
    const pair = parent.items.find(({ key }) => String(key) === String(steps.at(-1)));
    return isNode(pair?.key) ? pair.key : undefined;
  }

  function foundAt(steps: readonly (string | number)[]): string {
    const node = steps.length === 0 ? document.contents : document.getIn(steps, true);
    if (!isNode(node) || !node.range) return 'nothing';
    const source = text.slice(node.range[0], node.range[1]).trim();
    const [first = ''] = source.split('\n');
    return source.length > first.length || first.length > 60 ? `${first.slice(0, 60)}…` : first;
  }

  return {
    data: overlaid(document.toJS(), overlays),
    remarks: (issues) =>
      issues.map(({ path: steps, message }) => {
        const where = place(offsetOf({ path: steps, expected: '' }));
        return { where, path: steps.join('.'), message };
      }),
    report(error, findings, issues = []) {
      const doubles = new Set(findings.map(({ path: steps }) => steps.slice(0, -2).join('.')));
      const unmet = expectationsOf(error).filter(
        ({ path: steps, expected }) =>
          !(expected === 'each id once' && doubles.has(steps.join('.'))),
      );
      const all = [...unmet, ...findings].map((finding) => {
        const { path: steps, expected } = finding;
        const where = steps.length === 0 ? '' : `${steps.join('.')}: `;
        const overlay = overlays.findLast((one) =>
          one.path.every((step, at) => step === steps[at]),
        );
        if (overlay !== undefined) {
          const found = `${where}expected ${expected}, found ${overlay.text}`;
          return { offset: -1, text: `${overlay.name}: ${found}` };
        }
        const offset = offsetOf(finding);
        return {
          offset,
          text: `${place(offset)}: ${where}expected ${expected}, found ${foundAt(steps)}`,
        };
      });
      for (const { path: steps, message } of issues) {
        const offset = offsetOf({ path: steps, expected: '' });
        all.push({ offset, text: `${place(offset)}: ${steps.join('.')}: ${message}` });
      }
      if (all.length === 0) return;
      all.sort((a, b) => a.offset - b.offset);
      throw wrong(
        '',
        all.map((one) => one.text),
      );
    },
  };
}

/** One line per place, so that editors and terminals can jump to each. */
function wrong(what: string, lines: readonly string[]): FileProblem {
  const count = lines.length === 1 ? 'one mistake' : `${lines.length} mistakes`;
  return new FileProblem(`${count}${what}; nothing was changed:\n${lines.join('\n')}`, lines);
}

/** Everything that is wrong with a file, one line each: `file:line:column: path: expected …, found …`. */
export class FileProblem extends Problem {
  readonly mistakes: readonly string[];

  constructor(message: string, mistakes: readonly string[]) {
    super({
      expected: 'a right file',
      found: `${mistakes.length} mistakes`,
      remedy: '',
      exit: EXIT.input,
    });
    this.message = message;
    this.mistakes = mistakes;
  }
}
