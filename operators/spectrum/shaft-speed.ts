import type { Lines } from './lines.ts';

/** A shaft speed read from a spectrum: `shaft` in Hz, `confidence` from 0 to 1. */
export type ShaftSpeed = { readonly shaft: number; readonly confidence: number };

const LOWEST = 5;
const HIGHEST = 100;
const HARMONICS = 8;
const MOST_OF_ONE = 1;
const BLOCK = 64;
/** log10 of 4: what noise reaches in one of a thousand lines is 3.2 times the median. */
const CLEAR = 0.6;

/**
 * The frequency between 300 and 6000 rpm whose first eight harmonics stand out most, moved together. The confidence is how
 * far the next frequency that is no simple multiple or part of it falls behind. Undefined when nothing stands out, when 1×
 * itself does not (a comb without its first tooth may be any machine's), or when the waveform is too short or too coarse.
 */
export function shaftSpeedOf(lines: Lines): ShaftSpeed | undefined {
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
  if (highest < HARMONICS * CLEAR || toothOf(shaft) < CLEAR) return undefined;
  let rival = 0;
  for (let index = 0; index < count; index++) {
    const frequency = LOWEST + index * pace;
    if ((scores[index] ?? 0) > rival && !isRelated(frequency / shaft)) rival = scores[index] ?? 0;
  }
  return { shaft, confidence: 1 - rival / highest };

  function toothOf(frequency: number): number {
    return gains[Math.round(frequency / step)] ?? 0;
  }

  /** Twice a speed has as many harmonics as the speed: the lowest part of it that stands out by itself is the speed. */
  function fundamentalOf(frequency: number): number {
    for (const parts of [4, 3, 2]) {
      const candidate = Math.round((frequency / parts - LOWEST) / pace);
      const near = [candidate - 1, candidate, candidate + 1].filter((index) => index >= 0);
      for (const index of near) {
        const part = LOWEST + index * pace;
        if (toothOf(part) >= CLEAR && (scores[index] ?? 0) >= 0.6 * highest) return part;
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
      gains[bin] = Math.min(MOST_OF_ONE, Math.max(0, Math.log10(Math.max(ratio, 1))));
    }
  }
  return gains;
}
