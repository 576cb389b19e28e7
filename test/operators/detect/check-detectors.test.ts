import { describe, expect, test } from 'vitest';
import { checkDetectors } from '../../../operators/detect/check-detectors.ts';
import { detectorRuleSchema } from '../../../operators/model/detector-rule.ts';
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
