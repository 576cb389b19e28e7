import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  ACCUMULATOR,
  addReading,
  mergeAccumulators,
  statistics,
} from '../../../operators/window/aggregate.ts';

type Reading = { readonly time: number; readonly value: number };

function accumulated(readings: readonly Reading[]): Float64Array {
  const columns = new Float64Array(ACCUMULATOR);
  for (const { time, value } of readings) addReading(columns, 0, time, value);
  return columns;
}

/** Straight from the definitions, in two passes around the mean. */
function plain(readings: readonly Reading[]) {
  const n = readings.length;
  const mean = readings.reduce((sum, { value }) => sum + value, 0) / n;
  const middle = readings.reduce((sum, { time }) => sum + time, 0) / n;
  let spread = 0;
  let over = 0;
  let rise = 0;
  let squares = 0;
  for (const { time, value } of readings) {
    spread += (value - mean) ** 2;
    over += (time - middle) ** 2;
    rise += (time - middle) * (value - mean);
    squares += value ** 2;
  }
  return {
    mean,
    deviation: n === 1 ? 0 : Math.sqrt(spread / (n - 1)),
    slope: over === 0 ? 0 : (rise / over) * 1e6,
    rms: Math.sqrt(squares / n),
  };
}

const now = 1_795_000_000_000_000;
const readings = fc.array(
  fc.record({
    time: fc.integer({ min: now, max: now + 3_600_000_000 }),
    value: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  }),
  { minLength: 1, maxLength: 60 },
);

it('is what the definitions say', () => {
  fc.assert(
    fc.property(readings, (list) => {
      const known = statistics(accumulated(list), 0);
      const expected = plain(list);
      expect(known.mean).toBeCloseTo(expected.mean, 6);
      expect(known.deviation).toBeCloseTo(expected.deviation, 5);
      expect(known.rms).toBeCloseTo(expected.rms, 5);
      expect(Math.abs(known.slope - expected.slope)).toBeLessThanOrEqual(
        1e-9 + Math.abs(expected.slope) * 1e-6,
      );
    }),
  );
});

it('is the same to the last bit in any order and by any parts', () => {
  const cases = readings
    .filter((list) => new Set(list.map(({ time }) => time)).size === list.length)
    .chain((list) =>
      fc.record({
        list: fc.constant(list),
        shuffled: fc.shuffledSubarray(list, { minLength: list.length }),
        cut: fc.nat({ max: list.length }),
      }),
    );
  fc.assert(
    fc.property(cases, ({ list, shuffled, cut }) => {
      const whole = statistics(accumulated(list), 0);
      expect(statistics(accumulated(shuffled), 0)).toEqual(whole);
      const parts = accumulated(shuffled.slice(cut));
      mergeAccumulators(parts, 0, accumulated(shuffled.slice(0, cut)), 0);
      expect(statistics(parts, 0)).toEqual(whole);
    }),
    { numRuns: 500 },
  );
});

it('keeps the deviation beside a mean a billion times larger', () => {
  const list = Array.from({ length: 1_000 }, (_, i) => ({
    time: now + i * 1_000,
    value: 1e9 + (i % 2 === 0 ? 0.5 : -0.5),
  }));
  expect(statistics(accumulated(list), 0).deviation).toBeCloseTo(0.5 * Math.sqrt(1_000 / 999), 9);
});

it('finds the slope of a line exactly, per second', () => {
  const list = Array.from({ length: 600 }, (_, i) => ({
    time: now + i * 100_000,
    value: 3 + i * 0.25,
  }));
  expect(statistics(accumulated(list), 0).slope).toBeCloseTo(2.5, 12);
});

it('finds in a constant signal neither deviation nor slope', () => {
  const list = Array.from({ length: 7 }, (_, i) => ({ time: now + i, value: 20.1 }));
  expect(statistics(accumulated(list), 0)).toMatchObject({
    count: 7,
    deviation: 0,
    slope: 0,
    peak_to_peak: 0,
    mean: 20.1,
  });
});

it('takes first and last by event time, of equal times the first and the last to arrive', () => {
  const list = [
    { time: 5, value: 1 },
    { time: 3, value: 2 },
    { time: 3, value: 3 },
    { time: 5, value: 4 },
  ];
  expect(statistics(accumulated(list), 0)).toMatchObject({ first: 2, last: 4, min: 1, max: 4 });
});

it('takes the crest from the largest magnitude, and has none where all is 0', () => {
  const wave = [-4, 2, 2, 2].map((value, time) => ({ time, value }));
  expect(statistics(accumulated(wave), 0).crest).toBeCloseTo(4 / Math.sqrt(7), 12);
  expect(statistics(accumulated([{ time: 0, value: 0 }]), 0).crest).toBe(0);
});
