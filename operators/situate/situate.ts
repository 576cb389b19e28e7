import type { Stage, StageId } from '../flow/flow.ts';
import { keyed } from '../flow/keyed.ts';
import type { States } from '../flow/states.ts';
import { type AssetKey, plantOf } from '../model/key.ts';
import { type Knowledge, learn, nothingKnown } from '../model/knowledge.ts';
import {
  endedBefore,
  type LineSchedules,
  reschedule,
  scheduledAt,
} from '../model/line-schedules.ts';
import { stateOf } from '../model/machine-event.ts';
import type { Observation, Situated, Situation } from '../model/situation.ts';
import { BEGINNING, type EventTime, eventTime, SECOND } from '../model/time.ts';
import { addFact, changedInside, type Fact, factAt, isStarting, startupEnded } from './facts.ts';
import { shiftAt } from './local-time.ts';

type Shared = { readonly knowledge: Knowledge; readonly schedules: LineSchedules };

/**
 * Adds to each observation what its machine was doing, as of the observation's own time: an as-of join with machine
 * states and the line's schedule. Facts are never late: one that comes behind time corrects the lookups after it.
 */
export function situate(states: States): Stage<Observation, Situated<Observation>> {
  return keyed<{ facts: Fact[] }, Shared, Observation, Situated<Observation>>(
    {
      id: 'situate' as StageId,
      version: 1,
      scope: 'line',
      open: () => ({ facts: [] }),
      openShared: () => ({ knowledge: nothingKnown(), schedules: {} }),
      onChange(shared, { value }) {
        learn(shared.knowledge, value);
        if (value.kind === 'schedule') reschedule(shared.schedules, value);
      },
      onEvent(state, event, shared, out) {
        const { value } = event;
        if (value.kind === 'event') {
          const data = stateOf(value);
          if (data !== undefined) addFact(state.facts, value.time, data);
        }
        const [start, end] = spanOf(value);
        const situation = situationOf(state.facts, shared, value.asset, start, end);
        out.emit({ value, situation }, { time: event.time, behind: event.behind === true });
      },
    },
    states,
  );
}

/** What an observation speaks of: a machine that changed in the middle of it is judged by none. */
function spanOf(value: Observation): readonly [start: EventTime, end: EventTime] {
  switch (value.kind) {
    case 'window':
      return [value.start, value.end];
    case 'features':
      return [value.time, eventTime(value.time + (value.samples / value.rate) * SECOND)];
    case 'event':
      return [value.time, value.time];
  }
}

function situationOf(
  facts: readonly Fact[],
  { knowledge, schedules }: Shared,
  asset: AssetKey,
  start: EventTime,
  end: EventTime,
): Situation {
  const fact = factAt(facts, start);
  const running = scheduledAt(schedules, asset, start);
  const order = running.find(({ kind }) => kind === 'order');
  const planned = running.find(({ kind }) => kind !== 'order')?.kind ?? '';
  const startup = startupEnded(facts, end);
  const ended = endedBefore(schedules, asset, end);
  const state = fact?.state ?? 'UNDEFINED';
  return {
    state,
    since: fact?.time ?? BEGINNING,
    mode: fact?.mode ?? '',
    order: fact?.order || order?.order || '',
    product: fact?.product || order?.product || '',
    shift: shiftAt(knowledge.models[plantOf(asset)], start),
    planned: planned === '' && isStarting(state) ? 'startup' : planned,
    ended: startup === undefined ? ended : [...ended, ['startup', startup]],
    mixed: changedInside(facts, start, end),
  };
}
