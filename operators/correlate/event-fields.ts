import type { Anomaly } from '../model/anomaly.ts';
import { SEVERITIES, type Severity } from '../model/detector-rule.ts';
import { type AssetKey, locate } from '../model/key.ts';
import { assetOf, type Knowledge } from '../model/knowledge.ts';
import { FEATURE_PREFIX, type Observation, type Situation } from '../model/observation.ts';
import { lookup } from '../model/plain.ts';
import { orderOf, type ScheduleEntry } from '../model/schedule.ts';
import type { EventTime } from '../model/time.ts';

/** The fields of an event, flat, as conditions and keys of patterns name them. */
export type EventFields = Readonly<Record<string, FieldValue>>;
export type FieldValue = string | number | boolean;

/** An event as patterns read it and as matches keep it: plain data, whose fields are derived when asked for. */
export type PatternEvent = {
  readonly value: Observation | Anomaly;
  readonly situation: Situation;
  /** What the plant model said of the asset when the event came. */
  readonly assetFields: EventFields;
};

/** Names that every event has. An event without a value for a text has '', for a number NaN, which compares false. */
export const TEXT_FIELDS = [
  ...['kind', 'plant', 'line', 'asset', 'class', 'criticality'],
  ...['state', 'mode', 'order', 'operation', 'product', 'shift', 'planned'],
  ...['signal', 'point', 'component', 'phase', 'severity', 'failure_mode', 'rule', 'detector'],
  ...['unit', 'type', 'entry', 'entry_kind'],
] as const;

/** The statistics of a window. */
const STATISTICS = new Set([
  ...(['count', 'first', 'last', 'min', 'max', 'sum', 'mean', 'deviation', 'rms'] as const),
  ...(['peak_to_peak', 'crest', 'slope'] as const),
]);

/**
 * `time`, `due`, `start` and `end` are epoch milliseconds; `next_stop` is minutes; `level` is 1 (notice) to 4
 * (danger), 0 without a severity.
 */
export const NUMBER_FIELDS = [
  ...['time', 'due', 'next_stop', 'level', 'score', 'value', 'limit', 'rpm', 'start', 'end'],
  ...STATISTICS,
] as const;

/**
 * The values of fields that an event does not have. A prototype, so that the context of an event costs only what it
 * has.
 */
export const MISSING_FIELDS: EventFields = {
  ...Object.fromEntries(TEXT_FIELDS.map((name) => [name, ''])),
  ...Object.fromEntries(NUMBER_FIELDS.map((name) => [name, Number.NaN])),
};

/** When an event happened: windows at their end, everything else at its own time. */
export function occurrenceTime(value: Observation | Anomaly): EventTime {
  return value.kind === 'window' ? value.end : value.time;
}

/** What is known of a machine, whatever its events say: `asset.x` in conditions. */
export const MACHINE_FIELDS: ReadonlySet<string> = new Set([
  ...['class', 'criticality', 'state', 'mode', 'order', 'operation', 'product', 'shift', 'planned'],
  ...['due', 'next_stop'],
]);

/** What every event is, whatever its data says. */
const ENVELOPE: ReadonlySet<string> = new Set(['kind', 'time', 'type', 'plant', 'line', 'asset']);

/** Whether every event, or every machine, has a field of this name of its own. */
export function isEventField(name: string): boolean {
  return MACHINE_FIELDS.has(name) || ENVELOPE.has(name);
}

const NO_FIELDS: EventFields = {};
const dataByEvent = new WeakMap<PatternEvent, EventFields>();
const machineByEvent = new WeakMap<PatternEvent, EventFields>();

/** The data of a machine event: `data.x` in conditions. Other events have none. Derived once per event. */
export function dataFields(event: PatternEvent): EventFields {
  const { value } = event;
  if (value.kind !== 'event') return NO_FIELDS;
  const known = dataByEvent.get(event);
  if (known !== undefined) return known;
  const fields: Record<string, FieldValue> = {};
  for (const [name, field] of Object.entries(value.data)) if (field !== null) fields[name] = field;
  dataByEvent.set(event, fields);
  return fields;
}

/** What is known of the machine of an event. Derived once per event. */
export function machineFields(event: PatternEvent): EventFields {
  const known = machineByEvent.get(event);
  if (known !== undefined) return known;
  const { value, situation, assetFields } = event;
  const { plant, line } = locate(value.asset);
  const missing = { class: '', criticality: '', due: Number.NaN, next_stop: Number.NaN };
  const fields = { ...missing, plant, line, ...assetFields, ...situationFields(situation) };
  machineByEvent.set(event, fields);
  return fields;
}

const fieldsByEvent = new WeakMap<PatternEvent, EventFields>();

/**
 * All fields of an event by their bare names. Of a machine event that is its data, too, save where the machine or the
 * event itself has a field of that name. Derived once per event, and never part of a state.
 */
export function eventFields(event: PatternEvent): EventFields {
  const known = fieldsByEvent.get(event);
  if (known !== undefined) return known;
  const { value, situation, assetFields } = event;
  const fields: Record<string, FieldValue> = {};
  if (value.kind === 'event') {
    for (const [name, field] of Object.entries(value.data)) {
      if (field !== null && !isEventField(name)) fields[name] = field;
    }
  }
  Object.assign(
    fields,
    locate(value.asset),
    assetFields,
    situationFields(situation),
    { kind: value.kind, time: occurrenceTime(value) / 1_000 },
    ownFields(value),
  );
  fieldsByEvent.set(event, fields);
  return fields;
}

/** What the plant model says of an asset; nothing of one that it does not know. */
export function assetFieldsOf(key: AssetKey, knowledge: Knowledge): EventFields {
  const asset = assetOf(knowledge, key);
  return asset === undefined ? {} : { class: asset.class, criticality: asset.criticality };
}

function situationFields(situation: Situation): EventFields {
  const { state, mode, order, operation, product, shift, planned, due, next_stop } = situation;
  return {
    ...{ state, mode, order, operation, product, shift, planned },
    ...(due === null ? {} : { due: due / 1_000 }),
    ...(next_stop === null ? {} : { next_stop }),
  };
}

function ownFields(value: Observation | Anomaly): EventFields {
  switch (value.kind) {
    case 'anomaly': {
      const { signal, point, component, phase, severity, failure_mode, rule, detector } = value;
      const texts = { signal, point, component, phase, severity, failure_mode, rule, detector };
      const numbers = { score: value.score, value: value.value, limit: value.limit };
      return { ...texts, ...numbers, unit: value.unit, level: severityLevel(severity) };
    }
    case 'event':
      return { type: value.type };
    case 'schedule': {
      const { type, entry } = value;
      const { id, kind, start, end } = entry;
      const span = { start: start / 1_000, end: end / 1_000 };
      return { type, entry: id, entry_kind: kind, ...span, ...entryFields(entry) };
    }
    case 'window': {
      const fields: Record<string, FieldValue> = { signal: value.signal, rule: value.window };
      for (const name of STATISTICS) {
        fields[name] = value[name];
      }
      for (const [quantile, field] of value.quantiles) {
        fields[`p${String(quantile * 100).replace('.', '_')}`] = field;
      }
      const { start, end, mean } = value;
      return { ...fields, value: mean, start: start / 1_000, end: end / 1_000 };
    }
    case 'features': {
      const fields: Record<string, FieldValue> = { point: value.point };
      if (value.component !== undefined) fields.component = value.component;
      if (value.rpm !== undefined) fields.rpm = value.rpm;
      for (const [name, field] of Object.entries(value.values)) {
        fields[`${FEATURE_PREFIX}${name}`] = field;
      }
      return fields;
    }
  }
}

/** The fields of an entry override those of the situation: a changeover names what it changes to. */
function entryFields(entry: ScheduleEntry): EventFields {
  const { segment, product, due } = entry;
  const order = orderOf(entry);
  return {
    ...(order === '' ? {} : { order }),
    ...(segment === undefined ? {} : { operation: segment }),
    ...(product === undefined ? {} : { product }),
    ...(due === undefined ? {} : { due: due / 1_000 }),
  };
}

function severityLevel(severity: Severity): number {
  return SEVERITIES.indexOf(severity) + 1;
}

/** Reads one field of an event; undefined: the event does not have it. */
export type FieldReader = (event: PatternEvent) => FieldValue | undefined;

const LOCATION = new Set(['plant', 'line', 'asset']);
const OF_ASSET = new Set(['class', 'criticality']);
const SITUATION = new Set([
  ...(['state', 'mode', 'order', 'operation', 'product', 'shift', 'planned'] as const),
]);
const ANOMALY = new Set([
  ...(['signal', 'point', 'component', 'phase', 'severity', 'failure_mode', 'rule'] as const),
  ...(['detector', 'score', 'value', 'limit', 'unit'] as const),
]);

/**
 * A reader of one field by its name, which does not derive the others: most conditions ask for two or three, and most
 * events are never taken. It gives what `eventFields` has under that name; without `data` nothing of a machine event's
 * data.
 */
export function fieldReader(name: string, data = true): FieldReader {
  if (name === 'kind') return ({ value }) => value.kind;
  if (name === 'time') return ({ value }) => occurrenceTime(value) / 1_000;
  if (LOCATION.has(name)) return (event) => eventFields(event)[name];
  if (OF_ASSET.has(name)) return (event) => event.assetFields[name] ?? eventFields(event)[name];
  if (isIn(SITUATION, name)) {
    // The fields of a schedule entry override those of the situation.
    return (event) => {
      return event.value.kind === 'schedule' ? eventFields(event)[name] : event.situation[name];
    };
  }
  if (name === 'due' || name === 'next_stop') return (event) => eventFields(event)[name];
  return name === 'type' ? typeOf : ownReader(name, data);
}

/** A reader of `data.x` or `asset.x`. */
export function memberReader(of: 'data' | 'asset', name: string): FieldReader {
  if (of === 'data') {
    return ({ value }) =>
      value.kind === 'event' ? (lookup(value.data, name) ?? undefined) : undefined;
  }
  return (event) => lookup(machineFields(event), name);
}

function typeOf({ value }: PatternEvent): FieldValue | undefined {
  return value.kind === 'event' || value.kind === 'schedule' ? value.type : undefined;
}

function ownReader(name: string, data: boolean): FieldReader {
  const ofAnomaly = anomalyReader(name);
  const statistic = isIn(STATISTICS, name) ? name : undefined;
  const feature = name.startsWith(FEATURE_PREFIX) ? name.slice(FEATURE_PREFIX.length) : undefined;
  return (event) => {
    const { value } = event;
    switch (value.kind) {
      case 'event':
        return data ? (lookup(value.data, name) ?? undefined) : undefined;
      case 'schedule':
        return lookup(eventFields(event), name);
      case 'anomaly':
        return ofAnomaly(event);
      case 'window':
        if (name === 'signal') return value.signal;
        return statistic === undefined ? lookup(eventFields(event), name) : value[statistic];
      case 'features':
        return feature === undefined
          ? lookup(eventFields(event), name)
          : lookup(value.values, feature);
    }
  };
}

function anomalyReader(name: string): FieldReader {
  if (isIn(ANOMALY, name)) {
    return ({ value }) => (value.kind === 'anomaly' ? value[name] : undefined);
  }
  if (name === 'level') {
    return ({ value }) => (value.kind === 'anomaly' ? severityLevel(value.severity) : undefined);
  }
  return () => undefined;
}

function isIn<N extends string>(names: ReadonlySet<N>, name: string): name is N {
  return (names as ReadonlySet<string>).has(name);
}
