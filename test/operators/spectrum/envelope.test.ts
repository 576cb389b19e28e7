import { describe, expect, test } from 'vitest';
import {
  envelopeKurtosis,
  envelopeSpectrum,
  halfSpectrum,
  mostImpulsiveBand,
  prewhiten,
  squaredEnvelope,
} from '../../../operators/spectrum/envelope.ts';
import { impacts, noise, RATE } from './machines.ts';
import { sampled, tone } from './waveforms.ts';

const strongest = (amplitudes: Float64Array) => amplitudes.indexOf(Math.max(...amplitudes));

describe('the squared envelope of a modulated tone', () => {
  // (1 + m cos ωt) · carrier: its square is 1 + m²/2 + 2m cos ωt + m²/2 cos 2ωt. With m = 0.5, over the mean of 1.125:
  // 1/1.125 = 0.8889 at ω and 0.125/1.125 = 0.1111 at 2ω.
  const samples = sampled(16_384, 16_384, (t) => {
    return (1 + 0.5 * Math.cos(2 * Math.PI * 64 * t)) * tone(4_000, 1)(t);
  });
  const spectrum = envelopeSpectrum(squaredEnvelope(halfSpectrum(samples, 16_384), 0, 8_192));

  test('has its modulation at 64 and 128 Hz, as strong as by hand, and little else', () => {
    expect(spectrum.step).toBe(1);
    expect(spectrum.amplitudes[64]).toBeCloseTo(0.8889, 3);
    expect(spectrum.amplitudes[128]).toBeCloseTo(0.1111, 3);
    expect(spectrum.amplitudes[300]).toBeLessThan(1e-3);
  });

  test('of a band has the same modulation when the carrier is in it, and tells the band', () => {
    const banded = envelopeSpectrum(squaredEnvelope(halfSpectrum(samples, 16_384), 2_048, 4_096));
    expect(banded.band).toEqual([2_048, 6_144]);
    expect(banded.amplitudes[64]).toBeCloseTo(0.8889, 2);
  });
});

test('prewhitening leaves every line at magnitude one, whatever tone stood there', () => {
  const samples = noise(0.64, 0.1).map((value, index) => value + 5 * Math.sin(index));
  const { bins } = prewhiten(halfSpectrum(samples, RATE));
  for (let at = 2; at < bins.length; at += 2) {
    expect(Math.hypot(bins[at]!, bins[at + 1]!)).toBeCloseTo(1, 9);
  }
});

test('excess kurtosis of an envelope is 0 for noise, −1 for a tone and high for impacts', () => {
  // A tone has |z|⁴ = (|z|²)², so 1 − 2 = −1. Complex noise has E|z|⁴ = 2 (E|z|²)², so 0; its scatter is √(20/n) = 0.02.
  const of = (samples: Float32Array) => {
    const half = halfSpectrum(samples, RATE);
    return envelopeKurtosis(squaredEnvelope(half, 0, half.size / 2).squares);
  };
  expect(of(sampled(32_768, RATE, tone(3_200, 1)))).toBeCloseTo(-1, 3);
  expect(Math.abs(of(noise(4, 1)))).toBeLessThan(0.1);
  expect(of(impacts(100, { strength: 5, noise: 0.01 }))).toBeGreaterThan(5);
});

test('the most impulsive band is where the impacts ring', () => {
  const { band, kurtosis } = mostImpulsiveBand(
    halfSpectrum(impacts(60, { noise: 0.3 }), RATE),
    1_000,
  );
  expect(band[0]).toBeLessThanOrEqual(3_200);
  expect(band[1]).toBeGreaterThanOrEqual(3_200);
  expect(band[1] - band[0]).toBeLessThan(RATE / 4);
  expect(kurtosis).toBeGreaterThan(1);
});

test('impacts hidden in tones show in the prewhitened spectrum, at their own rate', () => {
  const samples = impacts(105, { noise: 0.05 }).map((value, index) => {
    return value + Math.sin((2 * Math.PI * 50 * index) / RATE);
  });
  const half = halfSpectrum(samples, RATE);
  const { amplitudes, step } = envelopeSpectrum(squaredEnvelope(prewhiten(half), 0, half.size / 2));
  const far = amplitudes.slice(0, Math.round(150 / step));
  expect(strongest(far) * step).toBeCloseTo(105, 0);
});
