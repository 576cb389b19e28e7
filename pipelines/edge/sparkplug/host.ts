/** A Sparkplug B host application without its broker and clock: which nodes are born, what is missing, whom to ask for births. */

import { MalformedError } from '../../../operators/decode/payload.ts';
import type { Refuse } from '../mapping.ts';
import type { Labels, TagReading } from '../tag-reading.ts';
import { type BornOf, MetricTable, MOST_BORN, type SparkplugReadings } from './births.ts';
import {
  bdSeqOf,
  type SparkplugPayload,
  type SparkplugTopic,
  sequenceOf,
  type TagClock,
  timeOfInt64,
} from './payload.ts';
import { RebirthRequests, RequestRate } from './rebirth.ts';
import { NodeSequence } from './sequence.ts';

export type SparkplugHostOptions = {
  /** Milliseconds that a message waits for those before it; 0: none. */
  readonly reorder: number;
  /** Least milliseconds between two requests to one node. They become fewer while it does not answer. */
  readonly rebirth: number;
  readonly clock: TagClock;
  readonly refuse: Refuse;
};

/** Now: by the calendar, and by a clock that nobody sets. Both in milliseconds. */
export type Instant = { readonly time: number; readonly tick: number };

/** What becomes of a message, or of one that does not come. `ids`: what templates can name of the machine. */
export type HostOutput =
  | {
      readonly kind: 'values';
      readonly ids: Labels;
      readonly readings: readonly TagReading[];
      readonly historical: boolean;
    }
  | {
      readonly kind: 'event';
      readonly ids: Labels;
      readonly type: 'source-online' | 'source-offline' | 'gap';
      readonly time: number;
      readonly data: Readonly<Record<string, string | number>>;
    }
  | { readonly kind: 'rebirth'; readonly group: string; readonly node: string };

export type SparkplugNodeStatus = {
  readonly online: boolean;
  /** Epoch milliseconds of the last birth or death. */
  readonly since: number;
  readonly metrics: number;
  /** Messages that are missing, by their sequence numbers. */
  readonly missed: number;
  readonly rebirths: number;
  readonly devices: Readonly<
    Record<string, { readonly online: boolean; readonly metrics: number }>
  >;
};

type Machine = {
  readonly ids: Labels;
  readonly table: MetricTable;
  online: boolean;
  since: number;
};
/** `awaited`: its node was born again, and it was not yet. */
type Device = Machine & { awaited: boolean };
type Waiting = { readonly topic: SparkplugTopic; readonly payload: SparkplugPayload };

type Node = Machine & {
  readonly group: string;
  readonly node: string;
  readonly devices: Map<string, Device>;
  readonly sequence: NodeSequence<Waiting>;
  readonly requests: RebirthRequests;
  bdSeq: number | string | undefined;
};

const MOST_NODES = 4_096;
const MOST_DEVICES = 16_384;

export class SparkplugHost {
  readonly #options: SparkplugHostOptions;
  readonly #nodes = new Map<string, Node>();
  /** Those that wait for something. */
  readonly #pending = new Set<Node>();
  readonly #rate = new RequestRate();
  readonly #room = { left: MOST_BORN };
  #devices = 0;

  constructor(options: SparkplugHostOptions) {
    this.#options = options;
  }

  /** @throws MalformedError for a payload without what its type needs */
  receive(topic: SparkplugTopic, payload: SparkplugPayload, now: Instant): readonly HostOutput[] {
    const heard: HostOutput[] = [];
    const node = this.#nodeOf(topic);
    if (node === undefined) return heard;
    if (topic.type === 'NDEATH') this.#onDeath(node, payload, now, heard);
    else if (topic.type === 'NBIRTH') this.#onBirth(node, payload, now, heard);
    else if (node.online) this.#inSequence(node, { topic, payload }, now, heard);
    else {
      this.#options.refuse('unborn', `${topic.type} of ${nameOf(topic)} before its NBIRTH`);
      node.requests.want(now.tick);
    }
    this.#serve(node, now, heard);
    return heard;
  }

  /** When there is something to do without a message, by the clock that nobody sets. */
  get due(): number | undefined {
    let due: number | undefined;
    for (const { sequence, requests } of this.#pending) {
      for (const at of [sequence.deadline, requests.due]) {
        if (at !== undefined && (due === undefined || at < due)) due = at;
      }
    }
    return due;
  }

  /** Does what is due. */
  expire(now: Instant): readonly HostOutput[] {
    const heard: HostOutput[] = [];
    for (const node of [...this.#pending]) {
      const { deadline = now.tick + 1 } = node.sequence;
      if (deadline <= now.tick) this.#giveUp(node, now, heard);
      this.#serve(node, now, heard);
    }
    return heard;
  }

  /** The broker is gone: nobody knows what the nodes do. */
  lose(now: Instant): readonly HostOutput[] {
    const heard: HostOutput[] = [];
    for (const node of this.#nodes.values()) {
      this.#end(node, 'broker', now, heard);
      node.requests.end();
      this.#pending.delete(node);
    }
    return heard;
  }

  /** The broker is there: nodes that wait for this host bear themselves; the others are asked a while later. */
  regain(now: Instant): void {
    for (const node of this.#nodes.values()) {
      if (node.online) continue;
      node.requests.wantLater(now.tick);
      this.#pending.add(node);
    }
  }

  /** By `group/node`. */
  get status(): Readonly<Record<string, SparkplugNodeStatus>> {
    return Object.fromEntries(
      [...this.#nodes.values()].map(({ ids, table, devices, sequence, requests, ...rest }) => {
        const { online, since } = rest;
        const ofDevices = [...devices].map(
          ([name, one]) => [name, { online: one.online, metrics: one.table.size }] as const,
        );
        const counts = { metrics: table.size, missed: sequence.missed, rebirths: requests.sent };
        const status = { online, since, ...counts, devices: Object.fromEntries(ofDevices) };
        return [ids.machine ?? '', status] as const;
      }),
    );
  }

  /** `ids`: what templates can name of the machine. */
  *born(): Iterable<{ readonly ids: Labels; readonly metric: BornOf }> {
    for (const node of this.#nodes.values()) {
      for (const { ids, table, online } of [node, ...node.devices.values()]) {
        const machine = ids.machine ?? '';
        for (const metric of table.born()) yield { ids, metric: { machine, online, ...metric } };
      }
    }
  }

  #nodeOf(topic: SparkplugTopic): Node | undefined {
    const { group, node, type } = topic;
    const key = `${group}/${node}`;
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    if (type === 'NDEATH') {
      this.#options.refuse('old-death', `NDEATH of ${key}, which was not born`);
      return undefined;
    }
    if (this.#nodes.size === MOST_NODES) {
      this.#options.refuse('too-many', `${key} is beyond ${MOST_NODES} nodes`);
      return undefined;
    }
    const ids = { group, node, machine: key };
    const made: Node = {
      ...{ group, node, ids, table: this.#newTable(ids) },
      ...{ online: false, since: 0, devices: new Map(), bdSeq: undefined },
      ...{ sequence: new NodeSequence(), requests: new RebirthRequests(this.#options.rebirth) },
    };
    this.#nodes.set(key, made);
    return made;
  }

  #deviceOf(node: Node, device: string): Device | undefined {
    const known = node.devices.get(device);
    if (known !== undefined) return known;
    const machine = `${node.group}/${node.node}/${device}`;
    if (this.#devices === MOST_DEVICES) {
      this.#options.refuse('too-many', `${machine} is beyond ${MOST_DEVICES} devices`);
      return undefined;
    }
    const ids = { group: node.group, node: node.node, device, machine };
    const made: Device = {
      ids,
      table: this.#newTable(ids),
      online: false,
      awaited: false,
      since: 0,
    };
    this.#devices += 1;
    node.devices.set(device, made);
    return made;
  }

  #newTable(ids: Labels): MetricTable {
    return new MetricTable(ids, this.#options.refuse, { ...this.#options, room: this.#room });
  }

  #onBirth(node: Node, payload: SparkplugPayload, now: Instant, heard: HostOutput[]): void {
    // What waits is to be read by the births before.
    this.#giveUp(node, now, heard);
    try {
      this.#bear(node, payload, now, heard);
    } catch (error) {
      this.#refuseMalformed(`NBIRTH of ${node.ids.machine}`, error);
      // Nobody knows what its aliases mean now.
      this.#end(node, 'malformed NBIRTH', now, heard);
      node.requests.want(now.tick);
    }
  }

  /** @throws MalformedError before anything has become of it */
  #bear(node: Node, payload: SparkplugPayload, now: Instant, heard: HostOutput[]): void {
    const number = sequenceOf(payload);
    const bdSeq = bdSeqOf(payload);
    const born = node.table.bear(payload);
    if (!node.online) becomeOnline(node, now, heard);
    addReadings(node.ids, born, heard);
    node.bdSeq = bdSeq;
    node.sequence.begin(number);
    node.requests.end();
    // Their births follow, and until then nobody knows what their aliases mean.
    for (const device of node.devices.values()) device.awaited = device.online;
  }

  #onDeath(node: Node, payload: SparkplugPayload, now: Instant, heard: HostOutput[]): void {
    const bdSeq = bdSeqOf(payload);
    const known = bdSeq === undefined || node.bdSeq === undefined || bdSeq === node.bdSeq;
    if (!known) {
      const detail = `NDEATH of ${node.ids.machine} with bdSeq ${bdSeq}, its birth has ${node.bdSeq}`;
      this.#options.refuse('old-death', detail);
      return;
    }
    this.#end(node, 'NDEATH', now, heard);
    node.requests.end();
  }

  #end(node: Node, cause: string, now: Instant, heard: HostOutput[]): void {
    if (!node.online) return;
    this.#giveUp(node, now, heard);
    for (const device of node.devices.values()) becomeOffline(device, cause, now.time, now, heard);
    becomeOffline(node, cause, now.time, now, heard);
  }

  #inSequence(node: Node, message: Waiting, now: Instant, heard: HostOutput[]): void {
    const { sequence } = node;
    const { reorder } = this.#options;
    const number = sequenceOf(message.payload);
    if (sequence.isTaken(number)) this.#giveUp(node, now, heard);
    for (const ready of sequence.accept(number, message, now.tick + reorder)) {
      this.#apply(node, ready, now, heard);
    }
    if (reorder === 0) this.#giveUp(node, now, heard);
  }

  /** What did not come in time is missing: what waited goes on, as less certain, and the node is asked for its births. */
  #giveUp(node: Node, now: Instant, heard: HostOutput[]): void {
    if (node.sequence.deadline === undefined) return;
    const { from, missing, ready } = node.sequence.giveUp();
    const name = node.ids.machine ?? '';
    for (const number of missing) this.#options.refuse('missed', `message ${number} of ${name}`);
    for (const message of ready) this.#apply(node, message, now, heard);
    const data = { reason: 'missed', count: missing.length, node: name, first_missing: from };
    for (const { ids, online } of [node, ...node.devices.values()]) {
      if (online) heard.push({ kind: 'event', ids, type: 'gap', time: now.time, data });
    }
    node.requests.want(now.tick);
  }

  /** A message that cannot be read takes no other one with it. */
  #apply(node: Node, message: Waiting, now: Instant, heard: HostOutput[]): void {
    try {
      this.#read(node, message, now, heard);
    } catch (error) {
      const { topic } = message;
      this.#refuseMalformed(`${topic.type} of ${nameOf(topic)}`, error);
      const device = topic.type === 'DBIRTH' ? node.devices.get(topic.device ?? '') : undefined;
      if (device !== undefined) becomeOffline(device, 'malformed DBIRTH', now.time, now, heard);
      node.requests.want(now.tick);
    }
  }

  #refuseMalformed(what: string, error: unknown): void {
    if (!(error instanceof MalformedError)) throw error;
    this.#options.refuse('malformed', `${what}: ${error.message}`);
  }

  #read(node: Node, { topic, payload }: Waiting, now: Instant, heard: HostOutput[]): void {
    const { type, device: name } = topic;
    if (type === 'DBIRTH') {
      const device = name === undefined ? undefined : this.#deviceOf(node, name);
      if (device === undefined) return;
      const born = device.table.bear(payload);
      if (!device.online) becomeOnline(device, now, heard);
      device.awaited = false;
      addReadings(device.ids, born, heard);
      return;
    }
    this.#settle(node, now, heard);
    const machine = name === undefined ? node : node.devices.get(name);
    if (machine === undefined || !machine.online) {
      if (type === 'DDEATH') return;
      this.#options.refuse('unborn', `${type} of ${nameOf(topic)} before its DBIRTH`);
      node.requests.want(now.tick);
    } else if (type === 'DDEATH') {
      // It is dead whatever its clock says.
      const time = timeOfInt64(payload.timestamp, 'arrival') ?? now.time;
      becomeOffline(machine, type, time, now, heard);
    } else {
      const readings = machine.table.read(payload, node.sequence.isWhole);
      addReadings(machine.ids, readings, heard);
      if (readings.unborn > 0) node.requests.want(now.tick);
    }
  }

  /** All births of devices come before any data: a device that was not born with its node is away. */
  #settle(node: Node, now: Instant, heard: HostOutput[]): void {
    for (const device of node.devices.values()) {
      if (device.awaited) becomeOffline(device, 'no DBIRTH', now.time, now, heard);
      device.awaited = false;
    }
  }

  /** Asks if it is time to, and sees to it that the node is looked at again. */
  #serve(node: Node, now: Instant, heard: HostOutput[]): void {
    if (node.requests.take(now.tick, this.#rate)) {
      heard.push({ kind: 'rebirth', group: node.group, node: node.node });
    }
    const waits = node.requests.due !== undefined || node.sequence.deadline !== undefined;
    if (waits) this.#pending.add(node);
    else this.#pending.delete(node);
  }
}

function becomeOnline(machine: Machine, now: Instant, heard: HostOutput[]): void {
  const away = machine.since === 0 ? {} : { away_ms: now.time - machine.since };
  machine.online = true;
  machine.since = now.time;
  const { ids } = machine;
  heard.push({ kind: 'event', ids, type: 'source-online', time: now.time, data: away });
}

/** Its values are stale from this time on. */
function becomeOffline(
  machine: Machine,
  cause: string,
  time: number,
  now: Instant,
  heard: HostOutput[],
): void {
  if (!machine.online) return;
  machine.online = false;
  machine.since = now.time;
  const { ids, table } = machine;
  const readings = table.stale(time);
  if (readings.length > 0) heard.push({ kind: 'values', ids, readings, historical: false });
  heard.push({ kind: 'event', ids, type: 'source-offline', time, data: { cause } });
}

function addReadings(
  ids: Labels,
  { live, historical }: SparkplugReadings,
  heard: HostOutput[],
): void {
  if (historical.length > 0) {
    heard.push({ kind: 'values', ids, readings: historical, historical: true });
  }
  if (live.length > 0) heard.push({ kind: 'values', ids, readings: live, historical: false });
}

function nameOf({ group, node, device }: SparkplugTopic): string {
  return device === undefined ? `${group}/${node}` : `${group}/${node}/${device}`;
}
