/** The simulated plant as edge nodes of Sparkplug B: a node for each line, with its machines as devices. */

import mqtt, { type MqttClient } from 'mqtt';
import { encodeSparkplug, type PlainSparkplugPayload } from '../../edge/sparkplug/payload.ts';
import { SPARKPLUG_TYPES, type SparkplugType } from '../../edge/sparkplug/values.ts';
import { type Machine, machinesOf, plantOfFile } from '../plant/machines.ts';
import { type DeviceMessage, STATE_TAG, type TagSample, waveformTag } from './samples.ts';

export type SparkplugNodesOptions = {
  readonly url: string;
  /** Their primary host: they say nothing before it is there. */
  readonly host: string;
};

/** What a device is born with: an alias for each metric. */
type Device = Map<string, { readonly alias: number; readonly type: SparkplugType }>;
type Metric = PlainSparkplugPayload['metrics'][number];

export class SparkplugNodes {
  readonly #nodes = new Map<string, SparkplugLine>();
  readonly #options: SparkplugNodesOptions;

  constructor(options: SparkplugNodesOptions) {
    this.#options = options;
    for (const machine of machinesOf(plantOfFile())) {
      const [group = '', line = '', device = ''] = machine.key.split('/');
      this.#nodeOf(group, line).devices.set(device, bornWith(machine));
    }
  }

  /** Messages that the broker was given, births among them. */
  get sent(): number {
    return [...this.#nodes.values()].reduce((sum, { sent }) => sum + sent, 0);
  }

  /** Metrics of all births. */
  get metrics(): number {
    return [...this.#nodes.values()].reduce((sum, { metrics }) => sum + metrics, 0);
  }

  /** Resolves when all nodes are born. */
  async start(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.start()));
  }

  say({ device: path, samples, bytes }: DeviceMessage): void {
    const [group = '', line = '', device = ''] = path.split('/');
    const node = this.#nodeOf(group, line);
    if (samples === undefined) node.sayBytes(device, bytes);
    else node.say(device, samples);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.stop()));
  }

  #nodeOf(group: string, line: string): SparkplugLine {
    const known = this.#nodes.get(line);
    if (known !== undefined) return known;
    const made = new SparkplugLine(group, line, this.#options);
    this.#nodes.set(line, made);
    return made;
  }
}

function bornWith({ asset, point }: Machine): Device {
  const waveforms = point === undefined ? [] : [[waveformTag(point.id), 'FloatArray'] as const];
  const readings = Object.keys(asset.signals).map((name) => [name, 'Float'] as const);
  const all = [...readings, [STATE_TAG, 'String'] as const, ...waveforms];
  return new Map(all.map(([name, type], at) => [name, { alias: at + 1, type }]));
}

class SparkplugLine {
  readonly devices = new Map<string, Device>();
  sent = 0;
  #client: MqttClient | undefined;
  #seq = 0;
  readonly #group: string;
  readonly #node: string;
  readonly #options: SparkplugNodesOptions;

  constructor(group: string, node: string, options: SparkplugNodesOptions) {
    this.#group = group;
    this.#node = node;
    this.#options = options;
  }

  get metrics(): number {
    // bdSeq and the command to be born again are no values.
    return [...this.devices.values()].reduce((sum, { size }) => sum + size, 0);
  }

  async start(): Promise<void> {
    const { url, host } = this.#options;
    const state = `spBv1.0/STATE/${host}`;
    const death = encodeSparkplug({ timestamp: Date.now(), metrics: [session()] });
    const client = mqtt.connect(url, {
      ...{ clientId: `${this.#group}-${this.#node}`, clean: true },
      will: { topic: this.#topic('NDEATH'), payload: Buffer.from(death), qos: 1, retain: false },
    });
    this.#client = client;
    client.on('error', () => undefined);
    await new Promise<void>((resolve) => {
      client.on('message', (topic, payload) => {
        // Every command that it knows asks it to be born again.
        if (topic !== state) return this.#bear();
        if (!isOnline(payload)) return;
        this.#bear();
        resolve();
      });
      client.on('connect', () => {
        client.subscribe([state, this.#topic('NCMD')], { qos: 1 });
      });
    });
  }

  say(name: string, samples: readonly TagSample[]): void {
    const device = this.devices.get(name) ?? this.#newDevice(name, samples);
    const metrics = samples.map(({ tag, time, value }) => {
      const { alias, type } = device.get(tag) ?? { alias: 0, type: 'Unknown' as const };
      const datatype = SPARKPLUG_TYPES.indexOf(type);
      return { alias, timestamp: time, datatype, ...fieldsOf(value) };
    });
    this.#publish('DDATA', name, metrics);
  }

  /** Whatever they are. */
  sayBytes(device: string, bytes: Uint8Array): void {
    this.#send(this.#topic('DDATA', device), bytes);
  }

  async stop(): Promise<void> {
    await this.#client?.endAsync(true);
  }

  /** A machine that no plant model has. */
  #newDevice(name: string, samples: readonly TagSample[]): Device {
    const names = [...new Set(samples.map(({ tag }) => tag))];
    const device: Device = new Map(
      names.map((tag, at) => [tag, { alias: at + 1, type: 'Float' as const }]),
    );
    this.devices.set(name, device);
    this.#bearDevice(name, device);
    return device;
  }

  #bear(): void {
    this.#seq = 0;
    const name = Buffer.from('Node Control/Rebirth');
    const rebirth = { name, datatype: SPARKPLUG_TYPES.indexOf('Boolean'), booleanValue: false };
    this.#publish('NBIRTH', undefined, [session(), rebirth]);
    for (const each of this.devices) this.#bearDevice(...each);
  }

  /** Without values: nothing was measured yet. */
  #bearDevice(name: string, device: Device): void {
    const metrics = [...device].map(([tag, { alias, type }]) => {
      const datatype = SPARKPLUG_TYPES.indexOf(type);
      return { name: Buffer.from(tag), alias, datatype, isNull: true };
    });
    this.#publish('DBIRTH', name, metrics);
  }

  #publish(type: string, device: string | undefined, metrics: readonly Metric[]): void {
    const payload = encodeSparkplug({ timestamp: Date.now(), seq: this.#seq, metrics });
    this.#seq = (this.#seq + 1) % 256;
    this.#send(this.#topic(type, device), payload);
  }

  #send(topic: string, payload: Uint8Array): void {
    this.sent += 1;
    this.#client?.publish(topic, Buffer.from(payload), { qos: 0 });
  }

  #topic(type: string, device?: string): string {
    const node = `spBv1.0/${this.#group}/${type}/${this.#node}`;
    return device === undefined ? node : `${node}/${device}`;
  }
}

/** Each node has one session in a demo. */
function session(): Metric {
  const datatype = SPARKPLUG_TYPES.indexOf('UInt64');
  return { name: Buffer.from('bdSeq'), datatype, longValue: 0 };
}

function isOnline(payload: Buffer): boolean {
  const said = JSON.parse(payload.toString()) as { readonly online?: unknown };
  return said.online === true;
}

function fieldsOf(value: TagSample['value']): Partial<Metric> {
  if (typeof value === 'number') return { floatValue: value };
  if (typeof value === 'string') return { stringValue: Buffer.from(value) };
  return { bytesValue: Buffer.from(value.buffer, value.byteOffset, value.byteLength) };
}
