import type { DetectorRule } from '../model/detector-rule.ts';
import { formatDuration } from '../model/duration.ts';
import {
  between,
  type Duration,
  type EventTime,
  MILLISECOND,
  plus,
  SECOND,
} from '../model/time.ts';
import type { Verdict } from './verdict.ts';

type SilenceRule = Extract<DetectorRule, { kind: 'silence' }>;

/** When the signal was heard last, and whether the rule's condition holds, so that silence would be noticed. */
export type Heard = { kind: 'silence'; last: EventTime; listening: boolean };

/** One microsecond beyond `after`: a sample that comes exactly in time must break the silence before it is called one. */
export function silentFrom(rule: SilenceRule, heard: EventTime): EventTime {
  return plus(plus(heard, rule.after), 1 as Duration);
}

/** What is to be said of a signal at `now`: `silent` when it is due, nothing when a sample has just come. */
export function silence(
  rule: SilenceRule,
  { last }: Heard,
  now: EventTime,
  isSilent: boolean,
): Verdict {
  const seconds = Math.floor(between(last, now) / MILLISECOND) / 1_000;
  const level = isSilent ? 'silent' : '';
  return {
    level,
    calm: level,
    value: seconds,
    unit: 's',
    limit: rule.after / SECOND,
    score: seconds / (rule.after / SECOND),
    text: () =>
      isSilent
        ? `has given no value for more than ${formatDuration(rule.after)}`
        : `was heard again after ${seconds} s`,
    since: last,
  };
}
