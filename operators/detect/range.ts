import type { DetectorRule } from '../model/detector-rule.ts';
import { type Baselines, learnt, type Milestone } from './modes.ts';
import { deadbandOf, type Hearing, measure, short, type Verdict } from './verdict.ts';

type RangeRule = Extract<DetectorRule, { kind: 'range' }>;

/**
 * Distance of a value outside of all that the mode has shown before: (value − highest) / width or (lowest − value) / width,
 * a breach beyond `margin`. Every value then belongs to what was seen, so a new level is said once, when it is new, and
 * never again; with `forget` the range shrinks towards its middle by half in that time. Two numbers per mode, no
 * assumption about the distribution. Levels: `up`, `down`.
 */
export function range(
  memory: Baselines,
  rule: RangeRule,
  hearing: Hearing,
  show: (milestone: Milestone) => void,
): Verdict | undefined {
  const known = learnt(memory, rule, hearing, show);
  if (known === undefined) return undefined;
  const { mode, name } = known;
  const {
    value,
    sample: { time, unit },
  } = hearing;
  if (mode.track.length === 0) mode.track = Float64Array.of(value, value, time);
  const [low = value, high = value, last = time] = shrunk(mode.track, rule, time);
  // What an open fault shows is nothing to learn from; once learnt, novelty is said once and then known.
  if (mode.status !== 'frozen') {
    mode.track.set([Math.min(low, value), Math.max(high, value), last]);
  }
  if (!known.ready) return undefined;
  const isDown = rule.direction === 'down' || (rule.direction === 'both' && value < low);
  const side = isDown ? 'down' : 'up';
  const width = high - low || Math.abs(high) || 1;
  const bound = isDown ? low : high;
  const distance = (isDown ? low - value : value - high) / width;
  const limit = bound + (isDown ? -1 : 1) * rule.margin * width;
  return {
    level: distance > rule.margin ? side : '',
    calm: distance > rule.margin - deadbandOf(rule, rule.margin) ? side : '',
    value,
    unit,
    limit,
    score: distance / (rule.margin || 1),
    text: () =>
      distance > 0
        ? `${isDown ? 'lower' : 'higher'} than ever before: seen were ${short(low)} to ${measure(high, unit)}`
        : `within what was seen: ${short(low)} to ${measure(high, unit)}`,
    evidence: () => ({ low, high, distance, samples: mode.count, mode: name }),
  };
}

/** The range as of now, with what was forgotten since the last sample. */
function shrunk([low = 0, high = 0, last = 0]: Float64Array, rule: RangeRule, time: number) {
  if (rule.forget === undefined) return [low, high, time];
  const half = ((high - low) / 2) * 0.5 ** (Math.max(0, time - last) / rule.forget);
  const middle = (high + low) / 2;
  return [middle - half, middle + half, time];
}
