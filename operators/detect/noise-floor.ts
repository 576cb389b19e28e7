import type { DetectorRule } from '../model/detector-rule.ts';
import { type Baselines, learnt, type Milestone } from './modes.ts';
import { deadbandOf, type Hearing, measure, type Verdict } from './verdict.ts';

type NoiseRule = Extract<DetectorRule, { kind: 'noise-floor' }>;

/** States in which nothing of the machine moves (ISA-TR88.00.02): what a sensor says then is the sensor's own. */
const STANDING: ReadonlySet<string> = new Set(['STOPPED', 'ABORTED', 'IDLE', 'COMPLETE']);

/**
 * Health of a sensor while its machine stands: its noise against the median of the first `learn` samples of that kind.
 * More than `ratio` times as much is a loose mounting, a cable, or a neighbour's vibration; less than 1 / `ratio` of it a
 * dead sensor. Without a `while`, judged in the states STOPPED, ABORTED, IDLE and COMPLETE. Levels: `high`, `low`.
 */
export function noiseFloor(
  memory: Baselines,
  rule: NoiseRule,
  hearing: Hearing,
  show: (milestone: Milestone) => void,
): Verdict | undefined {
  const { sample } = hearing;
  if (rule.while === undefined && !STANDING.has(sample.situation.state)) return undefined;
  const value = Math.abs(hearing.value);
  const known = learnt(memory, rule, { ...hearing, value }, show);
  if (!known?.ready) return undefined;
  const { mode, name } = known;
  const isLow = value < mode.median;
  const limit = isLow ? mode.median / rule.ratio : mode.median * rule.ratio;
  const beyond = isLow ? limit - value : value - limit;
  const side = isLow ? 'low' : 'high';
  return {
    level: beyond > 0 ? side : '',
    calm: beyond > -deadbandOf(rule, limit) ? side : '',
    value,
    unit: sample.unit,
    limit,
    // A dead sensor says exactly 0: a thousand times below the limit is as bad as it gets.
    score: isLow ? limit / Math.max(value, limit / 1_000) : value / (limit || 1),
    text: () =>
      `the usual noise of the standing machine is ${measure(mode.median, sample.unit)} (limit ${measure(limit, sample.unit)})`,
    evidence: () => ({ floor: mode.median, samples: mode.count, mode: name }),
  };
}
