import { describe, expect, test } from 'vitest';
import { diagnose } from '../../../operators/spectrum/diagnose.ts';
import { extract, withAveragedLevels } from '../../../operators/spectrum/extract.ts';
import { sampled } from './waveforms.ts';

const RATE = 12_800;

/** A vibration at one frequency, its velocity `level(share)` mm/s at a share of the record, and a hiss far above. */
function recordOf(seconds: number, frequency: number, level: (share: number) => number) {
  const angular = 2 * Math.PI * frequency;
  return sampled(seconds * RATE, RATE, (time) => {
    const amplitude = (level(time / seconds) * Math.SQRT2 * angular) / 9_806.65;
    return amplitude * Math.sin(angular * time + 0.7) + 0.05 * Math.sin(27_000 * time);
  });
}

/** Velocity in mm/s rms over the whole record, from its definition. */
function truthOf(level: (share: number) => number): number {
  const steps = 10_000;
  let sum = 0;
  for (let step = 0; step < steps; step++) sum += level((step + 0.5) / steps) ** 2;
  return Math.sqrt(sum / steps);
}

function velocities(samples: Float32Array) {
  const plain = extract(samples, RATE, 'g', undefined);
  const averaged = withAveragedLevels(plain);
  return [plain.values.velocity_rms!, averaged.values.velocity_rms!] as const;
}

const beat = (phase: number) => (share: number) =>
  8 * Math.abs(Math.cos(Math.PI * (share - phase)));
const burst = (share: number) => (at: number) => (at > 1 - share ? 10 : 0.5);

describe('the velocity of an unsteady record', () => {
  test.for([
    ['a beat that is loudest in the middle', beat(0.5), 4, 0.25],
    ['a beat that is quietest in the middle', beat(0), 4, -0.4],
    ['a burst in its last tenth', burst(0.1), 4, -0.8],
    ['a burst in its last sixth', burst(1 / 6), 2, -0.7],
    ['a burst in its last quarter', burst(0.25), 1, -0.5],
    ['a burst in its first tenth', (share: number) => burst(0.1)(1 - share), 8, -0.8],
    ['a machine that runs up', (share: number) => 1 + 9 * share ** 2, 2, -0.1],
  ] as const)('%s is that of all of it', ([, level, seconds, wrong]) => {
    for (const frequency of [24.7, 49.3, 310]) {
      const truth = truthOf(level);
      const [plain, averaged] = velocities(recordOf(seconds, frequency, level));
      // One window over all is as wrong as that.
      if (wrong < 0) expect(plain / truth - 1).toBeLessThan(wrong);
      else expect(plain / truth - 1).toBeGreaterThan(wrong);
      expect(Math.abs(averaged / truth - 1), `${frequency} Hz`).toBeLessThan(0.05);
    }
  });

  test('is told with the spread, and with the zone of its loudest part', () => {
    const extracted = withAveragedLevels(extract(recordOf(4, 49.3, burst(0.1)), RATE, 'g', 1_480));
    const { severity, reasons } = diagnose(extracted, { group: 2, support: 'rigid' });
    expect(severity).toMatchObject({ zone: 'C', spread: { seconds: 0.5 } });
    expect(severity!.spread!.least).toBeCloseTo(0.5, 1);
    expect(severity!.spread!.most).toBeGreaterThan(7);
    expect(reasons.join('\n')).toMatch(/velocity 0\.5\d* to [789]\.\d+ mm\/s in parts of 0\.50 s/);
    expect(reasons.join('\n')).toMatch(/the loudest 0\.50 s had [789]\.\d+ mm\/s, zone D/);
  });

  test('a steady record keeps its figures, whatever is below the band', () => {
    const steady = recordOf(2, 310, () => 3);
    const [plain, averaged] = velocities(
      steady.map((sample, at) => sample + Math.sin((2 * Math.PI * 5.3 * at) / RATE)),
    );
    expect(averaged).toBe(plain);
    expect(plain).toBeCloseTo(3, 1);
  });

  test('a record too short for parts keeps its figures', () => {
    const [plain, averaged] = velocities(recordOf(0.4, 49.3, burst(0.25)));
    expect(averaged).toBe(plain);
  });

  test('a band of acceleration and the displacement are averaged likewise', () => {
    // Nothing abrupt: that has low lines of its own, which integration makes large.
    const extracted = extract(recordOf(4, 49.3, beat(0)), RATE, 'g', undefined);
    const { values } = withAveragedLevels(extracted);
    const truth = truthOf(beat(0));
    const angular = 2 * Math.PI * 49.3;
    expect(values.displacement_rms! / ((truth * 1_000) / angular)).toBeCloseTo(1, 1);
    expect(values.acceleration_low_rms! / ((truth * angular) / 9_806.65)).toBeCloseTo(1, 1);
  });
});
