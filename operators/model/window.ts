import type { AssetKey } from './key.ts';
import type { EventTime } from './time.ts';

/** What a window knows of its values. `slope` is per second; the others are in the signal's unit. */
export type Statistics = {
  readonly count: number;
  readonly first: number;
  readonly last: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly mean: number;
  /** Sample standard deviation; 0 for a single value. */
  readonly deviation: number;
  readonly rms: number;
  readonly peak_to_peak: number;
  /** Largest magnitude over rms; 0 when all values are 0. */
  readonly crest: number;
  /** Least squares over time, per second; 0 when all values share one time. */
  readonly slope: number;
};

/** One fired window of one signal of one asset: [start, end), judged once, corrected by rows of a higher version. */
export type Window = Statistics & {
  readonly kind: 'window';
  readonly asset: AssetKey;
  readonly signal: string;
  /** Id of the window rule. */
  readonly window: string;
  readonly start: EventTime;
  readonly end: EventTime;
  /** 1 when it fired; n + 1 for each correction; 0 for an early firing. */
  readonly version: number;
  readonly quantiles: readonly (readonly [quantile: number, value: number])[];
};
