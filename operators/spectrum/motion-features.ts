import { type Burst, type Found, outOfReach, refuse } from './burst.ts';
import { type KeptLine, keptLines } from './kept-lines.ts';
import { bandRms, type Integrations } from './lines.ts';
import { type Order, shaftOrders, tooShortForOrders } from './shaft-orders.ts';
import { GRAVITY, type VibrationUnit } from './units.ts';

/** Velocity band of ISO 20816-3, in Hz; machines slower than 600 rpm are judged from 2 Hz on. */
const HIGH = 1_000;
const LOW = 10;
const LOW_FOR_SLOW = 2;
const MOST_LINES = 5;

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
export function motionFeatures(burst: Burst, into: Found): readonly KeptLine[] {
  const { spectrum, rpm } = burst;
  const band = { low: rpm !== undefined && rpm > 0 && rpm < 600 ? LOW_FOR_SLOW : LOW, high: HIGH };
  const reason = outOfReach(burst, band);
  if (reason !== undefined) {
    refuse(into, MOTION, reason);
    return [];
  }
  const { integrations, factor } = velocityOf(burst.unit);
  into.values.velocity_rms = bandRms(spectrum, band, integrations) * factor;
  const further: Integrations = integrations === 1 ? 2 : integrations === 0 ? 1 : 0;
  into.values.displacement_rms = bandRms(spectrum, band, further) * factor * 1_000;
  const lines = keptLines(spectrum, band, integrations, MOST_LINES).map((line) => {
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
  burst: Burst,
  shaft: number | undefined,
  into: Found,
): readonly Order[] {
  const reason =
    burst.rpm === 0
      ? 'the shaft stands still'
      : tooShortForOrders(burst.samples.length, burst.rate, shaft);
  if (shaft === undefined || reason !== undefined) {
    refuse(into, SHAFT, reason ?? 'the shaft speed is unknown');
    return [];
  }
  const { integrations, factor } = velocityOf(burst.unit);
  const orders = shaftOrders(burst.spectrum, shaft, integrations).map((order) => {
    return { ...order, rms: order.rms * factor };
  });
  for (const { order, rms } of orders) {
    if (order === 1 || order === 2 || order === 3) into.values[`velocity_${order}x`] = rms;
  }
  return orders;
}
