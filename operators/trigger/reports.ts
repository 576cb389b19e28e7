import { canonicalJson, identity } from '../model/canonical.ts';
import type { Incident } from '../model/incident.ts';
import { rulesOf } from '../model/knowledge.ts';
import { type MachineEvent, type ReportData, reportOf } from '../model/machine-event.ts';
import type { Enriched } from '../model/observation.ts';
import { type EventTime, fromMilliseconds, later, plus } from '../model/time.ts';
import { PRIORITIES, type ReportRules, reportRulesSchema } from '../model/trigger-rule.ts';
import {
  addActive,
  addEvidence,
  type Episode,
  type EpisodeContext,
  newEpisode,
  reportTrigger,
  timerName,
} from './episode.ts';
import { addFinding, evidenceWeight, findingText, isAboutComponent, sharpen } from './findings.ts';
import { clearAnomaly, refuseRemoved } from './problems.ts';
import { checkAnswer, takeInput } from './state-machine.ts';

/**
 * Reports of operators: each is a problem of its own, with a request, without any anomaly. It is over by the answer to its
 * request, by a `report-cleared` event, or by time.
 */

const REPORTER = 'an operator';
const REPORT_LIMIT = 200;

/** A `report` event. The same one twice is one; others of its `ref` are about the same problem. */
export function applyReport(
  { observation: event, situation }: Enriched<MachineEvent>,
  context: EpisodeContext,
): void {
  const { state, knowledge, out } = context;
  const rules = rulesOf(knowledge, out.key)?.reports ?? DEFAULTS;
  if (!rules.enabled) return;
  const data = reportOf(event);
  if ('problem' in data) {
    out.deadLetter('refused', `a report event without a usable ${data.problem}`, event.data);
    return;
  }
  const same = identity([event.asset, event.time, canonicalJson(event.data)]);
  if (state.reports.includes(same) || refuseRemoved('a report', context)) return;
  state.reports = [...state.reports, same].slice(-REPORT_LIMIT);
  const ref = data.ref ?? same;
  const known = state.episodes.find(({ report }) => report === ref);
  const episode = known ?? begin(ref, event, data, { situation, rules }, context);
  join(episode, event, data, { rules, isKnown: known !== undefined }, context);
}

const DEFAULTS = reportRulesSchema.parse({});

function begin(
  ref: string,
  event: MachineEvent,
  data: ReportData,
  { situation, rules }: Pick<Incident, 'situation'> & { readonly rules: ReportRules },
  context: EpisodeContext,
): Episode {
  const { state } = context;
  const { component, failure_mode, severity = rules.severity } = data;
  const time = event.time;
  const incident: Incident = {
    ...{ kind: 'incident', id: '', rule: REPORTER, key: event.asset, asset: event.asset },
    ...{ component, failure_mode, severity, start: time, end: time, time },
    ...{ anomalies: [], signals: [], evidence: [], situation },
  };
  state.count += 1;
  const episode = newEpisode(state.count, incident, reportTrigger(rules), context, ref);
  episode.rules = [REPORTER];
  state.episodes.push(episode);
  return episode;
}

function join(
  episode: Episode,
  event: MachineEvent,
  data: ReportData,
  { rules, isKnown }: { readonly rules: ReportRules; readonly isKnown: boolean },
  context: EpisodeContext,
): void {
  const { state } = context;
  const { text, component, failure_mode, severity = rules.severity, priority, photo } = data;
  const id = activeId(episode);
  addActive(state, id, { source: id, time: event.time, text });
  if (!episode.active.includes(id)) episode.active.push(id);
  const about = { component, failure_mode, severity, triggers: [], isPattern: false };
  const news = { ...about, rule: REPORTER, anomalies: [id] };
  const isNews = addFinding(episode, news);
  const line = { time: event.time, kind: 'event', about: event.type };
  // Before what was seen, which is the headline.
  if (photo !== undefined) addEvidence(episode, { stage: 'photo', ...line, text: photo });
  addEvidence(episode, { stage: 'report', ...line, text });
  const changes = isKnown ? [`reported again: ${text}`] : [];
  changes.push(...sharpen(episode, { ...news, weight: evidenceWeight(news) }));
  if (isNews && changes.length === 0) changes.push(findingText(news));
  const wanted = priority ?? rules.priority;
  const rises = PRIORITIES.indexOf(wanted) > PRIORITIES.indexOf(episode.priority);
  if (isKnown && rises) changes.push(`priority is now ${wanted}`);
  if (rises || !isKnown) episode.priority = wanted;
  setEnd(episode, data, rules, context);
  takeInput(episode, 'active', context);
  for (const change of changes) takeInput(episode, 'changed', context, { text: change });
  checkAnswer(episode, context);
}

/** What stands for a report among the anomalies that are active. */
function activeId({ report }: Episode): string {
  return `report ${report}`;
}

function setEnd(
  episode: Episode,
  { until }: ReportData,
  { expire }: ReportRules,
  { out, time }: EpisodeContext,
): void {
  const end = until === undefined ? expire && plus(time, expire) : fromMilliseconds(until);
  if (end === undefined) return;
  out.setTimer(later(end, (time + 1) as EventTime), timerName(episode, 'report-end'));
}

/** A `report-cleared` event: every report of the asset is over, or those that it names by `ref`, `id` or `component`. */
export function clearReports({ data }: MachineEvent, context: EpisodeContext): void {
  const named = (name: string) => data[name] ?? undefined;
  const [ref, id, component] = [named('ref'), named('id'), named('component')];
  for (const episode of [...context.state.episodes]) {
    const isMeant =
      (ref === undefined || episode.report === ref) &&
      (id === undefined || episode.id === id) &&
      (component === undefined || isAboutComponent(episode, String(component)));
    if (isMeant) endReport(episode, context);
  }
}

/** Nobody says any more that a reported problem is there. Nothing for other problems. */
export function endReport(episode: Episode, context: EpisodeContext): void {
  if (episode.report === '') return;
  clearAnomaly(activeId(episode), { rule: REPORTER, signal: '', cause: 'well' }, context);
}
