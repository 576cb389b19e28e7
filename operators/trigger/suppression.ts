import type { ScheduleEntry } from '../model/schedule.ts';
import type { Situation } from '../model/situation.ts';
import { type Duration, type EventTime, plus } from '../model/time.ts';
import type { SuppressionRule } from '../model/trigger-rule.ts';
import { fits } from '../model/wildcard.ts';

/** What holds a request back, and until when as far as the schedule knows; null: until the machine says so. */
export type Suppression = { readonly kind: string; readonly until: EventTime | null };

type Question = {
  readonly signals: readonly string[];
  readonly time: EventTime;
  readonly situation: Situation;
  /** The situation is of this very time; otherwise only the schedule knows how planned things went on. */
  readonly fresh: boolean;
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
  const { time, situation, fresh, entries } = question;
  const found: Suppression[] = [];
  for (const { kind: planned, start, end } of entries) {
    const until = plus(end, settle);
    if (planned === kind && start <= time && time < until) found.push({ kind, until });
  }
  for (const [ended, end] of situation.ended) {
    const until = plus(end, settle);
    if (ended === kind && time < until) found.push({ kind, until });
  }
  const goesOn = situation.planned === kind && (fresh || kind === 'startup');
  if (goesOn && found.length === 0) found.push({ kind, until: null });
  return found;
}

function isLonger(a: Suppression, b: Suppression): boolean {
  if (a.until === null || b.until === null) return a.until === null && b.until !== null;
  return a.until > b.until;
}
