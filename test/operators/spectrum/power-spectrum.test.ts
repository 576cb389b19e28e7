import { describe, expect, test } from 'vitest';
import {
  bandRms,
  powerSpectrum,
  spectralPeaks,
} from '../../../operators/spectrum/power-spectrum.ts';
import { shaftOrders, shaftSpeedOf } from '../../../operators/spectrum/shaft.ts';
import { waveformMoments } from '../../../operators/spectrum/vibration-features.ts';

import { noise, RATE, shaking } from './machines.ts';
import { sampled, tone } from './waveforms.ts';

test('moments of 128 sawtooth steps and one spike agree with those by hand', () => {
  // Half at −1, half at +1, mean 0: rms 1, skew 0, kurtosis 1.
  const square = Float32Array.from({ length: 128 }, (_, index) => (index % 2 === 0 ? -1 : 1));
  expect(waveformMoments(square)).toEqual({
    rms: 1,
    peak: 1,
    peak_to_peak: 2,
    crest: 1,
    skew: 0,
    kurtosis: 1,
  });
  // Three at 0 and one at 4, mean 1: squares 1, 1, 1, 9, so variance 3; cubes −3 + 27 = 24 over 4 is 6, over 3√3 is 1.1547;
  // fourth powers 3 + 81 = 84 over 4 is 21, over 9 is 2.3333.
  const { skew, kurtosis } = waveformMoments(Float32Array.from([0, 0, 0, 4]));
  expect(skew).toBeCloseTo(1.1547, 4);
  expect(kurtosis).toBeCloseTo(2.3333, 4);
});

describe('the rms of a band', () => {
  test('of a tone is its amplitude over √2, and twice integrated over (2πf)²', () => {
    const lines = powerSpectrum(sampled(RATE, RATE, tone(160, 1)), RATE);
    expect(bandRms(lines, { low: 100, high: 200 }, 0)).toBeCloseTo(Math.SQRT1_2, 4);
    expect(bandRms(lines, { low: 200, high: 400 }, 0)).toBeLessThan(1e-3);
    // (2π · 160)² = 1 010 647.
    expect(bandRms(lines, { low: 10, high: 1_000 }, 2) * 1_010_647).toBeCloseTo(Math.SQRT1_2, 2);
  });

  test('of noise is its share of the band', () => {
    // 1 g rms from 0 to 12 800 Hz: of 1000 to 5000 Hz √(4000 / 12 800) = 0.559.
    const lines = powerSpectrum(noise(4, 1), RATE);
    expect(bandRms(lines, { low: 1_000, high: 5_000 }, 0)).toBeCloseTo(0.559, 2);
  });
});

describe('multiples of the shaft speed', () => {
  const samples = shaking([
    [29, 3],
    [58, 1],
    [87, 0.5],
    [14.5, 0.4],
  ]);
  const rmsOf = (order: number) => {
    const orders = shaftOrders(powerSpectrum(samples, RATE), 29.05, 1);
    return orders.find((each) => each.order === order)!.rms * 9_806.65;
  };

  test('have the velocities that were put in, though the speed was said 0.2 % too high', () => {
    expect(rmsOf(1)).toBeCloseTo(3, 1);
    expect(rmsOf(2)).toBeCloseTo(1, 1);
    expect(rmsOf(3)).toBeCloseTo(0.5, 1);
    expect(rmsOf(0.5)).toBeCloseTo(0.4, 1);
    expect(rmsOf(5)).toBeLessThan(0.05);
  });

  test('above the spectrum are left out', () => {
    const orders = shaftOrders(powerSpectrum(noise(2, 1, 1, 512), 512), 60, 0);
    expect(orders.at(-1)?.order).toBe(4);
  });
});

describe('the shaft speed of a spectrum', () => {
  const machine = (shaft: number) => {
    return shaking([1, 2, 3, 4, 5, 6, 7, 8].map((order) => [order * shaft, 1 / order]));
  };
  test.for([12.4, 24.8, 29.17, 49.5])('%f Hz is found within a line', (shaft) => {
    const found = shaftSpeedOf(powerSpectrum(machine(shaft), RATE));
    expect(found?.shaft).toBeGreaterThan(shaft - 0.5);
    expect(found?.shaft).toBeLessThan(shaft + 0.5);
    expect(found?.confidence).toBeGreaterThan(0.15);
  });

  test.for([
    ['noise', noise(2, 1)],
    ['a single tone', sampled(2 * RATE, RATE, tone(30, 1))],
    ['too short a waveform', machine(29).slice(0, 4_000)],
  ] as const)('%s has none', ([, samples]) => {
    expect(shaftSpeedOf(powerSpectrum(samples, RATE))).toBeUndefined();
  });
});

describe('lines worth keeping', () => {
  const band = { low: 10, high: 1_000 };

  test('are the strongest, with what was put in, and no shoulder of another', () => {
    const samples = shaking([
      [200, 2],
      [50, 3],
      [731.3, 0.5],
    ]);
    const kept = spectralPeaks(powerSpectrum(samples, RATE), band, 1, 5);
    expect(kept.map(({ frequency }) => Math.round(frequency))).toEqual([50, 200, 731]);
    expect(kept[0]!.rms * 9_806.65).toBeCloseTo(3, 1);
    expect(kept[2]!.rms * 9_806.65).toBeCloseTo(0.5, 1);
  });

  test('of noise are none', () => {
    expect(spectralPeaks(powerSpectrum(noise(2, 1), RATE), band, 0, 5)).toEqual([]);
  });
});
