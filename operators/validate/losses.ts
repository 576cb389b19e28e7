import type { Out } from '../flow/keyed.ts';
import type { Decoded } from '../model/decoded.ts';
import type { DeadLetterReason } from '../model/tables.ts';

type Loss = Extract<
  DeadLetterReason,
  'text' | 'precision' | 'missing' | 'suspect' | 'out-of-range'
>;

/** In the order in which they are told, each with what it means. */
const MEANINGS: Readonly<Record<Loss, string>> = {
  text: 'a text where the model declares a number: it landed, and is not evaluated',
  precision: 'an integer beyond 2^53 where the model declares a number: its last digits are lost',
  missing: 'what the model declares to be no value',
  suspect: 'a value that its source calls suspect: it landed, and is not evaluated',
  'out-of-range':
    'a value out of the range of the model: it landed as suspect, and is not evaluated',
};
const LOSSES = Object.keys(MEANINGS) as Loss[];

/** What of one frame does not go all the way, counted value by value. */
export interface Losses {
  add(reason: Loss, signal: string): void;
  /** One dead letter for each reason. Empties the count. */
  report(sequence: number, out: Out<Decoded>): void;
}

export function createLosses(): Losses {
  const counts = new Map<Loss, { count: number; readonly signal: string }>();
  return {
    add(reason, signal) {
      const known = counts.get(reason);
      if (known === undefined) counts.set(reason, { count: 1, signal });
      else known.count += 1;
    },
    report(sequence, out) {
      if (counts.size === 0) return;
      for (const reason of LOSSES) {
        const lost = counts.get(reason);
        if (lost === undefined) continue;
        const detail = `signal ${lost.signal}: ${MEANINGS[reason]}`;
        out.deadLetter(reason, detail, `message ${sequence}`, lost.count);
      }
      counts.clear();
    },
  };
}
