import { describe, expect, test } from 'vitest';
import type { Anomaly } from '../../../operators/model/anomaly.ts';
import { PRESS, rules } from '../../support/findings.ts';
import { cleared, type Item, landedOf, phase, raised, reportedOf, run, wait } from './run-alarm.ts';

describe('a flood', () => {
  const alarms = { flood: { limit: 2, per: '1m', resume: 2, spare: 'danger' } };
  const many = [1, 2, 3, 4].map((index) => raised(10 * index, { rule: `r${index}` }));

  test('is one group alarm; what was suppressed and is active is reported when it is over', () => {
    const out = run(alarms, ...many, cleared(45, 2, { rule: 'r4' }), wait(89), wait(90));
    expect(reportedOf(out)).toEqual([
      'raised 10 r1 1',
      'raised 20 r2 1',
      'raised 30 flood 1',
      'cleared 90 flood 2',
      'raised 90 r3 2',
    ]);
    expect(landedOf(out).filter((row) => row.endsWith('flood'))).toEqual([
      'raised 1 flood',
      'raised 1 flood',
      'cleared 2 flood',
    ]);
  });

  test('does not hold back what is spared', () => {
    expect(
      reportedOf(run(alarms, ...many, raised(50, { rule: 'r5', severity: 'danger' }))).at(-1),
    ).toBe('raised 50 r5 1');
  });

  test('alarms that come slowly are none', () => {
    const slow = [1, 2, 3, 4].map((index) => raised(40 * index, { rule: `r${index}` }));
    expect(reportedOf(run(alarms, ...slow))).toHaveLength(4);
  });
});

describe('a change of regime', () => {
  const alarms = { regime: { signals: 3, per: '1m', spare: 'alarm' } };
  const usual = (seconds: number, signal: string, more: Partial<Anomaly> = {}) => {
    return raised(seconds, { rule: 'usual', detector: 'baseline', signal, ...more });
  };
  const three = [usual(10, 'a'), usual(20, 'b'), usual(30, 'c')];

  test('of three signals within a minute is one group alarm, and ends with the last of them', () => {
    const ends = ['a', 'b', 'c'].map((signal, index) =>
      cleared(100 + index, 2, { rule: 'usual', detector: 'baseline', signal }),
    );
    const out = run(alarms, ...three, wait(99), ...ends);
    expect(reportedOf(out)).toEqual(['raised 30 regime 1', 'cleared 102 regime 2']);
    const notice = out.find((item) => item.kind === 'event' && 'kind' in item.value);
    expect(notice).toMatchObject({
      value: { severity: 'notice', value: 3, reason: expect.stringContaining('a, b, c') },
    });
  });

  test('two are alarms of their own, reported when the minute is over', () => {
    expect(reportedOf(run(alarms, ...three.slice(0, 2), wait(69)))).toEqual([]);
    expect(reportedOf(run(alarms, ...three.slice(0, 2), wait(70)))).toEqual([
      'raised 70 usual 2',
      'raised 70 usual 2',
    ]);
  });

  test('of rules that wait less than has passed already is over now, and not back then', () => {
    const hour = rules({ alarms: { regime: { ...alarms.regime, per: '1h' } } }) as Item;
    const minute = rules({ alarms }) as Item;
    const out = run({}, hour, usual(10, 'a'), wait(600), minute, usual(700, 'b'), wait(800));
    expect(reportedOf(out)).toEqual(['raised 600.000001 usual 2', 'raised 600.000001 usual 2']);
  });

  test('limits and what is spared wait for nothing', () => {
    const hot = raised(40, { rule: 'hot' });
    const bad = usual(50, 'd', { severity: 'alarm' });
    expect(reportedOf(run(alarms, ...three, hot, bad)).slice(1)).toEqual([
      'raised 40 hot 1',
      'raised 50 usual 1',
    ]);
  });

  test('of which one gets worse than is spared reports that one', () => {
    const worse = phase(40, 'updated', 2, {
      rule: 'usual',
      detector: 'baseline',
      signal: 'a',
      severity: 'alarm',
    });
    expect(reportedOf(run(alarms, ...three, worse)).slice(1)).toEqual(['raised 40 usual 3']);
  });

  test('two rules on one signal are one signal', () => {
    const twice = [
      usual(10, 'a'),
      usual(20, 'a', { rule: 'mean', detector: 'ewma' }),
      usual(30, 'b'),
    ];
    expect(reportedOf(run(alarms, ...twice))).toEqual([]);
  });

  test('of a line counts all its assets', () => {
    const line = { regime: { ...alarms.regime, of: 'line' } };
    const two = [usual(10, 'a'), usual(20, 'a', { asset: PRESS }), usual(30, 'b')];
    expect(reportedOf(run(line, ...two))).toEqual(['raised 30 regime 1']);
    expect(reportedOf(run(alarms, ...two))).toEqual([]);
  });
});

describe('a change of the rules', () => {
  test('that suppresses less reports what is active', () => {
    const alarms = { regime: { signals: 3, per: '1m' } };
    const held = [1, 2, 3].map((index) =>
      raised(10 * index, { rule: 'usual', detector: 'baseline', signal: `s${index}` }),
    );
    const out = run(alarms, ...held, wait(40), rules({}) as Item);
    expect(reportedOf(out).map((line) => line.split(' ')[0])).toEqual([
      'raised',
      'cleared',
      'raised',
      'raised',
      'raised',
    ]);
  });
});
