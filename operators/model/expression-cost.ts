/**
 * What an expression costs. It has no loops but those over lists, so the most steps that it takes follow from the sizes
 * of what it reads. They are told before it is evaluated, and from nothing else: never from a clock.
 */

import type { ASTNode } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';

/** The size of what a name, a field of one, or a function of the caller says: characters of a text, or items of a list or map with the sizes of what they hold. */
export type Sizes = (name: ASTNode) => number;
/**
 * The most steps of an expression and the largest size of its value. Both are convex in every size: so a loop over a
 * list costs no more than if one item had the size of all. `flat`: the steps are the same for all sizes.
 */
type Cost = {
  readonly flat: boolean;
  readonly steps: (sizes: Sizes) => number;
  readonly size: (sizes: Sizes) => number;
};
export type CostContext = {
  /** The caller's own functions. */
  readonly own: object;
  /** Variables of loops, with the size under evaluation. */
  readonly locals: ReadonlyMap<string, { size: number }>;
  readonly loops: number;
};

/** The cost of an expression. It throws, in a sentence, where the rules have no such expression. */
export function costOf(node: ASTNode, scope: CostContext): Cost {
  switch (node.op) {
    case 'value': {
      const size = node.args instanceof Uint8Array ? node.args.length : sizeOf(node.args);
      return { flat: true, steps: () => 1, size: () => size };
    }
    case 'id': {
      const local = scope.locals.get(node.args);
      return { flat: true, steps: () => 1, size: (sizes) => local?.size ?? sizes(node) };
    }
    case '.':
      return isName(node, scope)
        ? { ...sumOf(node, scope), size: (sizes) => sizes(node) }
        : sumOf(node, scope);
    case '[]':
    case '?:':
      return sumOf(node, scope);
    case 'list':
    case 'map': {
      const [parts, count] = [sumOf(node, scope), partsOf(node).length];
      return { ...parts, size: (sizes) => count + parts.size(sizes) };
    }
    case '+':
      return scope.loops === 0 && isPlain(node, scope) ? sumOf(node, scope) : copying(node, scope);
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return { ...comparing(node.args, node, scope), size: () => 0 };
    case 'in':
      return { ...comparing([node.args[1], node.args[1]], node, scope), size: () => 0 };
    case '&&':
    case '||':
    case '!_':
    case '-_':
    case '-':
    case '*':
    case '/':
    case '%':
      return { ...sumOf(node, scope), size: () => 0 };
    case 'call':
      return callOf(node, node.args, scope);
    case 'rcall':
      return methodOf(node.args, scope);
    default:
      throw new Error(`expected an expression without ${node.op}`);
  }
}

/** One step, and all parts. */
function sumOf(node: ASTNode, scope: CostContext): Cost {
  return total(partsOf(node).map((part) => costOf(part, scope)));
}

function total(parts: readonly Cost[]): Cost {
  return {
    flat: parts.every(({ flat }) => flat),
    steps: (sizes) => parts.reduce((sum, part) => sum + part.steps(sizes), 1),
    size: (sizes) => parts.reduce((sum, part) => sum + part.size(sizes), 0),
  };
}

/** All parts, and a step for everything in them. */
function copying(node: ASTNode, scope: CostContext): Cost {
  const parts = sumOf(node, scope);
  return {
    ...{ flat: false, size: parts.size },
    steps: (sizes) => parts.steps(sizes) + parts.size(sizes),
  };
}

/** Against a literal no more is compared than that has. Outside of loops one comparison is one step. */
function comparing([a, b]: readonly [ASTNode, ASTNode], node: ASTNode, scope: CostContext): Cost {
  const literal = [a, b].find(isLiteral);
  const plain = scope.loops === 0 && isPlain(a, scope) && isPlain(b, scope);
  if (literal === undefined) return plain ? sumOf(node, scope) : copying(node, scope);
  const [parts, { size }] = [sumOf(node, scope), costOf(literal, scope)];
  return { ...parts, steps: (sizes) => parts.steps(sizes) + size(sizes) };
}

function isLiteral({ op, args }: ASTNode): boolean {
  return op === 'value' || (op === 'list' && args.every(isLiteral));
}

/** What `Sizes` knows: a name that is no variable of a loop, and fields of one or of what a function of the caller says. */
function isName(node: ASTNode, scope: CostContext): boolean {
  if (node.op === 'id') return !scope.locals.has(node.args);
  if (node.op === '.') return isName(node.args[0], scope);
  return node.op === 'call' && Object.hasOwn(scope.own, node.args[0]);
}

/** A value that cannot be a list, and no text but one of an event or a few of them in a row. */
function isPlain(node: ASTNode, scope: CostContext): boolean {
  switch (node.op) {
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      return node.args.every((part) => isPlain(part, scope));
    case 'call':
      return true;
    default:
      return node.op === 'value' || isName(node, scope);
  }
}

/** Conversions of a value to a number, a text or a truth value; `has` and `type` look at it alone. */
const CONVERSIONS = new Set([
  'bool',
  'double',
  'dyn',
  'has',
  'int',
  'size',
  'string',
  'type',
  'uint',
]);
/** The longest text of a number or a truth value. */
const LONGEST_NUMBER = 32;

function callOf(node: ASTNode, [name, args]: [string, ASTNode[]], scope: CostContext): Cost {
  const parts = sumOf(node, scope);
  if (Object.hasOwn(scope.own, name)) {
    if (args.every(({ op }) => op === 'value')) return { ...parts, size: (sizes) => sizes(node) };
    throw new Error(`expected names in quotes in ${name}(…)`);
  }
  if (CONVERSIONS.has(name)) {
    const size: Cost['size'] = (sizes) => parts.size(sizes) + LONGEST_NUMBER;
    const plain = scope.loops === 0 && args.every((part) => isPlain(part, scope));
    return { ...(plain ? parts : copying(node, scope)), size };
  }
  if (name === 'timestamp') return { ...copying(node, scope), size: () => 0 };
  if (name !== 'duration') throw new Error(unknownFunction(name));
  // The library looks for a duration from every character on, with two runs of digits: the third power of the text.
  const steps: Cost['steps'] = (sizes) => parts.steps(sizes) + parts.size(sizes) ** 3;
  return { flat: false, steps, size: () => 0 };
}

/** The steps of a method and the size of its value, by the sizes of what it is called on and of its arguments. */
type Method = (of: number, first: number) => readonly [steps: number, size: number];

const METHODS: Readonly<Record<string, Method>> = {
  size: (of) => [of, 0],
  startsWith: (_of, start) => [start, 0],
  endsWith: (_of, end) => [end, 0],
  contains: (of, part) => [of * (part + 1), 0],
  indexOf: (of, part) => [of * (part + 1), 0],
  lastIndexOf: (of, part) => [of * (part + 1), 0],
  // One letter can become three: ΐ in capitals.
  lowerAscii: (of) => [of, 3 * of],
  upperAscii: (of) => [of, 3 * of],
  trim: (of) => [of, of],
  substring: (of) => [of, of],
  split: (of, separator) => [(2 * of + 1) * (separator + 1), 2 * of + 1],
  join: (of, separator) => [of * (separator + 1), of * (separator + 1)],
};

const LOOPS = ['all', 'exists', 'exists_one', 'filter', 'map'];
/** In UTC. With a time zone they go by that of the machine as well. */
const TIMES = [
  ...['getFullYear', 'getMonth', 'getDate', 'getDayOfMonth', 'getDayOfWeek', 'getHours'],
  ...['getMinutes', 'getSeconds', 'getMilliseconds'],
];

function methodOf(call: [string, ASTNode, ASTNode[]], scope: CostContext): Cost {
  const [name, on, args] = call;
  if (LOOPS.includes(name)) return loopOver(name, on, args, scope);
  const parts = [on, ...args].map((part) => costOf(part, scope));
  const whole = total(parts);
  if (TIMES.includes(name) && args.length === 0) return { ...whole, size: () => 0 };
  if (name === 'matches') {
    call[0] = LINEAR;
    const each = instructionsOf(args) * STEPS_OF_INSTRUCTION;
    const length = (sizes: Sizes) => (parts[0]?.size(sizes) ?? 0) + 1;
    const steps: Cost['steps'] = (sizes) => whole.steps(sizes) + length(sizes) * each;
    return { flat: false, steps, size: () => 0 };
  }
  const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
  if (method === undefined) throw new Error(unknownFunction(name));
  const measure = (sizes: Sizes) => {
    const [of = 0, first = 0] = parts.map((part) => part.size(sizes));
    return method(of, first);
  };
  return {
    flat: false,
    steps: (sizes) => whole.steps(sizes) + measure(sizes)[0],
    size: (sizes) => measure(sizes)[1],
  };
}

function instructionsOf([pattern]: readonly ASTNode[]): number {
  if (pattern?.op !== 'value' || typeof pattern.args !== 'string') {
    throw new Error('expected the pattern of matches(…) in quotes: it is checked before it runs');
  }
  try {
    const size = patternOf(pattern.args).programSize();
    if (size <= LARGEST_PATTERN) return size;
  } catch (error) {
    throw new Error(
      `expected a regular expression as RE2 reads it in matches(…): ${error instanceof Error ? error.message : error}`,
    );
  }
  throw new Error(`expected a shorter pattern in matches(…): this one repeats too much`);
}

/** A list in a list in a list grows with the third power: that is no condition on an event any more. */
const MOST_NESTED_LOOPS = 2;

/** The body runs once for each item; what it does to all of them it does at most to one that has their size. */
function loopOver(name: string, on: ASTNode, args: readonly ASTNode[], scope: CostContext): Cost {
  if (scope.loops === MOST_NESTED_LOOPS) {
    throw new Error(
      `expected at most ${MOST_NESTED_LOOPS} loops in each other, found ${name}(…) in them`,
    );
  }
  const [variable, ...body] = args;
  if (variable?.op !== 'id') throw new Error(`expected a variable first in ${name}(…)`);
  const list = costOf(on, scope);
  const local = { size: 0 };
  const locals = new Map([...scope.locals, [variable.args, local] as const]);
  const parts = total(
    body.map((part) => costOf(part, { ...scope, locals, loops: scope.loops + 1 })),
  );
  const run = (measure: 'steps' | 'size', items: number, sizes: Sizes): number => {
    local.size = 0;
    const each = items * (1 + parts[measure](sizes));
    local.size = items;
    return each + parts[measure](sizes);
  };
  return {
    flat: false,
    steps: (sizes) => list.steps(sizes) + run('steps', list.size(sizes), sizes),
    size(sizes) {
      if (name !== 'map') return name === 'filter' ? list.size(sizes) : 0;
      return run('size', list.size(sizes), sizes);
    },
  };
}

function unknownFunction(name: string): string {
  const known = [...CONVERSIONS, 'duration', 'timestamp', ...Object.keys(METHODS), 'matches'];
  return `expected one of the functions ${[...known, ...LOOPS, ...TIMES].join(', ')}, found ${name}(…)`;
}

/** The parts of a node, one level down. */
export function partsOf({ args }: ASTNode): ASTNode[] {
  const found: ASTNode[] = [];
  const visit = (part: unknown): void => {
    if (Array.isArray(part)) for (const item of part) visit(item);
    else if (isNode(part)) found.push(part);
  };
  visit(args);
  return found;
}

export function isNode(part: unknown): part is ASTNode {
  return typeof part === 'object' && part !== null && 'op' in part && 'args' in part;
}

// `matches` as CEL means it, which is as RE2 does: its time grows with text times pattern, and no faster. The library
// has it on the regular expressions of JavaScript, which a text of 37 letters can keep busy for ever.

export const LINEAR = 'matchesLinearly';
/** The largest pattern, in instructions of its program; and how many steps each of them is for one character. */
const LARGEST_PATTERN = 1_000;
const STEPS_OF_INSTRUCTION = 4;

/** Compiled patterns. Only literals of rules come here, so there are few. */
const patterns = new Map<string, RE2JS>();
const MOST_PATTERNS = 10_000;

/** A pattern, compiled once. */
export function patternOf(text: string): RE2JS {
  const known = patterns.get(text);
  if (known !== undefined) return known;
  if (patterns.size === MOST_PATTERNS) patterns.clear();
  const pattern = RE2JS.compile(text);
  patterns.set(text, pattern);
  return pattern;
}

/** Characters of a text; items and names of a list or map, with the sizes of what it holds. */
export function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.entries(value).reduce((sum, [name, item]) => {
    return sum + 1 + name.length + sizeOf(item);
  }, 0);
}
