import { describe, expect, test } from 'vitest';
import { sweptValues } from '../../../../pipelines/rules/sweep/swept-values.ts';

describe('values', () => {
  test.each([
    ['4..7', [4, 5, 6, 7]],
    ['4,6,8', [4, 6, 8]],
    ['6', [6]],
    ['4..6,5,10..12', [4, 5, 6, 10, 11, 12]],
    ['0.1..0.3/0.1', [0.1, 0.2, 0.3]],
    ['0.15..0.35/0.05', [0.15, 0.2, 0.25, 0.3, 0.35]],
    ['-2..2/2', [-2, 0, 2]],
    ['4..10/4', [4, 8]],
    ['1e-3', [0.001]],
    ['10s..30s/10s', ['10s', '20s', '30s']],
    ['2m..4m', ['2m', '3m', '4m']],
    ['30s..2m/30s', ['30s', '1m', '1m30s', '2m']],
    ['90m, 2h', ['1h30m', '2h']],
    ['0s,20s', ['0s', '20s']],
    ['5%..20%/5%', ['5%', '10%', '15%', '20%']],
    ['5%..6%', ['5%', '6%']],
  ])('%s are %j', (text, values) => {
    expect(sweptValues(text, '--sweep a.b')).toEqual(values);
  });

  test.each([
    ['', 'numbers, percentages or durations', 'nothing'],
    ['high', 'numbers, percentages or durations', 'high'],
    ['4..', 'numbers, percentages or durations', 'nothing'],
    ['1..2..3', 'numbers, percentages or durations', '1..2..3'],
    ['10..4', 'the lesser end first', '10..4'],
    ['4..10s', 'a range in one unit', '4..10s'],
    ['4..10/1s', 'a range in one unit', '4..10/1s'],
    ['4..10/0', 'a step above 0', '0'],
    ['0.1..0.5', 'a step above 0', 'none'],
    ['10s..2m', 'a step above 0', 'none'],
    ['1..1000000000', 'at most 64 values', '1000000000'],
  ])('%j is refused', (text, expected, found) => {
    expect(() => sweptValues(text, '--sweep a.b')).toThrow(
      new RegExp(`^--sweep a\\.b: expected ${expected}.*, found ${found}\\. `),
    );
  });
});
