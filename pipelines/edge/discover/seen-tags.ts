/** What was heard of each tag: how often, of which type, between which values, and whether it looks like a counter or a state. */

import { PACKML_STATES } from '../../../operators/model/machine-event.ts';
import type { EdgeConfig, EdgeSignal } from '../edge-config.ts';
import type { MappedMessage } from '../edge-message.ts';
import { type MapRule, readingMachine, readingTag } from '../mapping.ts';
import type { Listener, TagFacts } from '../source.ts';
import type { Labels, TagReading, TagValue } from '../tag-reading.ts';

export type ValueType = 'number' | 'integer' | 'boolean' | 'text' | 'list';

/** One tag of one machine, as a source names both. Times are milliseconds. */
export type SeenTag = {
  readonly source: string;
  readonly machine: string;
  readonly tag: string;
  /** What the source says of it beside its values. */
  readonly facts: TagFacts;
  readonly units: ReadonlySet<string>;
  /** Values with a good or uncertain quality. */
  readonly count: number;
  readonly bad: number;
  readonly types: ReadonlySet<ValueType>;
  readonly low: number | undefined;
  readonly high: number | undefined;
  /** Mean time between two values, and the longest without one; undefined before the second value. */
  readonly interval: number | undefined;
  readonly silence: number | undefined;
  /** Different values that are no fractions, as long as they are few. */
  readonly values: readonly string[] | undefined;
  readonly rises: number;
  readonly falls: number;
  readonly suspicion: TagSuspicion | undefined;
  /** Why no reading comes of it, as `edge.yaml` stands: for people. */
  readonly unread?: string;
};

/** `why`: for people. `sure`: sure enough to be written down as more than a comment. */
export type TagSuspicion = {
  readonly kind: 'counter' | 'state' | 'packml';
  readonly why: string;
  readonly sure: boolean;
};

type Counts = {
  readonly source: string;
  readonly machine: string;
  readonly tag: string;
  facts: TagFacts;
  readonly units: Set<string>;
  readonly types: Set<ValueType>;
  readonly values: Set<string>;
  hasMany: boolean;
  count: number;
  bad: number;
  low: number;
  high: number;
  first: number;
  last: number;
  silence: number;
  rises: number;
  falls: number;
  /** Falls to less than a tenth: a counter that began again. */
  restarts: number;
  before: number | undefined;
};

/** Tags of all sources that are kept apart; what is beyond is counted. */
const MOST_TAGS = 100_000;
const MOST_VALUES = 18;
const MOST_UNITS = 8;
const LONGEST_VALUE = 64;
/** Steps that make a counter: fewer may be a level that rises. */
const SURE_STEPS = 5;
/** Different states of PackML: two may be words of another list. */
const SURE_STATES = 3;
/** Types of sources whose numbers may be fractions, whichever were heard. */
const FRACTIONS = /float|double|real|decimal/i;
const COUNTER_NAME = /count|total|parts|pieces|cycles|hours|energy|teile|st[uü]ck|z[aä]hl|hub/i;
const STATE_NAME = /state|status|mode|zustand|betriebsart|phase|step/i;
const PACKML: ReadonlySet<string> = new Set(PACKML_STATES);

export class SeenTags {
  readonly #counts = new Map<string, Counts>();
  readonly #now: () => number;
  #readings = 0;
  /** Readings of what was beyond the bound, or of no machine or tag that could be told. */
  #beyond = 0;
  #nameless = 0;

  /** `now`: milliseconds of a clock that nobody sets. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get readings(): number {
    return this.#readings;
  }

  get beyond(): number {
    return this.#beyond;
  }

  get nameless(): number {
    return this.#nameless;
  }

  get size(): number {
    return this.#counts.size;
  }

  get machines(): number {
    return new Set([...this.#counts.values()].map(({ machine }) => machine)).size;
  }

  /** By source, machine and tag. */
  tags(): readonly SeenTag[] {
    const end = this.#now();
    return [...this.#counts.values()]
      .map((counts) => seenOf(counts, end))
      .sort(
        (a, b) => order(a.source, b.source) || order(a.machine, b.machine) || order(a.tag, b.tag),
      );
  }

  /** What hears a source. */
  listener(source: string): Listener {
    return {
      map: (rule, readings, captures) => this.#hear(source, rule, readings, captures),
      describe: (machine, tag, facts) => {
        const counts = this.#countsOf(source, machine, tag);
        if (counts === undefined) return;
        const said = Object.entries(facts).filter(([, value]) => value !== undefined);
        counts.facts = { ...counts.facts, ...Object.fromEntries(said) };
        addUnit(counts, facts.unit);
      },
    };
  }

  #hear(
    source: string,
    rule: MapRule,
    readings: readonly TagReading[],
    captures: Labels,
  ): readonly MappedMessage[] {
    for (const reading of readings) {
      this.#readings += 1;
      const machine = readingMachine(rule, reading, captures);
      const tag = rule.event ?? readingTag(rule, reading, captures);
      if (machine === undefined || tag === undefined) {
        this.#nameless += 1;
        continue;
      }
      const counts = this.#countsOf(source, machine, tag);
      if (counts === undefined) this.#beyond += 1;
      else this.#add(counts, reading);
      if (rule.event === undefined) continue;
      // A whole payload is one event, however many values it has.
      if (counts !== undefined) counts.facts = { ...counts.facts, type: 'event' };
      break;
    }
    return [];
  }

  #countsOf(source: string, machine: string, tag: string): Counts | undefined {
    const key = JSON.stringify([source, machine, tag]);
    const known = this.#counts.get(key);
    if (known !== undefined || this.#counts.size >= MOST_TAGS) return known;
    const made: Counts = {
      ...{ source, machine, tag, facts: {}, units: new Set(), types: new Set() },
      ...{ values: new Set(), hasMany: false, count: 0, bad: 0, first: 0, last: 0, silence: 0 },
      ...{ low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY },
      ...{ rises: 0, falls: 0, restarts: 0, before: undefined },
    };
    this.#counts.set(key, made);
    return made;
  }

  #add(counts: Counts, { value, quality, unit }: TagReading): void {
    addUnit(counts, unit);
    // What nobody vouches for any more is no news.
    if (quality === 'suspect') return;
    if (quality === 'bad' || value === null) {
      counts.bad += 1;
      return;
    }
    const now = this.#now();
    if (counts.count === 0) counts.first = now;
    else counts.silence = Math.max(counts.silence, now - counts.last);
    counts.count += 1;
    counts.last = now;
    counts.types.add(typeOf(value));
    if (typeof value === 'number') addNumber(counts, value);
    if (typeof value !== 'object') addValue(counts, value);
  }
}

/** Of a tag that has more than a few, more are no news. */
function addUnit({ units }: Counts, unit: string | undefined): void {
  if (unit !== undefined && units.size < MOST_UNITS) units.add(unit.slice(0, LONGEST_VALUE));
}

function typeOf(value: TagValue): ValueType {
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  if (typeof value === 'string') return 'text';
  return typeof value === 'boolean' ? 'boolean' : 'list';
}

function addNumber(counts: Counts, value: number): void {
  const { before } = counts;
  counts.low = Math.min(counts.low, value);
  counts.high = Math.max(counts.high, value);
  counts.before = value;
  if (before === undefined || value === before) return;
  if (value > before) counts.rises += 1;
  else if (value >= 0 && value * 10 < before) counts.restarts += 1;
  else counts.falls += 1;
}

function addValue(counts: Counts, value: string | number | boolean): void {
  if (counts.hasMany) return;
  const text = String(value);
  const isFraction = typeof value === 'number' && !Number.isInteger(value);
  if (isFraction || text.length > LONGEST_VALUE) counts.hasMany = true;
  else counts.values.add(text);
  if (counts.values.size <= MOST_VALUES && !counts.hasMany) return;
  counts.hasMany = true;
  counts.values.clear();
}

function seenOf(counts: Counts, end: number): SeenTag {
  const { source, machine, tag, facts, units, count, bad, types, rises, falls } = counts;
  const { low, high, first, last, silence, hasMany, values, restarts } = counts;
  const isNumber = high >= low;
  return {
    ...{ source, machine, tag, facts, units, count, bad, types, rises },
    falls: falls + restarts,
    ...{ low: isNumber ? low : undefined, high: isNumber ? high : undefined },
    interval: count < 2 ? undefined : (last - first) / (count - 1),
    silence: count < 2 ? undefined : Math.max(silence, end - last),
    values: hasMany || (types.has('text') && !STATE_NAME.test(tag)) ? undefined : [...values],
    suspicion: suspicionOf(counts),
  };
}

function suspicionOf(counts: Counts): TagSuspicion | undefined {
  const { types, values, hasMany, tag } = counts;
  const only = types.size === 1 ? [...types][0] : undefined;
  const isFew = !hasMany && values.size > 0;
  const all = [...values].join(', ');
  if (only === 'text' && isFew) {
    const states = new Set([...values].map((value) => value.toUpperCase()));
    if ([...states].every((value) => PACKML.has(value))) {
      // Words such as STOPPED and IDLE are those of other lists of states, too.
      const sure = states.size >= SURE_STATES && !states.has('UNDEFINED');
      return { kind: 'packml', why: `its values are states of PackML: ${all}`, sure };
    }
    const said = `${values.size} different ${values.size === 1 ? 'text' : 'texts'}`;
    // Texts of other tags may be names of people, or of orders.
    return { kind: 'state', why: STATE_NAME.test(tag) ? `${said}: ${all}` : said, sure: false };
  }
  if (only === 'integer' && isFew && STATE_NAME.test(tag)) {
    return { kind: 'state', why: `its name, and ${all} alone`, sure: false };
  }
  return counterOf(counts, only);
}

function counterOf(
  { tag, facts, rises, falls, restarts }: Counts,
  only: ValueType | undefined,
): TagSuspicion | undefined {
  const named = COUNTER_NAME.test(tag);
  const steps = `${rises} steps up, ${falls + restarts} down`;
  const isRising = falls === 0 && rises > restarts * SURE_STEPS;
  if (only === 'integer' && isRising && rises >= (named ? 1 : SURE_STEPS)) {
    const why = `whole numbers, ${steps}${named ? ', and its name' : ''}`;
    const isWhole = !FRACTIONS.test(facts.type ?? '');
    return {
      kind: 'counter',
      why,
      sure: named && isWhole && restarts === 0 && rises >= SURE_STEPS,
    };
  }
  if (named && isRising && rises > 0) {
    return { kind: 'counter', why: `its name, and ${steps}`, sure: false };
  }
  return undefined;
}

/**
 * As `edge.yaml` has it already: numbers after scale and offset, and whether they go up as readings. Before the file names
 * any signal, `unlisted: drop` leaves nothing out: all of them are yet to be listed.
 */
export function asConfigured(
  seen: SeenTag,
  { signals, unlisted }: Pick<EdgeConfig, 'signals' | 'unlisted'>,
): SeenTag {
  const entry = Object.hasOwn(signals, seen.tag) ? signals[seen.tag] : undefined;
  if (entry === undefined) {
    const isLeft = unlisted === 'drop' && Object.keys(signals).length > 0;
    return isLeft ? { ...seen, unread: 'not in signals, and unlisted is drop' } : seen;
  }
  const unread = unreadBy(entry);
  const scaled = scaledTag(asPublished(seen), entry);
  // Whose states are read already needs no advice to read them.
  const isKnown = entry.states !== undefined && scaled.suspicion?.kind !== 'counter';
  return {
    ...scaled,
    ...(isKnown ? { suspicion: undefined } : {}),
    ...(unread === undefined ? {} : { unread }),
  };
}

/** What goes up as a reading is a signal, however surely its values are states of PackML: nobody makes events of them yet. */
export function asPublished(seen: SeenTag): SeenTag {
  const { suspicion } = seen;
  if (suspicion?.kind !== 'packml') return seen;
  return { ...seen, suspicion: { ...suspicion, sure: false } };
}

function unreadBy({ up, states, event, waveform }: EdgeSignal): string | undefined {
  if (up === 'none') return 'up: none in signals';
  if (waveform !== undefined) return `a waveform of point ${waveform.point} in signals`;
  const isEvent = states !== undefined || event !== undefined;
  if (up === 'events' || (isEvent && up === undefined)) return 'events by signals';
  return undefined;
}

function scaledTag(seen: SeenTag, { scale = 1, offset = 0 }: EdgeSignal): SeenTag {
  if (scale === 1 && offset === 0) return seen;
  const [first, second] = scale < 0 ? (['high', 'low'] as const) : (['low', 'high'] as const);
  const rangeOf = (of: Pick<TagFacts, 'low' | 'high'>) => ({
    low: of[first] === undefined ? undefined : of[first] * scale + offset,
    high: of[second] === undefined ? undefined : of[second] * scale + offset,
  });
  const { facts, rises, falls } = seen;
  return {
    ...{ ...seen, ...rangeOf(seen) },
    // The unit of the source is that of the number before it was scaled.
    ...{ units: new Set(), facts: { ...facts, ...rangeOf(facts), unit: undefined } },
    ...(scale < 0 ? { rises: falls, falls: rises, suspicion: undefined } : {}),
  };
}

/** The same on every machine, whatever language it speaks. */
function order(a: string, b: string): number {
  return Number(a > b) - Number(a < b);
}
