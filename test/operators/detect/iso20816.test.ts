import { describe, expect, test } from 'vitest';
import type { Evaluation } from '../../../operators/detect/evaluation.ts';
import { iso20816 } from '../../../operators/detect/iso20816.ts';
import { ISO_BOUNDARIES } from '../../../operators/model/detector-bounds.ts';
import type { DetectorRule } from '../../../operators/model/detector-rule.ts';
import type { Asset } from '../../../operators/model/plant-model.ts';
import {
  anomaliesOf,
  model,
  phasesOf,
  rulesOf,
  seconds,
  situation,
  windowEvent,
} from './fixtures.ts';
import { learning, run } from './learnt-values.ts';

type IsoRule = Extract<DetectorRule, { kind: 'iso20816' }>;

function rule(more: object = {}): IsoRule {
  const [first] = rulesOf({ id: 'zone', kind: 'iso20816', signal: 'v', ...more }).detectors;
  return first as IsoRule;
}

const press = (model as Extract<typeof model, { kind: 'model' }>).model.lines[0]!.assets[0]!;

function evaluate(value: number, iso: Asset['iso'], more: object = {}, unit = 'mm/s') {
  const refused: string[] = [];
  const { iso: _, ...bare } = press;
  const evaluation = iso20816(rule(more), {
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
    suspicion: () => '',
    refuse(why) {
      refused.push(why);
      return undefined;
    },
    reportProgress: () => undefined,
  });
  return { evaluation: evaluation as Evaluation, refused };
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
      const zone = (value: number) => evaluate(value, { group, support }).evaluation.level;
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

  test('an evaluation gives edition, zone and what the value was held against', () => {
    const { evaluation } = evaluate(5.6, { group: '2', support: 'rigid' });
    expect(evaluation).toMatchObject({ limit: 4.5 });
    expect(evaluation.evidence?.()).toMatchObject({ zone: 'D', group: '2' });
    expect(evaluation.score).toBeCloseTo(5.6 / 4.5);
    expect(evaluation.evidence?.().edition).toBe(
      'ISO 20816-3:2022, boundaries of ISO 10816-3:2009',
    );
  });

  test('the deadband lowers every boundary for what must fall', () => {
    const { evaluation } = evaluate(
      2.7,
      { group: '2', support: 'rigid' },
      { clear: { deadband: '5%' } },
    );
    expect([evaluation.level, evaluation.levelWithDeadband]).toEqual(['B', 'C']);
  });

  test('the table is configuration', () => {
    const table = { '2-rigid': [1, 2, 3] };
    expect(evaluate(2.5, { group: '2', support: 'rigid' }, { table }).evaluation.level).toBe('C');
    const { refused } = evaluate(2.5, { group: '1', support: 'rigid' }, { table });
    expect(refused).toEqual([`the rule's table has no row "1-rigid"`]);
  });

  test('velocities in other units are converted, other quantities are refused', () => {
    expect(evaluate(0.0046, { group: '2', support: 'rigid' }, {}, 'm/s').evaluation.level).toBe(
      'D',
    );
    expect(evaluate(5, { group: '2', support: 'rigid' }, {}, 'g').refused[0]).toContain('"g"');
  });

  test('an asset without group and support is not evaluated', () => {
    expect(evaluate(99, undefined).refused[0]).toContain('no iso group and support');
  });
});

describe('severity by zone', () => {
  const zone = { kind: 'iso20816', signal: 'velocity' };
  const climb = [1, 2, 3, 5, 3, 2, 1].map((value, at) => {
    return windowEvent(10 * (at + 1), value, {}, { signal: 'velocity' });
  });

  test.for([
    [
      'C alone: D is as bad, and begins nothing anew',
      { C: 'warning' },
      ['raised 30 warning', 'cleared 60 warning'],
    ],
    ['B alone: C and D are as bad', { B: 'notice' }, ['raised 20 notice', 'cleared 70 notice']],
    [
      'D alone: C has no better zone that is named',
      { D: 'danger' },
      ['raised 40 danger', 'cleared 50 danger'],
    ],
    [
      'B and D: C is as bad as B',
      { B: 'notice', D: 'alarm' },
      ['raised 20 notice', 'updated 40 alarm', 'updated 50 notice', 'cleared 70 notice'],
    ],
    ['one for all that are breaches', 'danger', ['raised 30 danger', 'cleared 60 danger']],
    [
      'none said',
      undefined,
      ['raised 30 warning', 'updated 40 alarm', 'updated 50 warning', 'cleared 60 warning'],
    ],
  ] as const)('%s', ([, severity, phases]) => {
    const raise = severity === undefined ? {} : { severity };
    expect(phasesOf(run({ ...zone, raise }, ...climb))).toEqual(phases);
  });
});

describe('criterion II: a change of 25 % of the B/C boundary', () => {
  // Group 2 rigid: B/C is 2.8 mm/s, a quarter of it 0.7 mm/s.
  const rule = { kind: 'iso20816-change', signal: 'velocity', learn: 20 };
  const at = (second: number, value: number) =>
    windowEvent(second, value, {}, { signal: 'velocity' });
  const steady = learning(Array(20).fill(1), 'velocity');

  test('1 mm/s was usual: 1.7 is allowed, 1.71 is not, and 0.29 is not either', () => {
    expect(phasesOf(run(rule, ...steady, at(210, 1.7)))).toEqual([]);
    const [anomaly] = anomaliesOf(run(rule, ...steady, at(210, 1.71)));
    expect(anomaly).toMatchObject({ value: 1.71, unit: 'mm/s' });
    expect(anomaly!.limit).toBeCloseTo(1.7);
    expect(anomaly!.score).toBeCloseTo(0.71 / 0.7);
    expect(anomaly!.reason).toContain('0.71 mm/s above its reference of 1 mm/s');
    expect(phasesOf(run(rule, ...steady, at(210, 0.29)))).toEqual(['raised 210 warning']);
  });

  test('evaluates from the fifth sample on, long before its reference is complete', () => {
    expect(phasesOf(run(rule, ...steady.slice(0, 5), at(60, 1.71)))).toEqual(['raised 60 warning']);
    expect(phasesOf(run(rule, ...steady.slice(0, 4), at(50, 1.71)))).toEqual([]);
  });

  test('learns nothing from a change that lasts, so it does not become the reference', () => {
    const high = Array.from({ length: 40 }, (_, index) => at(60 + 10 * index, 2.5));
    expect(phasesOf(run(rule, ...steady.slice(0, 5), ...high))).toEqual(['raised 60 warning']);
  });
});
