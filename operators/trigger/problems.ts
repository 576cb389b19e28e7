import type { Anomaly, ClearCause } from '../model/anomaly.ts';
import type { Incident } from '../model/incident.ts';
import { plantOf } from '../model/key.ts';
import { assetOf, causeOfAbsence, rulesOf } from '../model/knowledge.ts';
import { incidentRulesOf } from '../model/pattern-rule.ts';
import {
  between,
  type Duration,
  type EventTime,
  earlier,
  formatDuration,
  later,
  minus,
  toIso,
} from '../model/time.ts';
import { PRIORITIES, type TriggerRule } from '../model/trigger-rule.ts';
import {
  addActive,
  addEvidence,
  addMissing,
  type Episode,
  type EpisodeContext,
  LATE,
  newEpisode,
  oldestBeyond,
  removeActive,
  triggerSettings,
} from './episode.ts';
import { addFinding, evidenceWeight, findingText, isAboutComponent, sharpen } from './findings.ts';
import { checkAnswer, takeInput } from './state-machine.ts';

/**
 * What incidents and anomalies mean to the problems of an asset: an incident begins one or joins one, and an anomaly is
 * followed through its phases.
 */

const INCIDENT_LIMIT = 200;
const ANOMALY_LIMIT = 1_000;
const NAME_LIMIT = 100;

/** An incident begins a problem when a trigger names it, and otherwise joins the one that it is about. */
export function applyIncident(incident: Incident, context: EpisodeContext): void {
  const { state, knowledge, out } = context;
  const rules = rulesOf(knowledge, out.key);
  const named = (rules?.triggers ?? []).filter(({ on }) => on === incident.rule);
  const triggers = named.filter(({ late }) => !isBeyondLate(late ?? LATE, context));
  if (triggers.length < named.length && triggers.length === 0) {
    leaveOut(incident, named, context);
    return;
  }
  const [lead] = triggers;
  let episode = episodeOf(state.episodes, incident, lead);
  if (episode === undefined) {
    if (lead === undefined || refuseRemoved(incident.rule, context)) return;
    state.count += 1;
    episode = newEpisode(state.count, incident, lead, context);
    state.episodes.push(episode);
  } else if (lead === undefined) {
    if (isBeyondLate(triggerSettings(knowledge, out.key, episode).late, context)) return;
  }
  if (episode.incidents.includes(incident.id)) return;
  const isPattern = rules?.patterns.some((rule) => incidentRulesOf(rule).includes(incident.rule));
  join(episode, incident, { triggers, isPattern: isPattern === true }, context);
}

/** The problem that an incident belongs to. A component's problem takes in nothing of another component. */
function episodeOf(
  all: readonly Episode[],
  { component }: Incident,
  lead: TriggerRule | undefined,
): Episode | undefined {
  const episodes = all.filter(({ report }) => report === '');
  const wide = episodes.find((episode) => episode.wide);
  const unnamed = episodes.find((episode) => episode.component === '');
  if (component !== '') {
    const own = episodes.find(({ scope }) => scope === component);
    const same = own ?? episodes.find((episode) => isAboutComponent(episode, component));
    return same ?? (lead?.per === 'component' ? unnamed : (wide ?? (lead && unnamed)));
  }
  if (lead?.per !== 'component') return wide ?? unnamed;
  // Which component it is, nobody knows: it goes with what people have on their hands.
  return unnamed ?? wide ?? episodes.find(({ answered }) => answered === null);
}

type Naming = { readonly triggers: readonly TriggerRule[]; readonly isPattern: boolean };

function join(
  episode: Episode,
  incident: Incident,
  { triggers, isPattern }: Naming,
  context: EpisodeContext,
): void {
  const { state, time, happened } = context;
  const { rule, component, failure_mode, severity } = incident;
  const changes = episode.rules.includes(rule) ? [] : [`${rule} says so too`];
  const active = incident.anomalies.filter((id) => Object.hasOwn(state.active, id));
  addMissing(episode.active, active, ANOMALY_LIMIT);
  const ids = triggers.map(({ id }) => id);
  const about = { rule, component, failure_mode, severity, triggers: ids, isPattern };
  const news = { ...about, anomalies: active };
  const isNews = addFinding(episode, news);
  addIncident(episode, incident);
  changes.push(...sharpen(episode, { ...news, weight: evidenceWeight(news) }));
  changes.push(...triggers.flatMap((trigger) => addTrigger(episode, trigger)));
  if (isNews && changes.length === 0) changes.push(`${rule} found ${findingText(news)}`);
  episode.lag = Math.min(episode.lag, between(happened, time)) as Duration;
  episode.wide ||= triggers.some(({ per }) => per === 'asset') && episode.scope === '';
  noteSources(episode, active, context);
  noteChanges(episode, changes, context);
  takeInput(episode, episode.active.length > 0 ? 'active' : 'inactive', context);
  checkAnswer(episode, context);
}

function addIncident(episode: Episode, incident: Incident): void {
  episode.since = earlier(episode.since, incident.start);
  addMissing(episode.rules, [incident.rule], NAME_LIMIT);
  addMissing(episode.incidents, [incident.id], INCIDENT_LIMIT);
  addMissing(episode.anomalies, incident.anomalies, ANOMALY_LIMIT);
  addMissing(episode.signals, incident.signals, NAME_LIMIT);
  for (const evidence of incident.evidence) addEvidence(episode, evidence);
}

function noteSources(episode: Episode, ids: readonly string[], { state }: EpisodeContext): void {
  const sources = ids.flatMap((id) => state.active[id]?.source ?? []);
  addMissing(episode.sources, sources, ANOMALY_LIMIT);
  for (const source of sources) delete episode.unjudged[source];
}

function noteChanges(episode: Episode, texts: readonly string[], context: EpisodeContext): void {
  for (const text of texts) takeInput(episode, 'changed', context, { text });
}

/** A trigger with a higher priority leads from now on. */
function addTrigger(episode: Episode, { id, request: { priority } }: TriggerRule): string[] {
  const leads = PRIORITIES.indexOf(priority) > PRIORITIES.indexOf(episode.priority);
  if (leads) {
    episode.priority = priority;
    episode.triggers = [id, ...episode.triggers.filter((other) => other !== id)];
  }
  addMissing(episode.triggers, [id], NAME_LIMIT);
  return leads ? [`priority is now ${priority}`] : [];
}

/** Further behind the time of its line than a trigger allows. */
function isBeyondLate(late: Duration, { out, happened }: EpisodeContext): boolean {
  return happened < minus(out.now, late);
}

const TOO_LATE_LIMIT = 50;

/** Nobody is asked for what came too late, unless it is seen to stand in time. */
function leaveOut(
  incident: Incident,
  named: readonly TriggerRule[],
  { state, out, happened }: EpisodeContext,
): void {
  const age = formatDuration(between(happened, out.now));
  const allowed = named.map(({ id, late }) => `${id} takes ${formatDuration(late ?? LATE)}`);
  const detail = `${incident.rule} at ${toIso(happened)} came ${age} late, and ${allowed.join(', ')}: no request`;
  out.deadLetter('late', detail, { incident: incident.id, triggers: named.map(({ id }) => id) });
  const isActive = incident.anomalies.some((id) => Object.hasOwn(state.active, id));
  if (isActive) state.too_late = [...state.too_late, incident].slice(-TOO_LATE_LIMIT);
}

/** What is still under way for an asset that was removed begins no problem. */
export function refuseRemoved(what: string, { knowledge, out }: EpisodeContext): boolean {
  if (!Object.hasOwn(knowledge.models, plantOf(out.key))) return false;
  if (assetOf(knowledge, out.key) !== undefined) return false;
  const cause = causeOfAbsence(knowledge, out.key);
  out.deadLetter('rule-changed', `${cause}: no request for ${what} of ${out.key}`, what);
  return true;
}

/** Active anomalies of one asset; beyond it the oldest is forgotten and counted. */
const ACTIVE_LIMIT = 2_000;

/** Follows an anomaly through its phases, for the problems that it belongs to. */
export function applyAnomaly(anomaly: Anomaly, context: EpisodeContext): void {
  const { id, phase, rule, signal, point, time, severity, reason } = anomaly;
  const { state, out } = context;
  if (phase === 'cleared') {
    clearAnomaly(id, anomaly, context);
    return;
  }
  const [source, text] = [`${rule} ${signal} ${point}`, `${severity}: ${reason}`];
  addActive(state, id, { source, time, text });
  const oldest = oldestBeyond(state, ACTIVE_LIMIT);
  if (oldest !== undefined) {
    const detail = `more than ${ACTIVE_LIMIT} anomalies stand at one asset: the oldest is taken for cleared`;
    out.deadLetter('overflow', detail, oldest);
    clearAnomaly(oldest, CALM, context);
  }
  for (const episode of [...state.episodes]) followAnomaly(episode, anomaly, context);
  applyTooLate(id, context);
}

/** One that belongs to the problem counts whatever its age; one that is raised anew where the problem is, in time. */
function followAnomaly(episode: Episode, anomaly: Anomaly, context: EpisodeContext): void {
  const { id, phase, time, rule, component, failure_mode, severity } = anomaly;
  const { state, knowledge, out, happened } = context;
  const { source, text } = state.active[id] ?? { source: '', text: '' };
  const isMember = episode.active.includes(id);
  if (!isMember) {
    if (!episode.sources.includes(source)) return;
    if (!episode.wide && component !== '' && !isAboutComponent(episode, component)) return;
    if (isBeyondLate(triggerSettings(knowledge, out.key, episode).late, context)) return;
    addMissing(episode.active, [id], ANOMALY_LIMIT);
    addMissing(episode.anomalies, [id], ANOMALY_LIMIT);
    noteSources(episode, [id], context);
  }
  const about = { rule, component, failure_mode, severity, triggers: [], isPattern: false };
  const news = { ...about, anomalies: [id] };
  const isNews = addFinding(episode, news);
  if (isNews) addEvidence(episode, { stage: phase, time, kind: 'anomaly', about: id, text });
  const changes = sharpen(episode, { ...news, weight: evidenceWeight(news) });
  if (isNews && changes.length === 0) changes.push(`${rule} found ${findingText(news)}`);
  episode.lag = Math.min(episode.lag, between(happened, context.time)) as Duration;
  if (!isMember) takeInput(episode, 'active', context);
  noteChanges(episode, changes, context);
  checkAnswer(episode, context);
}

/** An incident that came too late is one after all when its anomaly is reported in time. */
function applyTooLate(id: string, context: EpisodeContext): void {
  const { state } = context;
  const found = state.too_late.filter(({ anomalies }) => anomalies.includes(id));
  if (found.length === 0 || isBeyondLate(LATE, context)) return;
  state.too_late = state.too_late.filter((incident) => !found.includes(incident));
  for (const incident of found) applyIncident(incident, context);
}

type Ended = Pick<Anomaly, 'rule' | 'signal'> & { readonly cause: ClearCause | '' };

/** A repair is an answer itself: what was learnt before it ends with it. */
const CALM_CAUSES: readonly (ClearCause | '')[] = ['well', 'baseline reset', ''];
const CALM: Ended = { rule: '', signal: '', cause: 'well' };

/** Ends an active anomaly. Only what is well is calm: an edit gives `rearm` to the edited rule to raise it anew. */
export function clearAnomaly(
  id: string,
  { cause, rule, signal }: Ended,
  context: EpisodeContext,
): void {
  const { state, time } = context;
  const source = state.active[id]?.source ?? '';
  removeActive(state, id);
  state.too_late = state.too_late.filter(({ anomalies }) => {
    return !anomalies.includes(id) || anomalies.some((other) => Object.hasOwn(state.active, other));
  });
  for (const episode of [...state.episodes]) {
    if (!episode.active.includes(id)) continue;
    episode.active = episode.active.filter((other) => other !== id);
    if (cause === 'asset removed' || cause === 'judge changed') {
      takeInput(episode, 'ended', context, { text: cause });
      continue;
    }
    if (!CALM_CAUSES.includes(cause)) episode.unjudged[source] = { rule, signal, cause, time };
    if (episode.active.length > 0) continue;
    dropJudged(episode, context);
    const isCalm = Object.keys(episode.unjudged).length === 0;
    takeInput(episode, isCalm ? 'inactive' : 'unjudged', context);
  }
}

/** An edited rule that had its `rearm`, while other anomalies stood, has nothing to say. */
function dropJudged(episode: Episode, { knowledge, out, time }: EpisodeContext): void {
  const { rearm } = triggerSettings(knowledge, out.key, episode);
  const from: EventTime = later(minus(time, rearm), episode.start);
  for (const [source, { time: ended }] of Object.entries(episode.unjudged)) {
    if (ended < from) delete episode.unjudged[source];
  }
}
