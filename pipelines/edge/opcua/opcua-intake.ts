/** From messages of a subscription and values of a history to messages of the log, and what is known to be missing. */

import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Mapper, machineEvent, TAGGED } from '../mapping.ts';
import { mapperOf, type SourceContext, storeAll, Unsettled, withReceipts } from '../source.ts';
import type { TagReading } from '../tag-reading.ts';
import type { OpcuaSession, ServerSession } from './opcua-client.ts';
import type { OpcuaConfig } from './opcua-config.ts';
import { readHistory } from './opcua-history.ts';
import type { WantedNode } from './opcua-nodes.ts';
import { hasOverflow, type ServerValue, serverReading } from './opcua-readings.ts';
import type { Delivery } from './opcua-subscription.ts';

/** The same gap is told again after this: milliseconds. */
const GAP_EVERY = 10_000;

/** Nodes of which it is written down what they said last. */
const MOST_SAID = 1_000;
/** How long the first values of a new subscription are waited for: milliseconds. */
const FIRST_VALUES = 10_000;
/** How long after a failure a connection may seem to be there: milliseconds. */
const BREAK_SEEN = 1_000;
/** Stretches whose history is not read: beyond it the last one becomes longer. */
const MOST_UNREAD = 16;

type GapReason = 'overflow' | 'missed' | 'disconnected';
type Gap = { count: number; told: number; readonly details: Set<string> };
/** A message that may not be stored yet. */
type Taken = {
  readonly published: number;
  readonly last: readonly (readonly [string, LastSaid])[];
};
export type LastSaid = Pick<TagReading, 'time' | 'value' | 'quality'>;

/** A time that no subscription covered, by the clock of the server. As it is written down. */
export type UnreadStretch = {
  readonly since: number;
  readonly to: number;
  /** By the keys of nodes: the time of what was said last before it, and first after it. */
  readonly bounds: readonly (readonly [key: string, before: number | null, first: number | null])[];
};
type Times = ReadonlyMap<string, number | undefined>;
type Unread = Pick<UnreadStretch, 'since' | 'to'> & {
  readonly before: Times;
  readonly first: Times;
  /** Everything of it is stored when this message is. */
  readUpTo?: number;
};

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
  #first = new Map<string, number | undefined>();
  /** Of the subscription before it: the time of what was said last. */
  #before: Times = new Map();
  #unread: readonly Unread[] = [];
  /** One reading of histories after the other. */
  #reading: Promise<unknown> = Promise.resolve();
  #hasBegun: Promise<void> = Promise.resolve();
  #begun: () => void = () => undefined;
  readonly #unsettled = new Unsettled<Taken>();
  /** Of what is stored for certain: what was said last. A next life of this process begins with it. */
  readonly #settled = new Map<string, LastSaid>();
  readonly #gaps = new Map<GapReason, Gap>();

  constructor(name: string, config: OpcuaConfig, context: SourceContext) {
    this.#name = name;
    this.#config = config;
    this.#context = context;
    this.#mapper = mapperOf(context);
  }

  /** What was said last, as far as it is stored; nothing where that is too much to be written down each second. */
  get lastSaid(): readonly (readonly [string, LastSaid])[] {
    return this.#settled.size > MOST_SAID ? [] : [...this.#settled];
  }

  /** Of the life before this one. */
  resume(
    seen: number | undefined,
    last: readonly (readonly [string, LastSaid])[],
    unread: readonly UnreadStretch[],
  ): void {
    this.seen = seen;
    this.#unread = unread.map(({ since, to, bounds }) => ({
      ...{ since, to },
      before: new Map(bounds.map(([key, before]) => [key, before ?? undefined])),
      first: new Map(bounds.map(([key, , first]) => [key, first ?? undefined])),
    }));
    for (const [key, said] of last) {
      this.#last.set(key, said);
      this.#settled.set(key, said);
    }
  }

  /** What has to be read again, with the bounds of as many nodes as can be written down each second. */
  get unread(): readonly UnreadStretch[] {
    return this.#unread.map(({ since, to, before, first }) => {
      const keys = [...new Set([...before.keys(), ...first.keys()])].slice(0, MOST_SAID);
      const bounds = keys.map(
        (key) => [key, before.get(key) ?? null, first.get(key) ?? null] as const,
      );
      return { since, to, bounds };
    });
  }

  /** Until this time no subscription has covered what came after `seen`. */
  miss(to: number): void {
    if (this.seen === undefined) return;
    const all = [...this.#unread];
    const longer = all.length < MOST_UNREAD ? undefined : all.pop();
    const { since, before } = longer ?? { since: this.seen, before: this.#before };
    this.#unread = [...all, { since, to, before, first: this.#first }];
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
    this.#before = new Map([...this.#last].map(([key, { time }]) => [key, time]));
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
    this.#unsettled.add(memory.taken, { published, last });
    this.settle();
    return memory.taken;
  }

  /** To be called whenever more is stored. */
  settle(): void {
    const { stored } = this.#context.memory;
    for (const { published, last } of this.#unsettled.settle(stored)) {
      for (const [key, said] of last) this.#settled.set(key, said);
      if (published > (this.seen ?? Number.NEGATIVE_INFINITY)) this.seen = published;
    }
    this.#unread = this.#unread.filter(
      ({ readUpTo }) => readUpTo === undefined || readUpTo > stored,
    );
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
    if (!this.#first.has(key)) this.#first.set(key, reading.time);
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
    const mapped = mapper.map(TAGGED, readings, {}, Date.now());
    const messages = withReceipts(mapped, { id, lasting: true });
    await storeAll(messages, this.#context, { origin: this.#name, late });
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
      ...machineEvent(asset, 'gap', time, content),
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

  /**
   * What the server has kept of the time without a subscription comes as backfill, the rest is told as a gap. What is not
   * read to its end, because the connection or this process ends, is read with the next connection.
   */
  readAgain(session: ServerSession, signal: AbortSignal): Promise<void> {
    const turn = this.#reading.then(async () => {
      for (const stretch of this.#unread) {
        if (stretch.readUpTo !== undefined) continue;
        if (!(await this.#readStretch(stretch, session, signal))) return;
        stretch.readUpTo = this.#context.memory.taken;
        this.settle();
      }
    });
    this.#reading = turn.catch(() => undefined);
    return turn;
  }

  /** Whether it was read to its end. */
  async #readStretch(
    stretch: Unread,
    session: ServerSession,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { since, to } = stretch;
    const { history } = this.#config;
    const oldest = history === 'none' ? to : to - history / 1_000;
    // Where the live values begin is known then.
    const late = delay(FIRST_VALUES, undefined, { signal, ref: false }).catch(() => undefined);
    await Promise.race([this.#hasBegun, late]);
    const wanted = this.#wanted;
    const without: WantedNode[] = [];
    let recovered = 0;
    let why = history === 'none' ? 'history: none' : oldest > since ? 'longer than history' : '';
    const mapper = mapperOf(this.#context);
    for (const node of wanted) {
      if (signal.aborted) return false;
      try {
        if (history === 'none') throw new Error(why);
        recovered += await this.#readNode({ session, node, stretch, oldest, mapper, signal });
      } catch (error) {
        why = error instanceof Error ? error.message : String(error);
        without.push(node);
      }
    }
    if (without.length > 0) {
      // A broken connection gives no histories, either, and may be seen to be broken a little later.
      await delay(BREAK_SEEN, undefined, { signal, ref: false }).catch(() => undefined);
    }
    if (signal.aborted) return false;
    const counts = { recovered, without: without.length };
    this.#context.record({ kind: 'source-gap', source: this.#name, from: since, to, ...counts });
    const nodes = oldest > since ? wanted : without;
    if (nodes.length === 0) return true;
    const data = { reason: 'disconnected', from: since, to, signals: nodes.length, why };
    await this.#storeGap(to, data, this.#assets(nodes));
    return true;
  }

  async #readNode(options: {
    readonly session: ServerSession;
    readonly node: WantedNode;
    readonly stretch: Unread;
    readonly oldest: number;
    readonly mapper: Mapper;
    readonly signal: AbortSignal;
  }): Promise<number> {
    const { session, node, stretch, oldest, mapper, signal } = options;
    const { nodeId, labels, entry } = node;
    if (entry.clock === 'arrival') throw new Error('clock: arrival, which no history has');
    const { since, to } = stretch;
    const patience = this.#config.answer / 1_000;
    const key = keyOf(labels);
    const before = stretch.before.get(key);
    const first = stretch.first.get(key) ?? to;
    // The clock of a source may be behind that of the server.
    const from = Math.max(oldest, Math.min(since, before ?? since));
    let count = 0;
    for await (const values of readHistory({ session, nodeId, from, to, patience })) {
      if (signal.aborted) break;
      const readings = values.flatMap((value): readonly TagReading[] => {
        const { odd, ...reading } = serverReading(value, labels, entry.clock);
        const { time } = reading;
        const isNew = time !== undefined && time > (before ?? from) && time < first;
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

/** A list as a hash: waveforms would be written down whole each second. */
function lastOf({ time, value, quality }: TagReading): LastSaid {
  const isList = typeof value === 'object' && value !== null;
  return { time, value: isList ? hashOf(Float64Array.from(value)) : value, quality };
}

function hashOf(content: string | Float64Array): string {
  return createHash('sha1').update(content).digest('base64url');
}
