import type { ASTNode } from '@marcbachmann/cel-js';

/** Values of one text field of which an event must have one before a condition can be met; undefined: any. */
export type Need = ReadonlySet<string> | undefined;

/**
 * What a condition demands of a field, read off its tree: `kind == 'anomaly' && (signal == 'a' || signal == 'b')`
 * needs kind anomaly and signal a or b. Never demands more than the condition does.
 */
export function needOf(node: ASTNode, field: string): Need {
  switch (node.op) {
    case '==': {
      const [left, right] = node.args;
      return literalOf(left, right, field) ?? literalOf(right, left, field);
    }
    case 'in': {
      const [left, right] = node.args;
      if (left.op !== 'id' || left.args !== field || right.op !== 'list') return undefined;
      const texts = right.args.map((item) => (item.op === 'value' ? item.args : undefined));
      return texts.every((text) => typeof text === 'string') ? new Set(texts) : undefined;
    }
    case '&&': {
      const [left, right] = [needOf(node.args[0], field), needOf(node.args[1], field)];
      if (left === undefined || right === undefined) return left ?? right;
      return new Set([...left].filter((value) => right.has(value)));
    }
    case '||': {
      const [left, right] = [needOf(node.args[0], field), needOf(node.args[1], field)];
      return left === undefined || right === undefined ? undefined : new Set([...left, ...right]);
    }
    default:
      return undefined;
  }
}

function literalOf(name: ASTNode, value: ASTNode, field: string): Need {
  if (name.op !== 'id' || name.args !== field || value.op !== 'value') return undefined;
  return typeof value.args === 'string' ? new Set([value.args]) : undefined;
}

const MACROS = new Set(['all', 'exists', 'exists_one', 'filter', 'map']);

/** Where a condition uses which names (offsets in its text), and its calls with their first argument where that is a text. */
export function namesIn(root: ASTNode): {
  readonly places: ReadonlyMap<string, readonly number[]>;
  readonly calls: readonly (readonly [name: string, argument: string | undefined])[];
} {
  const places = new Map<string, number[]>();
  const locals = new Set<string>();
  const calls: [string, string | undefined][] = [];
  const visit = (part: unknown): void => {
    if (Array.isArray(part)) {
      for (const item of part) visit(item);
      return;
    }
    if (!isNode(part)) return;
    if (part.op === 'id') places.set(part.args, [...(places.get(part.args) ?? []), part.start]);
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
  for (const local of locals) places.delete(local);
  return { places, calls };
}

function isNode(part: unknown): part is ASTNode {
  return typeof part === 'object' && part !== null && 'op' in part && 'args' in part;
}
