import { DDSketch } from '@datadog/sketches-js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  addToSketch,
  mergeSketch,
  openSketch,
  quantileOf,
} from '../../../operators/window/sketch.ts';

const values = fc.array(
  fc.oneof(
    fc.constant(0),
    fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
    fc.double({ min: -1e6, max: -1e-6, noNaN: true }),
  ),
  { minLength: 1, maxLength: 80 },
);
const quantiles = [0.01, 0.25, 0.5, 0.9, 0.99];

function sketched(list: readonly number[]) {
  const sketch = openSketch();
  for (const value of list) addToSketch(sketch, value);
  return sketch;
}

it('is within 1 % of the value of that rank', () => {
  fc.assert(
    fc.property(values, (list) => {
      const sorted = [...list].sort((a, b) => a - b);
      for (const quantile of quantiles) {
        const found = quantileOf(sketched(list), quantile);
        const rank = quantile * (list.length - 1);
        const near = [Math.floor(rank), Math.ceil(rank)].map((place) => sorted[place] ?? 0);
        const close = near.some((value) => Math.abs(found - value) <= Math.abs(value) * 0.0101);
        expect(close, `${found} for ${near}`).toBe(true);
      }
    }),
  );
});

it('answers as the library does', () => {
  fc.assert(
    fc.property(values, (list) => {
      const library = new DDSketch({ relativeAccuracy: 0.01 });
      for (const value of list) library.accept(value);
      for (const quantile of quantiles) {
        expect(quantileOf(sketched(list), quantile)).toBe(library.getValueAtQuantile(quantile));
      }
    }),
  );
});

it('merges as if it had seen all, negative values too', () => {
  fc.assert(
    fc.property(values, values, (some, others) => {
      const merged = sketched(some);
      mergeSketch(merged, sketched(others));
      for (const quantile of quantiles) {
        expect(quantileOf(merged, quantile)).toBe(
          quantileOf(sketched([...some, ...others]), quantile),
        );
      }
    }),
  );
});

it('joins the smallest magnitudes when they spread too far, and keeps its size', () => {
  const sketch = sketched(Array.from({ length: 400 }, (_, i) => 10 ** (i / 8 - 8)));
  expect(sketch.positive.counts.length).toBeLessThanOrEqual(2_048);
  expect(quantileOf(sketch, 0.9) / 10 ** (359.1 / 8 - 8)).toBeCloseTo(1, 0);
});
