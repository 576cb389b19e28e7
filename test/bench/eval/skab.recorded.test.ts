import { describe, expect, test } from 'vitest';
import { countsOf, skabScore } from '../../../bench/eval/score-skab.ts';
import { LEARNT, readAnomalyFree, readSkab } from '../../../bench/eval/skab-files.ts';
import { fisher, limitOfQ, t2q } from '../../../bench/eval/skab-t2q.ts';
import { realData } from '../../support/real-data.ts';

describe('the score', () => {
  const row = (text: string) => [...text].map((letter) => letter === '1');

  test('counts rows, sums files, and divides: by hand', () => {
    const one = countsOf(row('0000111100'), row('0100011110'));
    expect(one).toEqual({ truePositive: 3, falsePositive: 2, falseNegative: 1, trueNegative: 4 });
    const two = countsOf(row('1100'), row('0000'));
    expect(two).toEqual({ truePositive: 0, falsePositive: 0, falseNegative: 2, trueNegative: 2 });
    // 3 / (3 + (3 + 2) / 2), 2 of 8 normal rows, 3 of 6 anomalous ones.
    expect(skabScore([one, two])).toEqual({ f1: 3 / 5.5, far: 25, mar: 50 });
  });

  test('nothing to count is no score', () => {
    expect(skabScore([])).toEqual({ f1: 0, far: 0, mar: 0 });
  });

  test('alarming always, on the 16 files: 6309 anomalous rows of 11,760', async (context) => {
    const files = await readSkab(realData('skab', context), 'valve1');
    const counts = files.map(({ anomalous }) => {
      const judged = anomalous.slice(LEARNT);
      return countsOf(
        judged,
        judged.map(() => true),
      );
    });
    const score = skabScore(counts);
    expect(files.map(({ name }) => name)).toEqual(
      Array.from({ length: 16 }, (_, at) => `valve1/${at}`),
    );
    // 6309 / (6309 + 5451 / 2)
    expect(score.f1).toBeCloseTo(0.69832, 5);
    expect([score.far, score.mar]).toEqual([100, 0]);
  });

  test('the hours without a fault: 9405 rows, none labelled', async (context) => {
    const { rows, anomalous } = await readAnomalyFree(realData('skab', context));
    expect(rows.length).toBe(9_405);
    expect(anomalous.some(Boolean)).toBe(false);
  });
});

describe('T² and Q', () => {
  test.each([
    // For two degrees of freedom F = b/2 · (1000^(2/b) − 1).
    [2, 120, 7.3211],
    [2, 398, 199 * (1_000 ** (1 / 199) - 1)],
    // From tables of the 99.9 % points.
    [3, 120, 5.781],
    [5, 60, 4.757],
  ])('the 99.9 %% point of F with %d and %d degrees of freedom is %d', (a, b, expected) => {
    expect(fisher(a, b)).toBeCloseTo(expected, 2);
  });

  test('the limit of Q by hand: variances 1 and 1 make h = 1/3 and 2 · (1 + 3.0902/3 − 1/9)³', () => {
    expect(limitOfQ([1, 1])).toBeCloseTo(2 * (1 + 3.0902 / 3 - 1 / 9) ** 3, 9);
    // A chi-square of two degrees of freedom has 13.82 there.
    expect(limitOfQ([1, 1])).toBeCloseTo(14.1, 1);
  });

  test('a row that goes on as learnt is none, one that leaves the plane or goes too far is', () => {
    // Two signals that move together, and one that is their difference from a wave of its own.
    const wave = (row: number) => [
      Math.sin(row),
      2 * Math.sin(row) + 0.1 * Math.cos(7 * row),
      Math.cos(1.7 * row),
    ];
    const rows = Array.from({ length: 400 }, (_, row) => wave(row));
    const [t2, q] = [
      [8, 16, 0],
      [1, -2, 0],
    ];
    const said = t2q([...rows, wave(401), t2, q], 400);
    expect(said.slice(0, 400)).not.toContain(true);
    expect(said.slice(400)).toEqual([false, true, true]);
  });
});
