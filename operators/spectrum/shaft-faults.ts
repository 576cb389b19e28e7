import { BEARING_PARTS } from './bearing.ts';
import { BEARING_SLIP } from './bearing-evidence.ts';
import type { Extracted } from './extract.ts';
import { medianAround } from './power-spectrum.ts';
import type { ShaftOrder } from './shaft.ts';
import type { TimeWaveform } from './time-waveform.ts';
import { SLOW_BAND, velocityPeaks } from './vibration-features.ts';

export const SHAFT_FAULTS = ['unbalance', 'misalignment', 'looseness'] as const;
export type ShaftFault = (typeof SHAFT_FAULTS)[number];

/** A fault and how far the waveform goes towards it: from 1 on it has all that is asked for. */
export type ShaftEvidence = {
  readonly score: number;
  /** Share of the velocity's power that the lines of this fault explain. */
  readonly share: number;
  readonly lines: readonly ShaftOrder[];
};

/**
 * mm/s rms: B/C boundary of the smallest machines in ISO 20816-3 (group 2, rigid). Below it the standard lets any machine
 * run without limit, so no line of the shaft is called a fault.
 */
const SEVERE = 2.8;
const STANDS_OUT = 5;

/** Frequencies of the world's grids, Hz: a motor's stator pulls twice a period, whatever its shaft does. */
export const GRIDS: readonly number[] = [50, 60];
/** Line widths within which two lines are one. */
const APART = 1.5;

/** Share of 1× from which on 2× is that of misalignment. */
const SECOND = 0.75;

const nothing: ShaftEvidence = { score: 0, share: 0, lines: [] };

/**
 * Unbalance, misalignment and looseness from the velocity at multiples of the shaft speed, after the usual charts
 * (the signs that ISO 13373-3 lists, its text not at hand: 1× alone; 2× beside 1×; many harmonics and half orders).
 * The shares are practice, not norm:
 *
 * - unbalance: 1× carries 70 % of the power, 2× is at most half of it, and nothing beside 1× has another cause;
 * - misalignment: 2× is at least three quarters of 1×, 1× to 3× carry 60 %, 3× is not the strongest of them, and
 *   2× has no harmonics of its own;
 * - looseness: four or more of the half orders and of 3× to 9× stand out with a tenth of the strongest line, and all
 *   orders carry half.
 *
 * A line that may as well be twice the frequency of one of the `grids` speaks for none of them.
 */
export function shaftFaults(
  extracted: Pick<Extracted, 'values' | 'orders' | 'lines' | 'waveform'>,
  grids: readonly number[] = GRIDS,
): Record<ShaftFault, ShaftEvidence> {
  const velocity = velocityOfAll(extracted);
  const disputed = disputedOrders(extracted, grids);
  const clear = extracted.orders.filter((line) => {
    return line.ratio >= STANDS_OUT && !disputed.some(({ order }) => order === line.order);
  });
  const strongest = Math.max(0, ...clear.map(({ rms }) => rms));
  if (velocity <= 0 || strongest === 0) {
    return { unbalance: nothing, misalignment: nothing, looseness: nothing };
  }
  const severity = velocity / SEVERE;
  const at = (order: number) => clear.find((line) => line.order === order)?.rms ?? 0;
  const shareOf = (lines: readonly ShaftOrder[]) => {
    return Math.min(1, lines.reduce((sum, { rms }) => sum + rms * rms, 0) / velocity ** 2);
  };
  const fault = (score: number, lines: readonly ShaftOrder[]): ShaftEvidence => {
    return { score: Math.min(severity, score), share: shareOf(lines), lines };
  };

  const first = clear.filter(({ order }) => order === 1);
  const lowest = clear.filter(({ order }) => order === 1 || order === 2 || order === 3);
  const many = clear.filter(({ order, rms }) => {
    return (order >= 3 || order % 1 !== 0) && rms >= strongest / 10;
  });
  const isOneLine = at(2) <= at(1) / 2 && besideFirst(extracted) === undefined;
  return {
    unbalance: fault(isOneLine ? shareOf(first) / 0.7 : 0, first),
    misalignment: fault(
      at(1) === 0 || at(3) > Math.max(at(1), at(2)) || hasTwoBlades(extracted.orders)
        ? 0
        : Math.min(at(2) / at(1) / SECOND, shareOf(lowest) / 0.6, 4 / (many.length + 1)),
      lowest,
    ),
    looseness: fault(Math.min(many.length / 4, shareOf(clear) / 0.5), clear),
  };
}

/** Share of 1× from which on sidebands on both sides of it are a modulation, and none of a window. */
const SIDEBAND = 0.1;
/** Hz, and share of the shaft speed: poles pass the slip of a motor more slowly. */
const FARTHEST_SIDEBAND = 6;
const FARTHEST_SHARE = 0.25;
/** Share of 1× from which on a line below it is no company of an unbalance. */
const BELOW = 1 / 3;

/** Line widths on each side of 1× that belong to it, and those in which nothing of one tone is left. */
const LOBE = 2;
const SKIRT = 8;
/** Share of the line's power in its skirt: a tone under a Hann window has 0.05 % there. Chosen on made-up machines of seeds below 2,300. */
const BROAD = 0.03;

/**
 * What stands beside 1× that an unbalance does not explain, in a sentence: a strong line below the speed of the shaft (rub,
 * whirl, looseness, a belt), sidebands on both sides (broken rotor bars modulate by slip times poles), a line that is
 * broader than the record makes it, or one that changes within it. Lines are looked for from 2 Hz on, whatever the band of the standard is.
 */
export function besideFirst({
  orders,
  lines,
  waveform,
}: Pick<Extracted, 'orders' | 'lines' | 'waveform'>): string | undefined {
  const first = orders.find(({ order }) => order === 1);
  if (first === undefined || first.ratio < STANDS_OUT) return undefined;
  const farthestBelow = FARTHEST_BELOW * first.frequency;
  const low =
    waveform === undefined
      ? []
      : velocityPeaks(waveform, { low: SLOW_BAND.low, high: farthestBelow });
  const below = [...lines, ...low].find(({ frequency, rms }) => {
    return frequency < farthestBelow && rms >= BELOW * first.rms;
  });
  if (below !== undefined) {
    const order = (below.frequency / first.frequency).toFixed(2);
    return `a line at ${below.frequency.toFixed(1)} Hz stands below the speed of the shaft, at ${order}×: a rub, whirl, looseness or a belt, and no unbalance alone`;
  }
  const pair = sidebandOfFirst(first, lines, waveform);
  if (pair !== undefined) {
    return `1× has sidebands ${pair.toFixed(1)} Hz away on both sides: it is modulated, as by rotor bars or a swinging load, and no unbalance alone`;
  }
  if (waveform === undefined) return undefined;
  if (!isBroad(waveform, first.frequency)) {
    if (wanderOf(waveform, first.frequency) <= WANDERS) return undefined;
    const seconds = (waveform.samples.length / waveform.rate).toPrecision(2);
    return `1× changes in level or phase within the record of ${seconds} s, so it shows no unbalance alone: it is modulated, as by rotor bars, or speed or load change; a longer record tells lines beside it apart`;
  }
  return '1× is broader than one line: speed or level change within the record, noise excites a resonance there, or another line stands too near for a record of this length, so it shows no unbalance';
}

/** Hz between 1× and sidebands that stand on both sides of it. */
function sidebandOfFirst(
  first: ShaftOrder,
  lines: Extracted['lines'],
  waveform: Extracted['waveform'],
): number | undefined {
  const width = APART * (waveform?.spectrum.resolution ?? 0);
  const farthest = Math.min(FARTHEST_SIDEBAND, FARTHEST_SHARE * first.frequency);
  const distances = lines
    .filter(({ rms }) => rms >= SIDEBAND * first.rms)
    .map(({ frequency }) => frequency - first.frequency)
    .filter((by) => Math.abs(by) > width && Math.abs(by) < farthest);
  return distances.find((by) => {
    return by > 0 && distances.some((other) => Math.abs(by + other) < width);
  });
}

/** Whether a line has more power beside it than one tone has there. */
function isBroad({ spectrum }: TimeWaveform, frequency: number): boolean {
  const { power, step, resolution } = spectrum;
  const floor = medianAround(power, step, frequency, 4 * SKIRT * resolution);
  let [lobe, skirt] = [0, 0];
  const from = Math.max(1, Math.ceil((frequency - SKIRT * resolution) / step));
  const to = Math.min(power.length - 1, Math.floor((frequency + SKIRT * resolution) / step));
  for (let bin = from; bin <= to; bin++) {
    const above = (power[bin] ?? 0) - floor;
    if (Math.abs(bin * step - frequency) <= LOBE * resolution) lobe += above;
    else skirt += above;
  }
  return skirt > BROAD * lobe;
}

/** A record is looked at in parts of a quarter that overlap by half. */
const QUARTERS = 4;
/**
 * From here on one tone does not explain a line: chosen on made-up machines of seeds below 2,300, where 1× of 211 of 212
 * unbalances stayed below 0.14, and that of all rotor bars was above 0.15.
 */
const WANDERS = 0.14;
const PARTS = 2 * QUARTERS - 1;

/**
 * How much a line changes within the record, 0 for one tone: the rms of its deviations from the mean, in amplitude and phase,
 * as a share of it. Sidebands that the record is too short to show apart from the line are seen in it.
 */
function wanderOf({ samples, rate }: TimeWaveform, frequency: number): number {
  const length = Math.floor(samples.length / QUARTERS);
  const turns = (2 * Math.PI * frequency) / rate;
  const parts = Array.from({ length: PARTS }, (_, part) => {
    const first = Math.floor((part * length) / 2);
    let [real, imaginary] = [0, 0];
    for (let at = 0; at < length; at++) {
      const weighted =
        (samples[first + at] ?? 0) * (1 - Math.cos((2 * Math.PI * (at + 0.5)) / length));
      real += weighted * Math.cos(turns * (first + at));
      imaginary -= weighted * Math.sin(turns * (first + at));
    }
    return [real, imaginary] as const;
  });
  // A frequency that was read a little wrong turns the phase evenly: that is no change of the line.
  let [even, odd] = [0, 0];
  for (const [at, [real, imaginary]] of parts.entries()) {
    const [nextReal, nextImaginary] = parts[at + 1] ?? [0, 0];
    even += nextReal * real + nextImaginary * imaginary;
    odd += nextImaginary * real - nextReal * imaginary;
  }
  const pace = Math.atan2(odd, even);
  const still = parts.map(([real, imaginary], at) => {
    const [cosine, sine] = [Math.cos(pace * at), Math.sin(pace * at)];
    return [real * cosine + imaginary * sine, imaginary * cosine - real * sine] as const;
  });
  const mean = (axis: 0 | 1) => still.reduce((sum, part) => sum + part[axis], 0) / PARTS;
  const [real, imaginary] = [mean(0), mean(1)];
  const square = still.reduce((sum, part) => {
    return sum + (part[0] - real) ** 2 + (part[1] - imaginary) ** 2;
  }, 0);
  return Math.sqrt(square / PARTS) / Math.hypot(real, imaginary);
}

/** Nearer to 1× a line is a sideband, or a machine of nearly the same speed. */
const FARTHEST_BELOW = 0.8;
/** From this multiple on lines are those of teeth, blades, slots and rollers. */
const LEAST_OF_PARTS = 3;
const SPEED_ERROR = 0.003;

/**
 * What one line is that carries half of the velocity's power and is none of a shaft's fault, in a sentence: twice the line
 * frequency, teeth or blades, no multiple of the shaft at all, or perhaps 1× where the speed is not known.
 */
export function dominantLine(
  { values, orders, lines, waveform, shaft: known, bearing }: Omit<Extracted, 'absent'>,
  grids: readonly number[],
): string | undefined {
  const [strongest] = [...lines].sort((a, b) => b.rms - a.rms);
  const velocity = values.velocity_rms ?? Number.POSITIVE_INFINITY;
  if (strongest === undefined || waveform === undefined) return undefined;
  const { frequency, rms } = strongest;
  if (rms ** 2 < velocity ** 2 / 2) return undefined;
  const line = `the strongest line, at ${frequency.toFixed(1)} Hz,`;
  if (known?.from !== 'message') {
    const share = Math.min(100, Math.round((100 * rms ** 2) / velocity ** 2));
    return `${line} carries ${share} % of the velocity's power: at ${(60 * frequency).toFixed(0)} rpm it would be 1× of the shaft, so the speed must be known`;
  }
  const width = APART * waveform.spectrum.resolution;
  const shaft = shaftFrequencyOf(orders, waveform);
  const multiple = Math.round(frequency / shaft);
  const by = Math.abs(frequency - multiple * shaft);
  const grid = grids.find((each) => Math.abs(frequency - 2 * each) < width);
  if (grid !== undefined && by >= width) {
    return `${line} is twice the line frequency of ${grid} Hz and no multiple of the shaft: look at the motor (air gap, stator, supply), and whether the line goes at once when it is switched off`;
  }
  const hum = grids.find((each) => Math.abs(frequency - each) < width);
  if (hum !== undefined && by >= width) {
    return `${line} is the line frequency of ${hum} Hz and no multiple of the shaft: hum in cable or sensor, which stays when the machine stands`;
  }
  if (by >= Math.max(width, SPEED_ERROR * frequency)) {
    return offOrders(
      line,
      frequency / shaft,
      Math.max(width / shaft, SPEED_ERROR * (frequency / shaft)),
      bearing,
    );
  }
  if (multiple === 2 && hasTwoBlades(orders)) {
    return `${line} stands at 2× of the shaft, with 4× and 6× but neither 3× nor 5×: look for what has 2 blades, lobes or cylinders`;
  }
  if (multiple < LEAST_OF_PARTS) return undefined;
  return `${line} stands at ${multiple}× of the shaft: look for what has ${multiple} teeth, blades or slots`;
}

/** Share of 2× that its own harmonics have where two blades or lobes pass, and that nothing between them has. */
const OF_BLADES = 0.1;

/** Whether 2× has harmonics of its own and the shaft none between them, as no misalignment makes it. */
function hasTwoBlades(orders: readonly ShaftOrder[]): boolean {
  const at = (order: number) => orders.find((line) => line.order === order)?.rms ?? 0;
  const least = OF_BLADES * at(2);
  return at(4) > least && at(6) > least && at(3) < least && at(5) < least && at(1) < at(2) / 2;
}

/** A strong line at an order that is no multiple of the shaft, in a sentence. `tolerance` is one of orders. */
function offOrders(
  line: string,
  order: number,
  tolerance: number,
  bearing: Extracted['bearing'],
): string {
  const place = `${line} stands at ${order.toFixed(2)}×`;
  if (Math.abs(order - Math.floor(order) - 0.5) < tolerance) {
    return `${place}, a half order of the shaft: looseness, a rub or too much clearance, or the firing of a four-stroke engine`;
  }
  for (const part of bearing === undefined ? [] : BEARING_PARTS) {
    const own = bearing?.orders[part] ?? 0;
    const times = [1, 2, 3].find((each) => {
      return Math.abs(order - each * own) < tolerance + BEARING_SLIP * each * own;
    });
    if (times !== undefined) {
      return `${place}, where the ${part.replace('_', ' ')} of the bearing has ${times}×: look at the bearing, then at what else may have this line`;
    }
  }
  const causes = 'another machine, a belt, a gear or a resonance';
  return `${place}, no multiple of the shaft: ${bearing === undefined ? 'a rolling bearing, ' : ''}${causes}`;
}

/**
 * The first three orders where they carry most of the velocity's power in no proportion of a fault, in a sentence. `isSteady`:
 * where the level sways, lines of the middle have no proportion to levels of the whole.
 */
export function betweenFaults(extracted: Extracted, isSteady: boolean): string | undefined {
  const velocity = velocityOfAll(extracted);
  const low = extracted.orders.filter(({ order, ratio, rms }) => {
    return [1, 2, 3].includes(order) && ratio >= STANDS_OUT && rms >= velocity / 5;
  });
  const share = low.reduce((sum, { rms }) => sum + rms * rms, 0) / velocity ** 2;
  if (velocity < SEVERE || share < 0.6) return undefined;
  const at = (order: number) => low.find((line) => line.order === order)?.rms ?? 0;
  const orders = low.map(({ order }) => `${order}×`).join(' and ');
  const carry = `${orders} ${low.length === 1 ? 'carries' : 'carry'} ${Math.min(100, Math.round(100 * share))} % of the velocity's power`;
  if (at(1) === 0) {
    return `${carry}, and 1× does not: check the speed of the shaft and the rate of the samples`;
  }
  if (!isSteady || low.length === 1 || at(2) >= SECOND * at(1)) return carry;
  return `${carry}, with more of 2× or 3× than an unbalance has and less than misalignment has: compare the phase in two directions and at both ends`;
}

/** Velocity of the band, and of the shaft's own line where a slow shaft turns below it. */
function velocityOfAll({ values }: Pick<Extracted, 'values'>): number {
  return Math.max(values.velocity_rms ?? 0, values.velocity_1x ?? 0);
}

/** A line of the shaft that cannot be told from twice the frequency of a grid. */
export type DisputedOrder = ShaftOrder & {
  readonly grid: number;
  /** What it may be instead: a stator pulls twice a period of the grid, a cable hums once. */
  readonly periods: 1 | 2;
  /** Seconds that a record needs to tell the two apart; undefined where they are the same. */
  readonly seconds: number | undefined;
};

/** The multiples of the shaft speed at which a line stands that the grid may have made. */
export function disputedOrders(
  { orders, waveform }: Pick<Extracted, 'orders' | 'waveform'>,
  grids: readonly number[],
): DisputedOrder[] {
  const width = waveform?.spectrum.resolution ?? 0;
  const shaft = shaftFrequencyOf(orders, waveform);
  return orders.flatMap((line) => {
    const place = line.order * shaft;
    const near = (frequency: number) => Math.abs(place - frequency) < APART * width;
    const stator = grids.find((each) => near(2 * each));
    // Hum is rarer: a line may be hum only where it stands apart from its order, and nearer to the grid.
    const own = Math.abs(line.frequency - place);
    const hum = grids.find((each) => near(each) && Math.abs(line.frequency - each) < own);
    const isHum = line.order !== 1 && own > width / 4;
    const grid = stator ?? (isHum ? hum : undefined);
    if (grid === undefined || line.ratio < STANDS_OUT) return [];
    const periods = stator === undefined ? 1 : 2;
    const apart = Math.abs(place - periods * grid);
    const seconds = apart < LEAST_APART ? undefined : APART / apart;
    return [{ ...line, grid, periods, seconds }];
  });
}

/** What may be meant by such a line, and what tells it, in a sentence. */
export function disputeText({ order, frequency, grid, periods, seconds }: DisputedOrder): string {
  const remedy =
    seconds === undefined
      ? 'no record tells them apart: watch it while the motor is switched off'
      : `a record of at least ${seconds.toPrecision(2)} s tells them apart`;
  const other = periods === 1 ? 'hum at the line frequency' : 'twice the line frequency';
  return `the line at ${frequency.toFixed(1)} Hz is ${order}× of the shaft or ${other} of ${grid} Hz: ${remedy}`;
}

/** Hz: grids wander by so much, and no record is long enough for less. */
const LEAST_APART = 0.05;

/** Hz: as 1× has it, which a grid has least to do with; as stated where 1× does not stand out. */
export function shaftFrequencyOf(
  orders: readonly ShaftOrder[],
  waveform: Extracted['waveform'],
): number {
  const first = orders.find(({ order }) => order === 1);
  const stated = (waveform?.rpm ?? 0) / 60;
  if (first !== undefined && (first.ratio >= STANDS_OUT || stated === 0)) return first.frequency;
  return stated;
}
