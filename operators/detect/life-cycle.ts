/** The life cycle of an anomaly: on-delay, off-delay, severity, and when it is reported again. */

import type { AnomalyPhase } from '../model/anomaly.ts';
import { type DetectorRule, SEVERITIES, type Severity } from '../model/detector-rule.ts';
import { type EventTime, HOUR } from '../model/time.ts';

/** The life of an anomaly of one rule and signal. `rank` 0: none is open; 1 to 4: one of that severity is. */
export type LifeCycle = {
  rank: number;
  since: EventTime;
  /** When a phase was last reported. */
  reported: EventTime;
  /** Towards a higher rank, and towards a lower one. */
  up: Run | null;
  down: Run | null;
};

/**
 * Evaluated samples in a row that agree. `held` is the time between them, `rank` what all of them justify.
 * `last` is null after a sample that was not evaluated: that stretch does not count, and does not break the run.
 */
type Run = {
  readonly since: EventTime;
  last: EventTime | null;
  held: number;
  count: number;
  rank: number;
};

/** Delays in microseconds (ISA-18.2); `count` samples in a row at least; reported again every `repeat` while it lasts. */
export type Delays = {
  readonly onDelay: number;
  readonly count: number;
  readonly offDelay: number;
  readonly repeat: number;
};

/** The rank by the limits, and by the limits less their deadband (never below `rank`). */
type SeverityRank = { readonly rank: number; readonly rankWithDeadband: number };

/**
 * Takes one evaluated sample in, and returns the phase of an anomaly that it causes, if any.
 *
 * The severity rises to the least rank of a run above it that held for `onDelay` and `count` samples, and falls to the
 * greatest rank with deadband of a run below it that held for `offDelay`; from and to 0 these are raising and clearing.
 * One rule for all: escalation has the on-delay, de-escalation the off-delay. A delay is over at the first sample that
 * shows it; no sample, no phase.
 */
export function nextPhase(
  life: LifeCycle,
  delays: Delays,
  { rank, rankWithDeadband }: SeverityRank,
  time: EventTime,
): AnomalyPhase | undefined {
  const before = life.rank;
  life.up = rank > before ? extend(life.up, time, rank, Math.min) : null;
  life.down =
    rankWithDeadband < before ? extend(life.down, time, rankWithDeadband, Math.max) : null;
  const { up, down } = life;
  if (up !== null && up.held >= delays.onDelay && up.count >= delays.count) {
    if (before === 0) life.since = up.since;
    return change(life, up.rank, time, before === 0 ? 'raised' : 'updated');
  }
  if (down !== null && down.held >= delays.offDelay) {
    return change(life, down.rank, time, down.rank === 0 ? 'cleared' : 'updated');
  }
  if (before > 0 && rankWithDeadband > 0 && time - life.reported >= delays.repeat) {
    life.reported = time;
    return 'updated';
  }
  return undefined;
}

export function openLifeCycle(): LifeCycle {
  return { rank: 0, since: 0 as EventTime, reported: 0 as EventTime, up: null, down: null };
}

/** A sample came that was not evaluated: it neither raises nor clears, and its stretch counts for no delay. */
export function pause(life: LifeCycle): void {
  if (life.up !== null) life.up.last = null;
  if (life.down !== null) life.down.last = null;
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

/** The delays of a rule. A silence has its on-delay in its own `after`, and no further sample that could show another. */
export function delaysOf(rule: DetectorRule): Delays {
  const { raise, clear } = rule;
  const isSilence = rule.kind === 'silence';
  return {
    onDelay: isSilence ? 0 : (raise.after ?? 0),
    count: isSilence ? 1 : (raise.count ?? 1),
    offDelay: clear.after ?? 0,
    repeat: raise.repeat ?? HOUR,
  };
}

/** Zones of ISO 20816-3 that are breaches, unless the rule says otherwise. */
const ZONES: Readonly<Record<string, Severity>> = { C: 'warning', D: 'alarm' };

/** The rank of a level under a rule: 0 for none, 1 (notice) to 4 (danger). */
export function severityRank(rule: DetectorRule, level: string): number {
  if (level === '') return 0;
  const declared = rule.raise.severity;
  if (rule.kind === 'iso20816') {
    const zones = typeof declared === 'object' ? declared : ZONES;
    const zone = zones[level];
    if (zone === undefined) return 0;
    return SEVERITIES.indexOf(typeof declared === 'string' ? declared : zone) + 1;
  }
  const severity = typeof declared === 'object' ? declared[level] : declared;
  return SEVERITIES.indexOf(severity ?? 'warning') + 1;
}

export function severityOf(rank: number): Severity {
  return SEVERITIES[rank - 1] ?? 'notice';
}

function change(life: LifeCycle, rank: number, time: EventTime, phase: AnomalyPhase): AnomalyPhase {
  life.rank = rank;
  life.reported = time;
  restartRuns(life);
  return phase;
}

function extend(
  run: Run | null,
  time: EventTime,
  rank: number,
  combine: (a: number, b: number) => number,
): Run {
  if (run === null) return { since: time, last: time, held: 0, count: 1, rank };
  if (run.last !== null) run.held += time - run.last;
  run.last = time;
  run.count += 1;
  run.rank = combine(run.rank, rank);
  return run;
}
