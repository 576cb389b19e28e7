import { SEVERITIES, type Severity } from '../model/detector-rule.ts';
import type { Incident } from '../model/incident.ts';
import { rulesOf } from '../model/knowledge.ts';
import { incidentRulesOf } from '../model/pattern-rule.ts';
import { earlier } from '../model/time.ts';
import type { TriggerRule } from '../model/trigger-rule.ts';
import { addEvidence, type Episode, remember, requestId } from './episode.ts';
import type { Moment } from './revise.ts';
import { isHigher } from './settings.ts';
import { beginClear, change, stir } from './stages-of-life.ts';

const INCIDENT_LIMIT = 200;
const ANOMALY_LIMIT = 1_000;
const NAME_LIMIT = 100;

/** An incident opens a problem when a trigger names it, and otherwise joins the one that is open. */
export function takeIncident(incident: Incident, moment: Moment): void {
  const { state, shared, out } = moment;
  const rules = rulesOf(shared.knowledge, out.key);
  const triggers = (rules?.triggers ?? []).filter(({ on }) => on === incident.rule);
  const [lead] = triggers;
  let episode = episodeFor(state.episodes, incident, lead);
  if (episode === undefined) {
    if (lead === undefined) return;
    state.count += 1;
    episode = begin(state.count, incident, lead, moment);
    state.episodes.push(episode);
  }
  if (episode.incidents.includes(incident.id)) return;
  const isPattern = rules?.patterns.some((rule) => incidentRulesOf(rule).includes(incident.rule));
  join(episode, incident, triggers, isPattern === true, moment);
}

/** With `per: component` a problem has one component; everything else belongs to the problem that is open. */
function episodeFor(
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

function begin(
  number: number,
  incident: Incident,
  lead: TriggerRule,
  { out, time }: Moment,
): Episode {
  const scope = lead.per === 'component' ? incident.component : '';
  return {
    ...{ number, scope, start: time, since: incident.start },
    ...{ component: incident.component, triggers: [lead.id] },
    ...{ round: 1, id: requestId(out.key, { scope, start: time, round: 1 }) },
    ...{ opened: null, revision: 0, status: '', told: null, final: null, note: '' },
    ...{ noticed: false, priority: lead.request.priority, severity: incident.severity },
    ...{ failure_mode: incident.failure_mode, failure_weight: 0, rules: [], incidents: [] },
    ...{ evidence: [], evidence_count: 0, anomalies: [], signals: [], sources: [], standing: [] },
    ...{
      clear: null,
      calm: false,
      changes: [],
      history: [],
      slot: null,
      excuse: '',
      situation: incident.situation,
    },
  };
}

function join(
  episode: Episode,
  incident: Incident,
  triggers: readonly TriggerRule[],
  isPattern: boolean,
  moment: Moment,
): void {
  const { state } = moment;
  if (!episode.rules.includes(incident.rule))
    change(episode, `${incident.rule} says so too`, moment);
  episode.since = earlier(episode.since, incident.start);
  remember(episode.rules, [incident.rule], NAME_LIMIT);
  remember(episode.incidents, [incident.id], INCIDENT_LIMIT);
  remember(episode.anomalies, incident.anomalies, ANOMALY_LIMIT);
  remember(episode.signals, incident.signals, NAME_LIMIT);
  for (const evidence of incident.evidence) addEvidence(episode, evidence);
  sharpen(episode, incident, isPattern, moment);
  for (const trigger of triggers) {
    const { id, request } = trigger;
    if (isHigher(request.priority, episode.priority)) {
      episode.priority = request.priority;
      episode.triggers = [id, ...episode.triggers.filter((other) => other !== id)];
      change(episode, `priority is now ${request.priority}`, moment);
    }
    remember(episode.triggers, [id], NAME_LIMIT);
  }
  const standing = incident.anomalies.filter((id) => Object.hasOwn(state.standing, id));
  const sources = standing.flatMap((id) => state.standing[id]?.source ?? []);
  remember(episode.standing, standing, ANOMALY_LIMIT);
  remember(episode.sources, sources, ANOMALY_LIMIT);
  if (episode.standing.length > 0) stir(episode, moment);
  else beginClear(episode, moment);
}

/** Takes over what an incident or anomaly knows better: severity, component, failure mode. */
export function sharpen(
  episode: Episode,
  news: Pick<Incident, 'severity' | 'component' | 'failure_mode'>,
  isPattern: boolean,
  moment: Moment,
): void {
  const level = SEVERITIES.indexOf(news.severity);
  if (isWorse(news.severity, episode.severity)) {
    episode.severity = news.severity;
    change(episode, `severity is now ${news.severity}`, moment);
  }
  if (episode.component === '' && news.component !== '') {
    episode.component = news.component;
    change(episode, `the component is ${news.component}`, moment);
  }
  const weight = (isPattern ? SEVERITIES.length : 0) + level;
  if (news.failure_mode === '' || weight < episode.failure_weight) return;
  episode.failure_weight = weight;
  if (news.failure_mode === episode.failure_mode) return;
  episode.failure_mode = news.failure_mode;
  change(episode, `failure mode is now ${news.failure_mode}`, moment);
}

export function isWorse(a: Severity, b: Severity): boolean {
  return SEVERITIES.indexOf(a) > SEVERITIES.indexOf(b);
}
