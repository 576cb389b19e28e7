/** From messages of a subscription and values of a history to messages of the log, and what is known to be missing. */

import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { createMapper, gapOf, type Mapper, type MapRule } from '../mapping.ts';
import { type SourceContext, storeAll } from '../source.ts';
import type { TagReading } from '../tag-reading.ts';
import type { OpcuaSession, ServerSession } from './opcua-client.ts';
import type { OpcuaConfig } from './opcua-config.ts';
import { readHistory } from './opcua-history.ts';
import type { WantedNode } from './opcua-nodes.ts';
import { hasOverflow, type ServerValue, serverReading } from './opcua-readings.ts';
import type { Delivery } from './opcua-subscription.ts';

/** Machine and tag are known of each node: nothing is left to be filled in here. */
const RULE: MapRule = { machine: '{machine}', tag: '{tag}', clock: 'source' };
/** Cells (names times times) of what becomes one message: beyond it the message would be mostly empty. */
const MOST_CELLS = 20_000;
/** The same gap is told again after this: milliseconds. */
const GAP_EVERY = 10_000;

/** Nodes of which it is written down what they said last. */
const MOST_SAID = 1_000;
/** How long the first values of a new subscription are waited for: milliseconds. */
const FIRST_VALUES = 10_000;

type GapReason = 'overflow' | 'missed' | 'disconnected';
type Gap = { count: number; told: number; readonly details: Set<string> };
/** A message that may not be stored yet. */
type Unsettled = {
  readonly number: number;
  readonly published: number;
  readonly last: readonly (readonly [string, LastSaid])[];
};
export type LastSaid = Pick<TagReading, 'time' | 'value' | 'quality'>;

export class OpcuaIntake {
  /** Up to here everything is stored, by the clock of the server. */
  seen: number | undefined;
  readonly #name: string;
  readonly #config: OpcuaConfig;
  readonly #context: SourceContext;
  readonly #mapper: Mapper;
  #wanted: readonly WantedNode[] = [];
  #life = '';
  #opened: OpcuaSession | undefined;
  #bytes = 0;
  /** What was said last of each node, by its tag and machine. */
  readonly #last = new Map<string, LastSaid>();
  /** Of this subscription: the time of the first value of each node. */
  #first = new Map<number, number | undefined>();
  /** Of the subscription before it: what was said last. */
  #before: ReadonlyMap<string, LastSaid> = new Map();
  #hasBegun: Promise<void> = Promise.resolve();
  #begun: () => void = () => undefined;
  #unsettled: Unsettled[] = [];
  /** Of what is stored for certain: what was said last. A next life of this process begins with it. */
  readonly #settled = new Map<string, LastSaid>();
  readonly #gaps = new Map<GapReason, Gap>();

  constructor(name: string, config: OpcuaConfig, context: SourceContext) {
    this.#name = name;
    this.#config = config;
    this.#context = context;
    this.#mapper = this.#newMapper();
  }

  #newMapper(): Mapper {
    const { config, tally } = this.#context;
    return createMapper(config, (reason, detail) => tally.refuse(reason, detail));
  }

  /** What was said last, as far as it is stored; nothing where that is too much to be written down each second. */
  get lastSaid(): readonly (readonly [string, LastSaid])[] {
    return this.#settled.size > MOST_SAID ? [] : [...this.#settled];
  }

  /** Of the life before this one. */
  resume(seen: number | undefined, last: readonly (readonly [string, LastSaid])[]): void {
    this.seen = seen;
    for (const [key, said] of last) {
      this.#last.set(key, said);
      this.#settled.set(key, said);
    }
  }

  /** Bytes are counted of this connection from now on. */
  follow(opened: OpcuaSession): void {
    this.#opened = opened;
    this.#bytes = opened.bytes();
  }

  /** From now on handles mean these nodes, and numbers this subscription. */
  begin(wanted: readonly WantedNode[], life: string): void {
    this.#wanted = wanted;
    if (life === this.#life) return;
    this.#life = life;
    this.#first = new Map();
    this.#before = new Map(this.#last);
    this.#hasBegun = new Promise((resolve) => {
      this.#begun = resolve;
    });
  }

  /** Resolves with the number up to which all has to be stored before it may be acknowledged. */
  async take({ sequence, published, values }: Delivery): Promise<number> {
    const { tally, memory } = this.#context;
    const bytes = this.#opened?.bytes() ?? 0;
    tally.took(Math.max(0, bytes - this.#bytes));
    this.#bytes = bytes;
    const readings = values.flatMap(({ handle, value }) => this.#readingOf(handle, value));
    const id = `${this.#life}/${sequence}`;
    this.#begun();
    await this.#store(readings, this.#mapper, id);
    const last = readings.map((reading) => [keyOf(reading.labels), lastOf(reading)] as const);
    this.#unsettled.push({ number: memory.taken, published, last });
    this.settle();
    return memory.taken;
  }

  /** To be called whenever more is stored. */
  settle(): void {
    const { stored } = this.#context.memory;
    const later = this.#unsettled.findIndex(({ number }) => number > stored);
    const settled = this.#unsettled.splice(0, later < 0 ? this.#unsettled.length : later);
    for (const { published, last } of settled) {
      for (const [key, said] of last) this.#settled.set(key, said);
      if (published > (this.seen ?? Number.NEGATIVE_INFINITY)) this.seen = published;
    }
  }

  #readingOf(handle: number, value: ServerValue): readonly TagReading[] {
    const { tally } = this.#context;
    const node = this.#wanted[handle];
    if (node === undefined) return [];
    const { labels } = node;
    const key = keyOf(labels);
    if (hasOverflow(value)) {
      tally.refuse('overflow', `${labels.tag}: the queue of the server was full`);
      this.tellGap('overflow', labels.tag);
    }
    const { odd, ...reading } = serverReading(value, labels, node.entry.clock);
    if (odd !== undefined) {
      tally.refuse('no-value', `${labels.tag} is ${odd}`);
      return [];
    }
    const last = this.#last.get(key);
    if (!this.#first.has(handle)) this.#first.set(handle, reading.time);
    const now = lastOf(reading);
    // A subscription begins with the value as it is, which may be known. What changes has another value, or another time.
    if (now.time !== undefined && isDeepStrictEqual(last, now)) {
      tally.refuse('repeat', labels.tag);
      return [];
    }
    this.#last.set(key, now);
    return [reading];
  }

  async #store(
    readings: readonly TagReading[],
    mapper: Mapper,
    id: string,
    late?: 'late',
  ): Promise<void> {
    const arrival = Date.now();
    for (const [at, some] of portions(readings).entries()) {
      const messages = mapper.map(RULE, some, {}, arrival).map(({ part, ...message }) => ({
        ...message,
        receipt: { id: `${id}/${at}${part === undefined ? '' : `.${part}`}`, lasting: true },
      }));
      await storeAll(messages, this.#context, { origin: this.#name, late });
    }
  }

  /** Counts what is missing; it is told soon, and not for each time. */
  tellGap(reason: GapReason, detail: string): void {
    const gap = this.#gaps.get(reason) ?? { count: 0, told: -GAP_EVERY, details: new Set() };
    this.#gaps.set(reason, gap);
    gap.count += 1;
    if (gap.details.size < 20) gap.details.add(detail);
  }

  async tellGaps(): Promise<void> {
    const now = performance.now();
    for (const [reason, gap] of this.#gaps) {
      if (gap.count === 0 || now - gap.told < GAP_EVERY) continue;
      const { count } = gap;
      const what = [...gap.details].join(', ');
      Object.assign(gap, { count: 0, told: now });
      gap.details.clear();
      await this.#storeGap(Date.now(), { reason, count, what });
    }
  }

  /** For each asset of this source. */
  async #storeGap(
    time: number,
    data: Readonly<Record<string, string | number>>,
    assets: ReadonlySet<string> = this.#assets(this.#wanted),
  ): Promise<void> {
    const content = { source: this.#name, ...data };
    const id = hashOf(`${this.#life} ${JSON.stringify(content)} ${time}`);
    const messages = [...assets].map((asset) => ({
      ...gapOf(asset, time, content),
      receipt: { id: `gap/${id}`, lasting: true },
    }));
    await storeAll(messages, this.#context, { origin: this.#name });
  }

  #assets(nodes: readonly WantedNode[]): ReadonlySet<string> {
    const { assets } = this.#context.config;
    const names = nodes.map(({ labels }) => labels.machine);
    const known = new Map(Object.entries(assets));
    return new Set(names.map((name) => known.get(name)).filter((asset) => asset !== undefined));
  }

  /** After a subscription was lost: what the server has kept meanwhile comes as backfill, the rest is told as a gap. */
  async readAgain(session: ServerSession, signal: AbortSignal): Promise<void> {
    const { seen } = this;
    if (seen === undefined || signal.aborted) return;
    const { history } = this.#config;
    const to = Date.now();
    const from = history === 'none' ? to : Math.max(seen, to - history / 1_000);
    // Where the live values begin is known then.
    const late = delay(FIRST_VALUES, undefined, { signal, ref: false }).catch(() => undefined);
    await Promise.race([this.#hasBegun, late]);
    const wanted = this.#wanted;
    const without: WantedNode[] = [];
    let recovered = 0;
    let why = history === 'none' ? 'history: none' : from > seen ? 'longer than history' : '';
    const mapper = this.#newMapper();
    for (const [handle, node] of wanted.entries()) {
      if (signal.aborted) return;
      try {
        if (history === 'none') throw new Error(why);
        recovered += await this.#readNode({ session, node, handle, from, to, mapper });
      } catch (error) {
        why = error instanceof Error ? error.message : String(error);
        without.push(node);
      }
    }
    const { record } = this.#context;
    record({
      kind: 'source-gap',
      source: this.#name,
      from: seen,
      to,
      recovered,
      without: without.length,
    });
    const nodes = from > seen ? wanted : without;
    if (nodes.length === 0) return;
    const data = { reason: 'disconnected', from: seen, to, signals: nodes.length, why };
    await this.#storeGap(to, data, this.#assets(nodes));
  }

  async #readNode(options: {
    readonly session: ServerSession;
    readonly node: WantedNode;
    readonly handle: number;
    readonly from: number;
    readonly to: number;
    readonly mapper: Mapper;
  }): Promise<number> {
    const { session, node, handle, from, to, mapper } = options;
    const { nodeId, labels, entry } = node;
    const patience = this.#config.answer / 1_000;
    const last = this.#before.get(keyOf(labels));
    let count = 0;
    for await (const values of readHistory({ session, nodeId, from, to, patience })) {
      const readings = values.flatMap((value): readonly TagReading[] => {
        const { odd, ...reading } = serverReading(value, labels, entry.clock);
        const first = this.#first.get(handle) ?? to;
        const { time } = reading;
        const isNew = time !== undefined && time > (last?.time ?? from) && time < first;
        return odd === undefined && isNew ? [reading] : [];
      });
      count += readings.length;
      const id = hashOf(`${nodeId} ${JSON.stringify(readings)}`);
      await this.#store(readings, mapper, `history/${id}`, 'late');
    }
    return count;
  }
}

function keyOf(labels: TagReading['labels']): string {
  return JSON.stringify([labels.machine, labels.tag]);
}

function lastOf({ time, value, quality }: TagReading): LastSaid {
  return { time, value, quality };
}

/** In the order in which they came; none has two values of a tag at one time, of which one would hide the other. */
function portions(readings: readonly TagReading[]): readonly (readonly TagReading[])[] {
  const all: TagReading[][] = [];
  let some: TagReading[] = [];
  let [names, times, cells] = [new Set<string>(), new Set<number>(), new Set<string>()];
  for (const reading of readings) {
    const name = JSON.stringify(reading.labels);
    const { time = 0 } = reading;
    const cell = `${time} ${name}`;
    names.add(name);
    times.add(time);
    if (cells.has(cell) || names.size * times.size > MOST_CELLS) {
      all.push(some);
      some = [];
      [names, times, cells] = [new Set([name]), new Set([time]), new Set()];
    }
    cells.add(cell);
    some.push(reading);
  }
  if (some.length > 0) all.push(some);
  return all;
}

function hashOf(text: string): string {
  return createHash('sha1').update(text).digest('base64url');
}
