/** Straight lines through the latest samples: rate of change, and time to a limit. */

import { formatNumber } from '../model/canonical.ts';
import type { DetectorRule } from '../model/detector-rule.ts';
import {
  DAY,
  type Duration,
  type EventTime,
  formatDuration,
  MINUTE,
  SECOND,
  toIso,
} from '../model/time.ts';
import {
  boundOf,
  type DetectorInput,
  deadbandOf,
  type Evaluation,
  formatQuantity,
} from './evaluation.ts';

type RateRule = Extract<DetectorRule, { kind: 'rate' }>;
type TrendRule = Extract<DetectorRule, { kind: 'trend' }>;

const LEAST_RATE_POINTS = 3;
const LEAST_TREND_POINTS = 8;
const BINS = 128;
const COLUMNS = 3;

/**
 * Rate of change: the slope of the straight line through the samples of the last `over`, as a change in `per`, against the
 * greatest `rise` and `fall`. Finds nothing before its samples reach back half of `over`. Levels: `rising`, `falling`.
 */
export function rate(memory: Series, rule: RateRule, input: DetectorInput): Evaluation | undefined {
  const { unit } = input.sample;
  const line = fitThrough(memory, input, rule.over, LEAST_RATE_POINTS);
  if (line === undefined) return undefined;
  const change = (line.slope * rule.per) / SECOND;
  const rise = boundOf(rule.rise, input);
  const fall = boundOf(rule.fall, input);
  if (rise === undefined && fall === undefined) return undefined;
  const isFalling = rise === undefined || (fall !== undefined && change < 0);
  const most = (isFalling ? fall : rise) ?? 0;
  const reach = isFalling ? -change : change;
  const side = isFalling ? 'falling' : 'rising';
  return {
    level: reach > most ? side : '',
    levelWithDeadband: reach > most - deadbandOf(rule, most) ? side : '',
    value: input.value,
    unit,
    limit: isFalling ? -most : most,
    score: reach / most,
    text: () =>
      `${change < 0 ? 'falling' : 'rising'} by ${formatQuantity(Math.abs(change), unit)} in ${formatDuration(rule.per)} (limit ${formatNumber(most)})`,
    evidence: () => ({
      change,
      per: formatDuration(rule.per),
      error: line.error,
      points: line.points,
    }),
  };
}

/**
 * Trend with time to limit: when the straight line through the samples of the last `over` reaches `above` or `below`, if it
 * goes on like this. A breach when that is within `horizon` and the slope is at least `certainty` times its standard error,
 * so that noise is no trend. The deadband is one of the limit: what must fall is the level of a line that lies so much
 * further from it. A value that is beyond already belongs to a `limit` rule. Levels: `above`, `below`.
 */
export function trend(
  memory: Series,
  rule: TrendRule,
  input: DetectorInput,
): Evaluation | undefined {
  const { unit } = input.sample;
  const line = fitThrough(memory, input, rule.over, LEAST_TREND_POINTS);
  if (line === undefined) return undefined;
  const above = boundOf(rule.above, input);
  const below = boundOf(rule.below, input);
  if (above === undefined && below === undefined) return undefined;
  const isFalling = above === undefined || (below !== undefined && line.slope < 0);
  const bound = (isFalling ? below : above) ?? 0;
  const side = isFalling ? 'below' : 'above';
  const towards = isFalling ? -line.slope : line.slope;
  const isCertain = towards > 0 && towards >= rule.certainty * line.error;
  const left = (room: number) => Math.max(0, room) / towards;
  const distance = isFalling ? line.now - bound : bound - line.now;
  const horizon = rule.horizon / SECOND;
  const seconds = left(distance);
  const relief = deadbandOf(rule, bound);
  return {
    level: isCertain && seconds <= horizon ? side : '',
    levelWithDeadband: towards > 0 && left(distance - relief) <= horizon ? side : '',
    value: line.now,
    unit,
    limit: bound,
    score: towards > 0 ? horizon / Math.max(seconds, horizon / 1_000) : 0,
    text: () => {
      const daily = `${line.slope < 0 ? 'falls' : 'rises'} by ${formatQuantity((Math.abs(line.slope) * DAY) / SECOND, unit)} a day`;
      if (!(isCertain && seconds <= horizon))
        return `${daily}, and does not come to ${formatQuantity(bound, unit)} within ${formatDuration(rule.horizon)}`;
      return `${daily} since ${toIso(line.from)} and comes to ${formatQuantity(bound, unit)} in ${formatDuration(toMinutes(seconds))}`;
    },
    evidence: () => ({
      slope: line.slope,
      error: line.error,
      points: line.points,
      ...(isCertain ? { seconds_to_limit: seconds } : {}),
    }),
  };
}

/**
 * The latest samples as means of short stretches: a ring of at most 128 rows of time, value and count (3 kB).
 * `taken` counts the rows that were ever begun; the newest is still open.
 */
export type Series = { kind: 'series'; rows: Float64Array; taken: number; opened: EventTime };

export function noSeries(): Series {
  return { kind: 'series', rows: new Float64Array(0), taken: 0, opened: 0 as EventTime };
}

/** Takes a sample in, and fits a line through those of the last `over`. */
function fitThrough(
  series: Series,
  { sample: { time }, value }: DetectorInput,
  over: Duration,
  least: number,
): LineFit | undefined {
  addToSeries(series, time, value, over);
  return fitLine(series, time, over, least);
}

/** Takes a sample in. A stretch is 1/128 of `over`, so the ring reaches back at least that far. */
function addToSeries(series: Series, time: EventTime, value: number, over: Duration): void {
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
type LineFit = {
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
function fitLine(
  series: Series,
  time: EventTime,
  over: Duration,
  least: number,
): LineFit | undefined {
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

/** Whole minutes are finer than any trend. */
function toMinutes(seconds: number): Duration {
  return (Math.round((seconds * SECOND) / MINUTE) * MINUTE) as Duration;
}
