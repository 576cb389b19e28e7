import type { Anomaly } from './anomaly.ts';
import type { Severity } from './detector-rule.ts';
import type { AssetKey, Key } from './key.ts';
import type { MachineEvent } from './machine-event.ts';
import type { Enriched, Situation } from './observation.ts';
import type { EventTime } from './time.ts';

/** One event that a match took, small enough to travel in a request. */
export type Evidence = {
  readonly stage: string;
  readonly time: EventTime;
  /** `anomaly`, `event`, `schedule`, `window` or `features`. */
  readonly kind: string;
  /** Anomaly id, event type, schedule entry, or signal. */
  readonly about: string;
  readonly text: string;
};

/** A finished match of a pattern, or a raised anomaly that a trigger names. */
export type Incident = {
  readonly kind: 'incident';
  readonly id: string;
  /** Pattern id, or detector id. */
  readonly rule: string;
  readonly key: Key;
  readonly asset: AssetKey;
  readonly component: string;
  readonly failure_mode: string;
  readonly severity: Severity;
  readonly start: EventTime;
  readonly end: EventTime;
  readonly time: EventTime;
  /** Ids of the anomalies it rests on. */
  readonly anomalies: readonly string[];
  /** The signals of those anomalies, each once. */
  readonly signals: readonly string[];
  readonly evidence: readonly Evidence[];
  readonly situation: Situation;
};

/**
 * Types of machine events that reach the trigger: what is said of requests and work, which it follows or hands on, and what
 * says that the machine's situation is another, on which it asks again whether a request is held back.
 */
export const TRIGGER_EVENT_TYPES: readonly string[] = [
  'request',
  'acknowledged',
  'feedback',
  'repaired',
  'state',
  'report',
  'report-cleared',
  'order',
  'command',
  'decision',
];

/** What reaches the trigger stage: incidents, every phase of every anomaly, and the machine events of `TRIGGER_EVENT_TYPES`. */
export type TriggerInput = Incident | Anomaly | Enriched<MachineEvent>;
