import type { PowerSpectrum } from './power-spectrum.ts';

// A time waveform before its analysis: whether it can be used, its unit, and whether it is clipped.

/** A whole waveform that can be used, with its spectrum in the unit of its samples. */
export type TimeWaveform = {
  readonly samples: Float32Array;
  readonly rate: number;
  readonly unit: VibrationUnit;
  readonly spectrum: PowerSpectrum;
  /** As stated; undefined when it was not, 0 when the shaft stood still. */
  readonly rpm: number | undefined;
};

/** Features, and of those that could not be computed why. */
export type FeatureValues = {
  readonly values: Record<string, number>;
  readonly absent: Record<string, string>;
};

/** The features are absent, for this reason. */
export function markAbsent(
  { absent }: FeatureValues,
  names: readonly string[],
  reason: string,
): void {
  for (const name of names) absent[name] = reason;
}

/** Fewer show no distribution: the standard error of a kurtosis is √(24 / n), 0.43 here. */
const MIN_SAMPLES = 128;

/** Why samples at a rate in Hz cannot be analysed; undefined when they can. */
export function unusable(samples: Float32Array, rate: number): string | undefined {
  const first = samples[0];
  if (first === undefined) return 'there are no samples';
  if (samples.length < MIN_SAMPLES) {
    return `${samples.length} samples are too few, expected at least ${MIN_SAMPLES}`;
  }
  if (!(rate > 0 && Number.isFinite(rate))) return `the rate is ${rate} Hz`;
  let varies = false;
  for (let index = 0; index < samples.length; index++) {
    const value = samples[index] ?? 0;
    // Only what is not finite differs from itself less itself.
    if (value - value !== 0) return `sample ${index} is ${value}`;
    if (value !== first) varies = true;
  }
  return varies ? undefined : `all samples are ${first}`;
}

/** Why a band cannot be analysed. 2.56 samples per period is what analysers ask for, so that the filter before the converter has room. */
export function outOfReach(
  { samples, rate }: { readonly samples: Float32Array; readonly rate: number },
  band: { readonly low: number; readonly high: number },
): string | undefined {
  const needed = 2.56 * band.high;
  if (rate < needed) return `the rate is ${rate} Hz, expected at least ${needed} Hz`;
  if (samples.length * band.low < rate) {
    const seconds = (samples.length / rate).toPrecision(3);
    return `it lasts ${seconds} s, expected at least one period of ${band.low} Hz`;
  }
  return undefined;
}

/** What vibration is measured as. Factors lead to g, mm/s and mm. */
export type VibrationUnit = {
  readonly quantity: 'acceleration' | 'velocity' | 'displacement';
  readonly factor: number;
};

/** Standard gravity is exactly 9.80665 m/s² (3rd CGPM, 1901), so 1 g = 9806.65 mm/s². */
export const GRAVITY = 9_806.65;

const UNITS: Readonly<Record<string, VibrationUnit>> = {
  g: { quantity: 'acceleration', factor: 1 },
  mg: { quantity: 'acceleration', factor: 0.001 },
  'm/s2': { quantity: 'acceleration', factor: 1_000 / GRAVITY },
  'm/s^2': { quantity: 'acceleration', factor: 1_000 / GRAVITY },
  'm/s²': { quantity: 'acceleration', factor: 1_000 / GRAVITY },
  'mm/s2': { quantity: 'acceleration', factor: 1 / GRAVITY },
  'mm/s^2': { quantity: 'acceleration', factor: 1 / GRAVITY },
  'mm/s²': { quantity: 'acceleration', factor: 1 / GRAVITY },
  'mm/s': { quantity: 'velocity', factor: 1 },
  'm/s': { quantity: 'velocity', factor: 1_000 },
  'in/s': { quantity: 'velocity', factor: 25.4 },
  um: { quantity: 'displacement', factor: 0.001 },
  µm: { quantity: 'displacement', factor: 0.001 },
  mm: { quantity: 'displacement', factor: 1 },
};

/** What a unit's name means; undefined when it is none of a vibration. */
export function vibrationUnit(name: string): VibrationUnit | undefined {
  return Object.hasOwn(UNITS, name) ? UNITS[name] : undefined;
}

/** The names of all units, for messages. */
export const VIBRATION_UNITS = Object.keys(UNITS).join(', ');

/**
 * How many samples stand on a flat top or bottom: three or more in a row exactly at the extreme, reached by a step
 * of more than eight times the finest step of the whole waveform. The second condition spares the smooth crest of a
 * slow tone in a coarse converter, whose neighbours are one step away.
 */
export function clippedSamples(samples: Float32Array): number {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  let finest = Number.POSITIVE_INFINITY;
  let before = Number.NaN;
  let run = 0;
  let longest = 0;
  for (let index = 0; index < samples.length; index++) {
    const value = samples[index] ?? 0;
    if (value < lowest) lowest = value;
    if (value > highest) highest = value;
    const step = Math.abs(value - before);
    if (step > 0) {
      if (step < finest) finest = step;
      run = 0;
    } else if (++run > longest) longest = run;
    before = value;
  }
  // Most waveforms have no three equal samples in a row anywhere: nothing to look at twice.
  if (longest < 2) return 0;
  let clipped = 0;
  run = 0;
  let entry = 0;
  before = Number.NaN;
  for (let index = 0; index < samples.length; index++) {
    const value = samples[index] ?? 0;
    if (value === before) run += 1;
    else {
      const step = Math.abs(value - before);
      if (run >= 3 && isFlat(before, Math.max(entry, step))) clipped += run;
      run = 1;
      entry = Number.isFinite(step) ? step : 0;
    }
    before = value;
  }
  if (run >= 3 && isFlat(before, entry)) clipped += run;
  return clipped;

  function isFlat(level: number, step: number): boolean {
    return (level === lowest || level === highest) && step > 8 * finest;
  }
}
