import type { EventTime } from '../../operators/model/time.ts';

/** When the log was how far: milliseconds of the clock, the last sequence that was acknowledged, simulated time. */
export type Mark = { readonly wall: number; readonly sequence: number; readonly at: EventTime };

export interface Marks {
  add(mark: Mark): void;
  /** The first mark at which the log had this message; undefined when it has not, or that is too long ago. */
  of(sequence: number): Mark | undefined;
}

/** Half an hour of the pace that the publisher marks at. */
const MOST = 90_000;

/** Remembers when each message was published, to a few hundredths of a second. */
export function createMarks(): Marks {
  let marks: Mark[] = [];
  return {
    add(mark) {
      if (mark.sequence === (marks.at(-1)?.sequence ?? 0)) return;
      marks.push(mark);
      if (marks.length > MOST) marks = marks.slice(MOST / 2);
    },
    of(sequence) {
      let low = 0;
      let high = marks.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((marks[middle]?.sequence ?? 0) < sequence) low = middle + 1;
        else high = middle;
      }
      return marks[low];
    },
  };
}
