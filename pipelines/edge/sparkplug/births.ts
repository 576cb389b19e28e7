/** What a node or a device of Sparkplug was born with: its metrics by name and alias, by which its later payloads are read. */

import { MalformedError, malformed } from '../../../operators/decode/payload.ts';
import type { Refuse } from '../mapping.ts';
import {
  type Labels,
  LONGEST_NAME,
  type TagQuality,
  type TagReading,
  type TagValue,
} from '../tag-reading.ts';
import {
  type SparkplugMetric,
  type SparkplugPayload,
  type SparkplugTemplate,
  type TagClock,
  textOfBytes,
  timeOfInt64,
  unsignedOf,
} from './payload.ts';
import {
  dataSetValues,
  hasValue,
  type MetricProperties,
  metricProperties,
  type SparkplugType,
  sparkplugType,
  sparkplugValue,
  UnsupportedError,
} from './values.ts';

/** What a birth says of a metric. */
export type BornMetric = {
  readonly name: string;
  readonly type: SparkplugType;
  readonly unit?: string | undefined;
  readonly low?: number | undefined;
  readonly high?: number | undefined;
  readonly description?: string | undefined;
  /** Of a template: which definition it follows. A definition itself has none. */
  readonly template?: string | undefined;
};

/** A metric, and whose it is. */
export type BornOf = BornMetric & { readonly machine: string; readonly online: boolean };

type Entry = BornMetric & {
  /** The last value that was news, with the quality that the node gave to it. */
  last?: {
    readonly value: TagValue;
    readonly time: number | undefined;
    readonly quality: TagQuality;
    isStale: boolean;
  };
};

/** What a payload says, apart by whether it is news. */
export type SparkplugReadings = {
  readonly live: readonly TagReading[];
  /** Stored while the host was away, by the node's own account (`is_historical`). */
  readonly historical: readonly TagReading[];
  /** Metrics that the last birth did not name. */
  readonly unborn: number;
};

/** Where values of a payload are gathered. */
type Gathering = {
  readonly live: TagReading[];
  readonly historical: TagReading[];
  unborn: number;
  readonly born: boolean;
  /** The time of what has none of its own. */
  readonly time: number | undefined;
  /** The most that can be said of a value: less where messages are missing. */
  readonly trusted: boolean;
};

/** What stands around a metric: the template that it is a member of. */
type Around = { readonly prefix: string; readonly time: number | undefined; historical: boolean };

/** What belongs to the protocol, and is no value of a machine. */
const PROTOCOL = /^(?:bdSeq$|(?:Node|Device) Control\/)/;
const DEEPEST_TEMPLATE = 16;
/** Metrics of all nodes of a host. */
export const MOST_BORN = 250_000;

export type TableOptions = {
  /** Metrics that may still be born, of all tables that share it. */
  readonly room: { left: number };
  readonly clock: TagClock;
};

export class MetricTable {
  readonly #ids: Labels;
  readonly #refuse: Refuse;
  readonly #clock: TagClock;
  readonly #room: TableOptions['room'];
  /** The last birth named more than there was room for. */
  #isCut = false;
  #byName = new Map<string, Entry>();
  #byAlias = new Map<number | string, Entry>();

  /** `ids`: what templates can name of the machine, besides the metric. */
  constructor(
    ids: Labels,
    refuse: Refuse,
    { room = { left: MOST_BORN }, clock = 'source' }: Partial<TableOptions> = {},
  ) {
    this.#ids = ids;
    this.#refuse = refuse;
    this.#clock = clock;
    this.#room = room;
  }

  get size(): number {
    return this.#byName.size;
  }

  *born(): Iterable<BornMetric> {
    for (const { last: _, ...metric } of this.#byName.values()) yield metric;
  }

  /**
   * A birth: what it does not name is no more. A value that is known already, by its time, is none anew.
   *
   * @throws MalformedError for a payload whose time is none: then everything is as it was
   */
  bear(payload: SparkplugPayload): SparkplugReadings {
    const gathering = { ...this.#open(payload, true), born: true };
    const before = this.#byName;
    this.#room.left += before.size;
    this.#isCut = false;
    this.#byName = new Map();
    this.#byAlias = new Map();
    for (const metric of payload.metrics) this.#add(metric, gathering, before);
    return gathering;
  }

  /**
   * `trusted`: no message is missing since the birth.
   *
   * @throws MalformedError for a payload whose time is none
   */
  read(payload: SparkplugPayload, trusted: boolean): SparkplugReadings {
    const gathering = this.#open(payload, trusted);
    for (const metric of payload.metrics) this.#add(metric, gathering, this.#byName);
    return gathering;
  }

  /** The last value of each metric, as one that nobody vouches for any more. Once, until there is another. */
  stale(time: number): readonly TagReading[] {
    const readings: TagReading[] = [];
    for (const { name, unit, last } of this.#byName.values()) {
      if (last === undefined || last.isStale) continue;
      last.isStale = true;
      readings.push(this.#reading(name, { value: last.value, quality: 'suspect', time, unit }));
    }
    return readings;
  }

  #open({ timestamp }: SparkplugPayload, trusted: boolean): Gathering {
    const time = timeOfInt64(timestamp, this.#clock);
    return { live: [], historical: [], unborn: 0, born: false, time, trusted };
  }

  #add(metric: SparkplugMetric, gathering: Gathering, before: ReadonlyMap<string, Entry>): void {
    const around = { prefix: '', time: gathering.time, historical: false };
    this.#addMember(metric, around, gathering, before, 0);
  }

  #addMember(
    metric: SparkplugMetric,
    around: Around,
    gathering: Gathering,
    before: ReadonlyMap<string, Entry>,
    depth: number,
  ): void {
    let name = around.prefix;
    try {
      const own = metric.name === undefined ? undefined : textOfBytes(metric.name);
      name = own === undefined ? `alias ${unsignedOf(metric.alias)}` : `${around.prefix}${own}`;
      if (name.length > LONGEST_NAME) throw malformed(`${LONGEST_NAME} letters`, name.length);
      if (PROTOCOL.test(name)) return;
      const properties =
        metric.properties === undefined ? undefined : metricProperties(metric.properties);
      const entry = gathering.born
        ? this.#register(metric, name, own, properties, before)
        : this.#find(metric, name, own);
      if (entry === undefined) {
        this.#refuseUnknown(name, gathering);
        return;
      }
      name = entry.name;
      const time = timeOfInt64(metric.timestamp, this.#clock) ?? around.time;
      const historical = metric.isHistorical === true || around.historical;
      const template = metric.templateValue;
      if (template === undefined) {
        this.#addValues(metric, entry, { time, historical, properties }, gathering);
      } else if (template.isDefinition !== true) {
        if (depth === DEEPEST_TEMPLATE) throw malformed(`${depth} templates in another`, 'more');
        const inner = { prefix: `${name}/`, time, historical };
        for (const member of template.metrics) {
          this.#addMember(member, inner, gathering, before, depth + 1);
        }
      }
    } catch (error) {
      this.#refuseFor(name, error);
    }
  }

  /** What there is no room for is no reason to ask for another birth. */
  #refuseUnknown(name: string, gathering: Gathering): void {
    if (this.#isCut) {
      this.#refuse('too-many', `${name} is beyond ${MOST_BORN} metrics of all nodes`);
      return;
    }
    gathering.unborn += 1;
    this.#refuse('unborn', `${name}, which the last birth did not name`);
  }

  #refuseFor(name: string, error: unknown): void {
    if (error instanceof UnsupportedError) this.#refuse('unsupported', `${name}: ${error.message}`);
    else if (error instanceof MalformedError)
      this.#refuse('malformed', `${name}: ${error.message}`);
    else throw error;
  }

  #register(
    metric: SparkplugMetric,
    name: string,
    own: string | undefined,
    properties: MetricProperties | undefined,
    before: ReadonlyMap<string, Entry>,
  ): Entry | undefined {
    if (own === undefined) throw malformed('a name in a birth', name);
    const isNew = !this.#byName.has(name);
    if (isNew && this.#room.left <= 0) {
      this.#isCut = true;
      return undefined;
    }
    const description = metric.metadata?.description;
    const template = metric.templateValue;
    const last = before.get(name)?.last;
    const entry: Entry = {
      name,
      type: sparkplugType(metric.datatype ?? 0),
      ...{ unit: properties?.unit, low: properties?.low, high: properties?.high },
      ...(description === undefined ? {} : { description: textOfBytes(description) }),
      ...(template === undefined ? {} : { template: templateName(template) }),
      ...(last === undefined ? {} : { last }),
    };
    if (isNew) this.#room.left -= 1;
    this.#byName.set(name, entry);
    const alias = unsignedOf(metric.alias);
    if (alias !== undefined) this.#byAlias.set(alias, entry);
    return entry;
  }

  #find(metric: SparkplugMetric, name: string, own: string | undefined): Entry | undefined {
    if (own !== undefined) return this.#byName.get(name);
    const alias = unsignedOf(metric.alias);
    return alias === undefined ? undefined : this.#byAlias.get(alias);
  }

  #addValues(
    metric: SparkplugMetric,
    entry: Entry,
    {
      time,
      historical,
      properties,
    }: { time: number | undefined; historical: boolean; properties: MetricProperties | undefined },
    gathering: Gathering,
  ): void {
    const { name } = entry;
    const unit = properties?.unit ?? entry.unit;
    const said = properties?.quality ?? 'good';
    const quality = said === 'good' && !gathering.trusted ? 'uncertain' : said;
    const into = historical ? gathering.historical : gathering.live;
    if (!hasValue(metric)) {
      const none = {
        value: null,
        quality: quality === 'good' ? 'bad' : quality,
        time,
        unit,
      } as const;
      into.push(this.#reading(name, none));
      return;
    }
    const { datasetValue } = metric;
    if (datasetValue !== undefined) {
      const refuse = (column: string, error: Error) => this.#refuseFor(`${name}/${column}`, error);
      for (const [column, value] of dataSetValues(datasetValue, refuse)) {
        into.push(this.#reading(`${name}/${column}`, { value, quality, time, unit }));
      }
      return;
    }
    // A type of its own is what the value was written as.
    const type = metric.datatype ? sparkplugType(metric.datatype) : entry.type;
    const value = sparkplugValue(metric, type);
    if (!historical && typeof value !== 'object') {
      const { last } = entry;
      const same = time !== undefined && time === last?.time && value === last.value;
      const known = same && last.quality === said;
      entry.last = { value, time, quality: said, isStale: false };
      if (known) {
        this.#refuse('repeat', name);
        return;
      }
    }
    into.push(this.#reading(name, { value, quality, time, unit }));
  }

  #reading(metric: string, content: Omit<TagReading, 'labels' | 'sample'>): TagReading {
    return { labels: { metric }, sample: this.#ids, ...content };
  }
}

function templateName({ templateRef }: SparkplugTemplate): string | undefined {
  return templateRef === undefined ? undefined : textOfBytes(templateRef);
}
