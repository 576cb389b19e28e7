import { ACCELERATION_FEATURES, accelerationFeatures } from './acceleration-features.ts';
import { type BearingEvidence, bearingEvidence, tooPoorForEnvelope } from './bearing-evidence.ts';
import type { BearingGeometry } from './bearing-frequencies.ts';
import { BEARING_SCORES, bearingValues } from './bearing-values.ts';
import { type Burst, type Found, refuse, unusable } from './burst.ts';
import { clippedSamples } from './clipping.ts';
import type { KeptLine } from './kept-lines.ts';
import { hannLines } from './lines.ts';
import { MOTION_FEATURES, motionFeatures, shaftFeatures } from './motion-features.ts';
import type { Order } from './shaft-orders.ts';
import { shaftSpeedOf } from './shaft-speed.ts';
import { VIBRATION_UNITS, vibrationUnit } from './units.ts';

/** The shaft speed that features rest on, in Hz; the confidence of one that was said is 1. */
export type Shaft = {
  readonly shaft: number;
  readonly confidence: number;
  readonly from: 'message' | 'spectrum';
};

/** Features, and what they rest on, for a diagnosis or a picture. */
export type Extracted = Found & {
  readonly burst?: Burst;
  readonly shaft?: Shaft;
  /** Velocity, mm/s. */
  readonly orders: readonly Order[];
  readonly lines: readonly KeptLine[];
  readonly bearing?: BearingEvidence;
};

/** Up to this share of clipped samples an rms is still right to about one percent. */
const CLIPPED_SHARE = 0.01;
/** A speed read from a spectrum counts from here on. */
const LEAST_CONFIDENCE = 0.15;

/**
 * The features of one whole burst: see `Features` for names and units. `rpm` chooses the velocity band and says where the
 * lines of the shaft are. With a `bearing` its defect frequencies are looked for, and the speed where it was not said: only
 * then is an envelope paid for. A feature that cannot be right is absent, with the reason; no bad input throws.
 */
export function extract(
  samples: Float32Array,
  rate: number,
  unitName: string,
  rpm: number | undefined,
  bearing?: BearingGeometry,
): Extracted {
  const found: Found = { values: {}, absent: {} };
  const nothing = { ...found, orders: [], lines: [] };
  const asked = bearing === undefined ? [] : BEARING_SCORES;
  const all = [...ACCELERATION_FEATURES, ...MOTION_FEATURES, ...asked];
  const unit = vibrationUnit(unitName);
  const why = unusable(samples, rate);
  if (unit === undefined || why !== undefined) {
    refuse(found, all, why ?? `the unit is "${unitName}", expected one of ${VIBRATION_UNITS}`);
    return nothing;
  }
  const clipped = clippedSamples(samples);
  const clippedText = `${clipped} of ${samples.length} samples are clipped`;
  if (clipped > CLIPPED_SHARE * samples.length) {
    refuse(found, all, clippedText);
    return nothing;
  }

  const burst = { samples, rate, unit, rpm, spectrum: hannLines(samples, rate) };
  accelerationFeatures(burst, clipped === 0 ? undefined : clippedText, found);
  const lines = motionFeatures(burst, found);
  const shaft = shaftOf(burst, bearing, found);
  const orders = shaftFeatures(burst, shaft?.shaft, found);
  const evidence = bearing && bearingFeatures(burst, shaft, bearing, found);
  return {
    ...found,
    burst,
    orders,
    lines,
    ...(shaft === undefined ? {} : { shaft }),
    ...(evidence === undefined ? {} : { bearing: evidence }),
  };
}

/** Said, else read from the spectrum, which is worth its cost only where a bearing asks for it. */
function shaftOf(
  { rpm, spectrum }: Burst,
  bearing: BearingGeometry | undefined,
  { values }: Found,
): Shaft | undefined {
  if (rpm !== undefined)
    return rpm > 0 ? { shaft: rpm / 60, confidence: 1, from: 'message' } : undefined;
  if (bearing === undefined) return undefined;
  const found = shaftSpeedOf(spectrum);
  if (found === undefined || found.confidence < LEAST_CONFIDENCE) return undefined;
  values.shaft_rpm = found.shaft * 60;
  values.shaft_confidence = found.confidence;
  return { ...found, from: 'spectrum' };
}

function bearingFeatures(
  { samples, rate, unit, rpm }: Burst,
  speed: Shaft | undefined,
  bearing: BearingGeometry,
  found: Found,
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
    refuse(found, BEARING_SCORES, reason ?? '');
    return undefined;
  }
  const evidence = bearingEvidence(samples, rate, speed.shaft, bearing);
  Object.assign(found.values, bearingValues(evidence));
  return evidence;
}
