import type { Out } from '../flow/keyed.ts';
import type { Anomaly } from '../model/anomaly.ts';
import { identity } from '../model/canonical.ts';
import type { Severity } from '../model/detector-rule.ts';
import type { Evidence, Incident } from '../model/incident.ts';
import { type AssetKey, lineOf, nameOf, plantOf } from '../model/key.ts';
import { type Knowledge, rulesOf } from '../model/knowledge.ts';
import type { RequestStatus } from '../model/machine-event.ts';
import type { Situation } from '../model/observation.ts';
import type { Slot, WorkInput } from '../model/request.ts';
import { BEGINNING, between, DAY, type Duration, type EventTime, MINUTE } from '../model/time.ts';
import {
  type Priority,
  type ReportRules,
  reportRulesSchema,
  type TriggerRule,
} from '../model/trigger-rule.ts';

/**
 * An episode: one problem of one asset, from its first incident until it is over. Here is its data, and how the triggers
 * that named its incidents want it handled; what happens to it is the table in `state-machine.ts`.
 */
export type Episode = {
  readonly number: number;
  /** What its identity has of it: its component, the report that it came with, or nothing. */
  readonly scope: string;
  /** Its leading trigger asks for one request for the whole asset, whatever component. */
  wide: boolean;
  /** The `ref` of the operator's report that it came with; '' for others. */
  readonly report: string;
  readonly start: EventTime;
  /** Whether its anomalies are active. */
  condition: Condition;
  /** How far this round's request is. */
  request: RequestState;
  /** When it began to show: before its first incident was complete. */
  since: EventTime;
  component: string;
  /** Ids of the triggers that named its incidents; the first leads. */
  triggers: string[];
  round: number;
  /** Of this round's request. */
  id: string;
  /** When this round's request was opened; null while it is pending. */
  opened: EventTime | null;
  revision: number;
  /** The last status of this round's request in the CMMS, and the valid time of that. */
  status: RequestStatus | '';
  status_time: EventTime | null;
  /** When the request came to its end, however it did. */
  finished: EventTime | null;
  /** Until when that is respected, although its anomalies stand. */
  cooled: EventTime | null;
  note: string;
  /** Until when what people were told is covered by an answer; null without one. */
  answered: EventTime | null;
  /** Somebody accepted or acknowledged it, so its priority need not rise. */
  acknowledged: boolean;
  priority: Priority;
  severity: Severity;
  failure_mode: string;
  /** Weight of the evidence for the failure mode and for the component: a pattern beats a detector, then severity counts. */
  failure_weight: number;
  component_weight: number;
  findings: Finding[];
  /** Patterns and detectors that named it. */
  rules: string[];
  incidents: string[];
  evidence: Evidence[];
  evidence_count: number;
  anomalies: string[];
  signals: string[];
  /** Rule, signal and point of its anomalies: when one of them is raised anew, it belongs to the problem. */
  sources: string[];
  /** Those of its anomalies that are active. */
  active: string[];
  /** Its anomalies that an edit ended, by source: nobody can tell whether it is well there. */
  unjudged: Record<string, Unjudged>;
  /** Since when none of them is. */
  clear_since: EventTime | null;
  /** What a planner would want to know, and no revision has reported yet. */
  changes: string[];
  /** The kinds of planned stretches that suppressed the pending request. */
  suppressed_by: string[];
  /** How late its evidence came: what suppressed it is asked of that much earlier. */
  lag: Duration;
  /** What became of earlier rounds. */
  history: string[];
  /** What the title says of a later round: `recurred: `. */
  again: string;
  /** The slot for the work that the last revision proposed. */
  slot: Slot | null;
  /** The planned stretch that came too late into the schedule, as an accepted request reported it. */
  late_plan: string;
  /** What the machine was doing when this round began. */
  situation: Situation;
};

/** What one incident or anomaly says of a problem. `findings.ts` says what an answer covers of them. */
export type Finding = {
  /** The first pattern or detector that found it; `an operator` for a report. */
  readonly rule: string;
  readonly component: string;
  readonly failure_mode: string;
  readonly severity: Severity;
  /** Ids of the triggers that ask for a request because of it. */
  readonly triggers: readonly string[];
  /** A pattern beats a detector, then severity counts. */
  readonly weight: number;
  /** The active anomalies that it rests on. Without any it is momentary: a pattern of machine events alone. */
  anomalies: string[];
  readonly momentary: boolean;
  /** When a revision reported it first. */
  reported: EventTime | null;
};

/**
 * `clearing`: no anomaly is active, but not yet for `rearm`. `unjudged`: none is, because an edit ended what was, and the edited
 * rule has `rearm` to raise it anew.
 */
export type Condition = 'active' | 'clearing' | 'unjudged' | 'clear';

/** An anomaly that ended because its rule or signal is another now. */
export type Unjudged = Pick<Anomaly, 'rule' | 'signal' | 'cause'> & { readonly time: EventTime };

/**
 * `pending`: not sent yet. `open`: sent, not accepted. `accepted`: also scheduled or started. `done`: completed or
 * closed. `refused`: rejected or cancelled.
 */
export type RequestState = 'pending' | 'open' | 'accepted' | 'done' | 'refused';

/** An active anomaly, with what a request says of it. */
type ActiveAnomaly = {
  readonly source: string;
  readonly time: EventTime;
  readonly text: string;
};

/** The state of the stage for one asset. */
export type AssetEpisodes = {
  active: Record<string, ActiveAnomaly>;
  episodes: Episode[];
  /** How many episodes there were: it numbers the next. */
  count: number;
  /** The latest event time that was dealt with here. */
  time: EventTime;
  situation: Situation | null;
  /** The event time of `situation`: a late observation is of the past. */
  situated: EventTime;
  /** Incidents that came too late, and whose anomalies were not found well since. */
  too_late: Incident[];
  /** Identities of the reports that were dealt with: the same one twice is one. */
  reports: string[];
  /** What the machine itself reported last of its work. */
  work: { time: EventTime; order: string; product: string };
};

/** Ids of active anomalies as they came. Derived, so no state: a record of thousands would be listed for each of them. */
const orders = new WeakMap<AssetEpisodes['active'], Set<string>>();

function orderOf({ active }: AssetEpisodes): Set<string> {
  let order = orders.get(active);
  if (order === undefined) {
    order = new Set(Object.keys(active));
    orders.set(active, order);
  }
  return order;
}

export function addActive(state: AssetEpisodes, id: string, anomaly: ActiveAnomaly): void {
  orderOf(state).add(id);
  state.active[id] = anomaly;
}

export function removeActive(state: AssetEpisodes, id: string): void {
  orderOf(state).delete(id);
  delete state.active[id];
}

/** The one that has been active for longest, when there are more than `limit`. */
export function oldestBeyond(state: AssetEpisodes, limit: number): string | undefined {
  const order = orderOf(state);
  return order.size > limit ? order.values().next().value : undefined;
}

/** Of which asset, when, and where the outcome goes. */
export type EpisodeContext = {
  readonly state: AssetEpisodes;
  readonly knowledge: Knowledge;
  readonly out: Out<WorkInput>;
  /** When it is dealt with. A late event is dealt with now: what was decided since cannot be undone. */
  readonly time: EventTime;
  /** When it happened. */
  readonly happened: EventTime;
};

export function noEpisodes(): AssetEpisodes {
  return {
    ...{ active: {}, episodes: [], count: 0, time: BEGINNING, situation: null },
    ...{ situated: BEGINNING, too_late: [], reports: [] },
    work: { time: BEGINNING, order: '', product: '' },
  };
}

/** The problem that an incident begins: nothing of the incident is in it yet but what makes its identity. */
export function newEpisode(
  number: number,
  incident: Incident,
  lead: TriggerRule,
  { out, time, happened }: EpisodeContext,
  report = '',
): Episode {
  const wide = report === '' && lead.per === 'asset';
  const scope = report === '' ? (wide ? '' : incident.component) : `report ${report}`;
  return {
    ...{ number, scope, wide, report, start: time, since: incident.start },
    ...{ condition: 'active', request: 'pending' },
    ...{ component: incident.component, triggers: [lead.id] },
    ...{ round: 1, id: requestId(out.key, { scope, start: time, round: 1 }) },
    ...{ opened: null, revision: 0, status: '', status_time: null, finished: null, cooled: null },
    ...{ note: '', answered: null, acknowledged: false },
    ...{ priority: lead.request.priority, severity: incident.severity },
    ...{ failure_mode: incident.failure_mode, failure_weight: 0, component_weight: 0 },
    ...{ findings: [], rules: [], incidents: [] },
    ...{ evidence: [], evidence_count: 0, anomalies: [], signals: [], sources: [], active: [] },
    ...{ unjudged: {}, clear_since: null, changes: [], suppressed_by: [] },
    ...{ lag: between(happened, time), history: [], again: '', slot: null },
    ...{ late_plan: '', situation: incident.situation },
  };
}

export function requestId(
  asset: AssetKey,
  episode: Pick<Episode, 'scope' | 'start' | 'round'>,
): string {
  const place = [plantOf(asset), nameOf(lineOf(asset)), nameOf(asset)];
  return identity([...place, episode.scope, episode.start, episode.round]);
}

/** The timers of an episode. Of two that are due at once the first in this order fires first: the order of names. */
export const EPISODE_TIMERS = [
  'clear-after',
  'cooldown',
  'escalate',
  'group-wait',
  'report-end',
  'suppression',
] as const;
export type EpisodeTimer = (typeof EPISODE_TIMERS)[number];

export function timerName({ number }: Pick<Episode, 'number'>, timer: EpisodeTimer): string {
  return `${String(number).padStart(6, '0')} ${timer}`;
}

/** Adds what is not there yet; beyond `limit` nothing more is added. */
export function addMissing(list: string[], items: readonly string[], limit: number): void {
  for (const item of items) {
    if (list.length >= limit) return;
    if (!list.includes(item)) list.push(item);
  }
}

const EVIDENCE_HEAD = 12;
const EVIDENCE_LIMIT = 24;

/** Keeps the first and the last lines: how it began and how it is now. */
export function addEvidence(episode: Episode, evidence: Evidence): void {
  episode.evidence_count += 1;
  episode.evidence.push(evidence);
  if (episode.evidence.length > EVIDENCE_LIMIT) episode.evidence.splice(EVIDENCE_HEAD, 1);
}

/** How an episode is handled, from the triggers that named its incidents as the rules have them now. */
export type TriggerSettings = {
  readonly work: string;
  readonly parts: readonly string[];
  readonly duration: Duration | null;
  readonly instructions: readonly string[];
  readonly cooldown: Duration;
  readonly rearm: Duration;
  /** How late an incident may come. */
  readonly late: Duration;
  readonly escalate: Duration | null;
  readonly withdraw: boolean;
  readonly slot: TriggerRule['slot'];
};

const COOLDOWN = DAY;
const REARM = (10 * MINUTE) as Duration;
/** `late` of a trigger that does not say. */
export const LATE = (10 * MINUTE) as Duration;

/** The leading trigger decides; parts, instructions and working time add up. Triggers that are gone count no more. */
export function triggerSettings(
  knowledge: Knowledge,
  asset: AssetKey,
  { triggers, report }: Pick<Episode, 'triggers' | 'report'>,
): TriggerSettings {
  const inForce = rulesOf(knowledge, asset);
  const all = report === '' ? (inForce?.triggers ?? []) : [reportTrigger(inForce?.reports)];
  const rules = triggers.flatMap((id) => all.find((rule) => rule.id === id) ?? []);
  const [lead] = rules;
  const durations = rules.flatMap(({ request }) => request.duration ?? []);
  return {
    work: lead?.request.kind ?? 'inspection',
    parts: [...new Set(rules.flatMap(({ request }) => request.parts))],
    duration: durations.length === 0 ? null : (Math.max(...durations) as Duration),
    instructions: [...new Set(rules.flatMap(({ request }) => request.instructions ?? []))],
    cooldown: lead?.cooldown ?? COOLDOWN,
    rearm: lead?.rearm ?? REARM,
    late: lead?.late ?? LATE,
    escalate: lead?.escalate ?? null,
    withdraw: lead?.withdraw ?? false,
    slot: lead?.slot ?? 'none',
  };
}

/** What handles a report, as a trigger: the triggers of an episode that came with one. */
export const REPORT_TRIGGER = 'report';

/** `reports` of the rules in the form of a trigger. */
export function reportTrigger(reports: ReportRules = DEFAULT_REPORTS): TriggerRule {
  const { kind, priority, parts, duration, instructions } = reports;
  const { cooldown, rearm, escalate, withdraw, slot } = reports;
  return {
    ...{ id: REPORT_TRIGGER, on: REPORT_TRIGGER, per: 'component' },
    request: { kind, priority, parts, duration, instructions },
    ...{ cooldown, rearm, escalate, withdraw, slot },
  };
}

const DEFAULT_REPORTS = reportRulesSchema.parse({});
