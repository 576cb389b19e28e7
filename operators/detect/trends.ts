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
/** Residuals that resemble each other more would make every interval endless. */
const MOST_ALIKE = 0.95;

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
      points: line.through.length,
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
      const reach = isCertain && seconds <= horizon ? timeToLimit(line.through, bound) : undefined;
      const daily = `${line.slope < 0 ? 'falls' : 'rises'} by ${formatQuantity((Math.abs(line.slope) * DAY) / SECOND, unit)} a day`;
      if (!(isCertain && seconds <= horizon))
        return `${daily}, and does not come to ${formatQuantity(bound, unit)} within ${formatDuration(rule.horizon)}`;
      const since = `${daily} since ${toIso(line.from)}`;
      const limit = formatQuantity(bound, unit);
      if (distance <= 0) return `${since} and has come to ${limit}`;
      if (reach === undefined)
        return `${since} towards ${limit}, but on no straight line: when it comes there cannot be said`;
      const [from, to] = [reach.earliest, reach.latest].map((end) =>
        formatDuration(toMinutes(end)),
      );
      return `${since} and comes to ${limit} in ${formatDuration(toMinutes(reach.expected))} (${from} to ${to})`;
    },
    evidence: () => {
      const reach = isCertain ? timeToLimit(line.through, bound) : undefined;
      return {
        ...{ slope: line.slope, error: line.error, points: line.through.length },
        ...(reach === undefined
          ? {}
          : {
              seconds_to_limit: reach.expected,
              seconds_to_limit_earliest: reach.earliest,
              seconds_to_limit_latest: reach.latest,
            }),
      };
    },
  };
}

/** When a line comes to a value, in seconds from now, and the ends of a 90 % interval. */
export type TimeToLimit = {
  readonly expected: number;
  readonly earliest: number;
  readonly latest: number;
};

/**
 * When points come to a value; undefined where that cannot be said. Two things must hold:
 *
 * 1. They lie on a straight line: the line through the older half meets the mean of the newer half within what 90 % of
 *    such lines do. Wear that speeds up does not, and its end comes sooner than any line says.
 * 2. Lines through all of them, through the newer half and through the newest quarter each have an interval that ends.
 *
 * From the earliest of their ends to the latest: how often that was right is measured (docs/detection.md).
 */
export function timeToLimit(points: readonly Point[], value: number): TimeToLimit | undefined {
  if (!isStraight(points)) return undefined;
  const stretches = [1, 2, 4]
    .map((part) => points.slice(-Math.ceil(points.length / part)))
    .filter((stretch) => stretch.length >= LEAST_TREND_POINTS);
  const reaches = stretches.flatMap((stretch) => lineReaches(stretch, value) ?? []);
  const [all] = reaches;
  if (all === undefined || reaches.length < stretches.length) return undefined;
  return {
    expected: all.expected,
    earliest: Math.min(...reaches.map(({ earliest }) => earliest)),
    latest: Math.max(...reaches.map(({ latest }) => latest)),
  };
}

/**
 * When the straight line through points comes to a value, with Fieller's interval (Fieller 1954, J. R. Stat. Soc. B 16,
 * 175): all x at which the line, with the error of its level and of its slope, may be there. Undefined where the slope is
 * not certain to be one, or the value lies behind.
 */
export function lineReaches(points: readonly Point[], value: number): TimeToLimit | undefined {
  const line = lineThrough(points);
  const { x, y, slope, sxx, count } = line;
  const away = value - y;
  const spread = studentQuantile(count - 2) ** 2 * varianceAbout(line, points);
  const a = slope ** 2 - spread / sxx;
  const root = spread * (away ** 2 / sxx + a / count);
  const expected = x + away / slope;
  if (!(a > 0) || !(expected >= 0)) return undefined;
  const ends = [-1, 1].map((side) => x + (slope * away + side * Math.sqrt(root)) / a);
  return {
    expected,
    earliest: Math.max(0, Math.min(...ends)),
    latest: Math.max(0, ...ends),
  };
}

/** Whether the line through the older half of points foretells the mean of the newer half. */
function isStraight(points: readonly Point[]): boolean {
  const middle = points.length >> 1;
  const [older, newer] = [points.slice(0, middle), points.slice(middle)];
  if (older.length < LEAST_TREND_POINTS) return false;
  const line = lineThrough(older);
  const { x, y, slope, sxx, count } = line;
  const variance = varianceAbout(line, older);
  const [at, found] = [mean(newer, 0), mean(newer, 1)];
  const error = Math.sqrt(variance * (1 / count + (at - x) ** 2 / sxx + 1 / newer.length));
  // Numbers that lie on a line but for their last digits do.
  const rounding = 1e-9 * Math.max(...points.map(([, level]) => Math.abs(level)));
  const missed = Math.abs(found - y - slope * (at - x));
  return missed <= studentQuantile(count - 2) * error + rounding;
}

/** 95 % quantile of Student's t, to 2 % from six degrees of freedom on (Abramowitz & Stegun 26.7.5, first two terms). */
function studentQuantile(freedom: number): number {
  const normal = 1.644_854;
  return normal + (normal ** 3 + normal) / (4 * freedom);
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
  readonly through: readonly Point[];
};

/** Through the stretches of the last `over`. Undefined below `least`, or when they reach back less than half of `over`. */
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
  const { x, y, slope, sxx, residual, count } = lineThrough(points);
  if (sxx === 0) return undefined;
  const error = Math.sqrt(residual / (count - 2) / sxx);
  const from = (time + first[0] * SECOND) as EventTime;
  return { slope, error, now: y - slope * x, from, through: points };
}

/** Ordinary least squares: slope Sxy/Sxx, its standard error √(SSE/(n − 2)/Sxx) (NIST/SEMATECH e-Handbook 4.1.4.1). */
function lineThrough(points: readonly Point[]) {
  const count = points.length;
  const [x, y] = [mean(points, 0), mean(points, 1)];
  let [sxx, sxy, syy] = [0, 0, 0];
  for (const [at, value] of points) {
    sxx += (at - x) ** 2;
    sxy += (at - x) * (value - y);
    syy += (value - y) ** 2;
  }
  const slope = sxy / sxx;
  const residual = Math.max(0, syy - slope * sxy);
  return { x, y, slope, sxx, residual, count };
}

/**
 * The variance of a residual, widened by (1 + r)/(1 − r) where each resembles the one before it by r: n such points say as
 * much as so many fewer that are independent (Bartlett 1946).
 */
function varianceAbout(
  { x, y, slope, residual, count }: ReturnType<typeof lineThrough>,
  points: readonly Point[],
): number {
  let together = 0;
  let before = 0;
  for (const [at, value] of points) {
    const left = value - y - slope * (at - x);
    together += left * before;
    before = left;
  }
  const alike = residual > 0 ? Math.min(MOST_ALIKE, Math.max(0, together / residual)) : 0;
  return (residual / (count - 2)) * ((1 + alike) / (1 - alike));
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
