import { isStarting } from '../model/machine-event.ts';
import type { ScheduleEntry } from '../model/schedule.ts';
import type { Situation } from '../model/situation.ts';
import { type Duration, type EventTime, plus } from '../model/time.ts';
import type { SuppressionRule } from '../model/trigger-rule.ts';
import { fits } from '../model/wildcard.ts';

/** What holds a request back, and until when as far as the schedule knows; null: until the machine says so. */
export type Suppression = {
  readonly kind: string;
  readonly until: EventTime | null;
  /** Of a planned stretch. */
  readonly entry?: ScheduleEntry;
};

type Question = {
  readonly signals: readonly string[];
  readonly time: EventTime;
  /** The latest that is known: what the schedule says of planned stretches is asked of the schedule itself. */
  readonly situation: Pick<Situation, 'state' | 'started'>;
  readonly entries: readonly ScheduleEntry[];
};

/** Whether a suppression covers all signals of a problem now: the one that lasts longest, undefined for none. */
export function suppressionOf(
  rules: readonly SuppressionRule[],
  question: Question,
): Suppression | undefined {
  let longest: Suppression | undefined;
  for (const rule of rules) {
    if (!covers(rule, question.signals)) continue;
    for (const kind of rule.during) {
      for (const found of stretchesOf(kind, (rule.settle ?? 0) as Duration, question)) {
        if (longest === undefined || isLonger(found, longest)) longest = found;
      }
    }
  }
  return longest;
}

function covers(rule: SuppressionRule, signals: readonly string[]): boolean {
  if (signals.length === 0) return rule.signals.includes('*');
  return signals.every((signal) => rule.signals.some((pattern) => fits(pattern, signal)));
}

function stretchesOf(kind: string, settle: Duration, question: Question): Suppression[] {
  const { time, situation, entries } = question;
  if (kind === 'startup') return startup(time, situation, settle);
  return entries.flatMap((entry): Suppression[] => {
    const until = plus(entry.end, settle);
    return entry.kind === kind && entry.start <= time && time < until
      ? [{ kind, until, entry }]
      : [];
  });
}

function startup(
  time: EventTime,
  { state, started }: Question['situation'],
  settle: Duration,
): Suppression[] {
  if (isStarting(state)) return [{ kind: 'startup', until: null }];
  const until = started === null ? time : plus(started, settle);
  return time < until ? [{ kind: 'startup', until }] : [];
}

function isLonger(a: Suppression, b: Suppression): boolean {
  if (a.until === null || b.until === null) return a.until === null && b.until !== null;
  return a.until > b.until;
}
