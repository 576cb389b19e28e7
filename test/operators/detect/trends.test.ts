import { describe, expect, test } from 'vitest';
import { lineReaches, timeToLimit } from '../../../operators/detect/trends.ts';
import { randomOf } from '../../support/plant-log.ts';
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
    expect(out[0]!.reason).toContain('comes to 100 °C in 2m (2m to 2m)');
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

describe('when a trend comes to its limit', () => {
  type Points = Parameters<typeof timeToLimit>[0];
  /** Values every second up to now. */
  const points = (count: number, valueAt: (seconds: number) => number): Points => {
    return Array.from({ length: count }, (_, at) => [at + 1 - count, valueAt(at + 1 - count)]);
  };
  /** Irwin and Hall: the sum of twelve uniform numbers less six is nearly normal. */
  const normal = (random: () => number) => {
    return Array.from({ length: 12 }, random).reduce((sum, one) => sum + one, -6);
  };

  test('by hand: 1 ± 1 a second alternating is fitted, and has the interval of Fieller', () => {
    // Residuals of 8 points, ±1 alternating: slope 1 + 2/21, so SSE 8 − 42 · (2/21)² = 7.619, s² 1.26984, Sxx 42.
    const reach = lineReaches(
      points(8, (at) => at + (at % 2 === 0 ? 1 : -1)),
      10,
    )!;
    // Means −3.5 and −3.5: 13.5 / 1.0952 − 3.5 = 8.826. t(6) by two terms 1.89888, spread 4.57875, a 1.09057.
    expect(reach.expected).toBeCloseTo(8.826, 3);
    const half = Math.sqrt(4.578_75 * (13.5 ** 2 / 42 + 1.090_57 / 8)) / 1.090_57;
    const middle = (1.095_238 * 13.5) / 1.090_57 - 3.5;
    expect(reach.earliest).toBeCloseTo(middle - half, 3);
    expect(reach.latest).toBeCloseTo(middle + half, 3);
  });

  test('a line with noise is told with an interval that holds it in at least 90 of 100 tries', () => {
    const random = randomOf(7);
    let [said, right] = [0, 0];
    for (let attempt = 0; attempt < 400; attempt += 1) {
      const reach = timeToLimit(
        points(100, (at) => 0.1 * at + 2 * normal(random)),
        10,
      );
      if (reach === undefined) continue;
      said += 1;
      if (reach.earliest <= 100 && 100 <= reach.latest) right += 1;
    }
    expect(said).toBeGreaterThan(40);
    expect(right / said).toBeGreaterThan(0.9);
  });

  test('wear that speeds up is no line: nothing is said', () => {
    const random = randomOf(7);
    const worn = (at: number) => 20 * Math.exp(at / 30) + 0.2 * normal(random);
    expect(timeToLimit(points(100, worn), 40)).toBeUndefined();
    // The line alone is sure, and wrong: 40 is reached after 20.8 s.
    expect(lineReaches(points(100, worn), 40)!.earliest).toBeGreaterThan(60);
  });

  test('what moves away, or has too few points, has no time', () => {
    expect(
      timeToLimit(
        points(100, (at) => -at),
        10,
      ),
    ).toBeUndefined();
    expect(
      timeToLimit(
        points(15, (at) => at),
        10,
      ),
    ).toBeUndefined();
    expect(
      timeToLimit(
        points(16, (at) => at),
        10,
      ),
    ).toEqual({ expected: 10, earliest: 10, latest: 10 });
  });
});
