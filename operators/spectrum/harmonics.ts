import type { EnvelopeSpectrum } from './envelope.ts';
import { medianAround, strongestNear } from './power-spectrum.ts';

/** One line that was looked for. */
export type SpectralLine = {
  readonly name: string;
  /** Hz, where the strongest line near the place stands. */
  readonly frequency: number;
  readonly amplitude: number;
  /** Amplitude over the median of its neighbourhood: about 2 to 3 is what noise gives. */
  readonly ratio: number;
};

/** The harmonics of one frequency, moved together within the slip. */
export type HarmonicFamily = {
  /** Hz; the one within the slip whose harmonics stand out most. */
  readonly frequency: number;
  /** Found over expected, less 1. */
  readonly slip: number;
  /** Sum over the harmonics of log10(ratio), each at most `MOST_OF_ONE`. Noise gives about 1. */
  readonly score: number;
  readonly harmonics: readonly SpectralLine[];
};

export const HARMONICS = 3;
/** Up to this harmonic others are looked at instead of those on lines of the shaft. */
const FURTHEST = 2 * HARMONICS;
/** Of noise at a given place one line in four hundred is three times the median. */
export const STANDS_OUT = 3;
/** One line alone must not carry a verdict: three harmonics need at least two that stand out. */
export const MAX_OF_ONE = 1.5;

export type HarmonicSearch = {
  /** Share by which the frequency may differ: rolling elements slip by 1 to 2 %, and speeds are read to half a percent. */
  readonly slip: number;
  /** Hz on each side that make up the neighbourhood of a line. */
  readonly width: number;
  /** Frequencies that have another explanation; a line on one of them counts nothing. */
  readonly excluded: (frequency: number, tolerance: number) => boolean;
  /** Frequencies of the shaft: a line that stands there says nothing, and the next harmonic is looked at instead. */
  readonly ofShaft?: (frequency: number, tolerance: number) => boolean;
};

/**
 * Looks for the harmonics of a frequency in an envelope spectrum. All of them move together with the slip, to within one
 * line, which keeps neighbours apart that single tolerance bands confuse: three times the outer race of a 6205 is twice its
 * inner race to 0.7 %.
 */
export function findHarmonics(
  spectrum: EnvelopeSpectrum,
  name: string,
  expected: number,
  search: HarmonicSearch,
): HarmonicFamily {
  const { amplitudes, step, resolution } = spectrum;
  const floors: number[] = [];
  const pace = step / (2 * HARMONICS);
  const most = Math.ceil((search.slip * expected) / pace);
  let score = Number.NEGATIVE_INFINITY;
  let first = 0;
  let last = 0;
  for (let move = -most; move <= most; move++) {
    const frequency = expected + move * pace;
    let sum = 0;
    let seen = 0;
    for (let harmonic = 1; harmonic <= FURTHEST && seen < HARMONICS; harmonic++) {
      const gain = gainOf(harmonic * frequency, harmonic);
      if (gain === undefined) continue;
      sum += gain;
      seen++;
    }
    if (sum > score) {
      score = sum;
      first = move;
      last = move;
    } else if (sum === score && last === move - 1) last = move;
  }
  // The same lines are within reach over a stretch: its middle is where they stand.
  const best = { frequency: expected + ((first + last) / 2) * pace, score };
  const harmonics = Array.from({ length: HARMONICS }, (_, index) => {
    const place = (index + 1) * best.frequency;
    return lineAt(spectrum, `${index + 1}× ${name}`, place, floorOf(index + 1));
  });
  return { ...best, slip: best.frequency / expected - 1, harmonics };

  function floorOf(harmonic: number): number {
    const known = floors[harmonic];
    if (known !== undefined) return known;
    const floor = medianAround(amplitudes, step, harmonic * expected, search.width);
    floors[harmonic] = floor;
    return floor;
  }

  /** Undefined where a line says nothing: what stands there may be of the shaft, and where nothing stands it is missing. */
  function gainOf(frequency: number, harmonic: number): number | undefined {
    const bin = strongestNear(amplitudes, step, frequency, resolution);
    const amplitude = amplitudes[bin] ?? 0;
    const floor = floorOf(harmonic);
    if (floor <= 0 || amplitude <= floor) return 0;
    if (search.ofShaft?.(bin * step, 1.5 * resolution)) {
      return amplitude < STANDS_OUT * floor ? 0 : undefined;
    }
    if (search.excluded(bin * step, 1.5 * resolution)) return 0;
    return Math.min(MAX_OF_ONE, Math.log10(amplitude / floor));
  }
}

/** The strongest line within one line width of a frequency. */
export function lineAt(
  { amplitudes, step, resolution }: EnvelopeSpectrum,
  name: string,
  frequency: number,
  floor: number,
): SpectralLine {
  const bin = strongestNear(amplitudes, step, frequency, resolution);
  const amplitude = amplitudes[bin] ?? 0;
  return { name, frequency: bin * step, amplitude, ratio: floor > 0 ? amplitude / floor : 0 };
}
