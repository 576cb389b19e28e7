import { type BearingEvidence, voiceOf } from './bearing-evidence.ts';
import type { BearingPart } from './bearing-frequencies.ts';
import type { Line } from './comb.ts';
import { floorAround } from './lines.ts';

const HARMONICS = 8;
const SIDEBANDS = 6;
const MOST = 3;

/**
 * Lines of the envelope spectrum that speaks for a part, that are stronger than every line of it, and neither harmonics of it, nor
 * their sidebands, nor multiples of shaft or cage: strongest first, at most three. With a wrong speed or geometry a part
 * may fit the sidebands of what really strikes; then its own strongest lines are strangers.
 */
export function strangers(evidence: BearingEvidence, part: BearingPart): readonly Line[] {
  const { shaft, orders } = evidence;
  const { spectrum, parts } = voiceOf(evidence, part);
  const { amplitudes, step, resolution } = spectrum;
  const { frequency, harmonics } = parts[part];
  const strongest = Math.max(...harmonics.map(({ amplitude }) => amplitude));
  const apart = [shaft, orders.cage * shaft];
  const last = Math.min(amplitudes.length - 1, Math.floor((3.3 * frequency) / step));
  const found: { readonly bin: number; readonly amplitude: number }[] = [];
  for (let bin = Math.ceil((0.3 * shaft) / step); bin <= last; bin++) {
    const amplitude = amplitudes[bin] ?? 0;
    const isPeak =
      amplitude >= (amplitudes[bin - 1] ?? 0) && amplitude > (amplitudes[bin + 1] ?? 0);
    if (amplitude > strongest && isPeak && !isExplained(bin * step)) found.push({ bin, amplitude });
  }
  found.sort((a, b) => b.amplitude - a.amplitude);
  return found.slice(0, MOST).map(({ bin, amplitude }) => {
    const floor = floorAround(amplitudes, step, bin * step, shaft);
    const ratio = floor > 0 ? amplitude / floor : 0;
    return { name: 'of no part', frequency: bin * step, amplitude, ratio };
  });

  function isExplained(place: number): boolean {
    for (let harmonic = 0; harmonic <= HARMONICS; harmonic++) {
      const distance = Math.abs(place - (harmonic / 2) * frequency);
      for (const spacing of apart) {
        const order = Math.round(distance / spacing);
        // A speed that was read to half a percent is off by more the further the sideband.
        const tolerance = 2 * resolution + 0.005 * order * spacing;
        if (order <= SIDEBANDS && Math.abs(distance - order * spacing) < tolerance) return true;
      }
    }
    return false;
  }
}
