import type { ASTNode } from '@marcbachmann/cel-js';
import type { Captured, Field } from './captured.ts';
import { LACKING } from './fields.ts';
import { readerOf } from './read-field.ts';

/** undefined: CEL itself must be asked. */
export type Quick = (event: Captured) => boolean | undefined;

type Compare = (field: Field, literal: Field) => boolean;

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
 * The commonest conditions as plain functions: fields compared with literals, joined by `&&` and `||`. Whatever else
 * stands in a condition, or is not of the literal's type in an event, is left to CEL, so the answers are the same.
 */
export function quickCondition(
  node: ASTNode,
  fieldOf: (name: string) => string,
): Quick | undefined {
  if (node.op === '&&' || node.op === '||') {
    const left = quickCondition(node.args[0], fieldOf);
    const right = quickCondition(node.args[1], fieldOf);
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
  if (name.op !== 'id' || value.op !== 'value' || compare === undefined) return undefined;
  return comparison(fieldOf(name.args), literalOf(value.args), compare);
}

type Comparison = Extract<ASTNode, { readonly op: '==' | '!=' | '<' | '<=' | '>' | '>=' }>;

function isComparison(node: ASTNode): node is Comparison {
  return Object.hasOwn(COMPARISONS, node.op);
}

function literalOf(value: unknown): string | number | undefined {
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'string' || typeof value === 'number' ? value : undefined;
}

function comparison(
  name: string,
  literal: string | number | undefined,
  compare: Compare,
): Quick | undefined {
  if (literal === undefined) return undefined;
  const type = typeof literal;
  const lacking = LACKING[name];
  const read = readerOf(name);
  return (event) => {
    const field = read(event) ?? lacking;
    return field !== undefined && typeof field === type ? compare(field, literal) : undefined;
  };
}
