import { bandRms, type Integrations, type SpectralPeak, spectralPeaks } from './power-spectrum.ts';
import { type ShaftOrder, shaftOrders, tooShortForOrders } from './shaft.ts';
import {
  type FeatureValues,
  GRAVITY,
  markAbsent,
  outOfReach,
  type TimeWaveform,
  type VibrationUnit,
} from './time-waveform.ts';

/** Velocity band of ISO 20816-3, in Hz; for machines slower than 600 rpm it begins at 2 Hz. */
const HIGH = 1_000;
const LOW = 10;
const LOW_FOR_SLOW = 2;
const MAX_PEAKS = 5;

const MOTION = ['velocity_rms', 'displacement_rms'];
const SHAFT = ['velocity_1x', 'velocity_2x', 'velocity_3x'];
export const MOTION_FEATURES = [...MOTION, ...SHAFT];

/** How to come from samples to mm/s, and to µm with one integration more. */
function velocityOf({ quantity, factor }: VibrationUnit): {
  readonly integrations: -1 | 0 | 1;
  readonly factor: number;
} {
  switch (quantity) {
    case 'acceleration':
      return { integrations: 1, factor: factor * GRAVITY };
    case 'velocity':
      return { integrations: 0, factor };
    case 'displacement':
      return { integrations: -1, factor };
  }
}

/** Velocity (mm/s) and displacement (µm), rms, from 10 to 1000 Hz; the strongest lines as `line_<n>_…`. */
export function motionFeatures(
  waveform: TimeWaveform,
  into: FeatureValues,
): readonly SpectralPeak[] {
  const { spectrum, rpm } = waveform;
  const band = { low: rpm !== undefined && rpm > 0 && rpm < 600 ? LOW_FOR_SLOW : LOW, high: HIGH };
  const reason = outOfReach(waveform, band);
  if (reason !== undefined) {
    markAbsent(into, MOTION, reason);
    return [];
  }
  const { integrations, factor } = velocityOf(waveform.unit);
  into.values.velocity_rms = bandRms(spectrum, band, integrations) * factor;
  const further: Integrations = integrations === 1 ? 2 : integrations === 0 ? 1 : 0;
  into.values.displacement_rms = bandRms(spectrum, band, further) * factor * 1_000;
  const lines = spectralPeaks(spectrum, band, integrations, MAX_PEAKS).map((line) => {
    return { ...line, rms: line.rms * factor };
  });
  for (const [index, { frequency, rms }] of lines.entries()) {
    into.values[`line_${index + 1}_frequency`] = frequency;
    into.values[`line_${index + 1}_velocity`] = rms;
  }
  return lines;
}

/** The velocity (mm/s rms) at multiples of the shaft speed in Hz. */
export function shaftFeatures(
  waveform: TimeWaveform,
  shaft: number | undefined,
  into: FeatureValues,
): readonly ShaftOrder[] {
  const reason =
    waveform.rpm === 0
      ? 'the shaft stands still'
      : tooShortForOrders(waveform.samples.length, waveform.rate, shaft);
  if (shaft === undefined || reason !== undefined) {
    markAbsent(into, SHAFT, reason ?? 'the shaft speed is unknown');
    return [];
  }
  const { integrations, factor } = velocityOf(waveform.unit);
  const orders = shaftOrders(waveform.spectrum, shaft, integrations).map((order) => {
    return { ...order, rms: order.rms * factor };
  });
  for (const { order, rms } of orders) {
    if (order === 1 || order === 2 || order === 3) into.values[`velocity_${order}x`] = rms;
  }
  return orders;
}
