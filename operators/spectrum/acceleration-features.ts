import { type Burst, type Found, outOfReach, refuse } from './burst.ts';
import { bandRms } from './lines.ts';
import { moments } from './moments.ts';

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
export function accelerationFeatures(burst: Burst, clipped: string | undefined, into: Found): void {
  const { samples, spectrum, unit } = burst;
  if (unit.quantity !== 'acceleration') {
    refuse(into, ACCELERATION_FEATURES, `the samples are a ${unit.quantity}`);
    return;
  }
  const { factor } = unit;
  const { rms, peak, peak_to_peak, crest, skew, kurtosis } = moments(samples);
  into.values.acceleration_rms = rms * factor;
  if (clipped === undefined) {
    into.values.acceleration_peak = peak * factor;
    into.values.acceleration_peak_to_peak = peak_to_peak * factor;
    Object.assign(into.values, { crest, skew, kurtosis });
  } else refuse(into, PEAKS, clipped);
  for (const { name, ...band } of BANDS) {
    const reason = outOfReach(burst, band);
    if (reason === undefined) into.values[name] = bandRms(spectrum, band, 0) * factor;
    else into.absent[name] = reason;
  }
}
