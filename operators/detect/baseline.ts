import type { DetectorRule } from '../model/detector-rule.ts';
import {
  type Baselines,
  deviationOf,
  learnt,
  type Milestone,
  type Mode,
  shareOf,
  unscaled,
} from './modes.ts';
import { DEVIATIONS_PER_MAD } from './robust.ts';
import { deadbandOf, type Hearing, measure, short, type Verdict } from './verdict.ts';

type BaselineRule = Extract<DetectorRule, { kind: 'baseline' }>;

/**
 * Learns `learn` samples of each mode, then holds every further one against their median and MAD, for ever: a
 * baseline that followed the machine would follow the wear. With `forget` it does follow, for signals that have no level
 * of their own. While an anomaly of the signal stands nothing is learnt (`frozen`). `show` is called at every tenth of
 * the learning and whenever the status changes. Levels: `up`, `down`.
 */
export function baseline(
  memory: Baselines,
  rule: BaselineRule,
  hearing: Hearing,
  show: (milestone: Milestone) => void,
): Verdict | undefined {
  const known = learnt(memory, rule, hearing, show);
  if (!known?.ready) return undefined;
  const verdict = held(rule, hearing, known.value, known.mode, known.name);
  const share = shareOf(known.mode, hearing.sample.time, rule.forget);
  if (share > 0) follow(known.mode, known.value, share);
  return verdict;
}

/**
 * Moves what is usual towards a value by the share a: m ← m + ad, σ² ← (1 − a)(σ² + ad²) with d = x − m (Finch,
 * Incremental calculation of weighted mean and variance, 2009, section 9). A level that lasts becomes usual, whether or not
 * an anomaly stands.
 */
function follow(mode: Mode, value: number, share: number): void {
  const distance = value - mode.median;
  const squared = (DEVIATIONS_PER_MAD * mode.mad) ** 2;
  mode.mad = Math.sqrt((1 - share) * (squared + share * distance ** 2)) / DEVIATIONS_PER_MAD;
  mode.median += share * distance;
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
      `${short(Math.abs(score))} ${rule.forget === undefined ? 'robust ' : ''}deviations ${score < 0 ? 'below' : 'above'} its usual ${measure(usual, unit)} (limit ${measure(limit, unit)})`,
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
