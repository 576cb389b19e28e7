import fc from 'fast-check';
import { expect, test } from 'vitest';
import { diagnose } from '../../../operators/spectrum/diagnose.ts';
import { extract } from '../../../operators/spectrum/extract.ts';
import { BEARING_6205, noise } from './machines.ts';

const bearing = fc.record({
  balls: fc.integer({ min: 1, max: 60 }),
  ball_diameter: fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
  pitch_diameter: fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
  contact_angle: fc.double({ min: -360, max: 360, noNaN: true }),
});
const samples = fc.oneof(
  fc.float32Array({ minLength: 0, maxLength: 3_000 }),
  fc.float32Array({ minLength: 128, maxLength: 3_000, noNaN: true, noDefaultInfinity: true }),
  fc
    .record({ seed: fc.nat(1_000), scale: fc.constantFrom(1e-40, 1e-20, 1, 1e20, 1e37) })
    .map(({ seed, scale }) => noise(0.5, scale, seed)),
);

test('whatever comes in, every value that goes out is a finite number, and every gap has a reason', () => {
  fc.assert(
    fc.property(
      samples,
      fc.oneof(fc.constant(25_600), fc.double({ min: 0, max: 1e9 })),
      fc.constantFrom('g', 'mm/s', 'um', 'bar'),
      fc.oneof(
        fc.constant(undefined),
        fc.constant(0),
        fc.double({ min: 0, max: 1e7, noNaN: true }),
      ),
      fc.oneof(fc.constant(BEARING_6205), bearing),
      (burst, rate, unit, rpm, geometry) => {
        const extracted = extract(burst, rate, unit, rpm, geometry);
        const { scores, confidence } = diagnose(extracted);
        const numbers = [...Object.values(extracted.values), ...Object.values(scores), confidence];
        expect(numbers.filter((value) => !Number.isFinite(value))).toEqual([]);
        expect(Object.values(extracted.absent)).not.toContain('');
      },
    ),
    { numRuns: 150 },
  );
});

test('a bearing that cannot be is said to be so', () => {
  const geometry = { ...BEARING_6205, ball_diameter: 50 };
  const { absent } = extract(noise(1, 0.1), 25_600, 'g', 1_750, geometry);
  expect(absent.bearing_cage).toBe('the geometry of the bearing cannot be: 9 of 50 mm on 39.04 mm');
});
