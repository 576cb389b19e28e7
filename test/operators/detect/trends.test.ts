import { describe, expect, test } from 'vitest';
import { anomaliesOf, phasesOf, windowEvent } from './fixtures.ts';
import { run } from './learnt-values.ts';

describe('rate of change', () => {
  const rule = { kind: 'rate', signal: 'temperature', rise: 6, per: '1m', over: '40s' };

  test('1 degree in 10 s is 6 a minute: allowed; 1.1 is 6.6 and not', () => {
    const climb = (step: number) =>
      [10, 20, 30, 40].map((at) => windowEvent(at, 20 + (step * at) / 10));
    expect(phasesOf(run(rule, ...climb(1)))).toEqual([]);
    const [anomaly] = anomaliesOf(run(rule, ...climb(1.1)));
    expect(anomaly).toMatchObject({ time: 30e6, limit: 6 });
    expect(anomaly!.score).toBeCloseTo(1.1);
    expect(anomaly!.reason).toContain('rising by 6.6 °C in 1m');
  });

  test('falling is another level, and one sample raises nothing', () => {
    const fall = { ...rule, rise: undefined, fall: 6 };
    expect(phasesOf(run(fall, windowEvent(10, 50), windowEvent(20, 30)))).toEqual([]);
    expect(
      phasesOf(run(fall, windowEvent(10, 50), windowEvent(20, 48), windowEvent(30, 46))),
    ).toEqual(['raised 30 warning']);
  });
});

describe('trend with time to limit', () => {
  const rule = { kind: 'trend', signal: 'temperature', above: 100, over: '200s', horizon: '100s' };
  const climb = (step: number, count: number) => {
    return Array.from({ length: count }, (_, index) =>
      windowEvent(10 * (index + 1), 50 + step * index),
    );
  };

  test('a degree every 10 s from 50: at 86 the limit of 100 is 140 s away, at 90 it is 100 s', () => {
    const out = anomaliesOf(run(rule, ...climb(1, 45)));
    expect(out.map(({ phase, time }) => `${phase} ${time / 1e6}`)).toEqual(['raised 410']);
    expect(out[0]!.value).toBeCloseTo(90);
    expect(out[0]!.evidence.seconds_to_limit).toBeCloseTo(100);
    expect(out[0]!.reason).toContain('rises by 8640 °C a day');
    expect(out[0]!.reason).toContain('comes to 100 °C in 2m');
  });

  test('noise is no trend: its slope is not certain', () => {
    const noise = Array.from({ length: 60 }, (_, index) =>
      windowEvent(10 * (index + 1), 95 + (index % 2 ? 3 : -3)),
    );
    expect(phasesOf(run(rule, ...noise))).toEqual([]);
  });

  test('what moves away from the limit never comes to it', () => {
    expect(phasesOf(run(rule, ...climb(-1, 45)))).toEqual([]);
  });
});
