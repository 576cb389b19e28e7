import type { Change, Stage, StageId } from '../flow/flow.ts';
import { keyed, type Out } from '../flow/keyed.ts';
import type { States } from '../flow/states.ts';
import { lineOf } from '../model/key.ts';
import { learn, nothingKnown } from '../model/knowledge.ts';
import { reschedule, type ScheduleNews } from '../model/line-schedules.ts';
import { stateOf } from '../model/machine-event.ts';
import type { Enriched, Observation, Observed } from '../model/situation.ts';
import { BEGINNING, END_OF_TIME, type EventTime, eventTime, later, SECOND } from '../model/time.ts';
import { addFact, type Fact } from './facts.ts';
import { newsOf, tellBoundaries, wakeAtNext } from './schedule-events.ts';
import { type Shared, situationOf } from './situation-of.ts';

type State = {
  facts: Fact[];
  /** Up to when it was said what began and ended in the schedule. */
  told: EventTime;
};

/**
 * Adds to each observation what its machine was doing, as of the observation's own time: an as-of join with machine
 * states and the line's schedule. Facts are never late: one that comes behind time corrects the lookups after it.
 * What begins, ends and changes in the schedule becomes an event of each machine that it concerns.
 */
export function enrich(states: States): Stage<Observed, Enriched<Observation>> {
  // Of the change that is being taken in: gone when it was.
  const news = new WeakMap<Change, readonly ScheduleNews[]>();
  return keyed<State, Shared, Observed, Enriched<Observation>>(
    {
      id: 'situate' as StageId,
      version: 2,
      scope: 'line',
      open: () => ({ facts: [], told: BEGINNING }),
      openShared: () => ({ knowledge: nothingKnown(), schedules: {} }),
      onChange(shared, change) {
        learn(shared.knowledge, change.value);
        if (change.value.kind !== 'schedule') return;
        news.set(change, reschedule(shared.schedules, change.value));
      },
      onChanged(state, shared, out, change) {
        const changed = news.get(change);
        if (changed === undefined || change.value.kind !== 'schedule') return;
        if (change.value.line !== lineOf(out.key)) return;
        for (const event of newsOf(changed, out)) say(event, state, shared, out);
        state.told = later(state.told, out.now);
        wakeAtNext(state.told, shared.schedules, out);
      },
      onEvent(state, event, shared, out) {
        if (state.told === BEGINNING) {
          state.told = later(event.time, out.now);
          wakeAtNext(state.told, shared.schedules, out);
        }
        const { value } = event;
        if (value.kind === 'event') {
          const data = stateOf(value);
          if (data !== undefined) addFact(state.facts, value.time, data);
        }
        const situation = situationOf(state.facts, shared, value.asset, ...spanOf(value));
        out.emit({ value, situation }, { time: event.time, late: event.late === true });
      },
      onTimer(state, due, shared, out) {
        // The end of a recording is no beginning of anything.
        if (out.now >= END_OF_TIME) return;
        for (const event of tellBoundaries(state.told, due, shared.schedules, out.key)) {
          say(event, state, shared, out);
        }
        state.told = due;
        wakeAtNext(due, shared.schedules, out);
      },
    },
    states,
  );
}

function say(
  value: Exclude<Observation, Observed>,
  { facts }: State,
  shared: Shared,
  out: Out<Enriched<Observation>>,
): void {
  const situation = situationOf(facts, shared, out.key, value.time, value.time);
  out.emit({ value, situation }, { time: value.time });
}

/** What an observation speaks of: a machine that changed in the middle of it is judged by none. */
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
