/**
 * Up to where all commands of a stream are over, so that a start need not look at each of them again. It is kept now and
 * then; one that is too low costs a look at commands that are over.
 */

import type { CommandLedger, LowWater } from './ledger.ts';

export interface LowWaterMark {
  /** Where reading begins. */
  readonly from: number;
  /** A command was read, in the order of the stream. */
  begin(sequence: number): void;
  /** It is over, and its reply is in the log. */
  end(sequence: number): void;
  /** Below and at it all are over. */
  readonly value: number;
  /** Writes the mark down where it has risen. */
  keep(): Promise<void>;
}

/**
 * `of`: the stream, and for commands to systems that are not there the ones that are. A mark of another stream, or of
 * other systems, says nothing: it is begun anew.
 */
export async function openLowWater(
  ledger: Pick<CommandLedger, 'lowWater' | 'keepLowWater'>,
  of: string,
): Promise<LowWaterMark> {
  const known: LowWater | undefined = await ledger.lowWater();
  let kept = known?.of === of ? known.sequence : 0;
  let last = kept;
  // A set gives what it holds in the order in which it came: the first one is the lowest.
  const open = new Set<number>();
  const value = () => {
    const [lowest] = open;
    return lowest === undefined ? last : lowest - 1;
  };
  return {
    from: kept + 1,
    begin(sequence) {
      last = Math.max(last, sequence);
      open.add(sequence);
    },
    end: (sequence) => void open.delete(sequence),
    get value() {
      return value();
    },
    async keep() {
      const sequence = value();
      if (sequence <= kept) return;
      await ledger.keepLowWater({ of, sequence });
      kept = sequence;
    },
  };
}
