import { lookup } from '../model/plain.ts';
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

/** In Hz. Nobody samples so slowly, and what is divided by a rate near the least number is infinite. */
const LEAST_RATE = 1e-9;

/** Why samples at a rate in Hz cannot be analysed; undefined when they can. */
export function unusable(samples: Float32Array, rate: number): string | undefined {
  const first = samples[0];
  if (first === undefined) return 'there are no samples';
  if (samples.length < MIN_SAMPLES) {
    return `${samples.length} samples are too few, expected at least ${MIN_SAMPLES}`;
  }
  if (!(rate >= LEAST_RATE && Number.isFinite(rate))) return `the rate is ${rate} Hz`;
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
  'mm/s2': { quantity: 'acceleration', factor: 1 / GRAVITY },
  'in/s2': { quantity: 'acceleration', factor: 25.4 / GRAVITY },
  'mm/s': { quantity: 'velocity', factor: 1 },
  'm/s': { quantity: 'velocity', factor: 1_000 },
  'in/s': { quantity: 'velocity', factor: 25.4 },
  um: { quantity: 'displacement', factor: 0.001 },
  mm: { quantity: 'displacement', factor: 1 },
  mil: { quantity: 'displacement', factor: 0.0254 },
};

/** How else people write them. `G` is the gravity of a data logger; the gauss it could be is no vibration. */
const SPELLINGS: Readonly<Record<string, string>> = {
  ...{ G: 'g', gn: 'g', g0: 'g', 'g-force': 'g' },
  ...{ ips: 'in/s', mils: 'mil', thou: 'mil' },
  ...{ µm: 'um', μm: 'um', micron: 'um', microns: 'um' },
};

/** What a unit's name means; undefined when it is none of a vibration. */
export function vibrationUnit(name: string): VibrationUnit | undefined {
  // No unit is longer. Many blanks would be parted in every way.
  if (name.length > 64) return undefined;
  const plain = name
    .trim()
    .replaceAll('²', '2')
    .replace(/(\^|\*\*)(?=\d)/, '')
    .replace(/^(mm|m|in)\s*[·.*]?\s*s\s*(-2|⁻2|⁻²)$/, '$1/s2')
    .replace(/^(mm|m|in)\s*[·.*]?\s*s\s*(-1|⁻1|⁻¹)$/, '$1/s')
    .replace(/\/(sec|second)(?=2?$)/, '/s')
    .replace(/^inch(es)?\//, 'in/');
  const known = Object.hasOwn(SPELLINGS, plain) ? (SPELLINGS[plain] ?? plain) : plain;
  return lookup(UNITS, known);
}

/** The names of all units, for messages. */
export const VIBRATION_UNITS = Object.keys(UNITS).join(', ');

/**
 * How many samples stand on a flat top or bottom: three or more in a row exactly at the extreme, reached by a step
 * of more than eight times the finest step of the whole waveform. The second condition spares the smooth crest of a
 * slow tone in a coarse converter, whose neighbours are one step away.
 */
export function clippedSamples(samples: Float32Array, steps = stepsOf(samples)): number {
  const { lowest, highest, finest, longest } = steps;
  // Most waveforms have no three equal samples in a row anywhere: nothing to look at twice.
  if (longest < 3) return 0;
  let clipped = 0;
  eachRun(samples, (level, run, step) => {
    const isExtreme = level === lowest || level === highest;
    if (run >= 3 && isExtreme && step > 8 * finest) clipped += run;
  });
  return clipped;
}

/** So many equal samples in a row are no chance where the signal moves by more than eight of the finest steps. */
const FROZEN_RUN = 16;
/** Share of the samples from which on a signal that stood still is said. */
const FROZEN_SHARE = 0.002;
/** A sample or step counts as alone when it is so many times what its neighbours do, and the mean step. */
const ALONE = 20;
/** Neighbours on each side that are looked at: what a machine does rings over several samples. */
const NEIGHBOURS = 4;

/**
 * What a converter, a memory or a link did to samples, as a sentence; undefined where nothing is seen. Seen are: a
 * signal that stood still, single samples far from calm neighbours (a flipped bit, a number for "missing"), and steps
 * between calm stretches (samples are missing). What a machine does has more than one sample, because the filter
 * before the converter lets no faster change through.
 */
export function damageOf(samples: Float32Array, steps = stepsOf(samples)): string | undefined {
  const { finest, longest, mean } = steps;
  let frozen = 0;
  if (longest >= FROZEN_RUN) {
    eachRun(samples, (_, run, step) => {
      if (run >= FROZEN_RUN && step > 8 * finest) frozen += run;
    });
  }
  if (frozen > FROZEN_SHARE * samples.length) {
    return `the signal stood still in ${frozen} of ${samples.length} samples (up to ${longest} equal ones in a row)`;
  }
  let alone = -1;
  let broken = -1;
  for (let at = NEIGHBOURS; at + NEIGHBOURS < samples.length; at++) {
    const step = Math.abs((samples[at] ?? 0) - (samples[at - 1] ?? 0));
    if (step <= ALONE * mean || step <= 8 * finest) continue;
    if (step > ALONE * calmAround(samples, at, 0)) broken = at;
    else if (isAlone(samples, at)) alone = at;
  }
  if (alone >= 0) return `sample ${alone} is ${samples[alone]}, far from all samples around it`;
  if (broken >= 0) return `the signal jumps at sample ${broken}: samples are missing there`;
  return undefined;
}

function isAlone(samples: Float32Array, at: number): boolean {
  const middle = ((samples[at - 1] ?? 0) + (samples[at + 1] ?? 0)) / 2;
  return Math.abs((samples[at] ?? 0) - middle) > ALONE * calmAround(samples, at, 1);
}

/** The greatest step near a place, the one before it left out; with `left` 1 the sample itself is left out too. */
function calmAround(samples: Float32Array, at: number, left: 0 | 1): number {
  let greatest = left === 0 ? 0 : Math.abs((samples[at + 1] ?? 0) - (samples[at - 1] ?? 0));
  for (let near = at - NEIGHBOURS + 1; near < at + NEIGHBOURS; near++) {
    if (near === at || near === at + left) continue;
    const step = Math.abs((samples[near] ?? 0) - (samples[near - 1] ?? 0));
    if (step > greatest) greatest = step;
  }
  return greatest;
}

/** The extremes, the finest and the mean step between neighbours, and how many equal samples stand in a row. */
export function stepsOf(samples: Float32Array) {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  let finest = Number.POSITIVE_INFINITY;
  let before = Number.NaN;
  let run = 0;
  let longest = 0;
  let sum = 0;
  for (let index = 0; index < samples.length; index++) {
    const value = samples[index] ?? 0;
    if (value < lowest) lowest = value;
    if (value > highest) highest = value;
    const step = Math.abs(value - before);
    if (step > 0) {
      sum += step;
      if (step < finest) finest = step;
      run = 0;
    } else if (++run > longest) longest = run;
    before = value;
  }
  return { lowest, highest, finest, longest: longest + 1, mean: sum / samples.length };
}

/** Each run of equal samples: its level, its length, and the greater of the steps into it and out of it. */
function eachRun(
  samples: Float32Array,
  take: (level: number, run: number, step: number) => void,
): void {
  let run = 0;
  let entry = 0;
  let before = Number.NaN;
  for (let index = 0; index < samples.length; index++) {
    const value = samples[index] ?? 0;
    if (value === before) run += 1;
    else {
      const step = Math.abs(value - before);
      if (run > 1) take(before, run, Math.max(entry, step));
      run = 1;
      entry = Number.isFinite(step) ? step : 0;
    }
    before = value;
  }
  if (run > 1) take(before, run, entry);
}
