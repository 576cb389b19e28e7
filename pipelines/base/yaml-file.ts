/** A YAML file whose mistakes are reported with file, line and column. */

import {
  type Document,
  isMap,
  isNode,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  parseDocument,
} from 'yaml';
import type { z } from 'zod';
import { DEEPEST, isTooDeep } from '../../operators/model/plain.ts';
import { EXIT, Problem } from './problem.ts';
import { readText } from './read-text.ts';
import { expectationsOf, type FileIssue, type UnmetExpectation } from './zod-expectations.ts';

export interface YamlFile {
  /** What it says, with what was laid over it. Null when it is empty. */
  readonly data: unknown;
  /** Throws a `Problem` that lists all of it, in the order of the file. Nothing wrong: does nothing. */
  report(
    error: z.ZodError | undefined,
    findings: readonly UnmetExpectation[],
    issues?: readonly FileIssue[],
    /** Beside what is wrong they are told, too. */
    warnings?: readonly Remark[],
  ): void;
  /** The same issues with their places, for those that are no mistakes. */
  remarks(issues: readonly FileIssue[]): readonly Remark[];
}

/** Something to know about one place of a file. `where`: `file:line:column`. */
export type Remark = { readonly where: string; readonly path: string; readonly message: string };

/** A value that is laid over what a file says. */
export type Overlay = {
  /** Of the variable or option: a mistake is placed there. */
  readonly name: string;
  readonly path: readonly (string | number)[];
  readonly value: unknown;
  /** The value as somebody wrote it. */
  readonly text: string;
};

/** Reads a YAML file so that mistakes can be reported with their places. Throws a `Problem` if it is no YAML. */
export function openYamlFile(path: string, overlays: readonly Overlay[] = []): YamlFile {
  return parseYaml(readText(path), path, overlays);
}

/** Like `openYamlFile`, of a text. What is laid over it is placed at its own name. */
export function parseYaml(text: string, path: string, overlays: readonly Overlay[] = []): YamlFile {
  const lines = new LineCounter();
  const document = read(text, path, lines);
  const source: Source = { text, path, lines, document };
  if (document.errors.length > 0) {
    const broken = document.errors.map(
      ({ pos, message }) => `${whereIs(source, pos[0])}: ${message}`,
    );
    throw wrong(' in the YAML', broken);
  }
  return {
    data: overlaid(dataOf(document, path), overlays),
    remarks: (issues) =>
      issues.map(({ path: steps, message }) => {
        const where = whereIs(source, offsetOf(document, steps));
        return { where, path: steps.join('.'), message };
      }),
    report(error, findings, issues = [], warnings = []) {
      const all = [
        ...unmet(error, findings).map((one) => mistakeOf(one, source, overlays)),
        ...issues.map(({ path: steps, message }) => {
          const offset = offsetOf(document, steps);
          return { offset, text: `${whereIs(source, offset)}: ${steps.join('.')}: ${message}` };
        }),
      ];
      if (all.length === 0) return;
      all.sort((a, b) => a.offset - b.offset);
      throw wrong(
        '',
        all.map((one) => one.text),
        warnings.map(remarkText),
      );
    },
  };
}

function read(text: string, path: string, lines: LineCounter): Document.Parsed {
  if (isDeepText(text)) throw tooDeep(path);
  return parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
}

/** The parser keeps a stack of its own; what makes a document of its tokens calls itself for each level. */
function isDeepText(text: string): boolean {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    Array.from(parser.next(lexeme));
    if (parser.stack.length > 2 * DEEPEST) return true;
  }
  return false;
}

/** What a document says. A few lines of aliases on aliases stand for more than any memory holds. */
function dataOf(document: Document.Parsed, path: string): unknown {
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep(path);
    if (!(error instanceof ReferenceError)) throw error;
    const found = `${path}: expected aliases (*name) of what stands above them, for at most ${MOST_ALIASES} values; ${error.message}. Write the values themselves.`;
    throw new FileProblem(found, [found]);
  }
  if (isTooDeep(value)) throw tooDeep(path);
  return value;
}

const MOST_ALIASES = 100;

function tooDeep(path: string): FileProblem {
  const found = `${path}: expected lists and maps nested at most ${DEEPEST} deep, found more. Write it flatter.`;
  return new FileProblem(found, [found]);
}

const SECRET = /^(password|token|auth|authorization|headers|secret|api_?key)$/i;

/** Whether a field of this name holds what is never shown. */
export function isSecret(name: string | number): boolean {
  return SECRET.test(String(name));
}

type Steps = UnmetExpectation['path'];

/** A text, and what the parser made of it. */
type Source = {
  readonly text: string;
  readonly path: string;
  readonly lines: LineCounter;
  readonly document: Document.Parsed;
};

/** A line of the report. `offset` in the text puts them in order; overlays, which have no place in it, come first. */
type Mistake = { readonly offset: number; readonly text: string };

/** `file:line:column` */
function whereIs({ lines, path }: Source, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${path}:${line}:${col}`;
}

/** What the schema expected and what was found beside it, each once: an id that is double breaks a rule of both. */
function unmet(
  error: z.ZodError | undefined,
  findings: readonly UnmetExpectation[],
): readonly UnmetExpectation[] {
  const doubles = new Set(findings.map(({ path }) => path.slice(0, -2).join('.')));
  const bySchema = expectationsOf(error).filter(
    ({ path, expected }) => !(expected === 'each id once' && doubles.has(path.join('.'))),
  );
  return [...bySchema, ...findings];
}

function mistakeOf(one: UnmetExpectation, source: Source, overlays: readonly Overlay[]): Mistake {
  const { path: steps, expected, atKey = false } = one;
  const where = steps.length === 0 ? '' : `${steps.join('.')}: `;
  const hidden = steps.some(isSecret) ? 'something else (it is secret)' : undefined;
  const overlay = overlays.findLast(({ path }) => path.every((step, at) => step === steps[at]));
  if (overlay !== undefined) {
    const found = `${where}expected ${expected}, found ${hidden ?? overlay.text}`;
    return { offset: -1, text: `${overlay.name}: ${found}` };
  }
  const offset = offsetOf(source.document, steps, atKey);
  const found = `${where}expected ${expected}, found ${hidden ?? foundAt(source, steps)}`;
  return { offset, text: `${whereIs(source, offset)}: ${found}` };
}

/** Where a value begins, or the nearest one around it that is there; with `atKey`, where its field does. */
function offsetOf(document: Document.Parsed, steps: Steps, atKey = false): number {
  const field = atKey ? keyNode(document, steps) : undefined;
  if (field?.range) return field.range[0];
  for (let length = steps.length; length > 0; length -= 1) {
    const node = document.getIn(steps.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}

function keyNode(document: Document.Parsed, steps: Steps): Node | undefined {
  const parent = steps.length === 1 ? document.contents : document.getIn(steps.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  const pair = parent.items.find(({ key }) => String(key) === String(steps.at(-1)));
  return isNode(pair?.key) ? pair.key : undefined;
}

/** The value as it is written, its first line at most. */
function foundAt({ document, text }: Source, steps: Steps): string {
  const node = steps.length === 0 ? document.contents : document.getIn(steps, true);
  if (!isNode(node) || !node.range) return 'nothing';
  const source = text.slice(node.range[0], node.range[1]).trim();
  const [first = ''] = source.split('\n');
  return source.length > first.length || first.length > 60 ? `${first.slice(0, 60)}…` : first;
}

/** On standard error, where they hinder nobody who reads the result. */
export function printRemarks(remarks: readonly Remark[]): void {
  for (const remark of remarks) console.error(remarkText(remark));
}

/** `file:line:column: warning: path: sentence` */
function remarkText({ where, path, message }: Remark): string {
  return `${where}: warning: ${path}: ${message}`;
}

/** One line per place, so that editors and terminals can jump to each. */
function wrong(
  what: string,
  lines: readonly string[],
  warnings: readonly string[] = [],
): FileProblem {
  const count = lines.length === 1 ? 'one mistake' : `${lines.length} mistakes`;
  const all = [...lines, ...warnings].join('\n');
  return new FileProblem(`${count}${what}; nothing was changed:\n${all}`, lines);
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

/** What is wrong with two files, as one problem. */
export function bothProblems(first: FileProblem, second: FileProblem): FileProblem {
  const message = `${first.message}\nand ${second.message}`;
  return new FileProblem(message, [...first.mistakes, ...second.mistakes]);
}

/** A copy of the data with the overlays in it, later ones over earlier ones. */
export function overlaid(data: unknown, overlays: readonly Overlay[]): unknown {
  return overlays.reduce((under, { path, value }) => withValue(under, path, value), data);
}

/**
 * A copy with one value set; a number is a place in a list. What is neither mapping nor list stays as it is: the schema
 * says so at its own place.
 */
function withValue(inside: unknown, path: readonly (string | number)[], value: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return value;
  if (typeof first === 'number' && Array.isArray(inside)) {
    return inside.map((entry, at) => (at === first ? withValue(entry, rest, value) : entry));
  }
  const mapping = inside ?? {};
  if (typeof mapping !== 'object' || Array.isArray(mapping)) return inside;
  return { ...mapping, [first]: withValue(Reflect.get(mapping, first), rest, value) };
}
