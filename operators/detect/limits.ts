/** A value against fixed limits, against the range that was seen before, and what is counted between two services. */

import { formatNumber } from '../model/canonical.ts';
import type { DetectorRule } from '../model/detector-rule.ts';
import { type Baselines, learnSample } from './baseline-modes.ts';
import {
  boundOf,
  type DetectorInput,
  deadbandOf,
  type Evaluation,
  formatQuantity,
} from './evaluation.ts';

type LimitRule = Extract<DetectorRule, { kind: 'limit' }>;
type RangeRule = Extract<DetectorRule, { kind: 'range' }>;
type UsageRule = Extract<DetectorRule, { kind: 'usage' }>;

/** Breached strictly beyond a limit: a value on it is allowed. Levels: `above`, `below`. */
export function limit(rule: LimitRule, input: DetectorInput): Evaluation | undefined {
  const above = boundOf(rule.above, input);
  const below = boundOf(rule.below, input);
  if (above === undefined && below === undefined) return undefined;
  const { value } = input;
  const { unit } = input.sample;
  const isUnder = below !== undefined && (above === undefined || below - value > value - above);
  const bound = (isUnder ? below : above) ?? 0;
  const side = isUnder ? 'below' : 'above';
  const beyond = isUnder ? bound - value : value - bound;
  return {
    level: beyond > 0 ? side : '',
    levelWithDeadband: beyond > -deadbandOf(rule, bound) ? side : '',
    value,
    unit,
    limit: bound,
    score: scoreOf(beyond, bound),
    text: () =>
      `${beyond > 0 ? side : 'not beyond'} the limit of ${formatNumber(bound)} ${unit}`.trim(),
  };
}

/**
 * Distance of a value outside of all that the mode has shown before: (value − highest) / width or (lowest − value) / width,
 * a breach beyond `margin`. Every value then belongs to what was seen, so a new level is reported once, when it is new, and
 * never again; with `forget` the range shrinks towards its middle by half in that time. Two numbers per mode, no
 * assumption about the distribution. Levels: `up`, `down`.
 */
export function range(
  memory: Baselines,
  rule: RangeRule,
  input: DetectorInput,
): Evaluation | undefined {
  const known = learnSample(memory, rule, input);
  if (known === undefined) return undefined;
  const { mode, name } = known;
  const {
    value,
    sample: { time, unit },
  } = input;
  if (mode.track.length === 0) mode.track = Float64Array.of(value, value, time);
  const [low = value, high = value, last = time] = shrunk(mode.track, rule, time);
  // What an open fault shows is nothing to learn from; once learnt, novelty is reported once and then known.
  if (mode.status !== 'frozen' && mode.status !== 'waiting') {
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
    levelWithDeadband: distance > rule.margin - deadbandOf(rule, rule.margin) ? side : '',
    value,
    unit,
    limit,
    score: distance / (rule.margin || 1),
    text: () =>
      distance > 0
        ? `${isDown ? 'lower' : 'higher'} than ever before: seen were ${formatNumber(low)} to ${formatQuantity(high, unit)}`
        : `within what was seen: ${formatNumber(low)} to ${formatQuantity(high, unit)}`,
    evidence: () => ({ low, high, distance, samples: mode.count, mode: name }),
  };
}

/** What was counted since the last service. */
export type Usage = { kind: 'usage'; used: number };

/**
 * Running hours, cycles or metres since the last service, summed over windows of a counter, which hold increments. Due from
 * `every` on. It begins at 0 again when a request is completed, or the machine repaired, while it is due. Level: `due`.
 */
export function usage(
  memory: Usage,
  rule: UsageRule,
  input: DetectorInput,
): Evaluation | undefined {
  memory.used += Math.max(0, input.value);
  const every = boundOf(rule.every, input);
  if (every === undefined) return undefined;
  const { used } = memory;
  const level = used >= every ? 'due' : '';
  return {
    ...{ level, levelWithDeadband: level, value: used, unit: input.sample.unit, limit: every },
    score: used / every,
    text: () => `of ${formatQuantity(every, input.sample.unit)} from one service to the next`,
  };
}

/** 1 at the limit, above 1 beyond it, by shares of the limit; for positive values the ratio of value and limit. */
function scoreOf(beyond: number, limit: number): number {
  return 1 + beyond / (Math.abs(limit) || 1);
}

/** The range as of now, with what was forgotten since the last sample. */
function shrunk([low = 0, high = 0, last = 0]: Float64Array, rule: RangeRule, time: number) {
  if (rule.forget === undefined) return [low, high, time];
  const half = ((high - low) / 2) * 0.5 ** (Math.max(0, time - last) / rule.forget);
  const middle = (high + low) / 2;
  return [middle - half, middle + half, time];
}
