/** Whether a sensor can be trusted: silence, a stuck value, and the noise floor of a stopped machine. */

import type { DetectorRule } from '../model/detector-rule.ts';
import {
  BEGINNING,
  between,
  type Duration,
  type EventTime,
  formatDuration,
  MILLISECOND,
  plus,
  SECOND,
} from '../model/time.ts';
import { type Baselines, learnSample } from './baseline-modes.ts';
import { type DetectorInput, deadbandOf, type Evaluation, formatQuantity } from './evaluation.ts';

type SilenceRule = Extract<DetectorRule, { kind: 'silence' }>;
type StuckRule = Extract<DetectorRule, { kind: 'stuck' }>;
type NoiseRule = Extract<DetectorRule, { kind: 'noise-floor' }>;

/**
 * When the signal had its last sample, or since when it is waited for, and whether it was ever heard. `after`: of the
 * rule when its timer was set. `due`: when that came due; null before.
 */
export type LastSample = {
  kind: 'silence';
  last: EventTime;
  heard: boolean;
  after: Duration;
  due: EventTime | null;
};

export function unheard(): LastSample {
  return { kind: 'silence', last: BEGINNING, heard: false, after: 0 as Duration, due: null };
}

/** The value that has not moved, since when, and for how many windows. */
export type Stuck = { kind: 'stuck'; value: number | null; since: EventTime; windows: number };

/** States in which nothing of the machine moves (ISA-TR88.00.02): what a sensor shows then is its own noise. */
const STOPPED_STATES: ReadonlySet<string> = new Set(['STOPPED', 'ABORTED', 'IDLE', 'COMPLETE']);

/** Evaluates the time since the last sample at `now`: level `silent` when it is due, none when a sample has just come. */
export function silence(
  rule: SilenceRule,
  { last, heard }: Pick<LastSample, 'last' | 'heard'>,
  now: EventTime,
  isSilent: boolean,
): Evaluation {
  const seconds = Math.floor(between(last, now) / MILLISECOND) / 1_000;
  const level = isSilent ? 'silent' : '';
  return {
    level,
    levelWithDeadband: level,
    value: seconds,
    unit: 's',
    limit: rule.after / SECOND,
    score: seconds / ((rule.after || MILLISECOND) / SECOND),
    text: () =>
      isSilent
        ? `has given no value for more than ${formatDuration(rule.after)}${heard ? '' : ', and was never heard'}`
        : `was heard ${heard ? 'again' : 'for the first time'} after ${seconds} s`,
    since: last,
  };
}

/** One microsecond beyond `after`: a sample that comes exactly in time must end the silence before it is called one. */
export function silentFrom(rule: SilenceRule, last: EventTime): EventTime {
  return plus(plus(last, rule.after), 1 as Duration);
}

/** Windows in a row whose least, greatest and every earlier value are one and the same. Level: `stuck`. */
export function stuck(
  memory: Stuck,
  rule: StuckRule,
  input: DetectorInput,
): Evaluation | undefined {
  const { measured, unit } = input.sample;
  if (typeof measured === 'number') return undefined;
  if (measured.min !== measured.max) {
    Object.assign(memory, moving());
  } else if (measured.min === memory.value) {
    memory.windows += 1;
  } else {
    Object.assign(memory, { value: measured.min, since: measured.start, windows: 1 });
  }
  const level = memory.windows >= rule.windows ? 'stuck' : '';
  return {
    level,
    levelWithDeadband: level,
    value: measured.last,
    unit,
    limit: measured.last,
    score: memory.windows / rule.windows,
    text: () =>
      level === ''
        ? 'moving again'
        : `exactly the same for ${memory.windows} windows (limit ${rule.windows})`,
    ...(level === '' ? {} : { since: memory.since }),
    evidence: () => ({ windows: memory.windows }),
  };
}

export function moving(): Stuck {
  return { kind: 'stuck', value: null, since: 0 as EventTime, windows: 0 };
}

/**
 * Health of a sensor while its machine is stopped: its noise against the median of the first `learn` samples of that kind.
 * More than `ratio` times as much is a loose mounting, a cable, or a neighbour's vibration; less than 1 / `ratio` of it a
 * dead sensor. Without a `while`, evaluated in the states STOPPED, ABORTED, IDLE and COMPLETE. Levels: `high`, `low`.
 */
export function noiseFloor(
  memory: Baselines,
  rule: NoiseRule,
  input: DetectorInput,
): Evaluation | undefined {
  const { sample } = input;
  if (rule.while === undefined && !STOPPED_STATES.has(sample.situation.state)) return undefined;
  const value = Math.abs(input.value);
  const known = learnSample(memory, rule, { ...input, value });
  if (!known?.ready) return undefined;
  const { mode, name } = known;
  const isLow = value < mode.median;
  const limit = isLow ? mode.median / rule.ratio : mode.median * rule.ratio;
  const beyond = isLow ? limit - value : value - limit;
  const side = isLow ? 'low' : 'high';
  return {
    level: beyond > 0 ? side : '',
    levelWithDeadband: beyond > -deadbandOf(rule, limit) ? side : '',
    value,
    unit: sample.unit,
    limit,
    // A dead sensor shows exactly 0: a thousand times below the limit is as bad as it gets.
    score: isLow ? limit / Math.max(value, limit / 1_000) : value / (limit || 1),
    text: () =>
      `the usual noise of the standing machine is ${formatQuantity(mode.median, sample.unit)} (limit ${formatQuantity(limit, sample.unit)})`,
    evidence: () => ({ floor: mode.median, samples: mode.count, mode: name }),
  };
}
