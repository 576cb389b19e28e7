import { expect, test } from 'vitest';
import { scoreDiagnoses } from '../../../bench/eval/score-diagnoses.ts';

test('a verdict is right, wrong or open, and a guess counts beside it', () => {
  const of = (fault: string, verdict: string, forced: string | null) => ({
    fault,
    verdict,
    forced,
  });
  expect(
    scoreDiagnoses([
      of('outer_race', 'outer_race', 'outer_race'),
      of('outer_race', 'not_determined', 'outer_race'),
      of('inner_race', 'not_determined', null),
      // To call a broken bearing well is wrong, not open.
      of('inner_race', 'none', 'inner_race'),
      of('rolling_element', 'outer_race', 'outer_race'),
    ]),
  ).toEqual({ records: 5, right: 1, open: 2, wrong: 2, forced: 3 });
});
