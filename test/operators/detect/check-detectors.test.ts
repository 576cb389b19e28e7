import { describe, expect, test } from 'vitest';
import { checkAttributes, checkDetectors } from '../../../operators/detect/check-detectors.ts';
import { compileSituationCondition } from '../../../operators/detect/compile.ts';
import { detectorRuleSchema } from '../../../operators/model/detector-rule.ts';
import type { Situation } from '../../../operators/model/observation.ts';
import { type Asset, plantModelSchema } from '../../../operators/model/plant-model.ts';
import { rulesOf } from './fixtures.ts';

const good = { id: 'a', kind: 'limit', signal: 'temperature', above: 1 };

describe('detectors are checked beyond their shape', () => {
  test.for([
    ['no CEL', { while: 'state == ' }, ['while'], 'Unexpected token'],
    ['an unknown name', { while: 'speed > 3' }, ['while'], 'Unknown variable: speed'],
    ['wrong types', { while: 'state == 3' }, ['while'], 'no such overload'],
    ['no condition', { while: 'state' }, ['while'], 'of type string'],
    ['an unknown window', { window: 'sixty' }, ['window'], '(there are: ten), found "sixty"'],
    ['an unknown statistic', { of: 'average' }, ['of'], 'found "average"'],
  ] as const)('%s', ([, more, path, text]) => {
    const issues = checkDetectors(rulesOf({ ...good, id: 'first' }, { ...good, ...more }));
    expect(issues).toHaveLength(1);
    expect(issues[0]!.path).toEqual(['detectors', 1, ...path]);
    expect(issues[0]!.message).toContain(text);
  });

  test('good rules have no issues', () => {
    const rule = {
      ...good,
      while: "state in ['EXECUTE', 'HELD'] && product != ''",
      window: 'ten',
      of: 'p99.9',
    };
    expect(checkDetectors(rulesOf(rule))).toEqual([]);
  });

  test('a window that is not over the signal is named', () => {
    const rules = rulesOf({ ...good, window: 'ten' });
    rules.windows[0]!.signals = ['pressure'];
    expect(checkDetectors(rules)[0]!.message).toContain('over pressure');
  });

  test.for([
    ['iso20816', { E: 'alarm' }, 'expected one of B, C, D, found "E"'],
    ['stuck', { up: 'alarm' }, 'expected one of stuck, found "up"'],
  ] as const)('severities of %s are for levels that it has', ([kind, severity, text]) => {
    const rule = { id: 'a', kind, signal: 'velocity', raise: { severity } };
    const { error } = detectorRuleSchema.safeParse(rule);
    expect(error?.issues.map(({ message }) => message)).toEqual([text]);
  });
});

describe('what can never be is refused', () => {
  test.for([
    [
      { escalate: {} },
      'expected a severity and how long it takes, such as { alarm: 1h, danger: 4h }',
    ],
    [{ escalate: { alarm: '4h', danger: '1h' } }, 'expected more time for a worse severity'],
    [
      { severity: 'alarm', escalate: { alarm: '1h' } },
      'expected a severity above alarm, with which it is raised',
    ],
    [{ escalate: { warning: '1h' } }, 'expected a severity above warning, with which it is raised'],
    [{ gap: '0s' }, 'expected more than 0s'],
  ])('raise: %o', ([raise, text]) => {
    const { error } = detectorRuleSchema.safeParse({ ...good, raise });
    expect(error?.issues.map(({ message }) => message)).toEqual([text]);
  });

  test('but a lower side may escalate to what a higher one has', () => {
    const raise = { severity: { above: 'alarm' }, escalate: { alarm: '1h' } };
    expect(detectorRuleSchema.safeParse({ ...good, below: 0, raise }).success).toBe(true);
  });

  test.for([
    [{ kind: 'cusum', signal: 'x' }, 'it clears when its sum is back at 0'],
    [{ kind: 'stuck', signal: 'x' }, 'it clears with the first change'],
    [{ kind: 'silence', signal: 'x', after: '1m' }, 'one value ends a silence'],
  ] as const)('a deadband of what has no limit: %o', ([rule, why]) => {
    const { error } = detectorRuleSchema.safeParse({ id: 'd', ...rule, clear: { deadband: 1 } });
    expect(error?.issues.map(({ path, message }) => [path.join('.'), message])).toEqual([
      ['clear.deadband', `expected no "deadband": ${why}`],
    ]);
  });

  test('stairs where there are none', () => {
    const stairs = { ...good, clear: { stepwise: true } };
    const { error } = detectorRuleSchema.safeParse(stairs);
    expect(error?.issues[0]?.message).toBe(
      'expected it beside raise.escalate, which makes the steps',
    );
    const raise = { escalate: { alarm: '1h' } };
    expect(detectorRuleSchema.safeParse({ ...stairs, raise }).success).toBe(true);
  });
});

describe('limits that are attributes', () => {
  const plant = plantModelSchema.parse({
    id: 'plant',
    lines: [
      {
        id: 'line',
        assets: [
          { id: 'a', signals: { temperature: {} }, attributes: { most: 80 } },
          { id: 'b', class: 'pump', signals: { temperature: {} } },
          { id: 'c', signals: { pressure: {} } },
        ],
      },
    ],
  });
  const rule = { ...good, above: { attribute: 'most' } };

  test('are checked against the assets that the rule is about', () => {
    expect(checkAttributes(rulesOf(rule), [plant])).toEqual([
      {
        path: ['detectors', 0, 'above', 'attribute'],
        message:
          'expected an attribute "most" in the plant model, or a default; plant/line/b have neither',
      },
    ]);
  });

  test.for([
    ['a default', { ...rule, above: { attribute: 'most', default: 1 } }],
    ['other classes', { ...rule, classes: ['machine'] }],
    ['numbers', good],
  ])('nothing is wrong with %s', ([, other]) => {
    expect(checkAttributes(rulesOf(other as object), [plant])).toEqual([]);
  });
});

describe('A while', () => {
  const asset = { id: 'a', class: 'pump', criticality: 'A' } as Asset;
  const situation = (product: string) => ({ product, due: null, next_stop: null }) as Situation;

  test('that cannot be evaluated does not hold', () => {
    const holds = compileSituationCondition('int(product) > 3');
    if (typeof holds === 'object') throw new Error(holds.problem);
    expect(holds(situation('4'), asset)).toBe(true);
    expect(holds(situation('steel'), asset)).toBe(false);
  });

  test('has an end, whatever the product is called', () => {
    const holds = compileSituationCondition("product.matches('^(a+)+$')");
    if (typeof holds === 'object') throw new Error(holds.problem);
    expect(holds(situation(`${'a'.repeat(37)}!`), asset)).toBe(false);
  });

  test('that could take too many steps is refused', () => {
    const nested = "product.split('').all(a, order.split('').all(b, mode.contains(a + b)))";
    expect(compileSituationCondition(nested)).toMatchObject({
      problem: expect.stringContaining('at most 1000000 steps'),
    });
  });
});
