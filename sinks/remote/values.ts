/**
 * Values of answers, as replies have them. Some are worked out in CEL, where no JSON pointer leads to them: how much is
 * missing, a number in a text, whether a list is empty. These see the answer and what is known of the command.
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
import type { AnswerValues } from './fields.ts';

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

/** Longer than this no value is, so that a reply fits into the log. */
const LONGEST = 1_024;

/** Flat values: what is not there is null, and what has parts is its JSON. */
export function valuesAt<P>(
  places: Readonly<Record<string, P>>,
  read: (place: P) => unknown,
): AnswerValues {
  return Object.fromEntries(Object.entries(places).map(([name, at]) => [name, flat(read(at))]));
}

function flat(value: unknown): string | number | boolean | null {
  switch (typeof value) {
    case 'string':
      return value.slice(0, LONGEST);
    case 'number':
    case 'boolean':
      return value;
    default:
      return value === undefined || value === null ? null : JSON.stringify(value).slice(0, LONGEST);
  }
}
