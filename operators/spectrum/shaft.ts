import {
  type Integrations,
  medianAround,
  type PowerSpectrum,
  spectralPeaks,
  strongestNear,
} from './power-spectrum.ts';

// The shaft in a spectrum: its speed, and the lines at multiples of it.

/** A shaft speed read from a spectrum: `shaft` in Hz, `confidence` from 0 to 1. */
type ShaftSpeed = { readonly shaft: number; readonly confidence: number };

const LOWEST = 5;
const HIGHEST = 100;
const HARMONICS = 8;
const MAX_OF_ONE = 1;
const BLOCK = 64;
/** log10 of 4: what noise reaches in one of a thousand lines is 3.2 times the median. */
const CLEAR = 0.6;

/**
 * The frequency between 300 and 6000 rpm whose first eight harmonics stand out most, moved together. The confidence is how
 * much lower the score of the next frequency is that is no simple multiple or part of it. Undefined when nothing stands out, when 1×
 * itself does not (harmonics without a fundamental may be any machine's), or when the waveform is too short or too coarse.
 */
export function shaftSpeedOf(lines: PowerSpectrum): ShaftSpeed | undefined {
  const { step, resolution } = lines;
  const last = Math.floor((HARMONICS * HIGHEST + 4 * resolution) / step);
  if (4 * resolution > LOWEST || last >= lines.power.length) return undefined;
  const gains = gainsOf(lines.power.subarray(0, last + 1));
  const pace = step / HARMONICS;
  const count = Math.floor((HIGHEST - LOWEST) / pace);
  const scores = new Float64Array(count);
  let best = 0;
  for (let index = 0; index < count; index++) {
    let score = 0;
    for (let harmonic = 1; harmonic <= HARMONICS; harmonic++) {
      const bin = Math.round((harmonic * (LOWEST + index * pace)) / step);
      score += gains[bin] ?? 0;
    }
    scores[index] = score;
    if (score > (scores[best] ?? 0)) best = index;
  }
  const highest = scores[best] ?? 0;
  const shaft = fundamentalOf(LOWEST + best * pace);
  if (highest < HARMONICS * CLEAR || gainAt(shaft) < CLEAR) return undefined;
  let rival = 0;
  for (let index = 0; index < count; index++) {
    const frequency = LOWEST + index * pace;
    if ((scores[index] ?? 0) > rival && !isRelated(frequency / shaft)) rival = scores[index] ?? 0;
  }
  return { shaft, confidence: 1 - rival / highest };

  function gainAt(frequency: number): number {
    return gains[Math.round(frequency / step)] ?? 0;
  }

  /** Twice a speed has as many harmonics as the speed: the lowest part of it that stands out by itself is the speed. */
  function fundamentalOf(frequency: number): number {
    for (const parts of [4, 3, 2]) {
      const candidate = Math.round((frequency / parts - LOWEST) / pace);
      const near = [candidate - 1, candidate, candidate + 1].filter((index) => index >= 0);
      for (const index of near) {
        const part = LOWEST + index * pace;
        if (gainAt(part) >= CLEAR && (scores[index] ?? 0) >= 0.6 * highest) return part;
      }
    }
    return frequency;
  }
}

function isRelated(quotient: number): boolean {
  return [1 / 5, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 1, 3 / 2, 2, 3, 4, 5].some((simple) => {
    return Math.abs(quotient / simple - 1) < 0.05;
  });
}

/** log10 of each line's amplitude over the median of its block of lines, between 0 and 1. */
function gainsOf(power: Float64Array): Float64Array {
  const gains = new Float64Array(power.length);
  for (let from = 0; from < power.length; from += BLOCK) {
    const block = power.slice(from, from + BLOCK).sort();
    const floor = block[block.length >> 1] ?? 0;
    for (let bin = Math.max(1, from); bin < Math.min(power.length, from + BLOCK); bin++) {
      const ratio = floor > 0 ? Math.sqrt((power[bin] ?? 0) / floor) : 0;
      gains[bin] = Math.min(MAX_OF_ONE, Math.max(0, Math.log10(Math.max(ratio, 1))));
    }
  }
  return gains;
}

/** Share of a stated speed within which another one is looked for, and within which it is the same. */
const MISTAKEN_BY = 0.12;
const SAME_SPEED = 0.02;

/**
 * The speed in Hz at which a shaft turns if the stated one is wrong: no line stands there, and one does beside it, with another
 * at twice its frequency. Undefined where nothing speaks against the stated one.
 */
export function speedBesideStated(lines: PowerSpectrum, stated: number): number | undefined {
  const own = Math.max(1.5 * lines.resolution, SAME_SPEED * stated);
  const near = { low: (1 - MISTAKEN_BY) * stated, high: (1 + MISTAKEN_BY) * stated };
  const found = spectralPeaks(lines, near, 0, 4);
  if (found.some(({ frequency }) => Math.abs(frequency - stated) < own)) return undefined;
  return found.find(({ frequency }) => {
    const reach = 1.5 * lines.resolution;
    const twice = { low: 2 * frequency - reach, high: 2 * frequency + reach };
    return spectralPeaks(lines, twice, 0, 1, STANDS_OUT).length > 0;
  })?.frequency;
}

/** A line at a multiple of the shaft speed. */
export type ShaftOrder = {
  readonly order: number;
  readonly frequency: number;
  /** rms, in the unit after integration. */
  readonly rms: number;
  /** Amplitude over the median of the lines within half an order; 0 on the shoulder of a stronger line beside it. */
  readonly ratio: number;
};

/** Half orders show looseness; from nine harmonics on their number can be judged. */
const ORDERS = [0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9] as const;
const SPEED_ERROR = 0.005;
/** Amplitude over the median of its neighbourhood. */
const STANDS_OUT = 4;
const MIN_TURNS = 10;

/** Why lines at half orders could not be told apart; undefined when they can. `shaft` in Hz. */
export function tooShortForOrders(
  count: number,
  rate: number,
  shaft: number | undefined,
): string | undefined {
  if (shaft === undefined) return 'the shaft speed is unknown';
  const turns = (count / rate) * shaft;
  if (turns < MIN_TURNS) {
    return `it lasts ${turns.toPrecision(3)} turns of the shaft, expected at least ${MIN_TURNS}`;
  }
  return undefined;
}

/**
 * The lines at multiples of a shaft speed in Hz, after integrating: each with the power of its main lobe (two line widths
 * on each side under a Hann window, 99.9 % of a tone). A multiple above the spectrum is left out.
 */
export function shaftOrders(
  lines: PowerSpectrum,
  shaft: number,
  integrations: Integrations,
): ShaftOrder[] {
  const { power, step, resolution, scale } = lines;
  const first = strongestNear(power, step, shaft, Math.max(resolution, SPEED_ERROR * shaft));
  // Where 1× stands out it gives the speed better than the plate does.
  const isClear =
    (power[first] ?? 0) > 25 * medianAround(power, step, shaft, Math.max(shaft / 2, 8 * step));
  const speed = isClear ? peakFrequency(lines, first) : shaft;
  return ORDERS.flatMap((order) => {
    const frequency = order * speed;
    if (frequency + 2 * resolution >= power.length * step) return [];
    const near = strongestNear(power, step, frequency, resolution);
    const floor = medianAround(power, step, frequency, Math.max(speed / 4, 8 * step));
    const reach = Math.ceil((2 * resolution) / step);
    const lobe = {
      from: near - lobeTo(power, near, -1, reach),
      to: near + lobeTo(power, near, 1, reach),
    };
    let sum = 0;
    for (let bin = Math.max(1, lobe.from); bin <= lobe.to; bin++) {
      sum += (power[bin] ?? 0) * (2 * Math.PI * bin * step) ** (-2 * integrations);
    }
    const ratio = floor > 0 && isPeak(power, near) ? Math.sqrt((power[near] ?? 0) / floor) : 0;
    return [{ order, frequency: peakFrequency(lines, near), rms: Math.sqrt(sum * scale), ratio }];
  });
}

/** Share of a line from which on what rises beside it is another one, and how far above the valley between them. */
const ANOTHER = 0.1;
const RISES = 4;

/** How many bins beside a line are of its main lobe: it ends where another line begins, whose power is none of its own. */
function lobeTo(power: Float64Array, bin: number, side: -1 | 1, reach: number): number {
  const top = power[bin] ?? 0;
  let least = top;
  for (let away = 1; away <= reach; away++) {
    const here = power[bin + side * away] ?? 0;
    if (here > ANOTHER * top && here > RISES * least) return away - 1;
    least = Math.min(least, here);
  }
  return reach;
}

/** The strongest line of a stretch may be the edge of a stronger one beside it: that is no line of its own. */
function isPeak(power: Float64Array, bin: number): boolean {
  const here = power[bin] ?? 0;
  return here >= (power[bin - 1] ?? 0) && here >= (power[bin + 1] ?? 0);
}

/** Where a line stands between two bins: the top of the parabola through the logarithms of three bins. */
function peakFrequency({ power, step }: PowerSpectrum, bin: number): number {
  const [left = 0, top = 0, right = 0] = [-1, 0, 1].map((side) => Math.log(power[bin + side] ?? 0));
  const bend = left - 2 * top + right;
  const move = bend < 0 ? (left - right) / (2 * bend) : 0;
  return (bin + (Math.abs(move) <= 0.5 ? move : 0)) * step;
}
