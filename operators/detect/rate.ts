import type { DetectorRule } from '../model/detector-rule.ts';
import { formatDuration } from '../model/duration.ts';
import { SECOND } from '../model/time.ts';
import { fitLine, remember, type Series } from './series.ts';
import { deadbandOf, type Hearing, measure, short, type Verdict } from './verdict.ts';

type RateRule = Extract<DetectorRule, { kind: 'rate' }>;

const LEAST_POINTS = 3;

/**
 * Rate of change: the slope of the straight line through the samples of the last `over`, as a change in `per`, against the
 * greatest `rise` and `fall`. Says nothing before its samples reach back half of `over`. Levels: `rising`, `falling`.
 */
export function rate(memory: Series, rule: RateRule, hearing: Hearing): Verdict | undefined {
  const { time, unit } = hearing.sample;
  remember(memory, time, hearing.value, rule.over);
  const line = fitLine(memory, time, rule.over, LEAST_POINTS);
  if (line === undefined) return undefined;
  const change = (line.slope * rule.per) / SECOND;
  const isFalling = rule.rise === undefined || (rule.fall !== undefined && change < 0);
  const most = (isFalling ? rule.fall : rule.rise) ?? 0;
  const reach = isFalling ? -change : change;
  const side = isFalling ? 'falling' : 'rising';
  return {
    level: reach > most ? side : '',
    calm: reach > most - deadbandOf(rule, most) ? side : '',
    value: hearing.value,
    unit,
    limit: isFalling ? -most : most,
    score: reach / most,
    text: () =>
      `${change < 0 ? 'falling' : 'rising'} by ${measure(Math.abs(change), unit)} in ${formatDuration(rule.per)} (limit ${short(most)})`,
    evidence: () => ({
      change,
      per: formatDuration(rule.per),
      error: line.error,
      points: line.points,
    }),
  };
}
