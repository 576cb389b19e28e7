import type { Severity } from '../model/detector-rule.ts';
import { identity } from '../model/identity.ts';
import type { Evidence } from '../model/incident.ts';
import { type AssetKey, lineOf, nameOf, plantOf } from '../model/key.ts';
import type { RequestStatus } from '../model/machine-event.ts';
import type { Slot } from '../model/request.ts';
import type { Situation } from '../model/situation.ts';
import type { EventTime } from '../model/time.ts';
import type { Priority } from '../model/trigger-rule.ts';

/** A raised anomaly that has not cleared, with what a request says of it. */
export type Standing = {
  readonly source: string;
  readonly time: EventTime;
  readonly text: string;
};

/** One problem of one asset, from its first incident until it is over. Plain data, changed in place. */
export type Episode = {
  readonly number: number;
  /** The component in its identity: empty for a problem of the whole asset. */
  readonly scope: string;
  readonly start: EventTime;
  /** When it began to show: before its first incident was complete. */
  since: EventTime;
  component: string;
  /** Ids of the triggers that named its incidents; the first leads. */
  triggers: string[];
  round: number;
  /** Of this round's request. */
  id: string;
  /** When this round's request was opened; null while it is held back. */
  opened: EventTime | null;
  revision: number;
  status: RequestStatus | '';
  /** Valid time of that status. */
  told: EventTime | null;
  /** When the request came to its end, however it did. */
  final: EventTime | null;
  note: string;
  /** Somebody accepted or acknowledged it, so it need not be pushed. */
  noticed: boolean;
  priority: Priority;
  severity: Severity;
  failure_mode: string;
  /** How much weight stands behind the failure mode: a pattern's word beats a detector's, then severity counts. */
  failure_weight: number;
  /** Patterns and detectors that spoke. */
  rules: string[];
  incidents: string[];
  evidence: Evidence[];
  evidence_count: number;
  anomalies: string[];
  signals: string[];
  /** Rule, signal and point of its anomalies: when one of them is raised anew, it belongs to the problem. */
  sources: string[];
  /** Those of its anomalies that stand. */
  standing: string[];
  /** Since when none of them stands. */
  clear: EventTime | null;
  /** They are clear for `rearm`. */
  calm: boolean;
  /** What a planner would want to know and has not been told yet. */
  changes: string[];
  /** What became of earlier rounds. */
  history: string[];
  /** The slot that the last revision proposed. */
  slot: Slot | null;
  /** The planned stretch that came too late into the schedule, as an accepted request was told of it. */
  excuse: string;
  /** What the machine was doing when this round began. */
  situation: Situation;
};

/** All that the trigger remembers of one asset. */
export type AssetState = {
  standing: Record<string, Standing>;
  episodes: Episode[];
  /** How many episodes there were: it numbers the next. */
  count: number;
  /** The latest event time that was dealt with here. */
  time: EventTime;
  situation: Situation | null;
  /** What the machine itself said last of its work. */
  said: { time: EventTime; order: string; product: string };
};

export function requestId(
  asset: AssetKey,
  episode: Pick<Episode, 'scope' | 'start' | 'round'>,
): string {
  const place = [plantOf(asset), nameOf(lineOf(asset)), nameOf(asset)];
  return identity([...place, episode.scope, episode.start, episode.round]);
}

/** Adds what is not there yet; beyond `limit` nothing more is remembered. */
export function remember(list: string[], items: readonly string[], limit: number): void {
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
