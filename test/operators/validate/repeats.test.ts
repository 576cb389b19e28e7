import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isRepeat, MOST, noRepeats } from '../../../operators/validate/repeats.ts';

/** Looks every mark up in all that came before: what the ring with its short cut must agree with. */
function slowly(marks: readonly number[]): readonly boolean[] {
  return marks.map((mark, at) => marks.slice(0, at).includes(mark));
}

describe('isRepeat', () => {
  test('knows the latest marks of a producer, in whatever order they come', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60), { maxLength: 200 }), fc.boolean(), (marks, counted) => {
        const repeats = noRepeats();
        expect(marks.map((mark) => isRepeat(repeats, mark, counted))).toEqual(slowly(marks));
      }),
    );
  });

  test('takes a state of before the highest mark was kept', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60), { maxLength: 100 }), fc.nat(100), (marks, cut) => {
        let repeats = noRepeats();
        const said = marks.map((mark, at) => {
          if (at === cut) {
            const { highest: _, ...older } = repeats;
            repeats = older;
          }
          return isRepeat(repeats, mark, true);
        });
        expect(said).toEqual(slowly(marks));
      }),
    );
  });

  test('counts what is older than the ring as a repeat when the producer counts, and as new when it does not', () => {
    for (const counted of [true, false]) {
      const repeats = noRepeats();
      for (let mark = 1; mark <= MOST + 10; mark += 1) isRepeat(repeats, mark, counted);
      expect(isRepeat(repeats, 5, counted)).toBe(counted);
      expect(isRepeat(repeats, MOST, counted)).toBe(true);
    }
  });
});
