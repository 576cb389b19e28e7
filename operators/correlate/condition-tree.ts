import type { ASTNode } from '@marcbachmann/cel-js';
import { isNode } from '../model/expression-cost.ts';
import type { FieldReader, FieldValue, PatternEvent } from './event-fields.ts';

/**
 * What the syntax tree of a condition shows before CEL evaluates it: the values that it requires of a text field. An
 * event without one of them cannot meet it; undefined: any value will do.
 */
export type RequiredValues = ReadonlySet<string> | undefined;

/**
 * The values that a condition requires of a field: `kind == 'anomaly' && (signal == 'a' || signal == 'b')` requires
 * kind anomaly and signal a or b. Never more than the condition does.
 */
export function requiredValues(node: ASTNode, field: string): RequiredValues {
  switch (node.op) {
    case '==': {
      const [left, right] = node.args;
      return textOf(left, right, field) ?? textOf(right, left, field);
    }
    case 'in': {
      const [left, right] = node.args;
      if (left.op !== 'id' || left.args !== field || right.op !== 'list') return undefined;
      const texts = right.args.map((item) => (item.op === 'value' ? item.args : undefined));
      return texts.every((text) => typeof text === 'string') ? new Set(texts) : undefined;
    }
    case '&&': {
      const [left, right] = [
        requiredValues(node.args[0], field),
        requiredValues(node.args[1], field),
      ];
      if (left === undefined || right === undefined) return left ?? right;
      return new Set([...left].filter((value) => right.has(value)));
    }
    case '||': {
      const [left, right] = [
        requiredValues(node.args[0], field),
        requiredValues(node.args[1], field),
      ];
      return left === undefined || right === undefined ? undefined : new Set([...left, ...right]);
    }
    default:
      return undefined;
  }
}

function textOf(name: ASTNode, value: ASTNode, field: string): RequiredValues {
  if (name.op !== 'id' || name.args !== field || value.op !== 'value') return undefined;
  return typeof value.args === 'string' ? new Set([value.args]) : undefined;
}

const MACROS = new Set(['all', 'exists', 'exists_one', 'filter', 'map']);

/**
 * The names that an expression uses, with their offsets in its text, and its calls with a first argument that is a
 * literal.
 */
export function namesUsed(root: ASTNode): {
  readonly offsets: ReadonlyMap<string, readonly number[]>;
  readonly calls: readonly (readonly [name: string, argument: string | undefined])[];
} {
  const offsets = new Map<string, number[]>();
  const locals = new Set<string>();
  const calls: [string, string | undefined][] = [];
  const visit = (part: unknown): void => {
    if (Array.isArray(part)) {
      for (const item of part) visit(item);
      return;
    }
    if (!isNode(part)) return;
    if (part.op === 'id') offsets.set(part.args, [...(offsets.get(part.args) ?? []), part.start]);
    if (part.op === 'call') {
      const [name, [first]] = part.args;
      calls.push([name, first?.op === 'value' ? String(first.args) : undefined]);
    }
    if (part.op === 'rcall' && MACROS.has(part.args[0])) {
      const [local] = part.args[2];
      if (local?.op === 'id') locals.add(local.args);
    }
    visit(part.args);
  };
  visit(root);
  for (const local of locals) offsets.delete(local);
  return { offsets, calls };
}

/** The fields asked of `name` as in `name.x`, also after a call, and where that name stands in the text. */
export function membersOf(
  root: ASTNode,
  name: string,
): readonly { readonly start: number; readonly field: string }[] {
  const found: { start: number; field: string }[] = [];
  const visit = (part: unknown): void => {
    if (Array.isArray(part)) for (const item of part) visit(item);
    if (!isNode(part)) return;
    if (part.op === '.') {
      const [of, field] = part.args;
      if (of.op === 'id' && of.args === name) found.push({ start: of.start, field });
      if (of.op === '.' && of.args[1] === name) found.push({ start: of.end - name.length, field });
    }
    visit(part.args);
  };
  visit(root);
  return found;
}

/** undefined: CEL must evaluate the condition. */
type Quick = (event: PatternEvent) => boolean | undefined;

type Compare = (field: FieldValue, literal: FieldValue) => boolean;

const COMPARISONS: Readonly<Record<string, Compare>> = {
  '==': (field, literal) => field === literal,
  '!=': (field, literal) => field !== literal,
  '<': (field, literal) => field < literal,
  '<=': (field, literal) => field <= literal,
  '>': (field, literal) => field > literal,
  '>=': (field, literal) => field >= literal,
};

const MIRRORED: Readonly<Record<string, string>> = {
  ...{ '==': '==', '!=': '!=' },
  ...{ '<': '>', '<=': '>=', '>': '<', '>=': '<=' },
};

/**
 * The commonest conditions as plain functions: fields compared with literals, joined by `&&` and `||`. CEL evaluates
 * whatever else stands in a condition, or is not of the literal's type in an event, so the answers are the same.
 */
export function quickCondition(
  node: ASTNode,
  readerOf: (node: ASTNode) => QuickField | undefined,
): Quick | undefined {
  if (node.op === '&&' || node.op === '||') {
    const left = quickCondition(node.args[0], readerOf);
    const right = quickCondition(node.args[1], readerOf);
    if (left === undefined || right === undefined) return undefined;
    const decides = node.op === '||';
    return (event) => {
      const first = left(event);
      return first === undefined || first === decides ? first : right(event);
    };
  }
  if (!isComparison(node)) return undefined;
  const [left, right] = node.args;
  const mirrored = left.op === 'value';
  const [name, value] = mirrored ? [right, left] : [left, right];
  const compare = COMPARISONS[mirrored ? (MIRRORED[node.op] ?? '') : node.op];
  if (value.op !== 'value' || compare === undefined) return undefined;
  const field = readerOf(name);
  return field === undefined ? undefined : comparison(field, numberOrText(value.args), compare);
}

/** How a field is read, and what stands for it where an event lacks it. */
export type QuickField = { readonly read: FieldReader; readonly missing: FieldValue | undefined };

type Comparison = Extract<ASTNode, { readonly op: '==' | '!=' | '<' | '<=' | '>' | '>=' }>;

function isComparison(node: ASTNode): node is Comparison {
  return Object.hasOwn(COMPARISONS, node.op);
}

function numberOrText(value: unknown): string | number | undefined {
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'string' || typeof value === 'number' ? value : undefined;
}

function comparison(
  { read, missing }: QuickField,
  literal: string | number | undefined,
  compare: Compare,
): Quick | undefined {
  if (literal === undefined) return undefined;
  const type = typeof literal;
  return (event) => {
    const field = read(event) ?? missing;
    return field !== undefined && typeof field === type ? compare(field, literal) : undefined;
  };
}
