import type { EventTime } from '../../operators/model/time.ts';
import type { CmmsWork } from './ask-cmms.ts';
import type { LandedRevision } from './ask-warehouse.ts';

/** When the log was how far: milliseconds of the clock, the last sequence that was acknowledged, simulated time. */
export type LogMark = { readonly wall: number; readonly sequence: number; readonly at: EventTime };

export interface LogMarks {
  add(mark: LogMark): void;
  /** The first mark at which the log had this message; undefined when it has not, or that is too long ago. */
  of(sequence: number): LogMark | undefined;
}

/** Half an hour of the pace that the publisher marks at. */
const MOST = 90_000;

/** Remembers when each message was published, to a few hundredths of a second. */
export function createMarks(): LogMarks {
  let marks: LogMark[] = [];
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

/** Milliseconds from the log into ClickHouse and into the CMMS, as they were seen. */
export interface Latencies {
  readonly warehouse: readonly number[];
  readonly cmms: readonly number[];
  /** The first look that finds a message landed measures its way. */
  landed(wall: number, before: number, sequence: number): void;
  /** The CMMS says itself when it took a request. */
  delivered(works: readonly CmmsWork[], revisions: readonly LandedRevision[]): void;
}

export function createLatencies(marks: LogMarks): Latencies {
  const warehouse: number[] = [];
  const cmms: number[] = [];
  const measured = new Set<string>();
  return {
    warehouse,
    cmms,
    landed(wall, before, sequence) {
      const mark = marks.of(sequence);
      if (sequence > before && mark !== undefined) warehouse.push(wall - mark.wall);
    },
    delivered(works, revisions) {
      for (const { external_key: id, created } of works) {
        const cause = revisions.find((one) => one.id === id && one.revision === 1);
        const published = cause === undefined ? undefined : marks.of(cause.sequence);
        if (measured.has(id) || published === undefined) continue;
        measured.add(id);
        cmms.push(created - published.wall);
      }
    },
  };
}
