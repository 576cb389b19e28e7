import type { Out } from '../flow/keyed.ts';
import { identity } from '../model/canonical.ts';
import type { Severity } from '../model/detector-rule.ts';
import type { Evidence, Incident } from '../model/incident.ts';
import { type AssetKey, lineOf, nameOf, plantOf } from '../model/key.ts';
import { type Knowledge, rulesOf } from '../model/knowledge.ts';
import type { RequestStatus } from '../model/machine-event.ts';
import type { Situation } from '../model/observation.ts';
import type { Request, Slot } from '../model/request.ts';
import { BEGINNING, DAY, type Duration, type EventTime, MINUTE } from '../model/time.ts';
import type { Priority, TriggerRule } from '../model/trigger-rule.ts';

/**
 * An episode: one problem of one asset, from its first incident until it is over. Here is its data, and how the triggers
 * that named its incidents want it handled; what happens to it is the table in `state-machine.ts`.
 */
export type Episode = {
  readonly number: number;
  /** The component in its identity: empty for a problem of the whole asset. */
  readonly scope: string;
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
  note: string;
  /** Somebody accepted or acknowledged it, so its priority need not rise. */
  acknowledged: boolean;
  priority: Priority;
  severity: Severity;
  failure_mode: string;
  /** Weight of the evidence for the failure mode: a pattern beats a detector, then severity counts. */
  failure_weight: number;
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
  /** Since when none of them is. */
  clear_since: EventTime | null;
  /** What a planner would want to know, and no revision has reported yet. */
  changes: string[];
  /** The kinds of planned stretches that suppressed the pending request. */
  suppressed_by: string[];
  /** What became of earlier rounds. */
  history: string[];
  /** The maintenance window that the last revision proposed. */
  slot: Slot | null;
  /** The planned stretch that came too late into the schedule, as an accepted request reported it. */
  late_plan: string;
  /** What the machine was doing when this round began. */
  situation: Situation;
};

/** `clearing`: no anomaly is active, but not yet for `rearm`. */
export type Condition = 'active' | 'clearing' | 'clear';

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
  /** What the machine itself reported last of its work. */
  work: { time: EventTime; order: string; product: string };
};

/** Of which asset, when, and where the outcome goes. */
export type EpisodeContext = {
  readonly state: AssetEpisodes;
  readonly knowledge: Knowledge;
  readonly out: Out<Request>;
  readonly time: EventTime;
};

export function noEpisodes(): AssetEpisodes {
  return {
    ...{ active: {}, episodes: [], count: 0, time: BEGINNING, situation: null },
    work: { time: BEGINNING, order: '', product: '' },
  };
}

/** The problem that an incident begins: nothing of the incident is in it yet but what makes its identity. */
export function newEpisode(
  number: number,
  incident: Incident,
  lead: TriggerRule,
  { out, time }: EpisodeContext,
): Episode {
  const scope = lead.per === 'component' ? incident.component : '';
  return {
    ...{ number, scope, start: time, since: incident.start },
    ...{ condition: 'active', request: 'pending' },
    ...{ component: incident.component, triggers: [lead.id] },
    ...{ round: 1, id: requestId(out.key, { scope, start: time, round: 1 }) },
    ...{ opened: null, revision: 0, status: '', status_time: null, finished: null, note: '' },
    ...{ acknowledged: false, priority: lead.request.priority, severity: incident.severity },
    ...{ failure_mode: incident.failure_mode, failure_weight: 0, rules: [], incidents: [] },
    ...{ evidence: [], evidence_count: 0, anomalies: [], signals: [], sources: [], active: [] },
    ...{ clear_since: null, changes: [], suppressed_by: [], history: [], slot: null },
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
  readonly escalate: Duration | null;
  readonly withdraw: boolean;
  readonly slot: TriggerRule['slot'];
};

const COOLDOWN = DAY;
const REARM = (10 * MINUTE) as Duration;

/** The leading trigger decides; parts, instructions and working time add up. Triggers that are gone count no more. */
export function triggerSettings(
  knowledge: Knowledge,
  asset: AssetKey,
  { triggers }: Pick<Episode, 'triggers'>,
): TriggerSettings {
  const all = rulesOf(knowledge, asset)?.triggers ?? [];
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
    escalate: lead?.escalate ?? null,
    withdraw: lead?.withdraw ?? false,
    slot: lead?.slot ?? 'none',
  };
}
