import type { DetectorRule } from '../model/detector-rule.ts';
import { formatDuration } from '../model/duration.ts';
import { DAY, type Duration, MINUTE, SECOND, toIso } from '../model/time.ts';
import { fitLine, remember, type Series } from './series.ts';
import { deadbandOf, type Hearing, measure, type Verdict } from './verdict.ts';

type TrendRule = Extract<DetectorRule, { kind: 'trend' }>;

const LEAST_POINTS = 8;

/**
 * Trend with time to limit: when the straight line through the samples of the last `over` reaches `above` or `below`, if it
 * goes on like this. A breach when that is within `horizon` and the slope is at least `certainty` times its standard error,
 * so that noise has no future. The deadband is one of the limit: what must fall is judged by a line that lies so much
 * further from it. A value that is beyond already belongs to a `limit` rule. Levels: `above`, `below`.
 */
export function trend(memory: Series, rule: TrendRule, hearing: Hearing): Verdict | undefined {
  const { time, unit } = hearing.sample;
  remember(memory, time, hearing.value, rule.over);
  const line = fitLine(memory, time, rule.over, LEAST_POINTS);
  if (line === undefined) return undefined;
  const isFalling = rule.above === undefined || (rule.below !== undefined && line.slope < 0);
  const bound = (isFalling ? rule.below : rule.above) ?? 0;
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
    calm: towards > 0 && left(distance - relief) <= horizon ? side : '',
    value: line.now,
    unit,
    limit: bound,
    score: towards > 0 ? horizon / Math.max(seconds, horizon / 1_000) : 0,
    text: () => {
      const daily = `${line.slope < 0 ? 'falls' : 'rises'} by ${measure((Math.abs(line.slope) * DAY) / SECOND, unit)} a day`;
      if (!(isCertain && seconds <= horizon))
        return `${daily}, and does not come to ${measure(bound, unit)} within ${formatDuration(rule.horizon)}`;
      return `${daily} since ${toIso(line.from)} and comes to ${measure(bound, unit)} in ${formatDuration(roughly(seconds))}`;
    },
    evidence: () => ({
      slope: line.slope,
      error: line.error,
      points: line.points,
      ...(isCertain ? { seconds_to_limit: seconds } : {}),
    }),
  };
}

/** Whole minutes are finer than any trend. */
function roughly(seconds: number): Duration {
  return (Math.round((seconds * SECOND) / MINUTE) * MINUTE) as Duration;
}
