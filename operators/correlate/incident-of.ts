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

/** A finished match as an incident of the asset where it ended. `time`: when it was complete. */
export function incidentOf(
  rule: Pick<PatternRule, 'id' | 'raise'>,
  key: Key,
  match: Match<Captured>,
  time: EventTime,
): Incident | undefined {
  const events = match.map(({ event }) => event);
  const [first] = events;
  const last = events.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const descriptions = events.map(({ value }) => describe(value));
  const anomalies = events.flatMap(({ value }) => (value.kind === 'anomaly' ? [value] : []));
  const place = (anomalies.at(-1) ?? last.value).asset;
  const lastNamed = (name: 'component' | 'failure_mode') =>
    anomalies.findLast((anomaly) => anomaly[name] !== '')?.[name] ?? '';
  return {
    kind: 'incident',
    id: identity(['pattern', rule.id, key, ...descriptions.map((each) => each.identity)]),
    rule: rule.id,
    key,
    asset: place,
    component: rule.raise.component ?? lastNamed('component'),
    failure_mode: rule.raise.failure_mode ?? lastNamed('failure_mode'),
    severity: rule.raise.severity,
    start: timeOf(first.value),
    end: timeOf(last.value),
    time,
    anomalies: [...new Set(anomalies.map(({ id }) => id))],
    signals: [...new Set(anomalies.map(({ signal }) => signal))],
    evidence: match.map(({ stage, event: { value } }, index): Evidence => {
      const { about = '', text = '' } = descriptions[index] ?? {};
      return { stage, time: timeOf(value), kind: value.kind, about, text };
    }),
    situation: last.situation,
  };
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

export function incidentRow(incident: Incident): IncidentRow {
  const { asset, situation } = incident;
  const { id, rule, component, failure_mode, severity, start, end, time, anomalies } = incident;
  return {
    ...locate(asset),
    state: situation.state,
    mode: situation.mode,
    order: situation.order,
    product: situation.product,
    ...{ id, rule, component, failure_mode, severity, start, end, time, anomalies },
    evidence: canonicalJson(incident.evidence),
  };
}
