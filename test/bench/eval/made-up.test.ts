import { expect, test } from 'vitest';
import { judgeMachine } from '../../../bench/eval/made-up.ts';

/** So many of the generator whose later thousand are `npm run eval -- --only made-up`. */
const SIGNALS = 60;

test('of made-up machines none is named wrongly, and what is plain is named', () => {
  const judged = Array.from({ length: SIGNALS }, (_, seed) => judgeMachine(seed + 1));
  expect(judged.filter(({ wrong }) => wrong.length > 0)).toEqual([]);
  const plain = judged.filter(({ hasName, above }) => hasName && above >= 10);
  expect(plain.length).toBeGreaterThan(10);
  expect(plain.filter(({ isNamed }) => isNamed).length / plain.length).toBeGreaterThanOrEqual(0.8);
});

// Seeds that were named wrongly once, one of each kind.
test.for([
  [2_086, 'inner race whose lines are within the reach of the rolling element'],
  [1_380, 'rolling element whose lines are within the reach of the inner race'],
  [643, 'whirl below the band of the standard'],
  [1_116, 'resonance that stands within a line of the shaft'],
  [523, 'weak impacts once a turn of a quiet machine'],
] as const)('seed %i: %s', ([seed]) => {
  expect(judgeMachine(seed).wrong).toEqual([]);
});

// Seeds whose part was silent once.
test.for([
  [20_009, 'lines that two envelopes show, neither far enough by itself'],
  [20_677, 'an outer race of which lines stand on multiples of the shaft'],
] as const)('seed %i: %s', ([seed]) => {
  expect(judgeMachine(seed).isNamed).toBe(true);
});

// Lines at twice what strikes, whose own places are on the shaft, and a speed that is not so.
test.for([
  [20_369, 1.08],
  [20_084, 1.08],
] as const)('seed %i with %d times its speed said', ([seed, times]) => {
  const { wrong } = judgeMachine(seed, ({ rpm, bearing }) => ({ rpm: times * rpm, bearing }));
  expect(wrong).toEqual([]);
});
