import type { Anomaly } from '../model/anomaly.ts';
import { SEVERITIES, type Severity } from '../model/detector-rule.ts';
import { FEATURE_PREFIX } from '../model/features.ts';
import { type AssetKey, locate } from '../model/key.ts';
import { assetOf, type Knowledge } from '../model/knowledge.ts';
import { orderOf, type ScheduleEntry } from '../model/schedule.ts';
import type { Observation, Situation } from '../model/situation.ts';
import type { EventTime } from '../model/time.ts';
import type { Captured, Field, Fields } from './captured.ts';

/** What a condition can ask of every event. An event that lacks a text has '', one that lacks a number compares false. */
export const TEXT_FIELDS = [
  ...['kind', 'plant', 'line', 'asset', 'class', 'criticality'],
  ...['state', 'mode', 'order', 'operation', 'product', 'shift', 'planned'],
  ...['signal', 'point', 'component', 'phase', 'severity', 'failure_mode', 'rule', 'detector'],
  ...['unit', 'type', 'entry', 'entry_kind'],
] as const;

/** What a window knows of its values. */
export const STATISTICS = new Set([
  ...(['count', 'first', 'last', 'min', 'max', 'sum', 'mean', 'deviation', 'rms'] as const),
  ...(['peak_to_peak', 'crest', 'slope'] as const),
]);

/** `time`, `due`, `start` and `end` are epoch milliseconds; `next_stop` is minutes; `level` is 1 (notice) to 4 (danger), 0 without a severity. */
export const NUMBER_FIELDS = [
  ...['time', 'due', 'next_stop', 'level', 'score', 'value', 'limit', 'rpm', 'start', 'end'],
  ...STATISTICS,
] as const;

/** What an event lacks. As a prototype, so that building an event's context costs only what it has. */
export const LACKING: Fields = {
  ...Object.fromEntries(TEXT_FIELDS.map((name) => [name, ''])),
  ...Object.fromEntries(NUMBER_FIELDS.map((name) => [name, Number.NaN])),
};

/** When an observation recorded: windows at their end, everything else at its own time. */
export function timeOf(value: Observation | Anomaly): EventTime {
  return value.kind === 'window' ? value.end : value.time;
}

const flat = new WeakMap<Captured, Fields>();

/** An event as conditions see it: flat. Worked out once, and never part of a state. */
export function fieldsOf(event: Captured): Fields {
  const before = flat.get(event);
  if (before !== undefined) return before;
  const { value, situation, known } = event;
  const fields: Record<string, Field> = {};
  if (value.kind === 'event') {
    for (const [name, field] of Object.entries(value.data)) {
      if (field !== null) fields[name] = field;
    }
  }
  Object.assign(
    fields,
    locate(value.asset),
    known,
    situationOf(situation),
    { kind: value.kind, time: timeOf(value) / 1_000 },
    ownFieldsOf(value),
  );
  flat.set(event, fields);
  return fields;
}

/** What the plant model says of an asset; nothing of one that it does not know. */
export function knownOf(key: AssetKey, knowledge: Knowledge): Fields {
  const asset = assetOf(knowledge, key);
  return asset === undefined ? {} : { class: asset.class, criticality: asset.criticality };
}

function situationOf(situation: Situation): Fields {
  const { state, mode, order, operation, product, shift, planned, due, next_stop } = situation;
  return {
    ...{ state, mode, order, operation, product, shift, planned },
    ...(due === null ? {} : { due: due / 1_000 }),
    ...(next_stop === null ? {} : { next_stop }),
  };
}

function ownFieldsOf(value: Observation | Anomaly): Fields {
  switch (value.kind) {
    case 'anomaly': {
      const { signal, point, component, phase, severity, failure_mode, rule, detector } = value;
      const texts = { signal, point, component, phase, severity, failure_mode, rule, detector };
      const numbers = { score: value.score, value: value.value, limit: value.limit };
      return { ...texts, ...numbers, unit: value.unit, level: levelOf(severity) };
    }
    case 'event':
      return { type: value.type };
    case 'schedule': {
      const { type, entry } = value;
      const { id, kind, start, end } = entry;
      const span = { start: start / 1_000, end: end / 1_000 };
      return { type, entry: id, entry_kind: kind, ...span, ...ofEntry(entry) };
    }
    case 'window': {
      const fields: Record<string, Field> = { signal: value.signal, rule: value.window };
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
      const fields: Record<string, Field> = { point: value.point };
      if (value.component !== undefined) fields.component = value.component;
      if (value.rpm !== undefined) fields.rpm = value.rpm;
      for (const [name, field] of Object.entries(value.values)) {
        fields[`${FEATURE_PREFIX}${name}`] = field;
      }
      return fields;
    }
  }
}

/** What an entry itself says stands before what the machine was doing: a changeover names what it changes to. */
function ofEntry(entry: ScheduleEntry): Fields {
  const { segment, product, due } = entry;
  const order = orderOf(entry);
  return {
    ...(order === '' ? {} : { order }),
    ...(segment === undefined ? {} : { operation: segment }),
    ...(product === undefined ? {} : { product }),
    ...(due === undefined ? {} : { due: due / 1_000 }),
  };
}

export function levelOf(severity: Severity): number {
  return SEVERITIES.indexOf(severity) + 1;
}
