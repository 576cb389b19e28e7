/** The features of one waveform: of acceleration as measured, and of velocity and displacement by integration. */

import {
  bandRms,
  type Integrations,
  powerSpectrum,
  type SpectralPeak,
  spectralPeaks,
} from './power-spectrum.ts';
import { type ShaftOrder, shaftOrders, tooShortForOrders } from './shaft.ts';
import {
  type FeatureValues,
  GRAVITY,
  markAbsent,
  outOfReach,
  type TimeWaveform,
  type VibrationUnit,
} from './time-waveform.ts';

const PEAKS = ['acceleration_peak', 'acceleration_peak_to_peak', 'crest', 'skew', 'kurtosis'];
const BANDS = [
  { name: 'acceleration_low_rms', low: 10, high: 1_000 },
  { name: 'acceleration_middle_rms', low: 1_000, high: 5_000 },
  { name: 'acceleration_high_rms', low: 5_000, high: 10_000 },
];

export const ACCELERATION_FEATURES = [
  'acceleration_rms',
  ...PEAKS,
  ...BANDS.map(({ name }) => name),
];

/** Level, shape and bands of the acceleration, in g. A single clipped sample takes what rests on the peaks. */
export function accelerationFeatures(
  waveform: TimeWaveform,
  clipped: string | undefined,
  into: FeatureValues,
): void {
  const { samples, spectrum, unit } = waveform;
  if (unit.quantity !== 'acceleration') {
    markAbsent(into, ACCELERATION_FEATURES, `the samples are a ${unit.quantity}`);
    return;
  }
  const { factor } = unit;
  const { rms, peak, peak_to_peak, crest, skew, kurtosis } = waveformMoments(samples);
  into.values.acceleration_rms = rms * factor;
  if (clipped === undefined) {
    into.values.acceleration_peak = peak * factor;
    into.values.acceleration_peak_to_peak = peak_to_peak * factor;
    Object.assign(into.values, { crest, skew, kurtosis });
  } else markAbsent(into, PEAKS, clipped);
  for (const { name, ...band } of BANDS) {
    const reason = outOfReach(waveform, band);
    if (reason === undefined) into.values[name] = bandRms(spectrum, band, 0) * factor;
    else into.absent[name] = reason;
  }
}

/** Of samples about their mean, in the samples' unit. */
type WaveformMoments = {
  readonly rms: number;
  readonly peak: number;
  readonly peak_to_peak: number;
  /** Peak over rms. */
  readonly crest: number;
  /** Third moment over the cube of the rms: 0 for anything symmetric. */
  readonly skew: number;
  /** Pearson: fourth moment over the square of the second; 3 for a normal distribution. */
  readonly kurtosis: number;
};

/** Two passes over the samples: one for the mean, one about it, because a sensor's offset is no vibration. Samples must vary. */
export function waveformMoments(samples: Float32Array): WaveformMoments {
  let sum = 0;
  for (let index = 0; index < samples.length; index++) sum += samples[index] ?? 0;
  const mean = sum / samples.length;
  let second = 0;
  let third = 0;
  let fourth = 0;
  let highest = 0;
  let lowest = 0;
  for (let index = 0; index < samples.length; index++) {
    const distance = (samples[index] ?? 0) - mean;
    const square = distance * distance;
    second += square;
    third += square * distance;
    fourth += square * square;
    if (distance > highest) highest = distance;
    else if (distance < lowest) lowest = distance;
  }
  const variance = second / samples.length;
  const rms = Math.sqrt(variance);
  const peak = Math.max(highest, -lowest);
  return {
    rms,
    peak,
    peak_to_peak: highest - lowest,
    crest: peak / rms,
    skew: third / samples.length / (variance * rms),
    kurtosis: fourth / samples.length / (variance * variance),
  };
}

/** Velocity band of ISO 20816-3, in Hz; for machines of up to 600 rpm it begins at 2 Hz. */
const HIGH = 1_000;
const LOW = 10;
const MAX_PEAKS = 5;

export type Band = { readonly low: number; readonly high: number };
export const SLOW_BAND: Band = { low: 2, high: HIGH };

/** The band in which the standard asks for the velocity; without a speed that of faster machines. `rpm` is positive. */
export function velocityBand(rpm: number | undefined): Band {
  return rpm !== undefined && rpm > 0 && rpm <= 600 ? SLOW_BAND : { low: LOW, high: HIGH };
}

/**
 * Velocity in mm/s rms within a band. The line of the shaft counts whole where it stands at the band's lower edge, which
 * would cut its main lobe in two.
 */
export function velocityRms({ spectrum, unit, rpm }: TimeWaveform, band: Band): number {
  const { integrations, factor } = velocityOf(unit);
  return bandRms(spectrum, withShaft(band, rpm, spectrum.resolution), integrations) * factor;
}

function withShaft(band: Band, rpm: number | undefined, resolution: number): Band {
  const above = (rpm ?? 0) / 60 - band.low;
  const isAtEdge = above >= -resolution / 2 && above < 2 * resolution;
  return isAtEdge ? { ...band, low: band.low + above - 2 * resolution } : band;
}

/**
 * The velocity up to a frequency, as a picture of it: a tone's top is its rms in mm/s. Line k stands at k times the step
 * of the spectrum. A Hann window spreads a tone over 1.5 line widths, and zeros appended over as many more lines.
 */
export function velocityLines({ spectrum, unit }: TimeWaveform, high: number): Float64Array {
  const { power, step, scale, resolution } = spectrum;
  const { integrations, factor } = velocityOf(unit);
  const spread = (1.5 * resolution) / step;
  const count = Math.min(power.length, Math.floor(high / step) + 1);
  return Float64Array.from({ length: count }, (_, bin) => {
    const angular = 2 * Math.PI * Math.max(1, bin) * step;
    return Math.sqrt((power[bin] ?? 0) * scale * spread) * factor * angular ** -integrations;
  });
}

const MOTION = ['velocity_rms', 'displacement_rms'];
const SHAFT = ['velocity_1x', 'velocity_2x', 'velocity_3x'];
export const MOTION_FEATURES = [...MOTION, ...SHAFT];

/** How to come from samples to mm/s, and to µm with one integration more. */
function velocityOf({ quantity, factor }: VibrationUnit): {
  readonly integrations: -1 | 0 | 1;
  readonly factor: number;
} {
  switch (quantity) {
    case 'acceleration':
      return { integrations: 1, factor: factor * GRAVITY };
    case 'velocity':
      return { integrations: 0, factor };
    case 'displacement':
      return { integrations: -1, factor };
  }
}

/** The strongest lines of velocity within a band, in mm/s rms. */
export function velocityPeaks({ spectrum, unit }: TimeWaveform, band: Band): SpectralPeak[] {
  const { integrations, factor } = velocityOf(unit);
  return spectralPeaks(spectrum, band, integrations, MAX_PEAKS).map((line) => {
    return { ...line, rms: line.rms * factor };
  });
}

/** Velocity (mm/s) and displacement (µm), rms, from 10 to 1000 Hz; the strongest lines as `line_<n>_…`. */
export function motionFeatures(
  waveform: TimeWaveform,
  into: FeatureValues,
): readonly SpectralPeak[] {
  const band = velocityBand(waveform.rpm);
  const reason = outOfReach(waveform, band);
  if (reason !== undefined) {
    markAbsent(into, MOTION, reason);
    return [];
  }
  into.values.velocity_rms = velocityRms(waveform, band);
  into.values.displacement_rms = displacementRms(waveform, band);
  const lines = velocityPeaks(waveform, band);
  for (const [index, { frequency, rms }] of lines.entries()) {
    into.values[`line_${index + 1}_frequency`] = frequency;
    into.values[`line_${index + 1}_velocity`] = rms;
  }
  return lines;
}

/** Levels of a whole waveform, each stretch of which counts the same, and how far they go apart between stretches. */
export type AveragedLevels = {
  readonly values: Readonly<Record<string, number>>;
  /** Velocity in mm/s rms of the quietest and the loudest part. */
  readonly least: number;
  readonly most: number;
  /** Seconds of a part. */
  readonly seconds: number;
};

/** Periods of the band's lower edge in a part: fewer smear a line over the edge, more hide a short burst. */
const LEAST_PERIODS = 2.5;
const MOST_PERIODS = 5;
const PARTS = 8;
const OVERLAP = 4;

/**
 * Levels averaged over parts under Hann windows that overlap by three quarters (Welch, IEEE Trans. AU-15 (1967) 70), in
 * power. One window over all of a waveform weighs its middle most: of a beat as long as the waveform it finds −42 to
 * +29 %, of a burst in its last tenth −83 %. The first and the last part weigh more, because nothing overlaps their outer
 * halves. Undefined where the waveform is too short for two parts, or its velocity is out of reach.
 */
export function averagedLevels(waveform: TimeWaveform): AveragedLevels | undefined {
  const { samples, rate, rpm } = waveform;
  const band = velocityBand(rpm);
  const periods = Math.round(rate / band.low);
  const count = Math.min(samples.length / PARTS, MOST_PERIODS * periods);
  const length = Math.round(Math.max(LEAST_PERIODS * periods, count));
  if (outOfReach(waveform, band) !== undefined || samples.length < 2 * length) return undefined;
  const steps = Math.ceil((samples.length - length) / (length / OVERLAP));
  const hop = (samples.length - length) / steps;
  const sums: Record<string, number> = {};
  let total = 0;
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  for (let part = 0; part <= steps; part++) {
    const from = Math.round(part * hop);
    const own = samples.subarray(from, from + length);
    const levels = levelsOf(
      { ...waveform, samples: own, spectrum: powerSpectrum(own, rate) },
      band,
    );
    const weight = part === 0 || part === steps ? (length + hop) / 2 : hop;
    total += weight;
    for (const [name, level] of Object.entries(levels)) {
      sums[name] = (sums[name] ?? 0) + weight * level * level;
    }
    least = Math.min(least, levels.velocity_rms ?? 0);
    most = Math.max(most, levels.velocity_rms ?? 0);
  }
  const values = Object.fromEntries(
    Object.entries(sums).map(([name, sum]) => [name, Math.sqrt(sum / total)]),
  );
  return { values, least, most, seconds: length / rate };
}

/** The levels that rest on bands of the spectrum. */
function levelsOf(part: TimeWaveform, band: Band): Record<string, number> {
  const { spectrum, unit } = part;
  const levels: Record<string, number> = {
    velocity_rms: velocityRms(part, band),
    displacement_rms: displacementRms(part, band),
  };
  if (unit.quantity !== 'acceleration') return levels;
  for (const { name, ...own } of BANDS) {
    if (outOfReach(part, own) === undefined) levels[name] = bandRms(spectrum, own, 0) * unit.factor;
  }
  return levels;
}

/** Displacement in µm rms within a band. */
function displacementRms({ spectrum, unit }: TimeWaveform, band: Band): number {
  const { integrations, factor } = velocityOf(unit);
  const further: Integrations = integrations === 1 ? 2 : integrations === 0 ? 1 : 0;
  return bandRms(spectrum, band, further) * factor * 1_000;
}

/** The velocity (mm/s rms) at multiples of the shaft speed in Hz. */
export function shaftFeatures(
  waveform: TimeWaveform,
  shaft: number | undefined,
  into: FeatureValues,
): readonly ShaftOrder[] {
  const reason =
    waveform.rpm === 0
      ? 'the shaft stands still'
      : tooShortForOrders(waveform.samples.length, waveform.rate, shaft);
  if (shaft === undefined || reason !== undefined) {
    markAbsent(into, SHAFT, reason ?? 'the shaft speed is unknown');
    return [];
  }
  const { integrations, factor } = velocityOf(waveform.unit);
  const orders = shaftOrders(waveform.spectrum, shaft, integrations).map((order) => {
    return { ...order, rms: order.rms * factor };
  });
  for (const { order, rms } of orders) {
    if (order === 1 || order === 2 || order === 3) into.values[`velocity_${order}x`] = rms;
  }
  return orders;
}
