/** What suppresses a request: planned stretches and start-ups, now or by a schedule that came too late. */

import { fitsAny } from '../model/key.ts';
import { rulesOf } from '../model/knowledge.ts';
import { scheduledFor } from '../model/line-schedules.ts';
import { isStarting } from '../model/machine-event.ts';
import type { Situation } from '../model/observation.ts';
import type { ScheduleEntry } from '../model/schedule.ts';
import { type Duration, type EventTime, minus, plus } from '../model/time.ts';
import type { SuppressionRule } from '../model/trigger-rule.ts';
import type { Episode, EpisodeContext } from './episode.ts';
import { stretchText } from './proposed-slot.ts';

/** What suppresses a request, and until when as far as the schedule knows; null: until the machine says so. */
export type Suppression = {
  readonly kind: string;
  readonly until: EventTime | null;
  /** Of a planned stretch. */
  readonly entry?: ScheduleEntry;
};

/**
 * What suppresses the request of a problem now, by `suppress` in the rules; undefined for nothing. Where its evidence came
 * late, the question is asked of as much earlier: a stop that began after it does not hide it, and one that it lay in holds
 * it back as long as it would have, had nothing been late.
 */
export function suppressionNow(
  { signals, situation, lag }: Episode,
  { state, knowledge, out, time }: EpisodeContext,
): Suppression | undefined {
  const asked = minus(time, lag);
  const present = state.situation ?? situation;
  const found = suppressionAt(rulesOf(knowledge, out.key)?.suppress ?? [], {
    ...{ signals, time: asked, situation: lag > 0 && asked < present.since ? situation : present },
    entries: scheduledFor(knowledge.schedules, out.key),
  });
  if (found === undefined || found.until === null) return found;
  return { ...found, until: plus(found.until, lag) };
}

/**
 * The planned stretches that would have suppressed a request from `opened` on without a break, had today's schedule been
 * known then.
 */
export function plannedStretchesFrom(
  opened: EventTime,
  { signals, lag }: Episode,
  { knowledge, out }: EpisodeContext,
): { readonly until: EventTime; readonly text: string } | undefined {
  const rules = rulesOf(knowledge, out.key)?.suppress ?? [];
  const entries = scheduledFor(knowledge.schedules, out.key);
  // What the machine reports of itself was known in time.
  const situation = { state: '', started: null };
  const stretches: string[] = [];
  let until = minus(opened, lag);
  for (;;) {
    const found = suppressionAt(rules, { signals, time: until, situation, entries });
    if (found?.entry === undefined || found.until === null) break;
    stretches.push(stretchText({ ...found.entry, entry: found.entry.id }));
    until = found.until;
  }
  return stretches.length === 0
    ? undefined
    : { until: plus(until, lag), text: stretches.join(' and ') };
}

type Question = {
  readonly signals: readonly string[];
  readonly time: EventTime;
  /** The latest that is known. What the schedule says of planned stretches is asked of the schedule itself. */
  readonly situation: Pick<Situation, 'state' | 'started'>;
  readonly entries: readonly ScheduleEntry[];
};

/** A rule suppresses a problem when it covers all signals of it. Of several stretches the one that lasts longest. */
function suppressionAt(
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
  return signals.every((signal) => fitsAny(rule.signals, signal));
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
