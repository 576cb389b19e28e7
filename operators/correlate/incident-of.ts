import type { Anomaly } from '../model/anomaly.ts';
import { canonicalJson } from '../model/canonical-json.ts';
import { identity } from '../model/identity.ts';
import type { Evidence, Incident } from '../model/incident.ts';
import { type Key, locate } from '../model/key.ts';
import type { PatternRule } from '../model/pattern-rule.ts';
import type { IncidentRow } from '../model/tables.ts';
import type { EventTime } from '../model/time.ts';
import { anomalyText, type Captured, describe } from './captured.ts';
import { timeOf } from './fields.ts';
import type { Match } from './matcher.ts';

/** What is said of one event at its stage: worked out once for all matches that end together. */
type Told = {
  readonly value: Captured['value'];
  readonly identity: string;
  readonly evidence: Evidence;
  /** The evidence as canonical JSON. */
  readonly json: string;
};

/** What was said of the events of the match before, by their position. A scratch pad of one move, no state. */
export type Telling = Told[];

/**
 * A finished match as an incident of the asset where it ended. `time`: when it was complete. Leaves in `telling`
 * what `incidentRow` makes its evidence of.
 */
export function incidentOf(
  rule: Pick<PatternRule, 'id' | 'raise'>,
  key: Key,
  match: Match<Captured>,
  time: EventTime,
  telling: Telling,
): Incident | undefined {
  const first = match[0]?.event;
  const last = match.at(-1)?.event;
  if (first === undefined || last === undefined) return undefined;
  const parts = ['pattern', rule.id, key as string];
  const evidence: Evidence[] = [];
  const anomalies: Anomaly[] = [];
  match.forEach(({ stage, event: { value } }, at) => {
    const told = tellingOf(telling[at], stage, value);
    telling[at] = told;
    parts.push(told.identity);
    evidence.push(told.evidence);
    if (value.kind === 'anomaly') anomalies.push(value);
  });
  telling.length = match.length;
  const { raise } = rule;
  return {
    kind: 'incident',
    id: identity(parts),
    rule: rule.id,
    key,
    asset: (anomalies.at(-1) ?? last.value).asset,
    component: raise.component ?? lastNamed(anomalies, 'component'),
    failure_mode: raise.failure_mode ?? lastNamed(anomalies, 'failure_mode'),
    severity: raise.severity,
    start: timeOf(first.value),
    end: timeOf(last.value),
    time,
    anomalies: eachOnce(anomalies, 'id'),
    signals: eachOnce(anomalies, 'signal'),
    evidence,
    situation: last.situation,
  };
}

function tellingOf(before: Told | undefined, stage: string, value: Captured['value']): Told {
  if (before?.value === value && before.evidence.stage === stage) return before;
  const { identity, about, text } = describe(value);
  const { kind } = value;
  const time = timeOf(value);
  const evidence: Evidence = { stage, time, kind, about, text };
  // In the order of the names: nothing is left to sort.
  return { value, identity, evidence, json: canonicalJson({ about, kind, stage, text, time }) };
}

function lastNamed(anomalies: readonly Anomaly[], name: 'component' | 'failure_mode'): string {
  return anomalies.findLast((anomaly) => anomaly[name] !== '')?.[name] ?? '';
}

function eachOnce(anomalies: readonly Anomaly[], name: 'id' | 'signal'): readonly string[] {
  return anomalies.length === 0 ? [] : [...new Set(anomalies.map((anomaly) => anomaly[name]))];
}

/** A raised anomaly that a trigger names: reason enough on its own. */
export function incidentOfAnomaly(anomaly: Anomaly): Incident {
  const { id, rule, asset, component, failure_mode, severity, since, time, situation } = anomaly;
  return {
    kind: 'incident',
    id: identity(['anomaly', rule, asset, id]),
    rule,
    key: asset,
    asset,
    component,
    failure_mode,
    severity,
    start: since,
    end: time,
    time,
    anomalies: [id],
    signals: [anomaly.signal],
    evidence: [{ stage: 'raised', time, kind: 'anomaly', about: id, text: anomalyText(anomaly) }],
    situation,
  };
}

/** `evidence`: as canonical JSON, where it is known already. */
export function incidentRow(
  incident: Incident,
  evidence = canonicalJson(incident.evidence),
): IncidentRow {
  const { plant, line, asset } = locate(incident.asset);
  const { situation } = incident;
  // A plain literal: spreads cost more here than the identity and the evidence.
  return {
    plant,
    line,
    asset,
    state: situation.state,
    mode: situation.mode,
    order: situation.order,
    product: situation.product,
    id: incident.id,
    rule: incident.rule,
    component: incident.component,
    failure_mode: incident.failure_mode,
    severity: incident.severity,
    start: incident.start,
    end: incident.end,
    time: incident.time,
    anomalies: incident.anomalies,
    evidence,
  };
}

/** The evidence of the match that was told last. */
export function evidenceText(telling: Telling): string {
  let text = '';
  for (const { json } of telling) text += text === '' ? json : `,${json}`;
  return `[${text}]`;
}
