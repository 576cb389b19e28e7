import type { Anomaly } from '../model/anomaly.ts';
import type { DetectorRule } from '../model/detector-rule.ts';
import type { Asset } from '../model/plant-model.ts';
import type { EventTime } from '../model/time.ts';
import type { Sample } from './sample.ts';

/** What a detector says of one sample. What comes of it is the life cycle's business. */
export type Verdict = {
  /** The level reached: `above`, `C`, `up` …; '' for none. */
  readonly level: string;
  /** The level by the limits less their deadband: what must fall before an anomaly does. */
  readonly calm: string;
  readonly value: number;
  readonly unit: string;
  readonly limit: number;
  readonly score: number;
  /** Completes "vibration_velocity_rms is 5 mm/s, …". Asked for only when something is said: most verdicts are not. */
  text(): string;
  /** When it began, where that is before this sample. */
  readonly since?: EventTime;
  evidence?(): Anomaly['evidence'];
  /** What each signal adds to the score, as shares of 1; of a verdict over several signals. */
  contributions?(): Readonly<Record<string, number>>;
};

/** What a detector is told of the sample, and whom it can tell. */
export type Hearing = {
  readonly sample: Sample;
  readonly value: number;
  readonly asset: Asset;
  /** The bands that the rule's signals are in, as part of a mode's name; '' for a rule without. */
  readonly bands: string;
  /** An anomaly of this signal or point stands: nothing is to be learnt from it. */
  isSuspect(): boolean;
  /** Why this cannot be judged. Said once per rule and signal. */
  refuse(why: string): undefined;
};

/** The band within which an anomaly neither rises nor falls, in the unit of `limit`. */
export function deadbandOf(rule: DetectorRule, limit: number): number {
  const band = rule.clear.deadband ?? 0;
  if (typeof band === 'number') return band;
  return (Math.abs(limit) * Number.parseFloat(band)) / 100;
}

/** 1 at the limit, above 1 beyond it, by shares of the limit; for positive values the ratio of value and limit. */
export function scoreOf(beyond: number, limit: number): number {
  return 1 + beyond / (Math.abs(limit) || 1);
}

/** Four digits are enough for a person. */
export function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** A value with its unit, where it has one. */
export function measure(value: number, unit: string): string {
  return `${short(value)} ${unit}`.trimEnd();
}
