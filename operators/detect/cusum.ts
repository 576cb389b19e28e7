import type { DetectorRule } from '../model/detector-rule.ts';
import type { EventTime } from '../model/time.ts';
import { type Baselines, deviationOf, learnt, type Milestone, unscaled } from './modes.ts';
import { deadbandOf, type Hearing, measure, short, type Verdict } from './verdict.ts';

type CusumRule = Extract<DetectorRule, { kind: 'cusum' }>;

/** A sum may stand this many times above its limit: it must come down again when the machine is well. */
const MOST = 2;

/**
 * Two-sided cumulative sum of the deviations z from the mode's frozen baseline: S⁺ ← max(0, S⁺ + z − k), S⁻ ← max(0, S⁻ −
 * z − k); a breach beyond h (Page 1954; NIST/SEMATECH e-Handbook 6.3.2.3). k is `slack`, h is `limit`. Quickest at slow
 * drift; `since` is when the sum left 0, which dates the change. Levels: `up`, `down`.
 */
export function cusum(
  memory: Baselines,
  rule: CusumRule,
  hearing: Hearing,
  show: (milestone: Milestone) => void,
): Verdict | undefined {
  const known = learnt(memory, rule, hearing, show);
  if (!known?.ready) return undefined;
  const { mode, name } = known;
  if (mode.track.length === 0) mode.track = new Float64Array(4);
  const { time, unit } = hearing.sample;
  const deviation = deviationOf(rule, mode);
  const z = (known.value - mode.median) / deviation;
  add(mode.track, 0, z - rule.slack, rule, time);
  add(mode.track, 2, -z - rule.slack, rule, time);
  const [up = 0, upSince = 0, down = 0, downSince = 0] = mode.track;
  const isDown = rule.direction === 'down' || (rule.direction === 'both' && down > up);
  const sum = isDown ? down : up;
  const side = isDown ? 'down' : 'up';
  const usual = unscaled(rule, mode.median);
  const level = sum > rule.limit ? side : '';
  return {
    level,
    calm: sum > rule.limit - deadbandOf(rule, rule.limit) ? side : '',
    value: hearing.value,
    unit,
    limit: usual,
    score: sum / rule.limit,
    ...(level === '' ? {} : { since: (isDown ? downSince : upSince) as EventTime }),
    text: () =>
      `and has been ${isDown ? 'below' : 'above'} its usual ${measure(usual, unit)} for long: cumulative sum ${short(sum)} (limit ${rule.limit})`,
    evidence: () => ({
      sum,
      deviations: z,
      median: usual,
      deviation,
      scale: rule.scale,
      samples: mode.count,
      mode: name,
    }),
  };
}

/** Adds to the sum at `at`; when it leaves 0, that time stands beside it. */
function add(track: Float64Array, at: number, by: number, rule: CusumRule, time: EventTime): void {
  const before = track[at] ?? 0;
  const sum = Math.min(Math.max(0, before + by), MOST * rule.limit);
  track[at] = sum;
  if (before === 0 && sum > 0) track[at + 1] = time;
}
