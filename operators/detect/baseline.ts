import type { DetectorRule } from '../model/detector-rule.ts';
import {
  type Baselines,
  deviationOf,
  learnt,
  type Milestone,
  type Mode,
  unscaled,
} from './modes.ts';
import { deadbandOf, type Hearing, measure, short, type Verdict } from './verdict.ts';

type BaselineRule = Extract<DetectorRule, { kind: 'baseline' }>;

/**
 * Learns `learn` samples of each mode, then holds every further one against their median and MAD, for ever: a
 * baseline that followed the machine would follow the wear. While an anomaly of the signal stands nothing is learnt
 * (`frozen`). `show` is called at every tenth of the learning and whenever the status changes. Levels: `up`, `down`.
 */
export function baseline(
  memory: Baselines,
  rule: BaselineRule,
  hearing: Hearing,
  show: (milestone: Milestone) => void,
): Verdict | undefined {
  const known = learnt(memory, rule, hearing, show);
  if (!known?.ready) return undefined;
  return held(rule, hearing, known.value, known.mode, known.name);
}

function held(
  rule: BaselineRule,
  { value, sample: { unit } }: Hearing,
  scaled: number,
  mode: Mode,
  name: string,
): Verdict {
  const { median, mad, count } = mode;
  const deviation = deviationOf(rule, mode);
  const score = (scaled - median) / deviation;
  const isDown = rule.direction === 'down' || (rule.direction === 'both' && score < 0);
  const side = isDown ? 'down' : 'up';
  const limit = unscaled(rule, median + (isDown ? -rule.limit : rule.limit) * deviation);
  const beyond = isDown ? limit - value : value - limit;
  const usual = unscaled(rule, median);
  return {
    level: beyond > 0 ? side : '',
    calm: beyond > -deadbandOf(rule, limit) ? side : '',
    value,
    unit,
    limit,
    score: isDown ? -score : score,
    text: () =>
      `${short(Math.abs(score))} robust deviations ${score < 0 ? 'below' : 'above'} its usual ${measure(usual, unit)} (limit ${measure(limit, unit)})`,
    evidence: () => ({
      median: usual,
      mad,
      // What one deviation is after the floor: the score can be worked out again from these.
      deviation,
      scale: rule.scale,
      samples: count,
      mode: name,
    }),
  };
}
