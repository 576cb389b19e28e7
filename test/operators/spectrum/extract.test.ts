import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { extract } from '../../../operators/spectrum/extract.ts';
import { realData } from '../../support/real-data.ts';
import { sampled, tone } from './waveforms.ts';

const RATE = 25_600;
const PEAKS = ['acceleration_peak', 'acceleration_peak_to_peak', 'crest', 'skew', 'kurtosis'];
const BANDS = ['acceleration_low_rms', 'acceleration_middle_rms', 'acceleration_high_rms'];
const ACCELERATION = ['acceleration_rms', ...PEAKS, ...BANDS];
const MOTION = ['velocity_rms', 'displacement_rms', 'velocity_1x', 'velocity_2x', 'velocity_3x'];

describe('a tone of 1 g at 100 Hz for one second', () => {
  // By hand: rms 1/√2 = 0.70711 g, crest √2 = 1.41421, kurtosis of a sine 3/2.
  // Velocity: 9806.65 mm/s² / (2π · 100 Hz) = 15.6078 mm/s peak, over √2 = 11.0364 mm/s rms.
  const { values, absent } = extract(sampled(RATE, RATE, tone(100, 1, 0.3)), RATE, 'g', 1_800);

  test.for([
    ['acceleration_rms', Math.SQRT1_2],
    ['acceleration_peak', 1],
    ['crest', Math.SQRT2],
    ['kurtosis', 3 / 2],
    ['velocity_rms', 11.0364],
    // Displacement: 9806.65 mm/s² / (2π · 100 Hz)² = 24.8405 µm peak, over √2 = 17.5649 µm rms.
    ['displacement_rms', 17.5649],
    ['acceleration_peak_to_peak', 2],
    ['skew', 0],
    ['acceleration_low_rms', Math.SQRT1_2],
    ['acceleration_middle_rms', 0],
    ['acceleration_high_rms', 0],
    ['velocity_1x', 0],
    ['line_1_frequency', 100],
    ['line_1_velocity', 11.0364],
  ] as const)('has %s %f, whatever the offset of its sensor', ([name, expected]) => {
    expect(values[name]).toBeCloseTo(expected, 2);
    expect(absent).toEqual({});
  });
});

describe('velocity', () => {
  test.for([
    // The same motion, 1 mm/s rms at 160 Hz, in every unit: a = 2πf·v, x = v/(2πf), amplitude = rms · √2.
    ['g', (2 * Math.PI * 160 * Math.SQRT2) / 9_806.65],
    ['m/s2', (2 * Math.PI * 160 * Math.SQRT2) / 1_000],
    ['mm/s2', 2 * Math.PI * 160 * Math.SQRT2],
    ['mm/s', Math.SQRT2],
    ['m/s', Math.SQRT2 / 1_000],
    ['in/s', Math.SQRT2 / 25.4],
    ['mm', Math.SQRT2 / (2 * Math.PI * 160)],
    ['um', (1_000 * Math.SQRT2) / (2 * Math.PI * 160)],
  ] as const)('of 1 mm/s rms is 1 from samples in %s', ([unit, amplitude]) => {
    const samples = sampled(RATE, RATE, tone(160, amplitude));
    expect(extract(samples, RATE, unit, undefined).values.velocity_rms).toBeCloseTo(1, 3);
  });

  test('does not depend on whether zeros had to be appended', () => {
    const [padded, whole] = [20_000, 16_384].map((count) => {
      const samples = sampled(count, RATE, tone(160, 1));
      return extract(samples, RATE, 'g', undefined).values.velocity_rms!;
    });
    expect(padded! / whole!).toBeCloseTo(1, 4);
  });

  test('leaves out what is below 10 Hz, and of slow machines what is below 2 Hz', () => {
    const samples = sampled(4 * RATE, RATE, tone(5, 0.1));
    // By hand: 0.1 g at 5 Hz is 980.665 / (2π · 5) / √2 = 22.073 mm/s rms.
    expect(extract(samples, RATE, 'g', 300).values.velocity_rms).toBeCloseTo(22.073, 1);
    expect(extract(samples, RATE, 'g', 601).values.velocity_rms).toBeLessThan(0.01);
    expect(extract(samples, RATE, 'g', 0).values.velocity_rms).toBeLessThan(0.01);
  });

  test('leaves out what is above 1000 Hz', () => {
    const samples = sampled(RATE, RATE, tone(3_000, 1));
    expect(extract(samples, RATE, 'g', undefined).values.velocity_rms).toBeLessThan(0.001);
  });
});

describe('what cannot be right is absent, with the reason', () => {
  const sine = sampled(2_560, RATE, tone(100, 1));
  const withNaN = Float32Array.from(sine);
  withNaN[17] = Number.NaN;
  test.for([
    ['no samples', new Float32Array(0), RATE, 'g', 'there are no samples'],
    ['too few samples', sine.slice(0, 100), RATE, 'g', '100 samples are too few'],
    ['not a number', withNaN, RATE, 'g', 'sample 17 is NaN'],
    ['a dead sensor', new Float32Array(2_560).fill(0.5), RATE, 'g', 'all samples are 0.5'],
    ['no rate', sine, 0, 'g', 'the rate is 0 Hz'],
    ['an infinite rate', sine, Number.POSITIVE_INFINITY, 'g', 'the rate is Infinity Hz'],
    ['an unknown unit', sine, RATE, 'bar', 'the unit is "bar", expected one of g,'],
    ['a unit that every object has', sine, RATE, 'toString', 'the unit is "toString"'],
  ] as const)('%s: all features', ([, samples, rate, unit, reason]) => {
    const { values, absent } = extract(samples, rate, unit, undefined);
    expect(values).toEqual({});
    expect(Object.keys(absent)).toEqual([...ACCELERATION, ...MOTION]);
    for (const text of Object.values(absent)) expect(text).toContain(reason);
  });

  test('a rate too small: the bands that reach beyond it', () => {
    const { values, absent } = extract(sampled(2_000, 2_000, tone(100, 1)), 2_000, 'g', 1_800);
    expect(Object.keys(values)).toEqual(['acceleration_rms', ...PEAKS, ...MOTION.slice(2)]);
    expect(Object.keys(absent)).toEqual([...BANDS, ...MOTION.slice(0, 2)]);
    expect(absent.velocity_rms).toBe('the rate is 2000 Hz, expected at least 2560 Hz');
    expect(absent.acceleration_high_rms).toBe('the rate is 2000 Hz, expected at least 25600 Hz');
  });

  test('too short for the band, or for the turns: velocity only', () => {
    const { absent } = extract(sine, RATE, 'g', 300);
    expect(Object.keys(absent)).toEqual(MOTION);
    expect(absent.velocity_rms).toBe('it lasts 0.100 s, expected at least one period of 2 Hz');
    // By hand: 300 rpm are 5 turns a second.
    expect(absent.velocity_1x).toBe('it lasts 0.500 turns of the shaft, expected at least 10');
  });

  test('samples of a velocity have no acceleration', () => {
    const { values, absent } = extract(sine, RATE, 'mm/s', undefined);
    expect(values).not.toHaveProperty('kurtosis');
    expect(values).toHaveProperty('velocity_rms');
    expect(absent.kurtosis).toBe('the samples are a velocity');
  });

  test('clipping takes the features of the peaks, and of more than one percent every one', () => {
    const shaken = sampled(2_560, RATE, (t) => tone(100, 1)(t) + tone(1_730, 0.4)(t));
    // One shock: 15 samples of a half sine of 5 g, cut at 3 g.
    const little = shaken.map((value, index) => {
      const shock =
        index >= 1_000 && index < 1_015 ? 5 * Math.sin((Math.PI * (index - 999)) / 16) : 0;
      return Math.min(value + shock, 3);
    });
    const much = shaken.map((value) => Math.max(-0.9, Math.min(value, 0.9)));
    const absentOf = (samples: Float32Array) => {
      const { absent } = extract(samples, RATE, 'g', undefined);
      return Object.keys(absent).filter((name) => absent[name]?.includes('clipped'));
    };
    expect(absentOf(shaken)).toEqual([]);
    expect(absentOf(little)).toEqual(PEAKS);
    const { values, absent } = extract(much, RATE, 'g', undefined);
    expect(values).toEqual({});
    expect(absent.acceleration_rms).toMatch(/^\d+ of 2560 samples are clipped$/);
  });

  test('the crest of a slow tone in a coarse converter is not clipped', () => {
    const coarse = sampled(RATE, RATE, tone(10, 1)).map(
      (value) => Math.round(value * 32_767) / 32_767,
    );
    expect(extract(coarse, RATE, 'g', 1_800).absent).toEqual({});
  });
});

test('features of a recorded bearing agree with those that others computed', (context) => {
  // The features that come with the data set (Hann window, integration in the frequency domain, no zeros appended),
  // every 20th snapshot of the raw file. Velocity rasters differ (6.25 Hz here, 10 Hz there), so 5 % in the middle.
  const folder = realData('pronostia', context);
  const bytes = readFileSync(`${folder}/Bearing1_1_raw_i16.bin`);
  const counts = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  const [head = '', ...lines] = gunzipSync(readFileSync(`${folder}/Bearing1_1_features.csv.gz`))
    .toString()
    .trim()
    .split('\n');
  const names = head.split(',');
  const velocities: number[] = [];
  for (let index = 0; index < 1_400; index += 20) {
    const samples = Float32Array.from(
      counts.subarray(index * 5_120, index * 5_120 + 2_560),
      (count) => count * 0.0016,
    );
    const cells = lines[2 * index]!.split(',').map(Number);
    const of = (name: string) => cells[names.indexOf(name)]!;
    const { values } = extract(samples, RATE, 'g', 1_800);
    expect(values.acceleration_rms! / of('h_rms_g')).toBeCloseTo(1, 3);
    expect(values.acceleration_peak! / of('h_peak_g')).toBeCloseTo(1, 2);
    expect(values.kurtosis! / of('h_kurtosis')).toBeCloseTo(1, 2);
    velocities.push(values.velocity_rms! / of('h_vel_rms_mm_s_10_1000'));
  }
  velocities.sort((a, b) => a - b);
  expect(velocities[7]).toBeGreaterThan(0.95);
  expect(velocities[62]).toBeLessThan(1.05);
});
