import { describe, expect, test } from 'vitest';
import { ISO_BOUNDARIES } from '../../../operators/detect/iso-boundaries.ts';
import { iso20816 } from '../../../operators/detect/iso20816.ts';
import type { Verdict } from '../../../operators/detect/verdict.ts';
import type { DetectorRule } from '../../../operators/model/detector-rule.ts';
import type { Asset } from '../../../operators/model/plant-model.ts';
import { model, rulesOf, seconds, situation } from './judging.ts';

type IsoRule = Extract<DetectorRule, { kind: 'iso20816' }>;

function rule(more: object = {}): IsoRule {
  const [first] = rulesOf({ id: 'zone', kind: 'iso20816', signal: 'v', ...more }).detectors;
  return first as IsoRule;
}

const press = (model as Extract<typeof model, { kind: 'model' }>).model.lines[0]!.assets[0]!;

function judge(value: number, iso: Asset['iso'], more: object = {}, unit = 'mm/s') {
  const refused: string[] = [];
  const { iso: _, ...bare } = press;
  const verdict = iso20816(rule(more), {
    sample: {
      signal: 'v',
      point: '',
      component: '',
      start: seconds(0),
      time: seconds(0),
      unit,
      situation: situation(),
      measured: value,
    },
    value,
    asset: iso === undefined ? bare : { ...press, iso },
    bands: '',
    isSuspect: () => false,
    refuse(why) {
      refused.push(why);
      return undefined;
    },
  });
  return { verdict: verdict as Verdict, refused };
}

/** Beckhoff TF3600 (group 1 rigid); the full table as in facts on ISO 10816-3:2009, all four rows pinned. */
const ROWS = [
  ['1', 'rigid', 2.3, 4.5, 7.1],
  ['1', 'flexible', 3.5, 7.1, 11],
  ['2', 'rigid', 1.4, 2.8, 4.5],
  ['2', 'flexible', 2.3, 4.5, 7.1],
] as const;

describe('zones of ISO 20816-3', () => {
  test.for(ROWS)(
    'group %s %s: A to %f, B to %f, C to %f mm/s, then D',
    ([group, support, ab, bc, cd]) => {
      const zone = (value: number) => judge(value, { group, support }).verdict.level;
      expect([0, ab, ab + 0.001, bc, bc + 0.001, cd, cd + 0.001].map(zone)).toEqual([
        'A',
        'A',
        'B',
        'B',
        'C',
        'C',
        'D',
      ]);
    },
  );

  test('there are four rows', () => {
    expect(Object.keys(ISO_BOUNDARIES)).toHaveLength(4);
  });

  test('a verdict says edition, zone and what the value was held against', () => {
    const { verdict } = judge(5.6, { group: '2', support: 'rigid' });
    expect(verdict).toMatchObject({ limit: 4.5 });
    expect(verdict.evidence?.()).toMatchObject({ zone: 'D', group: '2' });
    expect(verdict.score).toBeCloseTo(5.6 / 4.5);
    expect(verdict.evidence?.().edition).toBe('ISO 20816-3:2022, boundaries of ISO 10816-3:2009');
  });

  test('the deadband lowers every boundary for what must fall', () => {
    const { verdict } = judge(2.7, { group: '2', support: 'rigid' }, { clear: { deadband: '5%' } });
    expect([verdict.level, verdict.calm]).toEqual(['B', 'C']);
  });

  test('the table is configuration', () => {
    const table = { '2-rigid': [1, 2, 3] };
    expect(judge(2.5, { group: '2', support: 'rigid' }, { table }).verdict.level).toBe('C');
    const { refused } = judge(2.5, { group: '1', support: 'rigid' }, { table });
    expect(refused).toEqual([`the rule's table has no row "1-rigid"`]);
  });

  test('velocities in other units are converted, other quantities are refused', () => {
    expect(judge(0.0046, { group: '2', support: 'rigid' }, {}, 'm/s').verdict.level).toBe('D');
    expect(judge(5, { group: '2', support: 'rigid' }, {}, 'g').refused[0]).toContain('"g"');
  });

  test('an asset without group and support is not judged', () => {
    expect(judge(99, undefined).refused[0]).toContain('no iso group and support');
  });
});
