import { describe, expect, test } from 'vitest';
import { clippedSamples, damageOf } from '../../../operators/spectrum/time-waveform.ts';
import { impacts, noise, RATE, shaking } from './machines.ts';
import { sampled, tone } from './waveforms.ts';

const plain = shaking([[25, 3]]);

function changed(samples: Float32Array, change: (copy: Float32Array) => void): Float32Array {
  const copy = Float32Array.from(samples);
  change(copy);
  return copy;
}

describe('what a converter, a memory or a link did', () => {
  test('a signal that stands still', () => {
    const frozen = changed(plain, (copy) => copy.fill(copy[30_000]!, 30_000, 31_000));
    expect(damageOf(frozen)).toContain('stood still in 1000 of 51200 samples');
  });

  test('one flipped bit, and a number for "missing"', () => {
    expect(damageOf(changed(plain, (copy) => copy.set([40], 700)))).toContain('sample 700 is 40');
    expect(damageOf(changed(plain, (copy) => copy.set([-999], 0 + 99)))).toContain('sample 99');
  });

  test('samples that are missing from a tone', () => {
    const smooth = sampled(RATE, RATE, tone(25, 1));
    const cut = Float32Array.from([...smooth.slice(0, 10_000), ...smooth.slice(10_300)]);
    expect(damageOf(cut)).toContain('jumps at sample 10000');
  });
});

describe('what machines do is no damage', () => {
  test('noise, tones, and impacts from weak to strong', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      for (const strength of [1, 5, 50]) {
        expect(damageOf(impacts(90, { strength, seed }))).toBeUndefined();
      }
      expect(damageOf(noise(2, 1, seed))).toBeUndefined();
    }
    expect(damageOf(plain)).toBeUndefined();
  });

  test('a quiet or slow signal in a coarse converter', () => {
    const coarse = (samples: Float32Array) => samples.map((value) => Math.round(value * 100) / 100);
    expect(damageOf(coarse(noise(2, 0.01)))).toBeUndefined();
    expect(damageOf(coarse(sampled(RATE, RATE, tone(2, 1))))).toBeUndefined();
  });

  test('clipping is told apart', () => {
    const flat = sampled(RATE, RATE, tone(2_000, 1)).map((value) => Math.min(0.7, value));
    expect(clippedSamples(flat)).toBeGreaterThan(1_000);
  });
});
