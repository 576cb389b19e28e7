import type { BearingEvidence } from './bearing-evidence.ts';
import { BEARING_PARTS } from './bearing-frequencies.ts';

/** Features that only a point with a bearing has: one score a part. */
export const BEARING_SCORES = BEARING_PARTS.map((part) => `bearing_${part}`);

/**
 * The evidence as features: `bearing_<part>` is the score of its comb, `bearing_<part>_1x` (2x, 3x) the signal-to-noise
 * ratio of a line in the prewhitened envelope spectrum, `envelope_<part>_1x` its amplitude in the impulsive band, over the
 * mean of the squared envelope.
 */
export function bearingValues(evidence: BearingEvidence): Record<string, number> {
  const { whitened, impulsive, scores, kurtosis } = evidence;
  const values: Record<string, number> = { envelope_kurtosis: kurtosis };
  [values.envelope_low = 0, values.envelope_high = 0] = impulsive.spectrum.band;
  for (const part of BEARING_PARTS) {
    values[`bearing_${part}`] = scores[part];
    for (const [index, line] of whitened.parts[part].harmonics.entries()) {
      values[`bearing_${part}_${index + 1}x`] = line.ratio;
    }
    for (const [index, line] of impulsive.parts[part].harmonics.entries()) {
      values[`envelope_${part}_${index + 1}x`] = line.amplitude;
    }
  }
  return values;
}
