import type { Stage, StageId } from '../flow/flow.ts';
import { type Keyed, keyed } from '../flow/keyed.ts';
import type { States } from '../flow/states.ts';
import type { Anomaly } from '../model/anomaly.ts';
import { SEVERITIES, type Severity } from '../model/detector-rule.ts';
import type { Incident, TriggerInput } from '../model/incident.ts';
import { lineOf } from '../model/key.ts';
import { applyChange, emptyKnowledge, rulesOf } from '../model/knowledge.ts';
import { applySchedule, dropUnknownLines } from '../model/line-schedules.ts';
import { type MachineEvent, requestStatusOf, stateOf } from '../model/machine-event.ts';
import { incidentRulesOf } from '../model/pattern-rule.ts';
import type { Request } from '../model/request.ts';
import { type EventTime, earlier, later } from '../model/time.ts';
import { PRIORITIES, type TriggerRule } from '../model/trigger-rule.ts';
import {
  type AssetEpisodes,
  addEvidence,
  addMissing,
  EPISODE_TIMERS,
  type Episode,
  type EpisodeContext,
  newEpisode,
  noEpisodes,
  type TriggerShared,
  timerName,
} from './episode.ts';
import { windowChange } from './maintenance-window.ts';
import { openIfPermitted, STATUS_INPUT, takeInput } from './state-machine.ts';
import { plannedStretchesFrom } from './suppression.ts';

/**
 * Makes one maintenance request of one problem, and keeps it true by revisions: it opens, sharpens, escalates, is
 * withdrawn or closed. A problem is an episode of one asset. Here is what incidents, anomalies, machine events, timers and
 * schedules mean to the episodes of an asset; what an episode does then is the table in `state-machine.ts`.
 */
export function trigger(states: States): Stage<TriggerInput, Request> {
  return keyed(logic, states);
}

const logic: Keyed<AssetEpisodes, TriggerShared, TriggerInput, Request> = {
  id: 'trigger' as StageId,
  version: 1,
  scope: 'line',
  open: noEpisodes,
  openShared: () => ({ knowledge: emptyKnowledge(), schedules: {} }),
  onChange(shared, { value }) {
    applyChange(shared.knowledge, value);
    if (value.kind === 'schedule') applySchedule(shared.schedules, value);
    if (value.kind === 'schedule') dropUnknownLines(shared.schedules, shared.knowledge);
  },
  onChanged(state, shared, out, { value }) {
    if (value.kind === 'schedule' && value.line !== lineOf(out.key)) return;
    const context = contextAt(out.now, state, shared, out);
    if (value.kind === 'schedule') applyScheduleChange(context);
    openPermitted(context);
  },
  onEvent(state, event, shared, out) {
    const { value } = event;
    const context = contextAt(event.time, state, shared, out);
    state.situation = value.situation;
    if (!('kind' in value)) applyMachineEvent(value.value, context);
    else if (value.kind === 'anomaly') applyAnomaly(value, context);
    else applyIncident(value, context);
    openPermitted(context);
  },
  onTimer(state, due, shared, out, rule) {
    const context = contextAt(due, state, shared, out);
    for (const episode of state.episodes) {
      const timer = EPISODE_TIMERS.find((name) => timerName(episode, name) === rule);
      if (timer === undefined) continue;
      if (timer === 'suppression') openPermitted(context);
      else takeInput(episode, timer, context);
      return;
    }
  },
};

/** A late event is dealt with now: what was decided since cannot be undone. */
function contextAt(
  time: EventTime,
  state: AssetEpisodes,
  shared: TriggerShared,
  out: EpisodeContext['out'],
): EpisodeContext {
  state.time = later(state.time, time);
  return { state, shared, out, time: state.time };
}

/** Asks of every problem that has no request yet whether it may have one now. */
function openPermitted(context: EpisodeContext): void {
  for (const episode of context.state.episodes) openIfPermitted(episode, context);
}

const INCIDENT_LIMIT = 200;
const ANOMALY_LIMIT = 1_000;
const NAME_LIMIT = 100;

/** An incident begins a problem when a trigger names it, and otherwise joins the one that is there. */
function applyIncident(incident: Incident, context: EpisodeContext): void {
  const { state, shared, out } = context;
  const rules = rulesOf(shared.knowledge, out.key);
  const triggers = (rules?.triggers ?? []).filter(({ on }) => on === incident.rule);
  const [lead] = triggers;
  let episode = episodeOf(state.episodes, incident, lead);
  if (episode === undefined) {
    if (lead === undefined) return;
    state.count += 1;
    episode = newEpisode(state.count, incident, lead, context);
    state.episodes.push(episode);
  }
  if (episode.incidents.includes(incident.id)) return;
  const isPattern = rules?.patterns.some((rule) => incidentRulesOf(rule).includes(incident.rule));
  addIncident(episode, incident, context);
  sharpen(episode, incident, isPattern === true, context);
  for (const trigger of triggers) addTrigger(episode, trigger, context);
  const active = incident.anomalies.filter((id) => Object.hasOwn(state.active, id));
  const sources = active.flatMap((id) => state.active[id]?.source ?? []);
  addMissing(episode.active, active, ANOMALY_LIMIT);
  addMissing(episode.sources, sources, ANOMALY_LIMIT);
  takeInput(episode, episode.active.length > 0 ? 'active' : 'inactive', context);
}

/** With `per: component` a problem has one component; everything else belongs to the problem that is there. */
function episodeOf(
  episodes: readonly Episode[],
  { component }: Incident,
  lead: TriggerRule | undefined,
): Episode | undefined {
  if (lead?.per !== 'component' || component === '') return episodes[0];
  return (
    episodes.find((episode) => episode.component === component) ??
    episodes.find((episode) => episode.component === '')
  );
}

function addIncident(episode: Episode, incident: Incident, context: EpisodeContext): void {
  if (!episode.rules.includes(incident.rule)) {
    takeInput(episode, 'changed', context, { text: `${incident.rule} says so too` });
  }
  episode.since = earlier(episode.since, incident.start);
  addMissing(episode.rules, [incident.rule], NAME_LIMIT);
  addMissing(episode.incidents, [incident.id], INCIDENT_LIMIT);
  addMissing(episode.anomalies, incident.anomalies, ANOMALY_LIMIT);
  addMissing(episode.signals, incident.signals, NAME_LIMIT);
  for (const evidence of incident.evidence) addEvidence(episode, evidence);
}

/** Takes over what an incident or anomaly knows better: severity, component, failure mode. */
function sharpen(
  episode: Episode,
  news: Pick<Incident, 'severity' | 'component' | 'failure_mode'>,
  isPattern: boolean,
  context: EpisodeContext,
): void {
  const changed = (text: string) => takeInput(episode, 'changed', context, { text });
  if (isWorse(news.severity, episode.severity)) {
    episode.severity = news.severity;
    changed(`severity is now ${news.severity}`);
  }
  if (episode.component === '' && news.component !== '') {
    episode.component = news.component;
    changed(`the component is ${news.component}`);
  }
  const weight = (isPattern ? SEVERITIES.length : 0) + SEVERITIES.indexOf(news.severity);
  if (news.failure_mode === '' || weight < episode.failure_weight) return;
  episode.failure_weight = weight;
  if (news.failure_mode === episode.failure_mode) return;
  episode.failure_mode = news.failure_mode;
  changed(`failure mode is now ${news.failure_mode}`);
}

/** A trigger with a higher priority leads from now on. */
function addTrigger(
  episode: Episode,
  { id, request: { priority } }: TriggerRule,
  context: EpisodeContext,
): void {
  if (PRIORITIES.indexOf(priority) > PRIORITIES.indexOf(episode.priority)) {
    episode.priority = priority;
    episode.triggers = [id, ...episode.triggers.filter((other) => other !== id)];
    takeInput(episode, 'changed', context, { text: `priority is now ${priority}` });
  }
  addMissing(episode.triggers, [id], NAME_LIMIT);
}

/** Active anomalies of one asset; beyond it the oldest is forgotten and counted. */
const ACTIVE_LIMIT = 2_000;

/** Follows an anomaly through its phases, for the problems that it belongs to. */
function applyAnomaly(anomaly: Anomaly, context: EpisodeContext): void {
  const { id, phase, rule, signal, point, time, severity, reason } = anomaly;
  const { state, out } = context;
  if (phase === 'cleared') {
    clearAnomaly(id, context);
    return;
  }
  const source = `${rule} ${signal} ${point}`;
  const text = `${severity}: ${reason}`;
  state.active[id] = { source, time, text };
  const ids = Object.keys(state.active);
  const [oldest] = ids;
  if (ids.length > ACTIVE_LIMIT && oldest !== undefined) {
    const detail = `more than ${ACTIVE_LIMIT} anomalies stand at one asset: the oldest is taken for cleared`;
    out.deadLetter('overflow', detail, oldest);
    clearAnomaly(oldest, context);
  }
  for (const episode of state.episodes) {
    const isMember = episode.active.includes(id);
    if (!isMember && !episode.sources.includes(source)) continue;
    if (!isMember) {
      addMissing(episode.active, [id], ANOMALY_LIMIT);
      addMissing(episode.anomalies, [id], ANOMALY_LIMIT);
      takeInput(episode, 'active', context);
    }
    if (isWorse(severity, episode.severity)) {
      addEvidence(episode, { stage: phase, time, kind: 'anomaly', about: id, text });
    }
    sharpen(episode, anomaly, false, context);
  }
}

function clearAnomaly(id: string, context: EpisodeContext): void {
  const { state } = context;
  delete state.active[id];
  for (const episode of state.episodes) {
    if (!episode.active.includes(id)) continue;
    episode.active = episode.active.filter((other) => other !== id);
    if (episode.active.length === 0) takeInput(episode, 'inactive', context);
  }
}

function isWorse(a: Severity, b: Severity): boolean {
  return SEVERITIES.indexOf(a) > SEVERITIES.indexOf(b);
}

/** What became of a request, an acknowledgement at the machine, and what the machine works on. */
function applyMachineEvent(event: MachineEvent, context: EpisodeContext): void {
  switch (event.type) {
    case 'state':
      applyMachineState(event, context);
      return;
    case 'request':
      applyRequestStatus(event, context);
      return;
    case 'acknowledged': {
      const { id } = event.data;
      for (const episode of context.state.episodes) {
        const isMeant = id === undefined || id === null || id === episode.id;
        if (isMeant) takeInput(episode, 'acknowledged', context);
      }
      return;
    }
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
  const episode = context.state.episodes.find(({ id }) => id === data?.id);
  if (data === undefined || episode === undefined) return;
  if (episode.status_time !== null && event.time < episode.status_time) return;
  episode.status_time = event.time;
  episode.status = data.status;
  episode.note = data.note ?? episode.note;
  takeInput(episode, STATUS_INPUT[data.status], context);
}

/**
 * What a changed schedule means for the requests that are live. One that would not be there, had the schedule been
 * known in time, is withdrawn, or explained where somebody has accepted it. A window that is gone is proposed anew.
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
    const change = windowChange(episode, context);
    if (change !== undefined) takeInput(episode, 'changed', context, { text: change });
  }
}

function isLive({ request }: Episode): boolean {
  return request === 'open' || request === 'accepted';
}
