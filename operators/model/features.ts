import type { AssetKey } from './key.ts';
import type { EventTime } from './time.ts';

/**
 * What a waveform says, in numbers.
 *
 * `values` holds, by name: `acceleration_rms`, `acceleration_peak` (g), `crest`, `kurtosis` (Pearson, a normal
 * distribution has 3), `velocity_rms` (mm/s, 10 to 1000 Hz). Detectors name them `vibration_<name>`.
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
