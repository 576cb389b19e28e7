import type { Anomaly } from '../model/anomaly.ts';
import type { AssetKey } from '../model/key.ts';
import type { Knowledge } from '../model/knowledge.ts';
import type { Observation, Situation } from '../model/situation.ts';
import type { EventTime } from '../model/time.ts';
import { type Captured, capture } from './captured.ts';
import { type Field, type Fields, fieldsOf, timeOf } from './fields.ts';

/** Fields that every event has from its place, its time and what the machine was doing: no data stands before them. */
const PLACE = new Set(['plant', 'line', 'asset', 'class', 'criticality', 'time']);
const SITUATION = new Set([
  ...['state', 'mode', 'order', 'operation', 'product', 'shift', 'planned', 'due', 'next_stop'],
]);

/**
 * An event that no match has taken yet: it answers what conditions ask and is worked out only as far as they do.
 * Most events are never taken, and most conditions ask for two or three fields.
 */
export class Draft implements Captured {
  readonly #value: Observation | Anomaly;
  readonly #situation: Situation;
  readonly #knowledge: Knowledge;
  #fields: Fields | undefined;
  #whole: Captured | undefined;

  constructor(value: Observation | Anomaly, situation: Situation, knowledge: Knowledge) {
    this.#value = value;
    this.#situation = situation;
    this.#knowledge = knowledge;
  }

  /** One field; undefined: the event lacks it. */
  read(name: string): Field | undefined {
    const value = this.#value;
    if (name === 'kind') return value.kind;
    if (value.kind !== 'event' || PLACE.has(name)) return this.fields[name];
    if (name === 'type') return value.type;
    if (SITUATION.has(name)) return this.fields[name];
    return value.data[name] ?? undefined;
  }

  /** The event as plain data, for a match to hold. */
  whole(): Captured {
    this.#whole ??= capture(this.#value, this.#situation, this.fields);
    return this.#whole;
  }

  get fields(): Fields {
    this.#fields ??= fieldsOf(this.#value, this.#situation, this.#knowledge);
    return this.#fields;
  }

  get kind(): string {
    return this.#value.kind;
  }

  get asset(): AssetKey {
    return this.#value.asset;
  }

  get time(): EventTime {
    return timeOf(this.#value);
  }

  get situation(): Situation {
    return this.#situation;
  }

  get value(): Observation | Anomaly {
    return this.#value;
  }
}

/** One field of an event, whether it is worked out or not. */
export function readField(event: Captured, name: string): Field | undefined {
  return event instanceof Draft ? event.read(name) : event.fields[name];
}
