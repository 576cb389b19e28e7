import type { AnomalyPhase } from '../model/anomaly.ts';
import type { EventTime } from '../model/time.ts';

/**
 * Judged samples in a row that say the same. `held` is the time between them, `rank` what all of them justify.
 * `last` is null after a sample that was not judged: that stretch does not count, and does not break the run.
 */
type Run = {
  readonly since: EventTime;
  last: EventTime | null;
  held: number;
  count: number;
  rank: number;
};

/** The alarm state of one rule and signal. `rank` 0: no anomaly; 1 to 4: one of that severity stands. */
export type Life = {
  rank: number;
  since: EventTime;
  said: EventTime;
  /** Towards a higher rank, and towards a lower one. */
  up: Run | null;
  down: Run | null;
};

/** Delays in microseconds; `count` samples in a row at least; said again every `repeat` while it lasts. */
export type Delays = {
  readonly after: number;
  readonly count: number;
  readonly clear: number;
  readonly repeat: number;
};

export function quiet(): Life {
  return { rank: 0, since: 0 as EventTime, said: 0 as EventTime, up: null, down: null };
}

/**
 * Takes one judged sample in, and says which phase of an anomaly it causes, if any.
 *
 * `rank` is the severity by the limits, `calm` the severity by the limits less their deadband (never below `rank`).
 * The severity rises to the least rank of a run above it that held for `after` and `count` samples, and falls to the
 * greatest calm rank of a run below it that held for `clear`; from and to 0 these are raising and clearing. One rule
 * for all: escalation has the on-delay, de-escalation the off-delay. A delay is over at the first sample that shows
 * it; no sample, no phase.
 */
export function live(
  life: Life,
  delays: Delays,
  grade: { readonly rank: number; readonly calm: number },
  time: EventTime,
): AnomalyPhase | undefined {
  const before = life.rank;
  life.up = grade.rank > before ? extend(life.up, time, grade.rank, Math.min) : null;
  life.down = grade.calm < before ? extend(life.down, time, grade.calm, Math.max) : null;
  const { up, down } = life;
  if (up !== null && up.held >= delays.after && up.count >= delays.count) {
    if (before === 0) life.since = up.since;
    return turn(life, up.rank, time, before === 0 ? 'raised' : 'updated');
  }
  if (down !== null && down.held >= delays.clear) {
    return turn(life, down.rank, time, down.rank === 0 ? 'cleared' : 'updated');
  }
  if (before > 0 && grade.calm > 0 && time - life.said >= delays.repeat) {
    life.said = time;
    return 'updated';
  }
  return undefined;
}

/** A sample came that was not judged: it neither raises nor clears, and its stretch counts for no delay. */
export function pause(life: Life): void {
  if (life.up !== null) life.up.last = null;
  if (life.down !== null) life.down.last = null;
}

function turn(life: Life, rank: number, time: EventTime, phase: AnomalyPhase): AnomalyPhase {
  Object.assign(life, { rank, said: time, up: null, down: null });
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
