/** What every detector is given and what it returns. */

import type { Anomaly, BaselineState } from '../model/anomaly.ts';
import { formatNumber } from '../model/canonical.ts';
import type { Bound } from '../model/detector-bounds.ts';
import type { DetectorRule } from '../model/detector-rule.ts';
import { lookup } from '../model/plain.ts';
import type { Asset } from '../model/plant-model.ts';
import type { EventTime } from '../model/time.ts';
import type { Sample } from './sample.ts';

/** Why nothing is to be learnt from a sample: as `BaselineState` says of `frozen` and `waiting`; '' to learn. */
export type Suspicion = '' | 'frozen' | 'waiting';

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
  /** Whether an anomaly of this signal or point is open, or was when a rule was edited: nothing is to be learnt from it. */
  suspicion(): Suspicion;
  /** Reports why this cannot be evaluated, once per rule and signal. */
  refuse(why: string): undefined;
  /** Reports how far a baseline has learnt. */
  reportProgress(progress: BaselineProgress): void;
};

/** How far the baseline of one mode has learnt. */
export type BaselineProgress = Omit<BaselineState, 'asset' | 'rule' | 'signal' | 'point' | 'time'>;

/** The band within which an anomaly neither rises nor falls, in the unit of `limit`. */
export function deadbandOf(rule: DetectorRule, limit: number): number {
  const band = 'deadband' in rule.clear ? (rule.clear.deadband ?? 0) : 0;
  if (typeof band === 'number') return band;
  return (Math.abs(limit) * Number.parseFloat(band)) / 100;
}

/** A limit for the asset under evaluation: a number, or an attribute of it; refused where it has neither. */
export function boundOf(
  bound: Bound | undefined,
  { asset, refuse }: DetectorInput,
): number | undefined {
  if (bound === undefined || typeof bound === 'number') return bound;
  const { attribute } = bound;
  const own = lookup(asset.attributes, attribute);
  return (
    own ??
    bound.default ??
    refuse(
      `asset ${asset.id} has no attribute ${attribute} in the plant model, and the rule has no default`,
    )
  );
}

/** A value with its unit, where it has one. */
export function formatQuantity(value: number, unit: string): string {
  return `${formatNumber(value)} ${unit}`.trimEnd();
}
