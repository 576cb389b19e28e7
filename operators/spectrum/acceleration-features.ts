import { bandRms } from './power-spectrum.ts';
import { type FeatureValues, markAbsent, outOfReach, type TimeWaveform } from './time-waveform.ts';

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
