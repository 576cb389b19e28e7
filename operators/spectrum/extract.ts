import type { BearingGeometry } from './bearing.ts';
import {
  BEARING_SCORES,
  type BearingEvidence,
  bearingEvidence,
  bearingFeatureValues,
  tooPoorForEnvelope,
} from './bearing-evidence.ts';
import { bandRms, powerSpectrum, type SpectralPeak } from './power-spectrum.ts';
import { type ShaftOrder, shaftSpeedOf } from './shaft.ts';
import {
  clippedSamples,
  damageOf,
  type FeatureValues,
  markAbsent,
  outOfReach,
  stepsOf,
  type TimeWaveform,
  unusable,
  VIBRATION_UNITS,
  vibrationUnit,
} from './time-waveform.ts';
import {
  ACCELERATION_FEATURES,
  type AveragedLevels,
  accelerationFeatures,
  averagedLevels,
  MOTION_FEATURES,
  motionFeatures,
  shaftFeatures,
  velocityBand,
  velocityRms,
} from './vibration-features.ts';

/** The shaft speed that features rest on, in Hz; the confidence of a stated one is 1. */
export type Shaft = {
  readonly shaft: number;
  readonly confidence: number;
  readonly from: 'message' | 'spectrum';
};

/** Features, and what they rest on, for a diagnosis or a picture. */
export type Extracted = FeatureValues & {
  readonly waveform?: TimeWaveform;
  readonly shaft?: Shaft;
  /** Velocity, mm/s. */
  readonly orders: readonly ShaftOrder[];
  readonly lines: readonly SpectralPeak[];
  readonly bearing?: BearingEvidence;
  /** What the levels are when each stretch counts the same; only where somebody asked for it. */
  readonly averaged?: AveragedLevels;
};

/** Up to this share of clipped samples an rms is still right to about one percent. */
const CLIPPED_SHARE = 0.01;
/** A speed read from a spectrum counts from here on. */
const MIN_CONFIDENCE = 0.15;

/**
 * The features of one whole waveform: see `Features` for names and units. `rpm` chooses the velocity band and where the
 * lines of the shaft are. With a `bearing` its defect frequencies are looked for, and the speed where it was not stated: only
 * then is an envelope paid for. A feature that cannot be right is absent, with the reason; no bad input throws.
 */
export function extract(
  samples: Float32Array,
  rate: number,
  unitName: string,
  rpm: number | undefined,
  bearing?: BearingGeometry,
): Extracted {
  const found: FeatureValues = { values: {}, absent: {} };
  const nothing = { ...found, orders: [], lines: [] };
  const asked = bearing === undefined ? [] : BEARING_SCORES;
  const all = [...ACCELERATION_FEATURES, ...MOTION_FEATURES, ...asked];
  const unit = vibrationUnit(unitName);
  const steps = stepsOf(samples);
  const clipped = clippedSamples(samples, steps);
  const clippedText = `${clipped} of ${samples.length} samples are clipped`;
  const why =
    unusable(samples, rate) ??
    (clipped > CLIPPED_SHARE * samples.length ? clippedText : damageOf(samples, steps));
  if (unit === undefined || why !== undefined) {
    markAbsent(found, all, why ?? `the unit is "${unitName}", expected one of ${VIBRATION_UNITS}`);
    return nothing;
  }

  const waveform = { samples, rate, unit, rpm, spectrum: powerSpectrum(samples, rate) };
  const beyond = beyondMachines(waveform);
  if (beyond !== undefined) {
    markAbsent(found, all, beyond);
    return nothing;
  }
  accelerationFeatures(waveform, clipped === 0 ? undefined : clippedText, found);
  const lines = motionFeatures(waveform, found);
  const shaft = shaftOf(waveform, bearing, found);
  const orders = shaftFeatures(waveform, shaft?.shaft, found);
  const evidence = bearing && bearingFeatures(waveform, shaft, bearing, found);
  return {
    ...found,
    waveform,
    orders,
    lines,
    ...(shaft === undefined ? {} : { shaft }),
    ...(evidence === undefined ? {} : { bearing: evidence }),
  };
}

/** Parts that differ by so much are told apart by one window over all, which weighs the middle most. */
const UNSTEADY = 1.5;

/**
 * The same with how steady it was. Where the parts of a waveform differ, the levels of its bands are averages of all parts;
 * lines and what rests on them stay those of one window, whose middle weighs most.
 */
export function withAveragedLevels(extracted: Extracted): Extracted {
  const { waveform, values } = extracted;
  if (waveform === undefined || values.velocity_rms === undefined) return extracted;
  const averaged = averagedLevels(waveform);
  if (averaged === undefined) return extracted;
  const isUnsteady = averaged.most > UNSTEADY * averaged.least;
  return {
    ...extracted,
    averaged,
    values: isUnsteady ? { ...values, ...averaged.values } : values,
  };
}

/** Levels that no machine has and no usual sensor reaches: the unit, the scale or the format is wrong. */
const BEYOND = { acceleration: 1_000, velocity: 1_500, displacement: 100 } as const;
const BEYOND_UNITS = { acceleration: 'g', velocity: 'mm/s', displacement: 'mm' } as const;

function beyondMachines(waveform: TimeWaveform): string | undefined {
  const { spectrum, unit, rate } = waveform;
  const { quantity, factor } = unit;
  const level = bandRms(spectrum, { low: 0, high: rate / 2 }, 0) * factor;
  // Vibrating screens reach half of the velocity. Samples of a unit a thousand times too large exceed one of the two.
  const band = velocityBand(waveform.rpm);
  const velocity = outOfReach(waveform, band) === undefined ? velocityRms(waveform, band) : 0;
  if (level <= BEYOND[quantity] && velocity <= BEYOND.velocity) return undefined;
  const found =
    level > BEYOND[quantity]
      ? `${level.toPrecision(3)} ${BEYOND_UNITS[quantity]} rms`
      : `a velocity of ${velocity.toPrecision(3)} mm/s rms`;
  return `${found} is more than any machine has: check unit, scale and format`;
}

/** As stated, else read from the spectrum, which is worth its cost only where a bearing asks for it. */
function shaftOf(
  { rpm, spectrum }: TimeWaveform,
  bearing: BearingGeometry | undefined,
  { values }: FeatureValues,
): Shaft | undefined {
  if (rpm !== undefined)
    return rpm > 0 ? { shaft: rpm / 60, confidence: 1, from: 'message' } : undefined;
  if (bearing === undefined) return undefined;
  const found = shaftSpeedOf(spectrum);
  if (found === undefined || found.confidence < MIN_CONFIDENCE) return undefined;
  values.shaft_rpm = found.shaft * 60;
  values.shaft_confidence = found.confidence;
  return { ...found, from: 'spectrum' };
}

function bearingFeatures(
  { samples, rate, unit, rpm }: TimeWaveform,
  speed: Shaft | undefined,
  bearing: BearingGeometry,
  found: FeatureValues,
): BearingEvidence | undefined {
  const reason =
    unit.quantity !== 'acceleration'
      ? `the samples are a ${unit.quantity}, expected an acceleration`
      : speed === undefined
        ? rpm === 0
          ? 'the shaft stands still'
          : 'the shaft speed was not said, and the spectrum does not show it clearly'
        : tooPoorForEnvelope(samples.length, rate, speed.shaft, bearing);
  if (speed === undefined || reason !== undefined) {
    markAbsent(found, BEARING_SCORES, reason ?? '');
    return undefined;
  }
  const evidence = bearingEvidence(samples, rate, speed.shaft, bearing);
  Object.assign(found.values, bearingFeatureValues(evidence));
  return evidence;
}
