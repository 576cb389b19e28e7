/** The life cycle of an anomaly: on-delay, off-delay, severity, and when it is reported again. */

import type { AnomalyPhase } from '../model/anomaly.ts';
import {
  DETECTOR_LEVELS,
  type DetectorRule,
  SEVERITIES,
  type Severity,
} from '../model/detector-rule.ts';
import { BEGINNING, type EventTime, HOUR } from '../model/time.ts';

/** The life of an anomaly of one rule and signal. `rank` 0: none is open; 1 to 4: one of that severity is. */
export type LifeCycle = {
  rank: number;
  since: EventTime;
  /** When a phase was last reported. */
  reported: EventTime;
  /** When the last anomaly ended: the next one is not older, so that no two share an id. */
  ended: EventTime;
  /** Towards a higher rank, and towards a lower one. */
  up: Run | null;
  down: Run | null;
  /** How long the condition of the open anomaly has lasted, without holes and stretches that were not evaluated. */
  lasted: number;
  /** The last evaluated sample showed it. */
  stands: boolean;
  /** The last evaluated sample; null when one came since that was not evaluated. */
  last: EventTime | null;
  /** Usual time between samples, as far as it is known; 0 before. */
  interval: number;
};

/** Evaluated samples in a row that agree. `held` is the time between them, `rank` what all of them justify. */
type Run = {
  readonly since: EventTime;
  held: number;
  count: number;
  rank: number;
};

/** Delays in microseconds (ISA-18.2), and samples in a row at least, up and down; reported again every `repeat` while it lasts. */
export type Delays = {
  readonly onDelay: number;
  readonly count: number;
  readonly offDelay: number;
  readonly offCount: number;
  readonly repeat: number;
  /** Time between two samples that counts at most; derived from the samples without it. */
  readonly gap: number | undefined;
  /** Severity by duration, rising: at least `rank` once the condition has lasted for `after`. */
  readonly steps: readonly { readonly rank: number; readonly after: number }[];
  /** Ranks that the rule knows, rising, of one that goes down by one of them at a time; empty where it clears at once. */
  readonly stairs: readonly number[];
};

/** What one sample, event or timer says of the condition. */
type Verdict = {
  /** By the limits, and by the limits less their deadband (never below `rank`). */
  readonly rank: number;
  readonly rankWithDeadband: number;
  /** From the beginning to the end of the sample. */
  readonly length?: number;
  /** How long the condition has lasted, where that is known otherwise than by counting samples. */
  readonly lasted?: number | undefined;
};

/**
 * Takes one evaluated sample in, and returns the phase of an anomaly that it causes, if any.
 *
 * The severity rises to the least rank of a run above it that held for `onDelay` and `count` samples, and falls to the
 * greatest rank with deadband of a run below it that held for `offDelay` and `offCount` samples; from and to 0 these are raising and clearing.
 * One rule for all: escalation has the on-delay, de-escalation the off-delay. Severity by duration (`steps`) needs no
 * further delay. A delay is over at the first sample that shows it; no sample, no phase.
 */
export function nextPhase(
  life: LifeCycle,
  delays: Delays,
  { rank, rankWithDeadband, length = 0, lasted }: Verdict,
  time: EventTime,
): AnomalyPhase | undefined {
  const before = life.rank;
  const counted = countedTime(life, delays, time, length);
  const stands = before > 0 && rankWithDeadband > 0;
  if (stands) life.lasted = lasted ?? life.lasted + (life.stands ? counted : 0);
  life.stands = rankWithDeadband > 0;
  const earned = stands ? earnedRank(delays, life.lasted) : 0;
  const lowest = Math.max(rankWithDeadband, earned);
  life.up = rank > before ? extend(life.up, time, counted, rank, Math.min) : null;
  life.down = lowest < before ? extend(life.down, time, counted, lowest, Math.max) : null;
  const { up, down } = life;
  if (up !== null && up.held >= delays.onDelay && up.count >= delays.count) {
    if (before > 0) return change(life, Math.max(up.rank, earned), time, 'updated');
    life.since = up.since;
    life.lasted = lasted ?? up.held;
    return change(life, Math.max(up.rank, earnedRank(delays, life.lasted)), time, 'raised');
  }
  if (earned > before) return change(life, earned, time, 'updated');
  if (down !== null && down.held >= delays.offDelay && down.count >= delays.offCount) {
    const next = delays.stairs.findLast((stair) => stair < before) ?? 0;
    return descend(life, delays, Math.max(down.rank, next), time);
  }
  if (stands && time - life.reported >= delays.repeat) {
    life.reported = time;
    return 'updated';
  }
  return undefined;
}

export function openLifeCycle(): LifeCycle {
  const never = 0 as EventTime;
  return {
    ...{ rank: 0, since: never, reported: never, ended: BEGINNING, up: null, down: null },
    ...{ lasted: 0, stands: false, last: null, interval: 0 },
  };
}

/** A sample came that was not evaluated: it neither raises nor clears, and its stretch counts for no delay. */
export function pause(life: LifeCycle): void {
  life.last = null;
}

/** Begins the runs anew: what they counted no longer holds for the machine. */
export function restartRuns(life: LifeCycle): void {
  life.up = null;
  life.down = null;
}

/** Ends the anomaly without a sample that shows it. */
export function endLife(life: LifeCycle, time: EventTime): void {
  change(life, 0, time, 'cleared');
}

/** When the severity rises next by duration alone: how long the condition must have lasted; undefined for never. */
export function nextStep({ rank }: LifeCycle, { steps }: Delays): number | undefined {
  return steps.find((step) => step.rank > rank)?.after;
}

const delaysByRule = new WeakMap<DetectorRule, Delays>();

/** The delays of a rule. Derived from the rule object alone, so no state. */
export function delaysOf(rule: DetectorRule): Delays {
  const known = delaysByRule.get(rule);
  if (known !== undefined) return known;
  const { raise } = rule;
  const steps = SEVERITIES.flatMap((severity, at) => {
    const after = severity === 'notice' ? undefined : raise.escalate?.[severity];
    return after === undefined ? [] : [{ rank: at + 1, after }];
  });
  const delays = { repeat: raise.repeat ?? HOUR, steps, ...countedDelays(rule) };
  delaysByRule.set(rule, delays);
  return delays;
}

/**
 * A silence has its on-delay in its own `after`, and no further sample that could show another. What begins and ends with
 * events has timers of its own.
 */
function countedDelays(rule: DetectorRule): Omit<Delays, 'repeat' | 'steps'> {
  const gap = Number.POSITIVE_INFINITY;
  const none = { onDelay: 0, count: 1, offCount: 1, gap, stairs: [] };
  if (rule.kind === 'event') return { ...none, offDelay: 0 };
  const { raise, clear } = rule;
  const offDelay = clear.after ?? 0;
  if (rule.kind === 'silence') return { ...none, offDelay };
  const stairs = clear.stepwise === true ? ranksOf(rule) : [];
  const { after: onDelay = 0, count = 1 } = raise;
  return { onDelay, count, offDelay, offCount: clear.count ?? 1, gap: raise.gap, stairs };
}

/** The ranks that an anomaly of a rule can have, rising. */
function ranksOf(rule: DetectorRule): readonly number[] {
  const byLevel = (DETECTOR_LEVELS[rule.kind] ?? []).map((level) => severityRank(rule, level));
  const byDuration = SEVERITIES.flatMap((severity, at) => {
    return severity !== 'notice' && rule.raise.escalate?.[severity] !== undefined ? [at + 1] : [];
  });
  return [...new Set([...byLevel, ...byDuration])].filter((rank) => rank > 0).sort();
}

/** Zones of ISO 20816-3 that are breaches, unless the rule says otherwise. */
const ZONES: Readonly<Record<string, Severity>> = { C: 'warning', D: 'alarm' };

/**
 * The rank of a level under a rule: 0 for none, 1 (notice) to 4 (danger). A zone that is not named is as severe as the next
 * better one that is: with `{ C: warning }` zone D is a warning, too. A side that is not named is a warning.
 */
export function severityRank(rule: DetectorRule, level: string): number {
  if (level === '') return 0;
  const declared = rule.raise.severity;
  if (rule.kind === 'iso20816') {
    const zones = typeof declared === 'object' ? declared : ZONES;
    const levels = DETECTOR_LEVELS.iso20816 ?? [];
    const named = levels.slice(0, levels.indexOf(level) + 1).findLast((name) => name in zones);
    const zone = named === undefined ? undefined : zones[named];
    if (zone === undefined) return 0;
    return SEVERITIES.indexOf(typeof declared === 'string' ? declared : zone) + 1;
  }
  const severity = typeof declared === 'object' ? declared[level] : declared;
  return SEVERITIES.indexOf(severity ?? 'warning') + 1;
}

export function severityOf(rank: number): Severity {
  return SEVERITIES[rank - 1] ?? 'notice';
}

/** So many samples in a row may be missing before the time between two of them is a hole. */
const FEW_INTERVALS = 3;

/**
 * How much of the time since the last evaluated sample counts for delays: all of it, or nothing of a hole, in which nobody
 * knows what was. Without `gap` a hole is longer than the sample itself and than three usual intervals; what is usual follows the
 * median of the intervals, by at most a factor of two a sample, so that a hole itself does not become usual.
 */
function countedTime(life: LifeCycle, { gap }: Delays, time: EventTime, length: number): number {
  const { last, interval } = life;
  life.last = time;
  const elapsed = last === null ? 0 : time - last;
  if (elapsed <= 0) return 0;
  const longest = gap ?? Math.max(length, FEW_INTERVALS * interval);
  const usual = interval || length || elapsed;
  life.interval = Math.min(Math.max(elapsed, usual / 2), 2 * usual);
  return elapsed <= longest ? elapsed : 0;
}

/** The rank that duration alone justifies. */
function earnedRank({ steps }: Delays, lasted: number): number {
  return steps.findLast(({ after }) => lasted >= after)?.rank ?? 0;
}

/** Falls to a rank; on the way down by steps, as if the condition had lasted only as long as that rank needs. */
function descend(
  life: LifeCycle,
  { steps, stairs }: Delays,
  rank: number,
  time: EventTime,
): AnomalyPhase {
  const reached = steps.findLast((step) => step.rank <= rank)?.after ?? 0;
  if (stairs.length > 0) life.lasted = Math.min(life.lasted, reached);
  return change(life, rank, time, rank === 0 ? 'cleared' : 'updated');
}

function change(life: LifeCycle, rank: number, time: EventTime, phase: AnomalyPhase): AnomalyPhase {
  life.rank = rank;
  life.reported = time;
  if (rank === 0) {
    life.ended = time;
    life.lasted = 0;
  }
  restartRuns(life);
  return phase;
}

function extend(
  run: Run | null,
  time: EventTime,
  counted: number,
  rank: number,
  combine: (a: number, b: number) => number,
): Run {
  if (run === null) return { since: time, held: 0, count: 1, rank };
  run.held += counted;
  run.count += 1;
  run.rank = combine(run.rank, rank);
  return run;
}
