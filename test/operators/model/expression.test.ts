import { describe, expect, it } from 'vitest';
import {
  beginSteps,
  createExpressionEnvironment,
  MOST_STEPS,
  parseExpression,
  stepsExceeded,
} from '../../../operators/model/expression.ts';

const environment = createExpressionEnvironment({
  texts: ['text', 'other'],
  numbers: ['value'],
  open: true,
});

function expressionOf(text: string) {
  const expression = parseExpression(environment, text);
  if ('problem' in expression) throw new Error(expression.problem);
  return expression;
}

function problemOf(text: string): string {
  const expression = parseExpression(environment, text);
  return 'problem' in expression ? expression.problem : 'none';
}

/** The value, or `too many steps`: whatever it reads, it takes no time to speak of. */
function evaluate(text: string, fields: object): unknown {
  const { evaluate: run } = expressionOf(text);
  beginSteps();
  try {
    return run(fields);
  } catch (error) {
    if (stepsExceeded()) return 'too many steps';
    return String(error);
  }
}

const LETTERS = `${'a'.repeat(37)}!`;
const LONG = 'a1,'.repeat(2_700);

describe('an expression', () => {
  it.each([
    ["text.matches('^(a+)+$')", { text: LETTERS }, false],
    ["text.matches('^(a|a)*!$')", { text: LETTERS }, true],
    ["text.matches('E1\\\\d\\\\d')", { text: 'code E123' }, true],
    ["text.matches('(?i)bearing|motor')", { text: 'the Motor is hot' }, true],
    ["text.split(',').exists(part, part == 'E101')", { text: 'E7,E101,E9' }, true],
    ["text.split(',').exists(part, part.matches('^E1'))", { text: 'E7,E101,E9' }, true],
    ["text.split(',').map(part, part + '!').join('') == 'a!b!'", { text: 'a,b' }, true],
    ['value > 2 && text.size() == 3', { value: 3, text: 'abc' }, true],
    ["data.exists(name, name == 'due')", { data: { due: 4 } }, true],
    ["duration('90s') > duration('1m')", {}, true],
    ["timestamp('2026-11-30T06:00:00Z').getHours() == 6", {}, true],
    ['[1, 2, 3].filter(n, n > 1).size() == 2', {}, true],
  ])('%s of %j is %j', (text, fields, expected) => {
    expect(evaluate(text, fields)).toBe(expected);
  });

  it.each([
    "text.split('').all(a, text.split('').all(b, a == b || a != b))",
    "text.split(',').map(a, text).join('').split('a').map(b, text).join('').size() > 3",
    "text.split(',').map(a, text + text).join('').matches('(a?){20}b')",
    "text.matches('(a{0,20}){20}$')",
    "duration(text) > duration('1s')",
    'text.contains(text)',
    "(text.split('') + text.split('')).exists(a, (text.split('') + [a]).exists(b, b == other))",
  ])('%s is not evaluated over a long text', (text) => {
    const fields = { text: LONG, other: LONG };
    expect(evaluate(text, fields)).toBe('too many steps');
    expect(evaluate(text, { text: 'a1', other: 'b' })).not.toBe('too many steps');
  });

  it('has steps by what it reads, so that they are the same wherever it is evaluated', () => {
    const { worstCase } = expressionOf("text.split(',').exists(a, a.matches('^E1'))");
    expect(worstCase(0)).toBeGreaterThan(0);
    expect(worstCase(100)).toBeLessThan(MOST_STEPS / 100);
    expect(worstCase(100_000)).toBeGreaterThan(MOST_STEPS);
    expect(expressionOf('value > 2 && value < 4').worstCase(8_192)).toBe(7);
  });

  it.each([
    ['text.matches(other)', /pattern of matches\(…\) in quotes/],
    ["text.matches('(a')", /regular expression as RE2 reads it in matches/],
    ["text.matches('(?=a)b')", /invalid or unsupported Perl syntax/],
    ["text.matches('(a{1,500}){1,500}')", /matches\(…\)/],
    ["text.matches('(a{0,30}){0,30}')", /shorter pattern/],
    [
      "text.split('').all(a, text.split('').all(b, text.split('').all(c, a == b && b == c)))",
      /at most 2 loops in each other/,
    ],
    ["cel.bind(a, text + text, a + a) == ''", /one of the functions .*found bind/],
    ["b'abc'.base64() == ''", /one of the functions .*found base64/],
    ["timestamp('2026-11-30T06:00:00Z').getHours('Europe/Berlin') == 6", /found getHours/],
    ["timestamp('2026-11-30T06:00:00Z').getDayOfYear() == 6", /found getDayOfYear/],
    [`${'!'.repeat(4_000)}true`, /nested at most 500 deep/],
    [`${'('.repeat(2_000)}true${')'.repeat(2_000)}`, /maxDepth/],
    [`text == '${'a'.repeat(5_000)}'`, /at most 4096 characters, found 5010/],
    ['text.matches(2)', /in quotes/],
    ["value.matches('a')", /'double.matches\(string\)'/],
  ])('%s is refused', (text, expected) => {
    const expression = parseExpression(environment, text);
    const problem =
      'problem' in expression
        ? expression.problem
        : 'problem' in expression.checked && expression.checked.problem;
    expect(problem).toMatch(expected);
  });

  it('says what is wrong in one line', () => {
    expect(problemOf('text ==')).not.toContain('\n');
  });
});
