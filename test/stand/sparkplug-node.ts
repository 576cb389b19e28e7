/** A node of a Sparkplug plant with one device, by another implementation of the payload: it waits for its primary host. */

import mqtt, { type MqttClient } from 'mqtt';
import { get } from 'sparkplug-payload';

const sparkplug = get('spBv1.0') ?? failed();

function failed(): never {
  throw new Error('sparkplug-payload knows no spBv1.0');
}

type UPayload = Parameters<typeof sparkplug.encodePayload>[0];
export type UMetric = NonNullable<UPayload['metrics']>[number];

export const encodeNode = (payload: UPayload): Buffer =>
  Buffer.from(sparkplug.encodePayload(payload));
export const decodeNode = (bytes: Uint8Array) => sparkplug.decodePayload(bytes);

export type SparkplugNodeOptions = {
  readonly port: number;
  /** Its primary host: what it says while that one is away is stored, and sent as history later. */
  readonly host: string;
  readonly group?: string;
  readonly node?: string;
  readonly device?: string;
};

export interface SparkplugNode {
  /** Values of the metric `n` of the device. */
  send(n: number): void;
  /** Whether the host is there, as far as it can know. */
  readonly online: boolean;
  /** Values that went out as live and that nobody has acknowledged: of QoS 0. */
  readonly live: ReadonlySet<number>;
  /** Rebirths that it was asked for. */
  readonly asked: number;
  /** Leaves out so many sequence numbers, as if that many messages were lost. */
  skip(count: number): void;
  /** The device alone is away. */
  deviceDeath(): void;
  /** The connection breaks without a word; it connects again. */
  breakConnection(): void;
  /** Leaves its broker without a word, and comes back when it is told to. */
  leave(): Promise<void>;
  comeBack(): void;
  stop(): Promise<void>;
}

type Sample = { readonly n: number; readonly time: number };

export function startSparkplugNode(options: SparkplugNodeOptions): SparkplugNode {
  return new PrimaryNode(options);
}

class PrimaryNode implements SparkplugNode {
  readonly live = new Set<number>();
  asked = 0;
  #online = false;
  #connected = false;
  #client: MqttClient;
  #bdSeq = 0;
  #seq = 0;
  #last: Sample | undefined;
  readonly #stored: Sample[] = [];
  readonly #ids: Required<SparkplugNodeOptions>;

  constructor(options: SparkplugNodeOptions) {
    this.#ids = { group: 'Plant A', node: 'cell 1', device: 'Presse 3', ...options };
    const { group, node, port, host } = this.#ids;
    const ids = this.#ids;
    const death = () => this.#death();
    this.#client = mqtt.connect(`mqtt://127.0.0.1:${port}`, {
      ...{ clientId: `${group} ${node}`, clean: true, reconnectPeriod: 200, connectTimeout: 5_000 },
      will: {
        ...{ topic: `spBv1.0/${ids.group}/NDEATH/${ids.node}`, qos: 1, retain: false },
        get payload() {
          return death();
        },
      },
    });
    this.#client.on('error', () => undefined);
    this.#client.on('close', () => {
      if (this.#connected) this.#bdSeq = (this.#bdSeq + 1) % 256;
      this.#connected = false;
      this.#online = false;
    });
    this.#client.on('connect', () => {
      this.#connected = true;
      this.#client.subscribe([`spBv1.0/STATE/${host}`, `spBv1.0/${group}/NCMD/${node}`], {
        qos: 1,
      });
    });
    this.#client.on('message', (topic, payload) => {
      if (topic.startsWith('spBv1.0/STATE')) this.#onState(JSON.parse(payload.toString()));
      else this.#onCommand(payload);
    });
  }

  get online(): boolean {
    return this.#online && this.#client.connected;
  }

  send(n: number): void {
    const sample = { n, time: Date.now() };
    this.#last = sample;
    if (this.online) {
      this.live.add(n);
      this.#publish('DDATA', [metricOf(sample)]);
    } else this.#stored.push(sample);
  }

  skip(count: number): void {
    this.#seq = (this.#seq + count) % 256;
  }

  deviceDeath(): void {
    this.#publish('DDEATH', []);
  }

  breakConnection(): void {
    this.#client.stream.destroy();
  }

  async leave(): Promise<void> {
    this.#client.stream.destroy();
    await this.#client.endAsync(true);
  }

  comeBack(): void {
    this.#client.reconnect();
  }

  async stop(): Promise<void> {
    await this.#client.endAsync(true);
  }

  /** Read whenever it connects; the birth has the same number. */
  #death(): Buffer {
    return encodeNode({ timestamp: Date.now(), metrics: [this.#session()] });
  }

  #session(): UMetric {
    return { name: 'bdSeq', type: 'UInt64', value: this.#bdSeq };
  }

  #onState({ online }: { readonly online: boolean }): void {
    const was = this.#online;
    this.#online = online;
    if (online && !was) this.#bear();
  }

  #onCommand(payload: Buffer): void {
    const { metrics } = decodeNode(payload);
    const isRebirth = metrics?.some(
      ({ name, value }) => name === 'Node Control/Rebirth' && value === true,
    );
    if (isRebirth !== true) return;
    this.asked += 1;
    if (this.online) this.#bear();
  }

  #bear(): void {
    this.#seq = 0;
    const rebirth: UMetric = { name: 'Node Control/Rebirth', type: 'Boolean', value: false };
    this.#publish('NBIRTH', [this.#session(), rebirth]);
    const now: Sample = this.#last ?? { n: -1, time: Date.now() };
    this.#last = now;
    this.#publish('DBIRTH', [{ ...metricOf(now), name: 'n', alias: 7 }]);
    for (const sample of this.#stored.splice(0)) {
      this.#publish('DDATA', [{ ...metricOf(sample), isHistorical: true }]);
    }
  }

  #publish(type: string, metrics: UMetric[]): void {
    const { group, node, device } = this.#ids;
    const topic = `spBv1.0/${group}/${type}/${node}${type.startsWith('D') ? `/${device}` : ''}`;
    const payload = encodeNode({ timestamp: Date.now(), seq: this.#seq, metrics });
    this.#seq = (this.#seq + 1) % 256;
    this.#client.publish(topic, payload, { qos: 0 });
  }
}

/** By its alias alone, as data has it. */
function metricOf({ n, time }: Sample): UMetric {
  return { alias: 7, type: 'Int32', value: n, timestamp: time } as UMetric;
}
