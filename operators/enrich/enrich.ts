import type { Stage, StageId } from '../flow/flow.ts';
import { keyed, type Out } from '../flow/keyed.ts';
import type { States } from '../flow/states.ts';
import { type AssetKey, lineOf } from '../model/key.ts';
import type { Knowledge } from '../model/knowledge.ts';
import {
  boundariesBetween,
  boundaryAfter,
  concerns,
  entryChanges,
  type LineSchedules,
  type ScheduleEntryChange,
} from '../model/line-schedules.ts';
import { stateOf } from '../model/machine-event.ts';
import type { Enriched, Observation, Observed } from '../model/observation.ts';
import type { Schedule, ScheduleEvent } from '../model/schedule.ts';
import {
  BEGINNING,
  between,
  DAY,
  type Duration,
  END_OF_TIME,
  type EventTime,
  eventTime,
  later,
  plus,
  SECOND,
} from '../model/time.ts';
import { addFact, type Fact } from './facts.ts';
import { situationOf } from './situation.ts';

type State = {
  facts: Fact[];
  /** Up to when the beginnings and ends of the schedule were emitted. */
  emittedUpTo: EventTime;
};

/**
 * Adds to each observation what its machine was doing, as of the observation's own time: an as-of join with machine
 * states and the line's schedule. Facts are never too late: a late one corrects the lookups after it.
 * What begins, ends and changes in the schedule becomes an event of each machine that it concerns.
 */
export function enrich(states: States): Stage<Observed, Enriched<Observation>> {
  // Of the change that passes, the same for each machine of the line.
  const changesOf = new WeakMap<Schedule, readonly ScheduleEntryChange[]>();
  const reported = new WeakSet<Schedule>();
  return keyed<State, Observed, Enriched<Observation>>(
    {
      id: 'enrich' as StageId,
      version: 1,
      scope: 'line',
      open: () => ({ facts: [], emittedUpTo: BEGINNING }),
      onChange(state, knowledge, out, { value: change }, before) {
        if (change.kind !== 'schedule') return;
        if (!reported.has(change)) reportDropped(before, knowledge, out);
        reported.add(change);
        if (change.line !== lineOf(out.key)) return;
        let changes = changesOf.get(change);
        if (changes === undefined) {
          changes = entryChanges(before.schedules, change);
          changesOf.set(change, changes);
        }
        for (const event of changeEvents(changes, out)) {
          emitScheduleEvent(event, state, knowledge, out);
        }
        state.emittedUpTo = later(state.emittedUpTo, out.now);
        wakeAtNextBoundary(state.emittedUpTo, knowledge.schedules, out);
      },
      onEvent(state, event, knowledge, out) {
        if (state.emittedUpTo === BEGINNING) {
          state.emittedUpTo = later(event.time, out.now);
          wakeAtNextBoundary(state.emittedUpTo, knowledge.schedules, out);
        }
        const { value } = event;
        if (value.kind === 'event') {
          const data = stateOf(value);
          if (data !== undefined) addFact(state.facts, value.time, data);
        }
        const situation = situationOf(state.facts, knowledge, value.asset, ...spanOf(value));
        out.emit(
          { observation: value, situation },
          { time: event.time, late: event.late === true },
        );
      },
      onTimer(state, due, knowledge, out) {
        // The end of a recording is no beginning of anything.
        if (out.now >= END_OF_TIME) return;
        for (const event of boundaryEvents(state.emittedUpTo, due, knowledge.schedules, out.key)) {
          emitScheduleEvent(event, state, knowledge, out);
        }
        state.emittedUpTo = due;
        wakeAtNextBoundary(due, knowledge.schedules, out);
      },
    },
    states,
  );
}

/** Once for each change, by the first machine. */
function reportDropped(
  before: Knowledge,
  after: Knowledge,
  out: Pick<Out<unknown>, 'deadLetter'>,
): void {
  const lines = Object.keys(before.schedules).filter((line) => !(line in after.schedules));
  if (lines.length === 0) return;
  const detail = 'too many lines without a model have a schedule: the oldest schedules are dropped';
  out.deadLetter('overflow', detail, lines, lines.length);
}

function emitScheduleEvent(
  value: Exclude<Observation, Observed>,
  { facts }: State,
  knowledge: Knowledge,
  out: Out<Enriched<Observation>>,
): void {
  const situation = situationOf(facts, knowledge, out.key, value.time, value.time);
  out.emit({ observation: value, situation }, { time: value.time });
}

/** The time that an observation covers: no detector evaluates one in which the machine changed. */
function spanOf(value: Observed): readonly [start: EventTime, end: EventTime] {
  switch (value.kind) {
    case 'window':
      return [value.start, value.end];
    case 'features':
      return [value.time, eventTime(value.time + (value.samples / value.rate) * SECOND)];
    case 'event':
      return [value.time, value.time];
  }
}

/** Per machine and message. A plan of a year that is sent at once is not for patterns. */
const MAX_CHANGES = 100;

/** What began and ended in (from, to] for a machine, each as an event at its own time. */
function boundaryEvents(
  from: EventTime,
  to: EventTime,
  schedules: LineSchedules,
  asset: AssetKey,
): readonly ScheduleEvent[] {
  return boundariesBetween(schedules, asset, from, to).map(({ time, type, entry }) => {
    return { kind: 'schedule', asset, time, type, entry };
  });
}

function wakeAtNextBoundary(
  emittedUpTo: EventTime,
  schedules: LineSchedules,
  out: Pick<Out<unknown>, 'key' | 'setTimer' | 'cancelTimer'>,
): void {
  const next = boundaryAfter(schedules, out.key, emittedUpTo);
  if (next === undefined) out.cancelTimer();
  else out.setTimer(next);
}

/**
 * What a message changed for a machine, as events at the time that its line has reached: of entries that begin within
 * a day or ended less than a day ago, at most 100; the rest is counted in `dead_letters`.
 */
function changeEvents(
  changes: readonly ScheduleEntryChange[],
  out: Pick<Out<unknown>, 'key' | 'now' | 'deadLetter'>,
): readonly ScheduleEvent[] {
  const { key: asset, now } = out;
  if (now === BEGINNING) return [];
  const near = changes.filter(({ entry }) => {
    return (
      concerns(entry, asset) && between(now, entry.start) <= DAY && between(entry.end, now) <= DAY
    );
  });
  const more = near.length - MAX_CHANGES;
  if (more > 0) {
    const detail = `a message changed more than ${MAX_CHANGES} entries of one machine: patterns see the first`;
    out.deadLetter('overflow', detail, asset, more);
  }
  // Just after line time: at it, an event would be late.
  const time = plus(now, 1 as Duration);
  return near.slice(0, MAX_CHANGES).map(({ type, entry }) => {
    return { kind: 'schedule', asset, time, type, entry };
  });
}
