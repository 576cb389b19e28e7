import { bandRms } from './band-rms.ts';
import { clippedSamples } from './clipping.ts';
import { moments } from './moments.ts';
import { GRAVITY, VIBRATION_UNITS, type VibrationUnit, vibrationUnit } from './units.ts';

export type Extracted = {
  readonly values: Record<string, number>;
  readonly absent: Record<string, string>;
};

const ACCELERATION = ['acceleration_rms', 'acceleration_peak', 'crest', 'kurtosis'] as const;
const ALL = [...ACCELERATION, 'velocity_rms'] as const;

/** Fewer say nothing about a distribution: the standard error of a kurtosis is √(24 / n), 0.43 here. */
const LEAST_SAMPLES = 128;
/** Up to this share of clipped samples an rms is still right to about one percent. */
const CLIPPED_SHARE = 0.01;
/** Velocity band of ISO 20816-3, in Hz; machines slower than 600 rpm are judged from 2 Hz on. */
const HIGH = 1_000;
const LOW = 10;
const LOW_FOR_SLOW = 2;

/**
 * The first set of features of one whole burst: see `Features` for names and units. `rpm` chooses the velocity band.
 * A feature that cannot be right is absent, with the reason; no bad input throws.
 */
export function extract(
  samples: Float32Array,
  rate: number,
  unitName: string,
  rpm: number | undefined,
): Extracted {
  const values: Record<string, number> = {};
  const absent: Record<string, string> = {};
  const unit = vibrationUnit(unitName);
  const why = unusable(samples, rate) ?? (unit === undefined ? unknownUnit(unitName) : undefined);
  if (unit === undefined || why !== undefined) {
    for (const name of ALL) absent[name] = why ?? '';
    return { values, absent };
  }

  const clipped = clippedSamples(samples);
  const isRmsRight = clipped <= CLIPPED_SHARE * samples.length;
  const clippedText = `${clipped} of ${samples.length} samples are clipped`;
  if (unit.quantity !== 'acceleration') {
    for (const name of ACCELERATION) absent[name] = `the samples are a ${unit.quantity}`;
  } else {
    const { rms, peak, crest, kurtosis } = moments(samples);
    if (isRmsRight) values.acceleration_rms = rms * unit.factor;
    else absent.acceleration_rms = clippedText;
    if (clipped === 0) {
      Object.assign(values, { acceleration_peak: peak * unit.factor, crest, kurtosis });
    } else {
      for (const name of ACCELERATION.slice(1)) absent[name] = clippedText;
    }
  }

  const low = rpm !== undefined && rpm > 0 && rpm < 600 ? LOW_FOR_SLOW : LOW;
  const wrong = isRmsRight ? tooCoarse(samples.length, rate, low) : clippedText;
  if (wrong === undefined) values.velocity_rms = velocityRms(samples, rate, low, unit);
  else absent.velocity_rms = wrong;
  return { values, absent };
}

function velocityRms(samples: Float32Array, rate: number, low: number, unit: VibrationUnit) {
  const band = { low, high: HIGH };
  switch (unit.quantity) {
    case 'acceleration':
      return bandRms(samples, rate, band, 1) * unit.factor * GRAVITY;
    case 'velocity':
      return bandRms(samples, rate, band, 0) * unit.factor;
    case 'displacement':
      return bandRms(samples, rate, band, -1) * unit.factor;
  }
}

function unusable(samples: Float32Array, rate: number): string | undefined {
  if (samples.length === 0) return 'there are no samples';
  if (samples.length < LEAST_SAMPLES) {
    return `${samples.length} samples are too few, expected at least ${LEAST_SAMPLES}`;
  }
  if (!(rate > 0 && Number.isFinite(rate))) return `the rate is ${rate} Hz`;
  const bad = samples.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) return `sample ${bad} is ${samples[bad]}`;
  const first = samples[0];
  if (samples.every((value) => value === first)) return `all samples are ${first}`;
  return undefined;
}

function unknownUnit(name: string): string {
  return `the unit is "${name}", expected one of ${VIBRATION_UNITS}`;
}

/** 2.56 samples per period is what analysers ask for, so that the filter before the converter has room. */
function tooCoarse(count: number, rate: number, low: number): string | undefined {
  if (rate < 2.56 * HIGH) return `the rate is ${rate} Hz, expected at least ${2.56 * HIGH} Hz`;
  if (count * low < rate) {
    return `it lasts ${(count / rate).toPrecision(3)} s, expected at least one period of ${low} Hz`;
  }
  return undefined;
}
