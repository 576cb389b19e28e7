import type { Sequence } from '../../operators/model/message.ts';
import type { DeadLetterRow } from '../../operators/model/tables.ts';
import type { EventTime } from '../../operators/model/time.ts';

/** Originals that are kept of each fold, and how much of each. */
const ORIGINALS = 3;
const ORIGINAL_LENGTH = 500;

/** One row of `dead_letters`: all that one epoch set aside for one reason at one stage from one source. */
export type FoldedDeadLetter = Pick<DeadLetterRow, 'reason' | 'stage' | 'source' | 'detail'> & {
  /** Of the first. */
  readonly sequence: Sequence;
  readonly appended: EventTime;
  readonly last_sequence: Sequence;
  readonly count: number;
  readonly originals: readonly string[];
};

export interface FoldedDeadLetters {
  readonly size: number;
  add(deadLetter: DeadLetterRow, sequence: Sequence, appended: EventTime): void;
  /** What was folded, in the order of the first of each. Empties the fold. */
  take(): readonly FoldedDeadLetter[];
}

/** Makes a fold for the `dead_letters` of an epoch, so that a flood of bad messages becomes a few rows with a count. */
export function createFoldedDeadLetters(): FoldedDeadLetters {
  const folded = new Map<string, FoldedDeadLetter>();
  return {
    get size() {
      return folded.size;
    },
    add({ reason, stage, source, detail, count, original }, sequence, appended) {
      const key = JSON.stringify([reason, stage, source]);
      const known = folded.get(key);
      const originals = known?.originals ?? [];
      const more = originals.length < ORIGINALS && original !== '';
      folded.set(key, {
        ...(known ?? { reason, stage, source, detail, sequence, appended }),
        last_sequence: sequence,
        count: (known?.count ?? 0) + count,
        originals: more ? [...originals, shortened(original)] : originals,
      });
    },
    take() {
      const rows = [...folded.values()];
      folded.clear();
      return rows;
    },
  };
}

function shortened(text: string): string {
  if (text.length <= ORIGINAL_LENGTH) return text;
  // By way of UTF-8, in case the cut went through a surrogate pair.
  const start = Buffer.from(text.slice(0, ORIGINAL_LENGTH)).toString();
  return `${start}… (${text.length} characters)`;
}
