import type { Stage, StageId } from '../flow/flow.ts';
import { type Keyed, keyed } from '../flow/keyed.ts';
import type { States } from '../flow/states.ts';
import type { TriggerInput } from '../model/incident.ts';
import { fits, lineOf, plantOf } from '../model/key.ts';
import { assetOf, type Knowledge, textOfAbsence } from '../model/knowledge.ts';
import {
  isSaidOfWork,
  type MachineEvent,
  requestStatusOf,
  stateOf,
} from '../model/machine-event.ts';
import type { Enriched } from '../model/observation.ts';
import type { WorkInput } from '../model/request.ts';
import { type EventTime, later } from '../model/time.ts';
import {
  type AssetEpisodes,
  EPISODE_TIMERS,
  type Episode,
  type EpisodeContext,
  noEpisodes,
  timerName,
} from './episode.ts';
import { isAboutComponent } from './findings.ts';
import { applyAnomaly, applyIncident } from './problems.ts';
import { slotChange } from './proposed-slot.ts';
import { applyReport, clearReports, endReport } from './reports.ts';
import { checkAnswer, openIfPermitted, STATUS_INPUT, takeInput } from './state-machine.ts';
import { plannedStretchesFrom } from './suppression.ts';

/**
 * Makes one maintenance request of one problem, and keeps it true by revisions: it opens, sharpens, escalates, is
 * withdrawn or closed. A problem is an episode of one asset. Here is what incidents, anomalies, machine events, timers and
 * schedules mean to the episodes of an asset; what an episode does then is the table in `state-machine.ts`.
 */
export function trigger(states: States): Stage<TriggerInput, WorkInput> {
  return keyed(logic, states);
}

const logic: Keyed<AssetEpisodes, TriggerInput, WorkInput> = {
  id: 'trigger' as StageId,
  version: 1,
  scope: 'line',
  open: noEpisodes,
  onChange(state, knowledge, out, { value }) {
    if (value.kind === 'schedule' && value.line !== lineOf(out.key)) return;
    const context = contextAt(out.now, state, knowledge, out);
    if (value.kind === 'schedule') applyScheduleChange(context);
    if (value.kind === 'model' && value.model.id === plantOf(out.key)) endIfRemoved(context);
    openPermitted(context);
  },
  onEvent(state, event, knowledge, out) {
    const { value } = event;
    const now = event.late === true ? later(event.time, out.now) : event.time;
    const context = { ...contextAt(now, state, knowledge, out), happened: event.time };
    if (event.time >= state.situated) {
      state.situated = event.time;
      state.situation = value.situation;
    }
    if (!('kind' in value)) {
      forwardToCoordinate(value.observation, context);
      applyMachineEvent(value, context);
    } else if (value.kind === 'anomaly') applyAnomaly(value, context);
    else applyIncident(value, context);
    openPermitted(context);
  },
  onTimer(state, due, knowledge, out, rule) {
    const context = contextAt(due, state, knowledge, out);
    for (const episode of state.episodes) {
      const timer = EPISODE_TIMERS.find((name) => timerName(episode, name) === rule);
      if (timer === undefined) continue;
      if (timer === 'suppression') openPermitted(context);
      else if (timer === 'report-end') endReport(episode, context);
      else takeInput(episode, timer, context);
      return;
    }
  },
};

function contextAt(
  time: EventTime,
  state: AssetEpisodes,
  knowledge: Knowledge,
  out: EpisodeContext['out'],
): EpisodeContext {
  state.time = later(state.time, time);
  return { state, knowledge, out, time: state.time, happened: state.time };
}

/** Asks of every problem that has no request yet whether it may have one now. */
function openPermitted(context: EpisodeContext): void {
  for (const episode of context.state.episodes) openIfPermitted(episode, context);
}

/** What systems and people say of requests goes on; which one an acknowledgement is about is found with the problems. */
function forwardToCoordinate(event: MachineEvent, { out, time }: EpisodeContext): void {
  if (isSaidOfWork(event)) out.emit(event, { time });
}

/** What became of a request, what people at the machine say, and what the machine works on. */
function applyMachineEvent(enriched: Enriched<MachineEvent>, context: EpisodeContext): void {
  const { observation: event } = enriched;
  switch (event.type) {
    case 'state':
      applyMachineState(event, context);
      return;
    case 'request':
      applyRequestStatus(event, context);
      return;
    case 'acknowledged':
      applyAcknowledgement(event, context);
      return;
    case 'report':
      applyReport(enriched, context);
      return;
    case 'report-cleared':
      clearReports(event, context);
      return;
  }
}

function applyMachineState(event: MachineEvent, { state }: EpisodeContext): void {
  if (event.time < state.work.time) return;
  const { order = '', product = '' } = stateOf(event) ?? {};
  state.work = { time: event.time, order, product };
}

/** A fact is never too late, but an older one does not undo a newer one. */
function applyRequestStatus(event: MachineEvent, context: EpisodeContext): void {
  const data = requestStatusOf(event);
  if (data === undefined) {
    const detail = `expected the status of a request on status.<system>.…, found it on ${event.origin.subject}`;
    context.out.deadLetter('refused', detail, event.data);
    return;
  }
  const episode = context.state.episodes.find(({ id }) => id === data.id);
  if (episode === undefined) return;
  if (episode.status_time !== null && event.time < episode.status_time) return;
  episode.status_time = event.time;
  episode.status = data.status;
  episode.note = data.note ?? episode.note;
  takeInput(episode, STATUS_INPUT[data.status], context);
  if (episode.finished !== null) endReport(episode, context);
  checkAnswer(episode, context);
}

/** All problems, or those that it names: by request (`id`), `component`, or an alarm (`rule`, `signal`, `point`, `anomaly`). */
function applyAcknowledgement(event: MachineEvent, context: EpisodeContext): void {
  const { data } = event;
  const agrees = (name: string, isMeant: (value: string) => boolean) => {
    const value = data[name] ?? undefined;
    return value === undefined || isMeant(String(value));
  };
  for (const episode of [...context.state.episodes]) {
    const { id, anomalies, sources } = episode;
    const isNamed =
      agrees('id', (value) => value === id) &&
      agrees('component', (value) => isAboutComponent(episode, value)) &&
      agrees('anomaly', (value) => anomalies.includes(value));
    const isAlarm = ['rule', 'signal', 'point'].every((name, index) => {
      return agrees(name, (pattern) => {
        return sources.some((source) => fits(pattern, source.split(' ')[index] ?? ''));
      });
    });
    if (!isNamed || !isAlarm) continue;
    context.out.emit({ ...event, data: { ...data, id } }, { time: context.time });
    takeInput(episode, 'acknowledged', context);
    checkAnswer(episode, context);
  }
}

/** The problems of an asset that the model has no more, or that another judge has now, are over. */
function endIfRemoved(context: EpisodeContext): void {
  const { state, knowledge, out } = context;
  if (assetOf(knowledge, out.key) !== undefined) return;
  const text = textOfAbsence(knowledge, out.key);
  for (const episode of [...state.episodes]) takeInput(episode, 'ended', context, { text });
}

/**
 * What a changed schedule means for the requests that are live. One that would not be there, had the schedule been
 * known in time, is withdrawn, or explained where somebody has accepted it. A slot that is gone is proposed anew.
 */
function applyScheduleChange(context: EpisodeContext): void {
  for (const episode of [...context.state.episodes]) {
    if (!isLive(episode) || episode.opened === null) continue;
    const found = plannedStretchesFrom(episode.opened, episode, context);
    // What was active when the stretch was over, or later, would have been asked for then.
    const wasActive =
      found !== undefined &&
      context.time >= found.until &&
      (episode.condition === 'active' || (episode.clear_since ?? context.time) > found.until);
    if (found === undefined || wasActive) {
      takeInput(episode, 'unplanned', context);
    } else {
      const text = `it lay in ${found.text}, as the schedule says now`;
      takeInput(episode, 'planned', context, { text, until: found.until });
    }
    if (!isLive(episode)) continue;
    const change = slotChange(episode, context);
    if (change !== undefined) takeInput(episode, 'changed', context, { text: change });
  }
}

function isLive({ request }: Episode): boolean {
  return request === 'open' || request === 'accepted';
}
