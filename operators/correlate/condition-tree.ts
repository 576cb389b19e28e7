import type { ASTNode } from '@marcbachmann/cel-js';
import { isNode } from '../model/expression-cost.ts';
import type { FieldValue, PatternEvent } from './event-fields.ts';
import type { Captures } from './transitions.ts';

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

/** Asks an event, and what a match has taken before it. undefined: CEL must answer. */
type Quick<T> = (event: PatternEvent, captures: Captures<PatternEvent>) => T | undefined;

/** Reads a field; undefined: it is not there. */
export type QuickReader = Quick<FieldValue>;

type Compare = (left: FieldValue, right: FieldValue) => boolean;

const COMPARISONS: Readonly<Record<string, Compare>> = {
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
};

const MIRRORED: Readonly<Record<string, string>> = {
  ...{ '==': '==', '!=': '!=' },
  ...{ '<': '>', '<=': '>=', '>': '<', '>=': '<=' },
};

/**
 * The commonest conditions as plain functions: fields, of the event or of one that was taken before, compared with
 * literals and with each other, also with sums and products of them, joined by `&&` and `||`. CEL evaluates whatever else
 * stands in a condition, or has another type in an event, so the answers are the same.
 */
export function quickCondition(
  node: ASTNode,
  readerOf: (node: ASTNode) => QuickReader | undefined,
): Quick<boolean> | undefined {
  if (node.op === '&&' || node.op === '||') {
    const left = quickCondition(node.args[0], readerOf);
    const right = quickCondition(node.args[1], readerOf);
    if (left === undefined || right === undefined) return undefined;
    const decides = node.op === '||';
    return (event, captures) => {
      const first = left(event, captures);
      return first === undefined || first === decides ? first : right(event, captures);
    };
  }
  if (!isComparison(node)) return undefined;
  const [left, right] = node.args;
  if (left.op !== 'value' && right.op !== 'value') return betweenFields(node, readerOf);
  const mirrored = left.op === 'value';
  const [name, value] = mirrored ? [right, left] : [left, right];
  const compare = COMPARISONS[mirrored ? (MIRRORED[node.op] ?? '') : node.op];
  const read = quickValue(name, readerOf);
  if (value.op !== 'value' || compare === undefined || read === undefined) return undefined;
  return withLiteral(read, numberOrText(value.args), compare);
}

type Comparison = Extract<ASTNode, { readonly op: '==' | '!=' | '<' | '<=' | '>' | '>=' }>;

function isComparison(node: ASTNode): node is Comparison {
  return Object.hasOwn(COMPARISONS, node.op);
}

function numberOrText(value: unknown): string | number | undefined {
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'string' || typeof value === 'number' ? value : undefined;
}

function withLiteral(
  read: QuickReader,
  literal: string | number | undefined,
  compare: Compare,
): Quick<boolean> | undefined {
  if (literal === undefined) return undefined;
  const type = typeof literal;
  return (event, captures) => {
    const field = read(event, captures);
    return field !== undefined && typeof field === type ? compare(field, literal) : undefined;
  };
}

function betweenFields(
  { op, args: [leftNode, rightNode] }: Comparison,
  readerOf: (node: ASTNode) => QuickReader | undefined,
): Quick<boolean> | undefined {
  const [left, right] = [quickValue(leftNode, readerOf), quickValue(rightNode, readerOf)];
  const compare = COMPARISONS[op];
  if (left === undefined || right === undefined || compare === undefined) return undefined;
  return (event, captures) => {
    const one = left(event, captures);
    if (typeof one !== 'number' && typeof one !== 'string') return undefined;
    const other = right(event, captures);
    return typeof other === typeof one ? compare(one, other as FieldValue) : undefined;
  };
}

type Calculate = (left: number, right: number) => number;

/** Of doubles alone, which never overflow: with whole numbers CEL has rules of its own. */
const ARITHMETIC: Readonly<Record<string, Calculate>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
};

/** A field, or what is worked out of fields and literals with a fraction. */
function quickValue(
  node: ASTNode,
  readerOf: (node: ASTNode) => QuickReader | undefined,
): QuickReader | undefined {
  const calculate = ARITHMETIC[node.op];
  if (calculate === undefined) return readerOf(node);
  const [leftNode, rightNode] = node.args as [ASTNode, ASTNode];
  const [left, right] = [operand(leftNode, readerOf), operand(rightNode, readerOf)];
  if (left === undefined || right === undefined) return undefined;
  return (event, captures) => {
    const one = left(event, captures);
    if (typeof one !== 'number') return undefined;
    const other = right(event, captures);
    return typeof other === 'number' ? calculate(one, other) : undefined;
  };
}

function operand(
  node: ASTNode,
  readerOf: (node: ASTNode) => QuickReader | undefined,
): QuickReader | undefined {
  if (node.op !== 'value') return quickValue(node, readerOf);
  const { args: literal } = node;
  return typeof literal === 'number' ? () => literal : undefined;
}
