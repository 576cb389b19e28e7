/** A source that is a Sparkplug B plant: Andon is a host application of it, with its STATE, and stores what its nodes say. */

import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { SourceOf } from '../edge-config.ts';
import { type Mapper, type MapRule, machineEvent, readingMachine, readingTag } from '../mapping.ts';
import type { Receipt } from '../memory.ts';
import {
  type Arrived,
  brokerClient,
  type MqttSource,
  type MqttSourceOptions,
  openMqttSource,
  type Publication,
  type WatchedClient,
} from '../mqtt-source.ts';
import {
  mapperOf,
  type OpenSource,
  type SourceContext,
  storeAll,
  withReceipts,
} from '../source.ts';
import { fillTemplate, type Labels, type TagReading } from '../tag-reading.ts';
import type { BornOf } from './births.ts';
import { type HostOutput, SparkplugHost, type SparkplugNodeStatus } from './host.ts';
import {
  decodeSparkplug,
  encodeRebirth,
  parseSparkplugTopic,
  SPARKPLUG_MESSAGES,
} from './payload.ts';

/** What `andon edge status` tells of it besides the counts. */
export type SparkplugStatus = {
  readonly nodes: Readonly<Record<string, SparkplugNodeStatus>>;
  readonly metrics: number;
  /** What the births said, the first ones of all. */
  readonly born: readonly BornOf[];
};

/** Metrics that a status lists. */
const MOST_LISTED = 2_000;
/** How long an end waits for what was taken, milliseconds. */
const LAST_STORED = 2_000;
/** Microseconds of a duration in a millisecond. */
const MILLISECOND = 1_000;

/** Rejects with a `Problem` when its files or secrets cannot be read. */
export async function openSparkplugSource(
  source: SourceOf<'sparkplug'>,
  context: SourceContext,
): Promise<OpenSource> {
  const plant = new PlantSource(source, context);
  await plant.open();
  return plant;
}

class PlantSource implements OpenSource {
  readonly #source: SourceOf<'sparkplug'>;
  readonly #context: SourceContext;
  readonly #host: SparkplugHost;
  readonly #mapper: Mapper;
  readonly #rule: MapRule;
  readonly #state: string;
  #broker: MqttSource | undefined;
  /** The time of the will of this connection, which the birth has too. */
  #session = 0;
  #timer: NodeJS.Timeout | undefined;
  /** One message after the other, and what is due between them. */
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(source: SourceOf<'sparkplug'>, context: SourceContext) {
    this.#source = source;
    this.#context = context;
    const refuse = context.tally.refuse.bind(context.tally);
    const { host, reorder, rebirth, machine, tag, clock } = source.sparkplug;
    this.#host = new SparkplugHost({
      reorder: reorder / MILLISECOND,
      rebirth: rebirth / MILLISECOND,
      clock,
      refuse,
    });
    this.#mapper = mapperOf(context);
    this.#rule = { machine, tag, clock };
    this.#state = `spBv1.0/STATE/${host}`;
  }

  async open(): Promise<void> {
    const { memory, record, onFailure, listener } = this.#context;
    const { name, sparkplug } = this.#source;
    const broker = { name, record, onFailure, ...brokerClient(name, sparkplug, this.#context) };
    this.#broker = await openMqttSource({
      ...{ ...broker, subscriptions: this.#subscriptions(), stored: () => memory.stored },
      take: (arrived) => this.#inTurn(() => this.#take(arrived)),
      // Whoever only listens is no host: nodes would take its end for that of the one that they wait for.
      ...(listener === undefined ? { watched: this.#asHost() } : {}),
    });
  }

  #asHost(): WatchedClient {
    return {
      will: () => {
        this.#session = Date.now();
        return this.#stateOf(false, this.#session);
      },
      onSubscribed: () => {
        this.#say(this.#stateOf(true, this.#session));
        this.#later(() => {
          this.#host.regain(now());
          return [];
        });
      },
      onLost: () => this.#later(() => this.#host.lose(now())),
      farewell: () => this.#stateOf(false, Date.now()),
    };
  }

  acknowledge(): void {
    this.#broker?.acknowledge();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#broker?.close();
    // What was taken is stored, unless the log is away.
    await Promise.race([this.#last, delay(LAST_STORED, undefined, { ref: false })]);
    this.#tellBorn();
  }

  #tellBorn(): void {
    const { listener } = this.#context;
    if (listener === undefined) return;
    for (const { ids, metric } of this.#host.born()) {
      const reading = { labels: { metric: metric.name }, sample: ids } as const;
      const named = { ...reading, time: undefined, value: null, quality: 'good' } as const;
      const machine = readingMachine(this.#rule, named, {});
      const tag = readingTag(this.#rule, named, {});
      // A template is its members.
      if (machine === undefined || tag === undefined || metric.type === 'Template') continue;
      listener.describe(machine, tag, metric);
    }
  }

  get details(): SparkplugStatus {
    const born: BornOf[] = [];
    for (const { metric } of this.#host.born()) {
      if (born.length === MOST_LISTED) break;
      born.push(metric);
    }
    const nodes = this.#host.status;
    const metrics = Object.values(nodes)
      .flatMap((node) => [node, ...Object.values(node.devices)])
      .reduce((sum, each) => sum + each.metrics, 0);
    return { nodes, metrics, born };
  }

  /** Its own STATE first; commands of other host applications are not for it. */
  #subscriptions(): MqttSourceOptions['subscriptions'] {
    const { groups = ['+'], version } = this.#source.sparkplug;
    const own = this.#context.listener === undefined ? [this.#state] : [];
    const filters = groups.flatMap((group) =>
      SPARKPLUG_MESSAGES.map((type) => `spBv1.0/${group}/${type}/${deeper(type)}`),
    );
    const how = { qos: 1, ...(version === 5 ? { rh: 2 as const } : {}) } as const;
    return Object.fromEntries([...own, ...filters].map((filter) => [filter, how]));
  }

  #stateOf(online: boolean, timestamp: number): Publication {
    const payload = JSON.stringify({ online, timestamp });
    return { topic: this.#state, payload, qos: 1, retain: true };
  }

  #say(publication: Publication): void {
    this.#broker?.publish(publication);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  #later(work: () => readonly HostOutput[]): void {
    if (this.#closed) return;
    this.#inTurn(() => this.#bring(work())).catch((error: unknown) =>
      this.#context.onFailure(error),
    );
  }

  async #take(arrived: Arrived): Promise<number> {
    const { memory, tally } = this.#context;
    const { topic, payload, retained } = arrived;
    tally.took(payload.length);
    if (topic === this.#state) this.#onState(arrived);
    else if (retained) tally.refuse('retained', topic);
    else await this.#bring(this.#hear(topic, payload));
    return memory.taken;
  }

  /** Whatever a payload brings about: it is counted, and the next one read. */
  #hear(topic: string, payload: Uint8Array): readonly HostOutput[] {
    const { tally } = this.#context;
    const parsed = parseSparkplugTopic(topic);
    try {
      if (parsed !== undefined) return this.#host.receive(parsed, decodeSparkplug(payload), now());
      tally.refuse('malformed', `${topic} is no topic of a node or a device`);
    } catch (error) {
      tally.refuse('malformed', `${topic}: ${error instanceof Error ? error.message : error}`);
    }
    return [];
  }

  /** The broker may tell of the death of an earlier connection when this one is alive (tck-id-message-flow-hid-…-delivered). */
  #onState({ payload, retained }: Arrived): void {
    // Its own last word comes back, too.
    if (this.#closed) return;
    const { record } = this.#context;
    let state: unknown;
    try {
      state = JSON.parse(Buffer.from(payload).toString());
    } catch {
      // What is no JSON says nothing.
    }
    const { online, timestamp } = (state ?? {}) as { online?: unknown; timestamp?: unknown };
    if (online === false && !retained) this.#say(this.#stateOf(true, this.#session));
    // What the broker has kept may be of an earlier life of this edge.
    if (online !== true || timestamp === this.#session || retained) return;
    const { host } = this.#source.sparkplug;
    const error = new Error(`another host application has the id ${host} too: give each its own`);
    record({ kind: 'edge-trouble', where: `source ${this.#source.name}`, error });
  }

  async #bring(heard: readonly HostOutput[]): Promise<void> {
    for (const each of heard) {
      if (each.kind === 'rebirth') {
        const topic = `spBv1.0/${each.group}/NCMD/${each.node}`;
        this.#say({ topic, payload: encodeRebirth(Date.now()), qos: 0, retain: false });
      } else if (each.kind === 'values') await this.#bringValues(each);
      else await this.#bringEvent(each);
    }
    clearTimeout(this.#timer);
    const { due } = this.#host;
    if (due === undefined || this.#closed) return;
    const wait = Math.max(1, due - performance.now());
    this.#timer = setTimeout(() => this.#later(() => this.#host.expire(now())), wait);
  }

  /** A message for each time: the same readings of a birth and of an earlier message are one message then. */
  async #bringValues({
    ids,
    readings,
    historical,
  }: HostOutput & { kind: 'values' }): Promise<void> {
    const byTime = new Map<number | undefined, TagReading[]>();
    for (const reading of readings) {
      const list = byTime.get(reading.time);
      if (list === undefined) byTime.set(reading.time, [reading]);
      else list.push(reading);
    }
    const captures = { topic: ids.machine ?? '' };
    const arrival = Date.now();
    for (const [time, all] of byTime) {
      const words = all.map(({ labels, value, quality }) => [labels.metric, value, quality]);
      const mapped = this.#mapper.map(this.#rule, all, captures, arrival);
      await storeAll(withReceipts(mapped, this.#receiptOf(ids, time, words)), this.#context, {
        origin: captures.topic,
        late: historical ? 'late' : undefined,
      });
    }
  }

  /** Of machines that are in `assets` alone: nobody else asked for it. */
  async #bringEvent({ ids, type, time, data }: HostOutput & { kind: 'event' }): Promise<void> {
    const { name, sparkplug } = this.#source;
    const { assets } = this.#context.config;
    const machine = fillTemplate(sparkplug.machine, {}, ids, {});
    const asset = machine !== undefined && Object.hasOwn(assets, machine) && assets[machine];
    if (!asset) return;
    const origin = ids.machine ?? '';
    const said = { source: name, machine: origin, ...data };
    const at = this.#rule.clock === 'source' ? time : Date.now();
    const receipt = this.#receiptOf(ids, time, [type, said]);
    await storeAll([{ ...machineEvent(asset, type, at, said), receipt }], this.#context, {
      origin,
    });
  }

  /** Without a time of its own nothing is the same as anything else. */
  #receiptOf(ids: Labels, time: number | undefined, words: unknown): Receipt {
    const lasting = time !== undefined && this.#rule.clock === 'source';
    const content = JSON.stringify([ids.machine, time, words, lasting ? '' : randomUUID()]);
    return { id: createHash('sha1').update(content).digest('base64url'), lasting };
  }
}

function deeper(type: string): string {
  return type.startsWith('D') ? '+/+' : '+';
}

function now() {
  return { time: Date.now(), tick: performance.now() };
}
