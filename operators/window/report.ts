/** What comes out of the engine: a window and its row when one fires, and the count of readings that came too late. */

import type { Out } from '../flow/keyed.ts';
import { type AssetKey, type Key, locate } from '../model/key.ts';
import { isBackfill } from '../model/message.ts';
import type { Statistics, Window } from '../model/observation.ts';
import type { WindowRow } from '../model/tables.ts';
import type { EventTime } from '../model/time.ts';
import { FIRST_TIME, LAST_TIME, NO_READINGS, statistics } from './aggregate.ts';
import type { Report } from './engine.ts';
import type { SourceStore } from './plan.ts';
import { quantileOf } from './sketch.ts';

/** One for all calls of the engine: before each of them `subject` is set to whose windows it is called for. */
export type WindowReport = Report & {
  subject: SourceStore | undefined;
  out: Out<Window> | undefined;
  readonly late: TooLate;
};

/** The readings of a frame that were too late for all windows of a rule: how many, and the first of them. */
type TooLate = {
  count: number;
  signal: string;
  time: number;
  value: number;
  /** Positions in the frame: a reading that is too late for several rules counts once. */
  readonly counted: Set<number>;
};

export function createWindowReport(): WindowReport {
  const late: TooLate = { count: 0, signal: '', time: 0, value: 0, counted: new Set() };
  const report: WindowReport = {
    subject: undefined,
    out: undefined,
    late,
    fire(column, start, end, numbers, at, sketch, version, timely) {
      const { out } = report;
      if (report.subject === undefined || out === undefined) return;
      const { shape } = report.subject.program.windower;
      const counts = shape.windows.kind === 'count';
      const from = counts ? (numbers[at + FIRST_TIME] ?? 0) : start;
      const to = counts ? (numbers[at + LAST_TIME] ?? 0) + 1 : end;
      const known = statistics(numbers, at);
      const quantiles = shape.quantiles.map((each) => {
        return [each, sketch === undefined ? 0 : quantileOf(sketch, each)] as const;
      });
      const window = windowOf(report.subject, column, from, to, version, known, quantiles);
      out.land('windows', toWindowRow(window, out.key));
      if (version !== 1) return;
      if (!timely) {
        const { id } = report.subject.program;
        const detail = `window ${id} of ${window.signal} fired after its time had passed: not judged`;
        out.deadLetter('late', detail, { signal: window.signal, start: window.start });
        return;
      }
      out.emit(window, { time: window.end, key: window.asset });
    },
    tooLate(column, time, value, position) {
      if (late.counted.has(position)) return;
      late.counted.add(position);
      if (late.count === 0) {
        late.signal = report.subject?.store.signals[column] ?? '';
        late.time = time;
        late.value = value;
      }
      late.count += 1;
    },
    retract(column, start, end, version) {
      const { out } = report;
      if (report.subject === undefined || out === undefined) return;
      const window = windowOf(report.subject, column, start, end, version, NO_READINGS, []);
      out.land('windows', toWindowRow(window, out.key));
    },
  };
  return report;
}

function windowOf(
  { source, program, store }: SourceStore,
  column: number,
  start: number,
  end: number,
  version: number,
  known: Statistics,
  quantiles: Window['quantiles'],
): Window {
  // Named one by one: spreading costs more than all the statistics.
  return {
    kind: 'window',
    asset: source.asset as AssetKey,
    signal: store.signals[column] ?? '',
    window: program.id,
    start: start as EventTime,
    end: end as EventTime,
    version,
    count: known.count,
    first: known.first,
    last: known.last,
    min: known.min,
    max: known.max,
    sum: known.sum,
    mean: known.mean,
    deviation: known.deviation,
    rms: known.rms,
    peak_to_peak: known.peak_to_peak,
    crest: known.crest,
    slope: known.slope,
    quantiles,
  };
}

/** A window as its row; a quantile of 0.95 becomes `p95`, one of 0.999 `p99.9`. */
function toWindowRow(window: Window, source: Key): WindowRow {
  const { plant, line, asset } = locate(window.asset);
  // Named one by one: there is a row for every window of every signal, and spreading costs more than the window.
  return {
    plant,
    line,
    asset,
    signal: window.signal,
    window: window.window,
    start: window.start,
    end: window.end,
    backfill: isBackfill(source),
    version: window.version,
    count: window.count,
    first: window.first,
    last: window.last,
    min: window.min,
    max: window.max,
    sum: window.sum,
    mean: window.mean,
    deviation: window.deviation,
    rms: window.rms,
    peak_to_peak: window.peak_to_peak,
    crest: window.crest,
    slope: window.slope,
    quantiles: named(window.quantiles),
  };
}

const NO_QUANTILES = {};

function named(quantiles: Window['quantiles']): WindowRow['quantiles'] {
  if (quantiles.length === 0) return NO_QUANTILES;
  return Object.fromEntries(
    quantiles.map(([quantile, value]) => [`p${Number((quantile * 100).toPrecision(12))}`, value]),
  );
}
