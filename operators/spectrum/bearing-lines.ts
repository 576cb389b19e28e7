import { BEARING_PARTS, type BearingPart } from './bearing.ts';
import { type BearingEvidence, decisiveDemodulation } from './bearing-evidence.ts';
import type { Extracted } from './extract.ts';
import type { SpectralLine } from './harmonics.ts';
import { medianAround } from './power-spectrum.ts';
import { speedBesideStated } from './shaft.ts';

const STANDS_OUT = 4;
/** What noise reaches at a given place in one of a hundred cases. */
const NOISE = 2.6;

/**
 * The lines that support a part, and what contradicts it: harmonics of its own that are missing, sidebands that it should
 * have (an inner race passes the load zone once a turn) and has not, and lines of other parts.
 */
export function bearingLines(
  evidence: BearingEvidence,
  part: BearingPart,
): {
  readonly supporting: readonly SpectralLine[];
  readonly contradicting: readonly SpectralLine[];
} {
  const own = decisiveDemodulation(evidence, part);
  const { scores } = evidence;
  const { harmonics, sidebands } = own.parts[part];
  const supporting = [...harmonics, ...sidebands].filter(({ ratio }) => ratio >= STANDS_OUT);
  const missing = harmonics.filter(({ ratio }) => ratio < NOISE);
  const expected = part === 'inner_race' ? sidebands : [];
  const bare = expected.every(({ ratio }) => ratio < NOISE) ? expected : [];
  const others = BEARING_PARTS.filter((each) => {
    return each !== part && each !== 'cage' && scores[each] >= 1.5;
  });
  const { resolution } = own.spectrum;
  const isOwn = ({ frequency }: SpectralLine) => {
    return supporting.some((line) => Math.abs(line.frequency - frequency) < 2 * resolution);
  };
  const foreign = others
    .flatMap((each) => own.parts[each].harmonics)
    .filter((line) => line.ratio >= STANDS_OUT && !isOwn(line));
  return { supporting, contradicting: [...missing, ...bare, ...foreign] };
}

/** Times its surroundings from which on a line shows its sidebands too: by a load that sways by 40 % they have a third of it. */
const SHOWS_SIDEBANDS = 10;

/**
 * Whether a part that moves through the load zone has plain lines and no sidebands at all: then its place is taken by what
 * does not move, or speed or geometry are not what was said.
 */
function lacksSidebands(evidence: BearingEvidence, part: BearingPart): boolean {
  if (part === 'outer_race' || part === 'cage') return false;
  const each = [evidence.whitened, evidence.impulsive].map(({ parts }) => parts[part]);
  const isPlain = each.some(({ harmonics: [first] }) => (first?.ratio ?? 0) >= SHOWS_SIDEBANDS);
  return isPlain && each.every(({ sidebands }) => sidebands.every(({ ratio }) => ratio < NOISE));
}

/** What speaks against the speed or the geometry that was said, in a sentence. */
export function misfitOf(
  { waveform, shaft }: Pick<Extracted, 'waveform' | 'shaft'>,
  evidence: BearingEvidence,
  part: BearingPart,
): string | undefined {
  if (waveform === undefined || shaft?.from !== 'message') return undefined;
  const other = speedBesideStated(waveform.spectrum, shaft.shaft);
  if (other !== undefined) {
    return `the stated speed does not fit: no line stands at ${(60 * shaft.shaft).toFixed(0)} rpm, and those of a shaft do at ${(60 * other).toFixed(0)} rpm`;
  }
  if (!lacksSidebands(evidence, part)) return undefined;
  return 'without the sidebands of what turns through the load: check speed and geometry';
}

const EXPLAINED_HARMONICS = 8;
const EXPLAINED_SIDEBANDS = 6;
const MAX_LINES = 3;

/**
 * Lines of the envelope spectrum that a part's score rests on: stronger than every line of the part, and neither its harmonics, nor
 * their sidebands, nor multiples of shaft or cage: strongest first, at most three. With a wrong speed or geometry a part
 * may fit the sidebands of what really strikes; then the strongest lines of what strikes are unexplained. Lines of `others`
 * are explained too.
 */
export function unexplainedLines(
  evidence: BearingEvidence,
  part: BearingPart,
  others: readonly BearingPart[] = [],
): readonly SpectralLine[] {
  const { shaft, orders } = evidence;
  const { spectrum, parts } = decisiveDemodulation(evidence, part);
  const { amplitudes, step, resolution } = spectrum;
  const { frequency, harmonics } = parts[part];
  const strongest = Math.max(...harmonics.map(({ amplitude }) => amplitude));
  const apart = [shaft, orders.cage * shaft];
  const striking = [part, ...others].map((each) => parts[each].frequency);
  const last = Math.min(amplitudes.length - 1, Math.floor((3.3 * frequency) / step));
  const found: { readonly bin: number; readonly amplitude: number }[] = [];
  for (let bin = Math.ceil((0.3 * shaft) / step); bin <= last; bin++) {
    const amplitude = amplitudes[bin] ?? 0;
    const isPeak =
      amplitude >= (amplitudes[bin - 1] ?? 0) && amplitude > (amplitudes[bin + 1] ?? 0);
    if (amplitude > strongest && isPeak && !isExplained(bin * step)) found.push({ bin, amplitude });
  }
  found.sort((a, b) => b.amplitude - a.amplitude);
  return found.slice(0, MAX_LINES).map(({ bin, amplitude }) => {
    const floor = medianAround(amplitudes, step, bin * step, shaft);
    const ratio = floor > 0 ? amplitude / floor : 0;
    return { name: 'of no part', frequency: bin * step, amplitude, ratio };
  });

  function isExplained(place: number): boolean {
    return striking.some((each) => isOf(each, place));
  }

  function isOf(striker: number, place: number): boolean {
    for (let harmonic = 0; harmonic <= EXPLAINED_HARMONICS; harmonic++) {
      const distance = Math.abs(place - (harmonic / 2) * striker);
      for (const spacing of apart) {
        const order = Math.round(distance / spacing);
        // A speed that was read to half a percent is off by more the further the sideband.
        const tolerance = 2 * resolution + 0.005 * order * spacing;
        if (order <= EXPLAINED_SIDEBANDS && Math.abs(distance - order * spacing) < tolerance)
          return true;
      }
    }
    return false;
  }
}
