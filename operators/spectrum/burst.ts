import type { Lines } from './lines.ts';
import type { VibrationUnit } from './units.ts';

/** A whole waveform that can be used, with its spectrum in the unit of its samples. */
export type Burst = {
  readonly samples: Float32Array;
  readonly rate: number;
  readonly unit: VibrationUnit;
  readonly spectrum: Lines;
  /** As said; undefined when nobody said it, 0 when the shaft stood still. */
  readonly rpm: number | undefined;
};

/** Features, and of those that could not be made why. */
export type Found = {
  readonly values: Record<string, number>;
  readonly absent: Record<string, string>;
};

export function refuse({ absent }: Found, names: readonly string[], reason: string): void {
  for (const name of names) absent[name] = reason;
}

/** Fewer say nothing about a distribution: the standard error of a kurtosis is √(24 / n), 0.43 here. */
const LEAST_SAMPLES = 128;

/** Why nothing can be said of samples at a rate in Hz; undefined when something can. */
export function unusable(samples: Float32Array, rate: number): string | undefined {
  const first = samples[0];
  if (first === undefined) return 'there are no samples';
  if (samples.length < LEAST_SAMPLES) {
    return `${samples.length} samples are too few, expected at least ${LEAST_SAMPLES}`;
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

/** 2.56 samples per period is what analysers ask for, so that the filter before the converter has room. */
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
