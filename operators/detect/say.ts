import type { Anomaly, AnomalyPhase } from '../model/anomaly.ts';
import type { DetectorRule } from '../model/detector-rule.ts';
import { formatDuration } from '../model/duration.ts';
import type { Features } from '../model/features.ts';
import { identity } from '../model/identity.ts';
import type { AssetKey } from '../model/key.ts';
import type { Asset } from '../model/plant-model.ts';
import type { Situation } from '../model/situation.ts';
import { type Duration, type EventTime, SECOND, toIso } from '../model/time.ts';
import type { Cell } from './cell.ts';
import { explain } from './explain.ts';
import { severityOf } from './severity.ts';
import { measure, type Verdict } from './verdict.ts';

/** Puts a phase of an anomaly into words and numbers, and keeps it in the cell while the anomaly stands. */
export function say(
  cell: Cell,
  rule: DetectorRule,
  asset: AssetKey,
  phase: AnomalyPhase,
  verdict: Verdict,
  about: {
    readonly time: EventTime;
    readonly situation: Situation;
    readonly evidence: Anomaly['evidence'];
    readonly asset: Asset | undefined;
    readonly features: Features | undefined;
  },
): Anomaly {
  const { signal, point, life, anomaly: before } = cell;
  const { time, situation } = about;
  const contributions = verdict.contributions?.() ?? {};
  const features = phase === 'cleared' ? undefined : about.features;
  const { lines, ...explained } = explain(rule, cell, about.asset, features, contributions);
  const since = before?.since ?? verdict.since ?? life.since;
  const reason =
    phase === 'cleared'
      ? `${subjectOf(cell)} ${predicateOf(rule, verdict)}; lasted ${roughly(since, time)}`
      : `${subjectOf(cell)} ${predicateOf(rule, verdict)}, since ${toIso(since)}${circumstances(situation)}${pointing(explained.part, lines)}`;
  const anomaly: Anomaly = {
    kind: 'anomaly',
    id: before?.id ?? identity([asset, rule.id, signal, point, since]),
    phase,
    revision: (before?.revision ?? 0) + 1,
    asset,
    rule: rule.id,
    detector: rule.kind,
    signal,
    point,
    component: rule.component ?? cell.component,
    failure_mode: rule.failure_mode ?? '',
    // What has cleared keeps the severity that it had.
    severity: phase === 'cleared' && before !== null ? before.severity : severityOf(life.rank),
    since,
    time,
    value: verdict.value,
    limit: verdict.limit,
    score: verdict.score,
    unit: verdict.unit,
    situation,
    reason,
    ...explained,
    contributions,
    evidence: { ...verdict.evidence?.(), ...(lines === '' ? {} : { lines }), ...about.evidence },
  };
  cell.anomaly = phase === 'cleared' ? null : anomaly;
  return anomaly;
}

/** Ends an anomaly that no sample can end any more. Undefined when none stands. */
export function withdraw(cell: Cell, reason: string, now: EventTime): Anomaly | undefined {
  const { anomaly } = cell;
  if (anomaly === null) return undefined;
  const time = now > anomaly.time ? now : anomaly.time;
  Object.assign(cell.life, { rank: 0, said: time, up: null, down: null });
  cell.anomaly = null;
  const text = `${reason}; ${subjectOf(cell)} was not seen to be well again`;
  return { ...anomaly, phase: 'cleared', revision: anomaly.revision + 1, time, reason: text };
}

function subjectOf({ signal, point }: Cell): string {
  return point === '' ? signal : `${signal} at ${point}`;
}

function predicateOf(rule: DetectorRule, { value, unit, text }: Verdict): string {
  if (rule.kind === 'silence') return text();
  return `is ${measure(value, unit)}, ${text()}`;
}

function circumstances(situation: Situation): string {
  const { state, mode, order, operation, product, planned } = situation;
  const parts = { mode, order, operation, product, planned };
  const known = Object.entries(parts).filter(([, text]) => text !== '');
  return [`; state ${state}`, ...known.map(([name, text]) => `${name} ${text}`)].join(', ');
}

function pointing(part: string, lines: string): string {
  return part === '' ? '' : `; lines of the ${part.replace('_', ' ')} stand out (${lines})`;
}

function roughly(from: EventTime, to: EventTime): string {
  return formatDuration((Math.round((to - from) / SECOND) * SECOND) as Duration);
}
