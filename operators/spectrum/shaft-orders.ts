import { floorAround, type Integrations, type Lines, strongestNear } from './lines.ts';

/** A line at a multiple of the shaft speed. */
export type Order = {
  readonly order: number;
  readonly frequency: number;
  /** rms, in the unit after integration. */
  readonly rms: number;
  /** Amplitude over the median of the lines within half an order. */
  readonly ratio: number;
};

/** Half orders tell looseness; nine harmonics are what the slowest belt of lines needs to be called many. */
export const ORDERS = [0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9] as const;
const SPEED_ERROR = 0.005;
const LEAST_TURNS = 10;

/** Why lines at half orders could not be told apart; undefined when they can. `shaft` in Hz. */
export function tooShortForOrders(
  count: number,
  rate: number,
  shaft: number | undefined,
): string | undefined {
  if (shaft === undefined) return 'the shaft speed is unknown';
  const turns = (count / rate) * shaft;
  if (turns < LEAST_TURNS) {
    return `it lasts ${turns.toPrecision(3)} turns of the shaft, expected at least ${LEAST_TURNS}`;
  }
  return undefined;
}

/**
 * The lines at multiples of a shaft speed in Hz, after integrating: each with the power of its main lobe (two line widths
 * on each side under a Hann window, 99.9 % of a tone). A multiple above the spectrum is left out.
 */
export function shaftOrders(lines: Lines, shaft: number, integrations: Integrations): Order[] {
  const { power, step, resolution, scale } = lines;
  const first = strongestNear(power, step, shaft, Math.max(resolution, SPEED_ERROR * shaft));
  // Where 1× stands out it says the speed better than the plate does.
  const isClear =
    (power[first] ?? 0) > 25 * floorAround(power, step, shaft, Math.max(shaft / 2, 8 * step));
  const speed = isClear ? first * step : shaft;
  return ORDERS.flatMap((order) => {
    const frequency = order * speed;
    if (frequency + 2 * resolution >= power.length * step) return [];
    const near = strongestNear(power, step, frequency, resolution);
    const floor = floorAround(power, step, frequency, Math.max(speed / 4, 8 * step));
    let sum = 0;
    const reach = Math.ceil((2 * resolution) / step);
    for (let bin = Math.max(1, near - reach); bin <= near + reach; bin++) {
      sum += (power[bin] ?? 0) * (2 * Math.PI * bin * step) ** (-2 * integrations);
    }
    const ratio = floor > 0 ? Math.sqrt((power[near] ?? 0) / floor) : 0;
    return [{ order, frequency: near * step, rms: Math.sqrt(sum * scale), ratio }];
  });
}
