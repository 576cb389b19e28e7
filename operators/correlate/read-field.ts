import { FEATURE_PREFIX } from '../model/features.ts';
import type { Captured, Field } from './captured.ts';
import { fieldsOf, levelOf, STATISTICS, timeOf } from './fields.ts';

/** One field of an event; undefined: the event lacks it. */
export type Read = (event: Captured) => Field | undefined;

const PLACE = new Set(['plant', 'line', 'asset']);
const KNOWN = new Set(['class', 'criticality']);
const SITUATION = new Set([
  ...(['state', 'mode', 'order', 'operation', 'product', 'shift', 'planned'] as const),
]);
const ANOMALY = new Set([
  ...(['signal', 'point', 'component', 'phase', 'severity', 'failure_mode', 'rule'] as const),
  ...(['detector', 'score', 'value', 'limit', 'unit'] as const),
]);

/**
 * A field by its name, without working the others out: most conditions ask for two or three, and most events are
 * never taken. Answers what `fieldsOf` has under that name.
 */
export function readerOf(name: string): Read {
  if (name === 'kind') return ({ value }) => value.kind;
  if (name === 'time') return ({ value }) => timeOf(value) / 1_000;
  if (PLACE.has(name)) return (event) => fieldsOf(event)[name];
  if (KNOWN.has(name)) return (event) => event.known[name] ?? fieldsOf(event)[name];
  if (isIn(SITUATION, name)) {
    // A schedule's own entry stands before what the machine was doing.
    return (event) => {
      return event.value.kind === 'schedule' ? fieldsOf(event)[name] : event.situation[name];
    };
  }
  if (name === 'due' || name === 'next_stop') return (event) => fieldsOf(event)[name];
  return name === 'type' ? typeOf : ownReader(name);
}

function typeOf({ value }: Captured): Field | undefined {
  return value.kind === 'event' || value.kind === 'schedule' ? value.type : undefined;
}

function ownReader(name: string): Read {
  const ofAnomaly = anomalyReader(name);
  const statistic = isIn(STATISTICS, name) ? name : undefined;
  const feature = name.startsWith(FEATURE_PREFIX) ? name.slice(FEATURE_PREFIX.length) : undefined;
  return (event) => {
    const { value } = event;
    switch (value.kind) {
      case 'event':
        return value.data[name] ?? undefined;
      case 'schedule':
        return fieldsOf(event)[name];
      case 'anomaly':
        return ofAnomaly(event);
      case 'window':
        if (name === 'signal') return value.signal;
        return statistic === undefined ? fieldsOf(event)[name] : value[statistic];
      case 'features':
        return feature === undefined ? fieldsOf(event)[name] : value.values[feature];
    }
  };
}

function anomalyReader(name: string): Read {
  if (isIn(ANOMALY, name)) {
    return ({ value }) => (value.kind === 'anomaly' ? value[name] : undefined);
  }
  if (name === 'level') {
    return ({ value }) => (value.kind === 'anomaly' ? levelOf(value.severity) : undefined);
  }
  return () => undefined;
}

function isIn<N extends string>(names: ReadonlySet<N>, name: string): name is N {
  return (names as ReadonlySet<string>).has(name);
}
