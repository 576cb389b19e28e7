import type { Anomaly } from '../model/anomaly.ts';
import { canonicalJson, formatNumber, identity, quoted } from '../model/canonical.ts';
import type { Evidence, Incident } from '../model/incident.ts';
import { type Key, locate } from '../model/key.ts';
import type { PatternRule } from '../model/pattern-rule.ts';
import type { IncidentRow } from '../model/tables.ts';
import { type EventTime, toIso } from '../model/time.ts';
import { occurrenceTime, type PatternEvent } from './event-fields.ts';
import type { Match } from './partial-matches.ts';

/**
 * A complete match as an incident of the asset where it ended. `time`: when it was complete. Leaves its events in
 * `described`, which `evidenceJson` puts into the row.
 */
export function matchIncident(
  rule: Pick<PatternRule, 'id' | 'raise'>,
  key: Key,
  match: Match<PatternEvent>,
  time: EventTime,
  described: DescribedEvents,
): Incident | undefined {
  const first = match[0]?.event;
  const last = match.at(-1)?.event;
  if (first === undefined || last === undefined) return undefined;
  const parts = ['pattern', rule.id, key as string];
  const evidence: Evidence[] = [];
  const anomalies: Anomaly[] = [];
  match.forEach(({ stage, event: { value } }, at) => {
    const entry = describeAt(described[at], stage, value);
    described[at] = entry;
    parts.push(entry.identity);
    evidence.push(entry.evidence);
    if (value.kind === 'anomaly') anomalies.push(value);
  });
  described.length = match.length;
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
    start: occurrenceTime(first.value),
    end: occurrenceTime(last.value),
    time,
    anomalies: distinct(anomalies, 'id'),
    signals: distinct(anomalies, 'signal'),
    evidence,
    situation: last.situation,
  };
}

/** An event at its stage, described once for all matches that complete together. */
type DescribedEvent = {
  readonly value: PatternEvent['value'];
  readonly identity: string;
  readonly evidence: Evidence;
  /** The evidence as canonical JSON. */
  readonly json: string;
};

/** The described events of the last match, by position. Scratch of one step, no state. */
export type DescribedEvents = DescribedEvent[];

function describeAt(
  before: DescribedEvent | undefined,
  stage: string,
  value: PatternEvent['value'],
): DescribedEvent {
  if (before?.value === value && before.evidence.stage === stage) return before;
  const { identity, about, text } = describeEvent(value);
  const { kind } = value;
  const time = occurrenceTime(value);
  const evidence: Evidence = { stage, time, kind, about, text };
  // Written out in the order of the names: as an object it would be made, read and sorted for each event.
  const json = `{"about":${quoted(about)},"kind":"${kind}","stage":${quoted(stage)},"text":${quoted(text)},"time":${time}}`;
  return { value, identity, evidence, json };
}

function lastNamed(anomalies: readonly Anomaly[], name: 'component' | 'failure_mode'): string {
  return anomalies.findLast((anomaly) => anomaly[name] !== '')?.[name] ?? '';
}

function distinct(anomalies: readonly Anomaly[], name: 'id' | 'signal'): readonly string[] {
  return anomalies.length === 0 ? [] : [...new Set(anomalies.map((anomaly) => anomaly[name]))];
}

/** A raised anomaly of a detector that a trigger names, as an incident of its own. */
export function anomalyIncident(anomaly: Anomaly): Incident {
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
export function toIncidentRow(
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

/** The evidence of the match that was made an incident last, as canonical JSON. */
export function evidenceJson(described: DescribedEvents): string {
  let text = '';
  for (const { json } of described) text += text === '' ? json : `,${json}`;
  return `[${text}]`;
}

/** An event in the words of an incident. The same event has the same identity, whatever way and order it arrived in. */
type EventDescription = {
  readonly identity: string;
  readonly about: string;
  readonly text: string;
};

export function describeEvent(value: PatternEvent['value']): EventDescription {
  switch (value.kind) {
    case 'anomaly':
      return {
        identity: `anomaly ${value.id} ${value.revision}`,
        about: value.id,
        text: anomalyText(value),
      };
    case 'event': {
      const data = canonicalJson(value.data);
      return {
        identity: `event ${value.asset} ${value.time} ${value.type} ${data}`,
        about: value.type,
        text: data === '{}' ? value.type : `${value.type} ${data}`,
      };
    }
    case 'schedule': {
      const { type, entry } = value;
      const { id, kind, start, end } = entry;
      const content = type === 'added' || type === 'changed' ? canonicalJson(entry) : '';
      return {
        identity: `schedule ${value.asset} ${value.time} ${type} ${id} ${content}`.trimEnd(),
        about: id,
        text: `${kind} ${id} ${type}: ${toIso(start)} to ${toIso(end)}`,
      };
    }
    case 'window':
      return {
        identity: `window ${value.asset} ${value.signal} ${value.window} ${value.start}`,
        about: value.signal,
        text: `${value.signal} from ${toIso(value.start)} to ${toIso(value.end)}: mean ${formatNumber(value.mean)}, min ${formatNumber(value.min)}, max ${formatNumber(value.max)} over ${value.count} readings`,
      };
    case 'features': {
      const values = Object.entries(value.values).map(
        ([name, field]) => `${name} ${formatNumber(field)}`,
      );
      return {
        identity: `features ${value.asset} ${value.point} ${value.time}`,
        about: value.point,
        text: `waveform of ${value.point}: ${values.join(', ')}`,
      };
    }
  }
}

/** The reason has the value, its limit, since when, and the state of the machine. */
function anomalyText({ severity, reason }: Anomaly): string {
  return `${severity}: ${reason}`;
}
