import type { Stage, StageId } from '../flow/flow.ts';
import { type Keyed, keyed } from '../flow/keyed.ts';
import type { States } from '../flow/states.ts';
import type { Finding } from '../model/incident.ts';
import { lineOf } from '../model/key.ts';
import { learn, nothingKnown } from '../model/knowledge.ts';
import { reschedule } from '../model/line-schedules.ts';
import type { Request } from '../model/request.ts';
import { BEGINNING, type EventTime, later } from '../model/time.ts';
import type { AssetState } from './episode.ts';
import { followSchedule } from './follow-schedule.ts';
import { type Moment, timerOf } from './revise.ts';
import type { Shared } from './settings.ts';
import { calmDown, consider, coolDown, escalate, fold } from './stages-of-life.ts';
import { takeAnomaly } from './take-anomaly.ts';
import { takeEvent } from './take-event.ts';
import { takeIncident } from './take-incident.ts';

/**
 * Makes one maintenance request of one problem, and keeps it true by revisions: it opens, sharpens, escalates, is
 * withdrawn or closed. A problem is an episode of one asset (`operators/trigger/episode.ts`).
 */
export function trigger(states: States): Stage<Finding, Request> {
  return keyed(logic, states);
}

const logic: Keyed<AssetState, Shared, Finding, Request> = {
  id: 'trigger' as StageId,
  // 2: situations that know operation, due time and next stop.
  version: 2,
  scope: 'line',
  open: () => ({
    ...{ standing: {}, episodes: [], count: 0, time: BEGINNING, situation: null },
    said: { time: BEGINNING, order: '', product: '' },
  }),
  openShared: () => ({ knowledge: nothingKnown(), schedules: {} }),
  onChange(shared, { value }) {
    learn(shared.knowledge, value);
    if (value.kind === 'schedule') reschedule(shared.schedules, value);
  },
  onChanged(state, shared, out, { value }) {
    if (value.kind === 'schedule' && value.line !== lineOf(out.key)) return;
    const moment = momentOf(state, out.now, shared, out);
    if (value.kind === 'schedule') followSchedule(moment);
    reconsider(moment);
  },
  onEvent(state, event, shared, out) {
    const { value } = event;
    const moment = momentOf(state, event.time, shared, out);
    state.situation = value.situation;
    if (!('kind' in value)) takeEvent(value.value, moment);
    else if (value.kind === 'anomaly') takeAnomaly(value, moment);
    else takeIncident(value, moment);
    reconsider(moment);
  },
  onTimer(state, due, shared, out, rule) {
    const moment = momentOf(state, due, shared, out);
    const episode = state.episodes.find((other) =>
      rule.startsWith(timerOf(other, 'fold').slice(0, 7)),
    );
    if (episode === undefined) return;
    switch (rule) {
      case timerOf(episode, 'clear'):
        calmDown(episode, moment);
        return;
      case timerOf(episode, 'cooldown'):
        coolDown(episode, moment);
        return;
      case timerOf(episode, 'escalate'):
        escalate(episode, moment);
        return;
      case timerOf(episode, 'fold'):
        fold(episode, moment);
        return;
      case timerOf(episode, 'suppressed'):
        reconsider(moment);
        return;
    }
  },
};

/** A late event is dealt with now: what was decided since cannot be undone. */
function momentOf(state: AssetState, time: EventTime, shared: Shared, out: Moment['out']): Moment {
  state.time = later(state.time, time);
  return { state, shared, out, time: state.time };
}

/** Asks of every problem that has no request yet whether it may have one now. */
function reconsider(moment: Moment): void {
  const { state } = moment;
  for (const episode of state.episodes) {
    if (episode.opened !== null) continue;
    consider(episode, moment, state.situation ?? episode.situation);
  }
}
