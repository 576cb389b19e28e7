import { describe, expect, test } from 'vitest';
import {
  bestThreshold,
  type Flag,
  type Labelled,
  normalised,
  PROFILES,
  probationOf,
  rawScore,
  scoreAt,
  sigmoid,
} from '../../../bench/eval/score-nab.ts';

const { standard } = PROFILES;
/** 1000 rows of which 150 are probation, one window of four rows. */
const one: Labelled = { rows: 1_000, windows: [{ first: 800, last: 803 }] };
const two: Labelled = {
  rows: 1_000,
  windows: [
    { first: 400, last: 499 },
    { first: 800, last: 803 },
  ],
};
const at = (...rows: readonly number[]): Flag[] => rows.map((row) => ({ row, score: 1 }));
const raw = (file: Labelled, ...rows: readonly number[]) =>
  rawScore({ file, flags: at(...rows) }, standard);

describe('the sigmoid of NAB', () => {
  test.each([
    // The three of NAB's own documentation (nab/sweeper.py), then by hand: tanh(5/8), −tanh(5/6).
    [-1, 0.98661],
    [-0.5, 0.84828],
    [0, 0],
    [1, -0.98661],
    [-0.25, 0.5546],
    [1 / 3, -0.68226],
    [3.01, -1],
  ])('at %d is %d', (position, expected) => {
    expect(sigmoid(position)).toBeCloseTo(expected, 4);
  });
});

describe('the raw score of a file', () => {
  test.each([
    ['nothing is a missed window', [], -1],
    ['the first row of a window is a hit', [800], 1],
    ['its last row is worth tanh(5/8) / 0.98661', [803], 0.56212],
    ['a window earns its best row, in any order', [803, 800, 802, 801], 1],
    ['a false alarm before any window costs 0.11', [800, 200], 0.89],
    ['one just behind a window costs 0.11 tanh(5/6)', [800, 804], 1 - 0.07505],
    ['one far behind it costs 0.11', [800, 900], 0.89],
    ['every flagged row outside counts', [800, 900, 901, 902], 0.67],
    ['what is flagged in the probation counts nothing', [0, 149, 800], 1],
    ['the first row after the probation counts', [150, 800], 0.89],
  ])('%s', (_sentence, rows, expected) => {
    expect(raw(one, ...rows)).toBeCloseTo(expected, 5);
  });

  test('the distance behind a window is in widths of the last window before', () => {
    // 99 rows behind a window of 100: −0.11 tanh(5/2). Both windows are missed.
    expect(raw(two, 598)).toBeCloseTo(-2 - 0.11 * Math.tanh(2.5), 9);
  });

  test('a window within the probation is nobody to find, one that reaches out of it is', () => {
    const file = { rows: 1_000, windows: [{ first: 100, last: 149 }] };
    expect(raw(file)).toBeCloseTo(0, 9);
    expect(
      rawScore({ file: { ...file, windows: [{ first: 100, last: 150 }] }, flags: [] }, standard),
    ).toBe(-1);
  });

  test('the probation is 15 % of a short file and 750 rows of a long one', () => {
    expect([1_882, 4_032, 5_000, 22_695].map((rows) => probationOf({ rows, windows: [] }))).toEqual(
      [282, 604, 750, 750],
    );
  });
});

describe('the normalised score', () => {
  const files = [one, two];

  test.each(Object.entries(PROFILES))(
    'in profile %s: silence has 0, first rows have 100',
    (_name, profile) => {
      const silent = files.map((file) => ({ file, flags: [] }));
      const perfect = files.map((file) => ({
        file,
        flags: at(...file.windows.map(({ first }) => first)),
      }));
      expect(scoreAt(silent, 0, profile)).toBe(0);
      expect(scoreAt(perfect, 0, profile)).toBeCloseTo(100, 9);
    },
  );

  test('a miss and a hit of two windows have 50; with ten far false alarms 50 − 100 · 1.1 / 4', () => {
    expect(normalised(raw(two, 400), [two], standard)).toBeCloseTo(50, 9);
    const alarms = Array.from({ length: 10 }, (_, index) => 200 + index);
    expect(normalised(raw(two, 400, ...alarms), [two], standard)).toBeCloseTo(22.5, 9);
  });

  test('the profiles weigh false alarms and misses: one window found of two, one false alarm', () => {
    const flagged = [{ file: two, flags: at(400, 200) }];
    // (1 − 1 − 0.11 + 2) / 4, (1 − 1 − 0.22 + 2) / 4, (1 − 2 − 0.11 + 4) / 6
    expect(scoreAt(flagged, 1, PROFILES.standard)).toBeCloseTo(47.25, 9);
    expect(scoreAt(flagged, 1, PROFILES['low FP'])).toBeCloseTo(44.5, 9);
    expect(scoreAt(flagged, 1, PROFILES['low FN'])).toBeCloseTo(48.1667, 4);
  });
});

describe('the best threshold', () => {
  test('is found over all files together', () => {
    const flagged = [
      {
        file: one,
        flags: [
          { row: 800, score: 5 },
          { row: 200, score: 4 },
        ],
      },
      {
        file: two,
        flags: [
          { row: 400, score: 3 },
          { row: 300, score: 2 },
        ],
      },
    ];
    // Found: 800 and 400, at the price of the alarm at 200: (1 + 1 − 1 − 0.11 + 3) / 6.
    const best = bestThreshold(flagged, standard);
    expect(best.threshold).toBe(3);
    expect(best.score).toBeCloseTo((100 * 3.89) / 6, 9);
    expect(scoreAt(flagged, best.threshold, standard)).toBeCloseTo(best.score, 9);
  });

  test('is none when every alarm costs more than it finds', () => {
    const flagged = [{ file: one, flags: at(200, 201) }];
    expect(bestThreshold(flagged, standard)).toEqual({
      threshold: Number.POSITIVE_INFINITY,
      score: 0,
    });
  });

  test('takes rows of equal scores together', () => {
    const flags = at(800, ...Array.from({ length: 30 }, (_, index) => 200 + index));
    expect(bestThreshold([{ file: one, flags }], standard).score).toBe(0);
  });
});
