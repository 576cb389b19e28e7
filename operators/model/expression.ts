/**
 * The CEL in which rules are written: `while:` of detectors, `where:`, `until:` and `key:` of patterns. All of them
 * have one language, and one bound on what an evaluation may cost.
 */

import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import {
  costOf,
  isNode,
  LINEAR,
  partsOf,
  patternOf,
  type Sizes,
  sizeOf,
} from './expression-cost.ts';

/** The fields that expressions may name, by type. */
type ExpressionFields = {
  readonly texts: readonly string[];
  readonly numbers: readonly string[];
  /** Other names are allowed too: of any type, and missing until an evaluation brings them. */
  readonly open?: boolean;
};

/** An expression that CEL can read, with its syntax tree. */
export type Expression = {
  readonly ast: ASTNode;
  /** The type of its value (`dyn` where only an evaluation shows it), or why it does not fit the fields. */
  readonly checked: { readonly type: string } | ExpressionProblem;
  /** Its value. It throws where a field is missing, and where the event and rule have no steps left. */
  readonly evaluate: (fields: object) => unknown;
  /** The most steps that it takes over texts of at most so many characters. */
  readonly worstCase: (characters: number) => number;
};

/** Why a text is no expression over the fields, in one sentence. */
export type ExpressionProblem = { readonly problem: string };

/** The caller's own functions, which take texts. They count their steps themselves. */
export type OwnFunctions = Readonly<Record<string, (...texts: string[]) => unknown>>;

/** The longest expression in characters, and the deepest nesting of its parts. */
const LONGEST = 4_096;
const DEEPEST = 500;

/** The environment of expressions over these fields. Numbers of JSON and of people mix: `score == 4`, `2 * value`. */
export function createExpressionEnvironment(fields: ExpressionFields): Environment {
  const environment = new Environment({ unlistedVariablesAreDyn: fields.open === true });
  for (const name of fields.texts) environment.registerVariable(name, 'string');
  for (const name of fields.numbers) environment.registerVariable(name, 'double');
  environment.registerFunction(`string.${LINEAR}(string): bool`, (text, pattern) =>
    patternOf(pattern).test(text),
  );
  mixNumbers(environment);
  return environment;
}

/** Reads an expression, or says why it is none. `own`: the functions that the caller registered. */
export function parseExpression(
  environment: Environment,
  text: string,
  own: OwnFunctions = {},
): Expression | ExpressionProblem {
  if (text.length > LONGEST) {
    return { problem: `expected at most ${LONGEST} characters, found ${text.length}` };
  }
  try {
    const parsed = environment.parse(text);
    const { ast } = parsed;
    if (isDeeperThan(ast, DEEPEST)) {
      return { problem: `expected parts nested at most ${DEEPEST} deep, found more` };
    }
    const cost = costOf(ast, { own, locals: new Map(), loops: 0 });
    const fixed = cost.flat ? cost.steps(NOTHING) : undefined;
    const { valid, type, error } = parsed.check();
    return {
      ast,
      checked: valid && type !== undefined ? { type } : { problem: firstLine(error) },
      evaluate(fields) {
        spendSteps(fixed ?? cost.steps(sizesOf(fields, own)));
        return parsed(fields);
      },
      worstCase: (characters) => cost.steps(() => characters),
    };
  } catch (error) {
    return { problem: firstLine(error) };
  }
}

/** In strict CEL an int and a double have neither == nor arithmetic. Fields are doubles, and people write ints. */
function mixNumbers(environment: Environment): void {
  const arithmetic: readonly (readonly [string, (a: number, b: number) => number])[] = [
    ['+', (a, b) => a + b],
    ['-', (a, b) => a - b],
    ['*', (a, b) => a * b],
    ['/', (a, b) => a / b],
  ];
  for (const [operator, apply] of arithmetic) {
    for (const types of [`double ${operator} int`, `int ${operator} double`]) {
      environment.registerOperator(types, (a: number | bigint, b: number | bigint) =>
        apply(Number(a), Number(b)),
      );
    }
  }
  environment.registerOperator(
    'double == int',
    (a: number | bigint, b: number | bigint) => Number(a) === Number(b),
  );
}

/** CEL shows the place on further lines; sentences of rules have one. */
function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split('\n')[0] ?? message).replaceAll(LINEAR, 'matches');
}

/** Walked level by level: a tree that is too deep would be too deep for a recursion as well. */
function isDeeperThan(root: ASTNode, most: number): boolean {
  let level: readonly ASTNode[] = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > most) return true;
    level = level.flatMap(partsOf);
  }
  return false;
}

// What an evaluation costs. An expression has no loops but those over lists, so the most steps that it takes follow
// from the sizes of what it reads. They are counted before it is evaluated: from the log alone, never from a clock.

/** The steps that all evaluations of one rule may take for one event. */
export const MOST_STEPS = 1_000_000;

/** Steps since the last `beginSteps`: scratch of the event and rule under evaluation. */
let steps = 0;

/** Begins to count the steps of an event and a rule. */
export function beginSteps(): void {
  steps = 0;
}

/** Runs what belongs to no event and rule, such as an explanation: its steps are its own. */
export function withOwnSteps<T>(run: () => T): T {
  const before = steps;
  steps = 0;
  try {
    return run();
  } finally {
    steps = before;
  }
}

/** Counts steps. It throws once there are too many; then nothing more is evaluated for this event and rule. */
export function spendSteps(count: number): void {
  steps += count;
  if (stepsExceeded()) throw new Error(`more than ${MOST_STEPS} steps`);
}

/** Written so that what is no number is too many: infinity times zero is none. */
export function stepsExceeded(): boolean {
  return !(steps <= MOST_STEPS);
}

function sizesOf(fields: object, own: OwnFunctions): Sizes {
  const read = (node: ASTNode): unknown => {
    if (node.op === 'id') return Reflect.get(fields, node.args);
    if (node.op === '.') return memberOf(read(node.args[0]), node.args[1]);
    if (node.op !== 'call') return undefined;
    const [name, texts] = node.args;
    return own[name]?.(...texts.map(({ args }) => String(args)));
  };
  return (node) => sizeOf(read(node));
}

function memberOf(value: unknown, name: string): unknown {
  const has = typeof value === 'object' && value !== null && Object.hasOwn(value, name);
  return has ? Reflect.get(value, name) : undefined;
}

const NOTHING: Sizes = () => 0;

const MACROS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'filter', 'map']);

/**
 * The names that an expression asks for, each with its fields as far as they are written out: `steps.stock.short` is
 * `['steps', 'stock', 'short']`. Without the variables of loops.
 */
export function pathsIn(root: ASTNode): readonly (readonly string[])[] {
  const found: string[][] = [];
  const locals = new Set<string>();
  const visit = (part: unknown): void => {
    if (Array.isArray(part)) for (const item of part) visit(item);
    if (!isNode(part)) return;
    const path = pathOf(part);
    if (path !== undefined) {
      found.push(path);
      return;
    }
    if (part.op === 'rcall' && MACROS.has(part.args[0])) {
      const [local] = part.args[2];
      if (local?.op === 'id') locals.add(local.args);
    }
    visit(part.args);
  };
  visit(root);
  return found.filter(([name = '']) => !locals.has(name));
}

function pathOf(node: ASTNode): string[] | undefined {
  if (node.op === 'id') return [node.args];
  if (node.op === '.') {
    const before = pathOf(node.args[0]);
    return before === undefined ? undefined : [...before, node.args[1]];
  }
  if (node.op !== '[]') return undefined;
  const [of, at] = node.args;
  const before = pathOf(of);
  if (before === undefined || at.op !== 'value' || typeof at.args !== 'string') return undefined;
  return [...before, at.args];
}
