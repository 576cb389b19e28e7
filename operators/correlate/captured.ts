import type { Anomaly } from '../model/anomaly.ts';
import { canonicalJson } from '../model/canonical-json.ts';
import type { Observation, Situation } from '../model/situation.ts';
import { toIso } from '../model/time.ts';

/** What a condition can ask of every event. */
export type Field = string | number | boolean;
export type Fields = Readonly<Record<string, Field>>;

/** An event as conditions see it and as matches hold it. Plain data; its fields are worked out when asked for. */
export type Captured = {
  readonly value: Observation | Anomaly;
  readonly situation: Situation;
  /** What the plant model said of the asset when the event came. */
  readonly known: Fields;
};

/** What an incident says of an event. The same event has the same identity, whatever way and order it arrived in. */
export type Description = {
  readonly identity: string;
  readonly about: string;
  readonly text: string;
};

export function describe(value: Observation | Anomaly): Description {
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
        text: `${value.signal} from ${toIso(value.start)} to ${toIso(value.end)}: mean ${short(value.mean)}, min ${short(value.min)}, max ${short(value.max)} over ${value.count} readings`,
      };
    case 'features': {
      const values = Object.entries(value.values).map(([name, field]) => `${name} ${short(field)}`);
      return {
        identity: `features ${value.asset} ${value.point} ${value.time}`,
        about: value.point,
        text: `waveform of ${value.point}: ${values.join(', ')}`,
      };
    }
  }
}

/** What a detector said: its sentence has the value, what it was held against, since when, and in which state. */
export function anomalyText({ severity, reason }: Anomaly): string {
  return `${severity}: ${reason}`;
}

/** Four significant digits, never in exponents that a planner must decode unless the number is huge or tiny. */
export function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
