/** What every detector is given and what it returns. */

import type { Anomaly, BaselineState } from '../model/anomaly.ts';
import type { DetectorRule } from '../model/detector-rule.ts';
import { formatNumber } from '../model/format-number.ts';
import type { Asset } from '../model/plant-model.ts';
import type { EventTime } from '../model/time.ts';
import type { Sample } from './sample.ts';

/** What a detector finds for one sample. Whether an anomaly comes of it is decided by the life cycle. */
export type Evaluation = {
  /** The level reached: `above`, `C`, `up` …; '' for none. */
  readonly level: string;
  /** The level by the limits less their deadband: what must fall before an anomaly does. */
  readonly levelWithDeadband: string;
  readonly value: number;
  readonly unit: string;
  readonly limit: number;
  readonly score: number;
  /** Completes "vibration_velocity_rms is 5 mm/s, …". Called only for an anomaly that is reported: most are not. */
  text(): string;
  /** When it began, where that is before this sample. */
  readonly since?: EventTime;
  evidence?(): Anomaly['evidence'];
  /** What each signal adds to the score, as shares of 1; of an evaluation of several signals. */
  contributions?(): Readonly<Record<string, number>>;
};

/** What a detector is given to evaluate, and where it reports what is no evaluation. */
export type DetectorInput = {
  readonly sample: Sample;
  readonly value: number;
  readonly asset: Asset;
  /** The bands that the rule's signals are in, as part of a mode's name; '' for a rule without. */
  readonly bands: string;
  /** An anomaly of this signal or point is open: nothing is to be learnt from it. */
  isSuspect(): boolean;
  /** Reports why this cannot be evaluated, once per rule and signal. */
  refuse(why: string): undefined;
  /** Reports how far a baseline has learnt. */
  reportProgress(progress: BaselineProgress): void;
};

/** How far the baseline of one mode has learnt. */
export type BaselineProgress = Omit<BaselineState, 'asset' | 'rule' | 'signal' | 'point' | 'time'>;

/** The band within which an anomaly neither rises nor falls, in the unit of `limit`. */
export function deadbandOf(rule: DetectorRule, limit: number): number {
  const band = rule.clear.deadband ?? 0;
  if (typeof band === 'number') return band;
  return (Math.abs(limit) * Number.parseFloat(band)) / 100;
}

/** A value with its unit, where it has one. */
export function formatQuantity(value: number, unit: string): string {
  return `${formatNumber(value)} ${unit}`.trimEnd();
}
