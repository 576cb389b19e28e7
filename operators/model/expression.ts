import { Environment, type ParseResult } from '@marcbachmann/cel-js';

/** The fields that expressions may name, by type. */
type ExpressionFields = {
  readonly texts: readonly string[];
  readonly numbers: readonly string[];
  /** Other names are allowed too: of any type, and missing until an evaluation brings them. */
  readonly open?: boolean;
};

/** An expression that CEL can read: a function of the fields, with its syntax tree. It throws where a field is missing. */
export type Expression = ParseResult;

/** Why a text is no expression over the fields, in one sentence of CEL. */
export type ExpressionProblem = { readonly problem: string };

/**
 * The CEL in which rules are written (`while:` of detectors, `where:`, `until:` and `key:` of patterns), over these
 * fields. A caller may register functions of its own. Numbers of JSON and of people mix: `score == 4`, `2 * value`.
 */
export function createExpressionEnvironment(fields: ExpressionFields): Environment {
  const environment = new Environment({ unlistedVariablesAreDyn: fields.open === true });
  for (const name of fields.texts) environment.registerVariable(name, 'string');
  for (const name of fields.numbers) environment.registerVariable(name, 'double');
  mixNumbers(environment);
  return environment;
}

/** Reads an expression, or says why it is none. */
export function parseExpression(
  environment: Environment,
  text: string,
): Expression | ExpressionProblem {
  try {
    return environment.parse(text);
  } catch (error) {
    return { problem: firstLine(error) };
  }
}

/** The type of an expression (`dyn` where only an evaluation shows it), or why it does not fit the fields. */
export function typeOfExpression(
  expression: Expression,
): { readonly type: string } | ExpressionProblem {
  const { valid, type, error } = expression.check();
  return valid && type !== undefined ? { type } : { problem: firstLine(error) };
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
  return message.split('\n')[0] ?? message;
}
