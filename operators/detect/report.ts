/** An anomaly as it leaves the stage: its numbers and its sentence. */

import type { Anomaly, AnomalyPhase, ClearCause } from '../model/anomaly.ts';
import { identity } from '../model/canonical.ts';
import type { DetectorRule } from '../model/detector-rule.ts';
import type { AssetKey } from '../model/key.ts';
import type { Features, Situation } from '../model/observation.ts';
import type { Asset } from '../model/plant-model.ts';
import {
  type Duration,
  type EventTime,
  formatDuration,
  later,
  SECOND,
  toIso,
} from '../model/time.ts';

import type { DetectorState } from './detector-state.ts';
import { type Evaluation, formatQuantity } from './evaluation.ts';
import { explain } from './explain.ts';
import { endLife, severityOf } from './life-cycle.ts';

/** Describes a phase of an anomaly in words and numbers, and keeps it in the detector's state while the anomaly is open. */
export function reportAnomaly(
  state: DetectorState,
  rule: DetectorRule,
  asset: AssetKey,
  phase: AnomalyPhase,
  evaluation: Evaluation,
  about: {
    readonly time: EventTime;
    readonly situation: Situation;
    readonly evidence: Anomaly['evidence'];
    readonly asset: Asset | undefined;
    readonly features: Features | undefined;
  },
): Anomaly {
  const { signal, point, lifeCycle, anomaly: before } = state;
  const { time, situation } = about;
  const contributions = evaluation.contributions?.() ?? {};
  const features = phase === 'cleared' ? undefined : about.features;
  const { lines, ...explained } = explain(rule, state, about.asset, features, contributions);
  const since = before?.since ?? later(evaluation.since ?? lifeCycle.since, lifeCycle.ended);
  const finding = `${anomalySubject(state)} ${predicateOf(rule, evaluation)}`;
  const reason =
    phase === 'cleared'
      ? `${finding}; lasted ${durationText(since, time)}`
      : `${finding}, since ${toIso(since)}${situationText(situation)}${partText(explained.part, lines)}`;
  const anomaly: Anomaly = {
    kind: 'anomaly',
    id: before?.id ?? identity([asset, rule.id, signal, point, since]),
    phase,
    cause: phase === 'cleared' ? 'well' : '',
    revision: (before?.revision ?? 0) + 1,
    asset,
    rule: rule.id,
    detector: rule.kind,
    signal,
    point,
    component: rule.component ?? state.component,
    failure_mode: rule.failure_mode ?? '',
    // What has cleared keeps the severity that it had.
    severity: phase === 'cleared' && before !== null ? before.severity : severityOf(lifeCycle.rank),
    since,
    time,
    value: toFinite(evaluation.value),
    limit: toFinite(evaluation.limit),
    score: toFinite(evaluation.score),
    unit: evaluation.unit,
    situation,
    reason,
    ...explained,
    contributions,
    evidence: {
      ...toFiniteEvidence(evaluation.evidence?.()),
      ...(lines === '' ? {} : { lines }),
      ...about.evidence,
    },
  };
  state.anomaly = phase === 'cleared' ? null : anomaly;
  return anomaly;
}

/** Ends an anomaly that no sample can end any more. Undefined when none is open. */
export function withdrawAnomaly(
  state: DetectorState,
  cause: Exclude<ClearCause, 'well'>,
  reason: string,
  now: EventTime,
): Anomaly | undefined {
  const { anomaly } = state;
  if (anomaly === null) return undefined;
  const time = later(now, anomaly.time);
  endLife(state.lifeCycle, time);
  state.anomaly = null;
  const text = `${reason}; ${anomalySubject(state)} was not seen to be well again`;
  const revision = anomaly.revision + 1;
  return { ...anomaly, phase: 'cleared', cause, revision, time, reason: text };
}

/** A signal, and where it is measured. */
export function anomalySubject({ signal, point }: Pick<DetectorState, 'signal' | 'point'>): string {
  return point === '' ? signal : `${signal} at ${point}`;
}

function predicateOf(rule: DetectorRule, { value, unit, text }: Evaluation): string {
  if (rule.kind === 'silence' || rule.kind === 'event') return text();
  return `is ${formatQuantity(value, unit)}, ${text()}`;
}

function situationText(situation: Situation): string {
  const { state, mode, order, operation, product, planned } = situation;
  const parts = { mode, order, operation, product, planned };
  const known = Object.entries(parts).filter(([, text]) => text !== '');
  return [`; state ${state}`, ...known.map(([name, text]) => `${name} ${text}`)].join(', ');
}

function partText(part: string, lines: string): string {
  return part === '' ? '' : `; lines of the ${part.replace('_', ' ')} stand out (${lines})`;
}

/** The largest number instead of one that is too large: JSON and tables know no infinity. */
function toFinite(value: number): number {
  if (Number.isNaN(value)) return 0;
  return Math.min(Math.max(value, -Number.MAX_VALUE), Number.MAX_VALUE);
}

function toFiniteEvidence(evidence: Anomaly['evidence'] = {}): Anomaly['evidence'] {
  return Object.fromEntries(
    Object.entries(evidence).map(([name, fact]) => {
      return [name, typeof fact === 'number' ? toFinite(fact) : fact];
    }),
  );
}

/** In whole seconds. */
function durationText(from: EventTime, to: EventTime): string {
  return formatDuration((Math.round((to - from) / SECOND) * SECOND) as Duration);
}
