import type { Duration, EventTime } from '../model/time.ts';
import { SECOND } from '../model/time.ts';

const BINS = 128;
const COLUMNS = 3;

/**
 * The samples of the last while as means of short stretches: a ring of at most 128 rows of time, value and count (3 kB).
 * `taken` counts the rows that were ever begun; the newest is still open.
 */
export type Series = { kind: 'series'; rows: Float64Array; taken: number; opened: EventTime };

export function noSeries(): Series {
  return { kind: 'series', rows: new Float64Array(0), taken: 0, opened: 0 as EventTime };
}

/** Takes a sample in. A stretch is 1/128 of `over`, so the ring reaches back at least that far. */
export function remember(series: Series, time: EventTime, value: number, over: Duration): void {
  if (series.rows.length === 0) series.rows = new Float64Array(BINS * COLUMNS);
  if (series.taken === 0 || time - series.opened >= over / BINS) {
    const at = (series.taken % BINS) * COLUMNS;
    series.rows.set([time, value, 1], at);
    series.taken += 1;
    series.opened = time;
    return;
  }
  const at = ((series.taken - 1) % BINS) * COLUMNS;
  const [before = 0, mean = 0, count = 0] = series.rows.subarray(at, at + COLUMNS);
  const next = count + 1;
  series.rows.set([before + (time - before) / next, mean + (value - mean) / next, next], at);
}

/** A straight line through a series: `slope` per second, `error` its standard error, `now` its value at `time`. */
export type Line = {
  readonly slope: number;
  readonly error: number;
  readonly now: number;
  readonly from: EventTime;
  readonly points: number;
};

/**
 * Ordinary least squares over the stretches of the last `over`: slope Sxy/Sxx, its standard error √(SSE/(n − 2)/Sxx)
 * (NIST/SEMATECH e-Handbook 4.1.4.1). Undefined below `least` points, or when they reach back less than half of `over`.
 */
export function fitLine(
  series: Series,
  time: EventTime,
  over: Duration,
  least: number,
): Line | undefined {
  const points = pointsOf(series, time, over);
  const [first] = points;
  if (first === undefined || points.length < least || -first[0] * SECOND < over / 2)
    return undefined;
  const count = points.length;
  const [x, y] = [mean(points, 0), mean(points, 1)];
  let [sxx, sxy, syy] = [0, 0, 0];
  for (const [at, value] of points) {
    sxx += (at - x) ** 2;
    sxy += (at - x) * (value - y);
    syy += (value - y) ** 2;
  }
  if (sxx === 0) return undefined;
  const slope = sxy / sxx;
  const error = Math.sqrt(Math.max(0, syy - slope * sxy) / (count - 2) / sxx);
  const from = (time + first[0] * SECOND) as EventTime;
  return { slope, error, now: y - slope * x, from, points: count };
}

type Point = readonly [seconds: number, value: number];

/** The rows of the last `over`, oldest first, in seconds before `time` (negative). */
function pointsOf({ rows, taken }: Series, time: EventTime, over: Duration): Point[] {
  const points: Point[] = [];
  for (let row = Math.max(0, taken - BINS); row < taken; row += 1) {
    const at = (row % BINS) * COLUMNS;
    const [when = 0, value = 0] = rows.subarray(at, at + 2);
    if (when >= time - over) points.push([(when - time) / SECOND, value]);
  }
  return points;
}

function mean(points: readonly Point[], column: 0 | 1): number {
  return points.reduce((sum, point) => sum + point[column], 0) / points.length;
}
