import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Swept, variantsOf } from '../../../../pipelines/rules/sweep/variants.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const file = join(temporaryDirectory(), 'rules.yaml');
writeFileSync(
  file,
  `
windows:
  - { id: ten, kind: tumbling, size: 10s }
detectors:
  - &usual { id: usual, kind: baseline, signal: temperature, learn: 40, clear: { deadband: 5% } }
  - { <<: *usual, id: usual-power, signal: power, limit: 9 }
  - { id: zone, kind: iso20816, signal: velocity, raise: { after: 2m } }
`,
);

function valuesOf({ variants }: Swept) {
  return variants.map(({ values, inFile }) => [...values, ...(inFile ? ['in the file'] : [])]);
}

describe('rules for each value', () => {
  test('have the value in one detector and are else those of the file', async () => {
    const swept = await variantsOf(file, ['usual-power.limit=8..10']);
    expect(valuesOf(swept)).toEqual([[8], [9, 'in the file'], [10]]);
    expect(swept.detectors).toEqual(['usual-power']);
    const [eight] = swept.variants;
    const limits = eight!.rules.detectors.map((rule) => ('limit' in rule ? rule.limit : undefined));
    expect(limits).toEqual([6, 8, undefined]);
  });

  test.each([
    ['a default', 'usual.limit=4,5', [[6, 'in the file'], [4], [5]]],
    ['a duration', 'zone.raise.after=1m..3m', [['1m'], ['2m', 'in the file'], ['3m']]],
    ['a percentage', 'usual.clear.deadband=10%', [['5%', 'in the file'], ['10%']]],
    ['what the file does not say', 'zone.raise.count=2', [[null, 'in the file'], [2]]],
    ['all detectors at once', 'detector.learn=40,50', [[40, 'in the file'], [50]]],
    ['detectors that do not agree', 'detector.limit=7', [[null, 'in the file'], [7]]],
  ])('the value in the file is marked, or stands ahead: %s', async (_, option, values) => {
    expect(valuesOf(await variantsOf(file, [option]))).toEqual(values);
  });

  test('"detector" is every detector that has the field', async () => {
    const { detectors } = await variantsOf(file, ['detector.limit=7']);
    expect(detectors).toEqual(['usual', 'usual-power']);
  });

  test('of several fields are all combinations', async () => {
    const swept = await variantsOf(file, ['usual.limit=5,6', 'usual.learn=40,60']);
    expect(swept.fields).toEqual(['usual.limit', 'usual.learn']);
    expect(valuesOf(swept)).toEqual([
      [5, 40],
      [5, 60],
      [6, 40, 'in the file'],
      [6, 60],
    ]);
  });
});

describe('what is refused', () => {
  test.each([
    ['usual', 'expected ID.FIELD=VALUES such as bearing.limit=4..10, found usual'],
    ['unusual.limit=4', 'expected a detector of the rules (usual, usual-power, zone)'],
    ['usual.limt=4', 'such as raise.count, clear.count, learn, floor, limit, found limt'],
    ['zone.limit=4', 'expected a field that can be a number or a duration, such as raise.after'],
    ['usual.limit.more=4', 'found limit.more'],
    ['detector.lmit=4', 'found lmit'],
    ['usual.learn=10', '--sweep usual.learn: detectors.0.learn: expected at least 20, found 10'],
    ['usual.learn=20.5', 'found 20.5'],
    ['usual.limit=4s', '--sweep usual.limit: detectors.0.limit: expected a number, found 4s'],
    [
      'zone.raise.after=4',
      'detectors.2.raise.after: expected a duration such as 250ms, 2s or 1h30m, found 4',
    ],
    ['usual.signal=4', 'expected a text, found 4'],
  ])('%s', async (option, message) => {
    await expect(variantsOf(file, [option])).rejects.toThrow(message);
  });

  test('a field twice, and more combinations than fit', async () => {
    await expect(variantsOf(file, ['usual.limit=4', 'usual.limit=5'])).rejects.toThrow(
      'each field once',
    );
    await expect(variantsOf(file, ['usual.limit=1..9', 'usual.learn=20..28'])).rejects.toThrow(
      'expected at most 64 combinations, found 81',
    );
  });
});
