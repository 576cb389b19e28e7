import { type BearingEvidence, voiceOf } from './bearing-evidence.ts';
import { BEARING_PARTS, type BearingPart } from './bearing-frequencies.ts';
import type { Line } from './comb.ts';

export type { Line } from './comb.ts';

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
): { readonly supporting: readonly Line[]; readonly contradicting: readonly Line[] } {
  const own = voiceOf(evidence, part);
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
  const isOwn = ({ frequency }: Line) => {
    return supporting.some((line) => Math.abs(line.frequency - frequency) < 2 * resolution);
  };
  const foreign = others
    .flatMap((each) => own.parts[each].harmonics)
    .filter((line) => line.ratio >= STANDS_OUT && !isOwn(line));
  return { supporting, contradicting: [...missing, ...bare, ...foreign] };
}
