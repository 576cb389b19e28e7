/**
 * Values that a profile works out in CEL, where no JSON pointer leads to them: how much is missing, a number in a text,
 * whether a list is empty. They see the answer and what is known of the command.
 */

import { z } from 'zod';
import {
  createExpressionEnvironment,
  type Expression,
  type ExpressionProblem,
  parseExpression,
  pathsIn,
  withOwnSteps,
} from '../../operators/model/expression.ts';

/** Gives the value; undefined where it names what is not there, or what cannot be worked with. */
export type ValueExpression = (fields: Readonly<Record<string, unknown>>) => unknown;

const environment = createExpressionEnvironment({ texts: [], numbers: [], open: true });

/** A text of CEL over `answer` and these names. It is read when the profile is. */
export function valueExpressionOf(names: readonly string[]) {
  const allowed = ['answer', ...names];
  return z.string().transform((text, context): ValueExpression => {
    const parsed = parseExpression(environment, text);
    const problem = problemOf(parsed, allowed);
    if (problem !== undefined || 'problem' in parsed) {
      context.addIssue({ code: 'custom', message: `expected CEL: ${problem}` });
      return z.NEVER;
    }
    return (fields) => evaluate(parsed, fields);
  });
}

function problemOf(
  parsed: Expression | ExpressionProblem,
  allowed: readonly string[],
): string | undefined {
  if ('problem' in parsed) return parsed.problem;
  if ('problem' in parsed.checked) return parsed.checked.problem;
  const unknown = pathsIn(parsed.ast).find(([name = '']) => !allowed.includes(name));
  if (unknown === undefined) return undefined;
  return `expected names that are known here (${allowed.join(', ')}), found ${unknown[0]}`;
}

function evaluate(expression: Expression, fields: Readonly<Record<string, unknown>>): unknown {
  return withOwnSteps(() => {
    try {
      const value = expression.evaluate(fields);
      // CEL counts in 64-bit integers.
      return typeof value === 'bigint' ? Number(value) : value;
    } catch {
      return undefined;
    }
  });
}
