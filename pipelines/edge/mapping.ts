/** From readings of tags to messages of the log: whose they are, what they are called, what of them goes up. */

import { Packr } from 'msgpackr';
import { PACKML_STATES } from '../../operators/model/machine-event.ts';
import type { EdgeConfig, EdgeSignal, EdgeTopic } from './edge-config.ts';
import type { EdgeMessage, Keep, MappedMessage, PartMessage } from './edge-message.ts';
import { type AssetContent, Portion } from './portion.ts';
import {
  fillTemplate,
  type Labels,
  MOST_READINGS,
  type TagReading,
  type TagValue,
  templateNames,
} from './tag-reading.ts';

/** Why something does not go up. `reduced`, `repeat` and `retained` are as it was meant; the others want attention. */
export type EdgeReason =
  | 'malformed'
  | 'too-large'
  | 'unknown-machine'
  | 'unknown-sender'
  | 'unknown-tag'
  | 'unit'
  | 'unknown-state'
  | 'no-value'
  | 'unsupported'
  | 'unborn'
  | 'old-death'
  | 'too-many'
  | 'reduced'
  | 'not-up'
  | 'repeat'
  | 'retained'
  | 'no-node'
  | 'overflow'
  | 'missed';

/** Told of everything that does not go up. */
export type Refuse = (reason: EdgeReason, detail: string) => void;

type Scalar = string | number | boolean;

/** Whose the readings are and what they are called; `format` has the usual tag where there is none here. */
export type MapRule = Pick<EdgeTopic, 'machine' | 'tag' | 'event' | 'clock'> & {
  readonly format?: EdgeTopic['format'];
};

/** Of readings that say both in their labels: nothing is left to be filled in. */
export const TAGGED: MapRule = { machine: '{machine}', tag: '{tag}', clock: 'source' };

export interface Mapper {
  /** `arrival`: epoch milliseconds, the time of what has none of its own. */
  map(
    topic: MapRule,
    readings: readonly TagReading[],
    captures: Labels,
    arrival: number,
  ): readonly MappedMessage[];
}

const packr = new Packr({ useRecords: false, useBigIntExtension: false });

/** What `{…}` stands for in the tags of a format, when a topic does not say otherwise. */
const TAGS: Readonly<Record<EdgeTopic['format'], string>> = {
  json: '{path}',
  text: '{topic}',
  'line-protocol': '{measurement}.{field}',
  telegraf: '{measurement}.{field}',
  senml: '{name}',
};

/** What was let through last, of one signal of one asset. */
type Passed = { value: TagValue; time: number };
/**
 * Reduction keeps the last value of each signal in memory: after a start the next one of each goes up. `keep`: what becomes
 * of the readings of a machine that is not in `assets`.
 */
export function createMapper(config: MapperConfig, refuse: Refuse, keep?: Keep): Mapper {
  return new TagMapper(config, refuse, keep);
}

type MapperConfig = Pick<EdgeConfig, 'assets' | 'signals' | 'unlisted'>;

/** A reading whose asset, signal and time are known. */
type Placed = {
  readonly asset: string;
  readonly tag: string;
  readonly signal: EdgeSignal;
  readonly reading: TagReading;
  /** The place of the reading in its payload. */
  readonly part: number;
  readonly time: number;
  readonly content: AssetContent;
};

/** What a reading is called, as far as the rule says it, and its cell of a message. */
type Named = {
  readonly machine: string | undefined;
  readonly tag: string | undefined;
  readonly asset: string | undefined;
  readonly signal: EdgeSignal | undefined;
  readonly cell: string;
};

class TagMapper implements Mapper {
  readonly #refuse: Refuse;
  readonly #assets: ReadonlyMap<string, string>;
  readonly #signals: ReadonlyMap<string, EdgeSignal>;
  readonly #unlisted: EdgeConfig['unlisted'];
  readonly #keep: Keep | undefined;
  /** By what the topic of a message stands for, and the path of a value. */
  readonly #names = new WeakMap<Labels, Map<string, Named>>();
  /** What was let through last, by asset and signal: as a value, and as an event. */
  readonly #values = new Map<string, Passed>();
  readonly #events = new Map<string, TagValue>();

  constructor({ assets, signals, unlisted }: MapperConfig, refuse: Refuse, keep?: Keep) {
    this.#refuse = refuse;
    this.#keep = keep;
    this.#assets = new Map(Object.entries(assets));
    this.#signals = new Map(Object.entries(signals));
    this.#unlisted = unlisted;
  }

  map(
    topic: MapRule,
    readings: readonly TagReading[],
    captures: Labels,
    arrival: number,
  ): readonly MappedMessage[] {
    if (topic.event !== undefined) {
      return this.#wholeEvent(topic, topic.event, readings, captures, arrival);
    }
    let portion = new Portion();
    const portions = [portion];
    for (const [part, reading] of readings.entries()) {
      const { machine, tag, asset, signal, cell } = this.#name(topic, reading, captures);
      const time = timeOf(topic, reading, arrival);
      if (!portion.place(cell, time)) {
        portion = new Portion();
        portion.place(cell, time);
        portions.push(portion);
      }
      if (asset === undefined) {
        this.#refuse('unknown-machine', machine ?? nothingFor(topic.machine, captures));
        if (machine && tag !== undefined) portion.keep(machine, tag, time, reading);
      } else if (tag === undefined || (signal === undefined && this.#unlisted === 'drop')) {
        this.#refuse('unknown-tag', tag ?? nothingFor(tagTemplate(topic, reading), captures));
      } else {
        const stays = (signal === undefined ? this.#unlisted : signal.up) === 'judge';
        if (stays) this.#refuse('not-up', tag);
        const content = portion.contentOf(asset, stays);
        this.#add({ asset, tag, signal: signal ?? {}, reading, part, time, content });
      }
    }
    return portions.flatMap((each, at) => each.messages(at, this.#keep));
  }

  /** Looked up once for a path of a topic, unless the templates name values of the payload. */
  #name(rule: MapRule, reading: TagReading, captures: Labels): Named {
    const { path } = reading.labels;
    if (path === undefined || namesSample(rule, reading))
      return this.#find(rule, reading, captures);
    const names = this.#names.get(captures) ?? new Map<string, Named>();
    this.#names.set(captures, names);
    const known = names.get(path);
    if (known !== undefined) return known;
    const found = this.#find(rule, reading, captures);
    // Whoever makes up fields fills no memory.
    if (names.size < MOST_READINGS) names.set(path, found);
    return found;
  }

  #find(rule: MapRule, reading: TagReading, captures: Labels): Named {
    const machine = readingMachine(rule, reading, captures);
    const tag = readingTag(rule, reading, captures);
    const asset = this.#assets.get(machine ?? '');
    const signal = this.#signals.get(tag ?? '');
    return { machine, tag, asset, signal, cell: `${asset ?? machine} ${signal?.as ?? tag}` };
  }

  #assetOf(topic: MapRule, reading: TagReading | undefined, captures: Labels): string | undefined {
    const machine = readingMachine(topic, reading, captures);
    const asset = machine === undefined ? undefined : this.#assets.get(machine);
    if (asset === undefined) {
      this.#refuse('unknown-machine', machine ?? nothingFor(topic.machine, captures));
    }
    return asset;
  }

  #add(placed: Placed): void {
    const { tag, signal, reading, content } = placed;
    const { value: raw, quality, unit } = reading;
    if (signal.unit !== undefined && unit !== undefined && signal.unit !== unit) {
      this.#refuse('unit', `${tag}: ${unit} instead of ${signal.unit}`);
    } else if (raw === null) {
      this.#refuse('no-value', `${tag} is ${quality}`);
    } else if (typeof raw === 'object') {
      if (signal.waveform === undefined) {
        this.#refuse('unknown-tag', `${tag} is a list, and no waveform`);
      } else content.others.push(waveformOf(placed, signal.waveform, raw));
    } else {
      const isEvent = signal.states !== undefined || signal.event !== undefined;
      if (isEvent) this.#addEvent(placed, raw);
      const up = signal.up ?? (isEvent ? 'events' : 'all');
      if (up === 'none') this.#refuse('not-up', tag);
      else if (up !== 'events') this.#addValue(placed, raw);
    }
  }

  #addValue({ asset, tag, signal, reading, time, content }: Placed, raw: Scalar): void {
    const { quality } = reading;
    const name = signal.as ?? tag;
    const key = `${asset} ${name}`;
    const value = scaled(raw, signal);
    const last = this.#values.get(key);
    // A bad value goes up as bad: that it is bad is the news.
    if (quality === 'good' && last !== undefined && isReduced(signal, value, time, last)) {
      this.#refuse('reduced', tag);
      return;
    }
    if (signal.deadband !== undefined || signal.every !== undefined) {
      this.#values.set(key, { value, time });
    }
    content.add(time, name, value, quality);
  }

  #addEvent(placed: Placed, raw: Scalar): void {
    const { asset, tag, signal, reading, content } = placed;
    const key = `${asset} ${signal.as ?? tag}`;
    if (reading.quality === 'bad' || reading.quality === 'suspect') {
      // What is bad, or stale, says nothing of a change.
      this.#refuse('no-value', `${tag} is ${reading.quality}`);
      return;
    }
    if (Object.is(this.#events.get(key), raw)) {
      this.#refuse('reduced', tag);
      return;
    }
    this.#events.set(key, raw);
    const { states, event = '' } = signal;
    if (states === undefined) {
      content.others.push(eventOf(placed, event, { value: scaled(raw, signal) }));
      return;
    }
    const state = stateOf(states, raw);
    if (state === undefined) this.#refuse('unknown-state', `${tag}: ${raw}`);
    // Nobody knows what it does now: that is a state, too.
    content.others.push(eventOf(placed, 'state', { state: state ?? 'UNDEFINED' }));
  }

  #wholeEvent(
    topic: MapRule,
    type: string,
    readings: readonly TagReading[],
    captures: Labels,
    arrival: number,
  ): readonly MappedMessage[] {
    const [first] = readings;
    const asset = this.#assetOf(topic, first, captures);
    if (asset === undefined) return [];
    const data = Object.fromEntries(
      readings.flatMap(({ labels, value }) =>
        value === null || typeof value === 'object'
          ? []
          : [[labels.path || labels.field || 'value', value] as const],
      ),
    );
    return [eventOf({ asset, time: timeOf(topic, first, arrival) }, type, data)];
  }
}

/** Whether a value of the payload stands for something in the templates of a rule. */
function namesSample(rule: MapRule, reading: TagReading): boolean {
  const { sample } = reading;
  if (sample === undefined) return false;
  const isIn = (name: string) => name !== 'path' && Object.hasOwn(sample, name);
  return [rule.machine, tagTemplate(rule, reading)].some((each) => templateNames(each).some(isIn));
}

function nothingFor(template: string, { topic }: Labels): string {
  return `nothing for ${template} on ${topic}`;
}

/** What is looked up in `assets`; undefined where a reading does not say it. */
export function readingMachine(
  { machine }: MapRule,
  reading: TagReading | undefined,
  captures: Labels,
): string | undefined {
  const { labels = {}, sample = {} } = reading ?? {};
  return fillTemplate(machine, labels, sample, captures);
}

/** What is looked up in `signals`; undefined where a reading does not say it. */
export function readingTag(
  rule: MapRule,
  reading: TagReading,
  captures: Labels,
): string | undefined {
  const { labels, sample = {} } = reading;
  return fillTemplate(tagTemplate(rule, reading), labels, sample, captures);
}

function tagTemplate({ tag, format }: MapRule, { labels }: TagReading): string {
  // A payload that is nothing but a value has no name in it.
  return tag ?? (labels.path === '' ? '{topic}' : TAGS[format ?? 'json']);
}

function timeOf({ clock }: MapRule, reading: TagReading | undefined, arrival: number): number {
  return clock === 'source' ? (reading?.time ?? arrival + (reading?.since ?? 0)) : arrival;
}

function scaled(value: string | number | boolean, { scale = 1, offset = 0 }: EdgeSignal) {
  return typeof value === 'number' ? value * scale + offset : value;
}

/** What is late is let through: it cannot be compared with what came after it. */
function isReduced(signal: EdgeSignal, value: TagValue, time: number, last: Passed): boolean {
  const { deadband, every, heartbeat } = signal;
  const passed = (time - last.time) * 1_000;
  if (passed < 0 || (deadband === undefined && every === undefined)) return false;
  if (heartbeat !== undefined && passed >= heartbeat) return false;
  if (every !== undefined && passed < every) return true;
  if (deadband === undefined) return false;
  return typeof value === 'number' && typeof last.value === 'number'
    ? Math.abs(value - last.value) < deadband
    : value === last.value;
}

function stateOf(states: NonNullable<EdgeSignal['states']>, raw: TagValue): string | undefined {
  if (states !== 'packml')
    return Object.hasOwn(states, String(raw)) ? states[String(raw)] : undefined;
  // ISA-TR88.00.02 numbers its states in this order, from 0 for UNDEFINED.
  const number =
    typeof raw === 'string'
      ? (PACKML_STATES as readonly string[]).indexOf(raw.toUpperCase())
      : Number(raw);
  return PACKML_STATES[number];
}

function waveformOf(
  { asset, time, part }: Placed,
  { point, rate, unit }: NonNullable<EdgeSignal['waveform']>,
  numbers: readonly number[],
): PartMessage {
  const samples = Buffer.from(Float32Array.from(numbers).buffer);
  const payload = packr.pack({ time, rate, unit, samples });
  return { subject: `waveform.${asset}.${point}`, payload, part };
}

function eventOf(
  { asset, time, part = 0 }: Pick<Placed, 'asset' | 'time'> & Partial<Placed>,
  type: string,
  data: object,
): PartMessage {
  return { ...machineEvent(asset, type, time, data), part };
}

/** What became of a machine or of what is known of it: its state, a gap, whether its source is there. */
export function machineEvent(asset: string, type: string, time: number, data: object): EdgeMessage {
  return { subject: `event.${asset}`, payload: packr.pack({ time, type, data }) };
}
