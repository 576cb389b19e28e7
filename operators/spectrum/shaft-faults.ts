import type { Extracted } from './extract.ts';
import type { ShaftOrder } from './shaft.ts';

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

const nothing: ShaftEvidence = { score: 0, share: 0, lines: [] };

/**
 * Unbalance, misalignment and looseness from the velocity at multiples of the shaft speed, after the usual charts
 * (the signs that ISO 13373-3 lists, its text not at hand: 1× alone; 2× beside 1×; many harmonics and half orders).
 * The shares are practice, not norm:
 *
 * - unbalance: 1× carries 70 % of the power, 2× is at most half of it;
 * - misalignment: 2× is at least three quarters of 1×, and 1× to 3× carry 60 %;
 * - looseness: four or more of the half orders and of 3× to 9× stand out with a tenth of the strongest line, and all
 *   orders carry half.
 */
export function shaftFaults({
  values,
  orders,
}: Pick<Extracted, 'values' | 'orders'>): Record<ShaftFault, ShaftEvidence> {
  const velocity = values.velocity_rms ?? 0;
  const clear = orders.filter(({ ratio }) => ratio >= STANDS_OUT);
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
  const isOneLine = at(2) <= at(1) / 2;
  return {
    unbalance: fault(isOneLine ? shareOf(first) / 0.7 : 0, first),
    misalignment: fault(
      at(1) === 0
        ? 0
        : Math.min(at(2) / at(1) / 0.75, shareOf(lowest) / 0.6, 4 / (many.length + 1)),
      lowest,
    ),
    looseness: fault(Math.min(many.length / 4, shareOf(clear) / 0.5), clear),
  };
}
