import { describe, expect, test } from 'vitest';
import {
  chooseOnAll,
  crossValidate,
  errorOfDifference,
  heldOut,
} from '../../../bench/eval/folds.ts';

const mean = (scores: readonly number[]) =>
  scores.reduce((sum, score) => sum + score, 0) / Math.max(1, scores.length);

describe('cross-validation', () => {
  test('a candidate that is good in one part alone is not chosen for that part', () => {
    // `lucky` owes all to the last file: it is best on all, and worst without it.
    const scores = { steady: [5, 5, 5, 5], lucky: [4, 4, 4, 40] };
    const folds = crossValidate(scores, ['a', 'b', 'c', 'd'], mean);
    expect(folds.map(({ part, chosen }) => [part, chosen]).at(-1)).toEqual(['d', 'steady']);
    expect(heldOut(folds).at(-1)).toBe(5);
  });

  test('files of one part are left out together, and scores come back in the order of the files', () => {
    const scores = { one: [1, 2, 3, 4], other: [10, 0, 30, 0] };
    const folds = crossValidate(scores, ['x', 'y', 'x', 'y'], mean);
    // On y alone (2, 4 against 0, 0) `one` is chosen for x; on x alone `other` for y.
    expect(folds.map(({ part, chosen }) => [part, chosen])).toEqual([
      ['x', 'one'],
      ['y', 'other'],
    ]);
    expect(heldOut(folds)).toEqual([1, 0, 3, 0]);
  });
});

describe('the choice', () => {
  test('by hand: differences of 1, 2 and 3 in means of three have a standard error of 0.577', () => {
    // Without each: 2.5, 2, 1.5 about 2; squares 0.25 + 0 + 0.25, times 2/3, is 1/3.
    expect(errorOfDifference([1, 2, 3], [0, 0, 0], mean)).toBeCloseTo(Math.sqrt(1 / 3), 12);
    expect(errorOfDifference([7], [0], mean)).toBe(0);
  });

  test('is the first within one standard error of the difference, and the best beyond it', () => {
    // A difference of 0.5 on average, of −1, 0 and 2.5: its error is about 1.04.
    expect(chooseOnAll({ calm: [1, 1, 1], keen: [0, 1, 3.5] }, mean)).toBe('calm');
    // The same difference in each file has no error.
    expect(chooseOnAll({ calm: [1, 1, 1], keen: [1.5, 1.5, 1.5] }, mean)).toBe('keen');
    expect(chooseOnAll({ keen: [1, 1, 1], calm: [1, 1, 1] }, mean)).toBe('keen');
  });
});
