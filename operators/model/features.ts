import type { AssetKey } from './key.ts';
import type { EventTime } from './time.ts';

/**
 * What a waveform says, in numbers.
 *
 * `values` holds, by name:
 *
 * - in g: `acceleration_rms`, `acceleration_peak`, `acceleration_peak_to_peak`, and rms by band: `acceleration_low_rms` (10 to
 *   1000 Hz), `acceleration_middle_rms` (1 to 5 kHz), `acceleration_high_rms` (5 to 10 kHz);
 * - without unit: `crest`, `skew`, `kurtosis` (Pearson, a normal distribution has 3);
 * - 10 to 1000 Hz, from 2 Hz on below 600 rpm: `velocity_rms` (mm/s), `displacement_rms` (µm);
 * - mm/s rms at multiples of the shaft speed: `velocity_1x`, `velocity_2x`, `velocity_3x`; the five strongest lines as
 *   `line_<n>_frequency` (Hz) and `line_<n>_velocity`;
 * - of points with a bearing: `bearing_<part>` (score), `bearing_<part>_<harmonic>x` (signal to noise),
 *   `envelope_<part>_<harmonic>x` (amplitude), `envelope_low`, `envelope_high` (Hz), `envelope_kurtosis`; where the speed
 *   was read from the spectrum `shaft_rpm` and `shaft_confidence`.
 *
 * Detectors name them `vibration_<name>`.
 * `absent` says of each feature that could not be computed why.
 */
export type Features = {
  readonly kind: 'features';
  readonly asset: AssetKey;
  readonly point: string;
  readonly component?: string;
  /** Start of the waveform; it lasted `samples / rate` seconds. */
  readonly time: EventTime;
  readonly rate: number;
  readonly samples: number;
  readonly rpm?: number;
  readonly values: Readonly<Record<string, number>>;
  readonly absent: Readonly<Record<string, string>>;
};

export const FEATURE_PREFIX = 'vibration_';
