import type { DetectorKind, Severity } from './detector-rule.ts';
import type { AssetKey } from './key.ts';
import type { Enriched, Observation, Situation } from './observation.ts';
import type { Duration, EventTime } from './time.ts';

export const ANOMALY_PHASES = ['raised', 'updated', 'cleared'] as const;
export type AnomalyPhase = (typeof ANOMALY_PHASES)[number];

/** The states of an alarm by ISA-18.2 (IEC 62682). */
export const ALARM_STATES = [
  'normal',
  'unacknowledged',
  'acknowledged',
  'returned',
  'shelved',
  'suppressed',
  'out-of-service',
] as const;
export type AlarmState = (typeof ALARM_STATES)[number];

/**
 * Why an anomaly cleared. Only `well` is calm: the values came back, or what the rule says ends it came. The others say
 * that nobody can tell any more: the rule, the asset, the judge of its line or the declared signal is another, or what was learnt was dropped after a
 * repair.
 */
export const CLEAR_CAUSES = [
  'well',
  'rule changed',
  'asset removed',
  'judge changed',
  'signal removed',
  'baseline reset',
] as const;
export type ClearCause = (typeof CLEAR_CAUSES)[number];

/** What a detector reports of one signal of one asset, with all that a person needs in order to believe it. */
export type Anomaly = {
  readonly kind: 'anomaly';
  /** The same for all phases of one anomaly: made from asset, rule, signal, point and `since`. */
  readonly id: string;
  readonly phase: AnomalyPhase;
  /** Why it cleared; '' in the other phases. */
  readonly cause: ClearCause | '';
  /** Counts the phases of this anomaly from 1. */
  readonly revision: number;
  readonly asset: AssetKey;
  readonly rule: string;
  /** Kind of the rule; `flood` and `regime` are notices of many alarms at once. */
  readonly detector: DetectorKind | 'flood' | 'regime';
  readonly signal: string;
  readonly point: string;
  readonly component: string;
  readonly failure_mode: string;
  readonly severity: Severity;
  /** First breach of the unbroken run that led to it. */
  readonly since: EventTime;
  /** When this was reported. */
  readonly time: EventTime;
  readonly value: number;
  /** What the value was compared with, in the signal's unit. */
  readonly limit: number;
  /** How far beyond: value over limit for limits and zones, robust z for baselines. */
  readonly score: number;
  readonly unit: string;
  readonly situation: Situation;
  /** One readable sentence, without the asset's name. */
  readonly reason: string;
  /** What measured it: direction, quantity and mounting of a point, or what the plant model calls the signal. */
  readonly sensor: string;
  /** What each signal adds to a score over several, as shares of 1. */
  readonly contributions: Readonly<Record<string, number>>;
  /** The bearing part whose lines stand out in the same waveform; '' for none. */
  readonly part: string;
  /** What to look at. */
  readonly advice: string;
  /** Facts behind the sentence: `edition`, `zone`, `median`, `mad`, `samples`, `mode`, `window_version` … */
  readonly evidence: Readonly<Record<string, string | number | boolean>>;
};

/** What travels from `detect` on: observations, and the anomalies that were detected in them. */
export type Detected = Enriched<Observation> | Anomaly;

export function isAnomaly(value: Detected): value is Anomaly {
  return 'kind' in value;
}

/** How far a baseline has learnt, as people see it. */
export type BaselineState = {
  readonly asset: AssetKey;
  readonly rule: string;
  readonly signal: string;
  readonly point: string;
  readonly mode: string;
  /**
   * `frozen`: an anomaly of the signal stands. `waiting`: one was ended by an edit, and nobody has seen the signal well
   * since. Nothing is learnt in either.
   */
  readonly status: 'learning' | 'ready' | 'frozen' | 'waiting';
  readonly samples: number;
  readonly needed: number;
  /** Running time in this mode that was learnt, and that is needed. */
  readonly running: Duration;
  readonly needed_running: Duration;
  readonly median: number;
  readonly mad: number;
  readonly time: EventTime;
};
