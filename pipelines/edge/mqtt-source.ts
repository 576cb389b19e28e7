/** A client of a broker of MQTT 3.1.1 or 5: the broker gets its acknowledgement once the log has the message. */

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { createSecureContext } from 'node:tls';
import mqtt, {
  type IClientOptions,
  type IClientSubscribeOptions,
  type IPublishPacket,
  type IStore,
  type ISubscriptionMap,
  type MqttClient,
  type Packet,
} from 'mqtt';
import { secretOf } from '../base/config.ts';
import { tlsContents } from '../nats/connection-options.ts';
import type { RecordEvent } from '../observe/observe.ts';
import type { BrokerSettings } from './edge-config.ts';
import { type OpenSource, type SourceContext, Unsettled } from './source.ts';

/** A message as it arrived. */
export type Arrived = {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** Of what wants an acknowledgement. */
  readonly packet: number | undefined;
  /** The broker sends it again, by its own account. */
  readonly again: boolean;
  /** The broker had kept it: it is the last word, and no news. */
  readonly retained: boolean;
};

export type Publication = {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly qos: 0 | 1;
  readonly retain: boolean;
};

/** A client that others watch. Its session ends with its connection, and nothing of one is said in the next. */
export type WatchedClient = {
  /** What the broker says when this client is gone. Made anew for each connection, as it is opened. */
  will(): Publication;
  /** All subscriptions are granted. */
  onSubscribed(): void;
  onLost(): void;
  /** The last word of a client that ends by itself. */
  farewell(): Publication;
};

export type MqttSourceOptions = {
  readonly name: string;
  readonly settings: BrokerSettings;
  /** By filter. */
  readonly subscriptions: Readonly<Record<string, IClientSubscribeOptions>>;
  readonly watched?: WatchedClient;
  /** Its id with the broker, where the configuration gives none. */
  readonly client: string;
  /** The broker keeps nothing for it. */
  readonly passing?: true;
  readonly record: RecordEvent;
  /** Takes a message in: the number up to which all has to be stored; a promise where the next one may not come yet. */
  readonly take: (arrived: Arrived) => number | Promise<number>;
  /** Every message up to this number is stored. */
  readonly stored: () => number;
  /** What cannot go on. */
  readonly onFailure: (error: unknown) => void;
};

export interface MqttSource extends OpenSource {
  /** Where there is no connection it is lost. */
  publish(publication: Publication): void;
}

const RECONNECT = 500;
/** How long the last word may take, milliseconds. */
const FAREWELL = 2_000;

/** Connects, for ever again, and subscribes. Rejects with a `Problem` when its files or secrets cannot be read. */
export async function openMqttSource(options: MqttSourceOptions): Promise<MqttSource> {
  const { settings, name } = options;
  // Read now for the sake of a clear error, and again with every connection: certificates are renewed.
  await tlsContents(settings.tls ?? {}, `source ${name}`);
  const login = loginOf(options);
  const client = mqtt.connect(settings.url.replace(/^tcp:/, 'mqtt:').replace(/^ssl:/, 'mqtts:'), {
    ...clientOptions(options),
    ...login(),
    manualConnect: true,
  });
  return new BrokerSource(client, options, login);
}

/** Who a source is to its broker. Who only listens is somebody else, whose session ends with the connection. */
export function brokerClient(
  name: string,
  settings: BrokerSettings,
  { config, listener }: Pick<SourceContext, 'config' | 'listener'>,
): Pick<MqttSourceOptions, 'settings' | 'client' | 'passing'> {
  if (listener === undefined) return { settings, client: `andon-${config.edge}-${name}` };
  const client = `andon-${config.edge}-${name}-${randomUUID().slice(0, 8)}`;
  return { settings: { ...settings, client: undefined }, client, passing: true };
}

function clientOptions({ settings, client, watched, passing }: MqttSourceOptions): IClientOptions {
  const isFive = settings.version === 5;
  const isShort = watched !== undefined || passing === true;
  return {
    protocolVersion: isFive ? 5 : 4,
    clientId: settings.client ?? client,
    // The broker keeps what comes while this process is away; of a client that is watched it knows that it is.
    clean: isShort,
    ...(watched === undefined ? {} : { will: willOf(watched), outgoingStore: FORGETFUL }),
    keepalive: settings.keepalive,
    reconnectPeriod: RECONNECT,
    // Who is refused now may be let in later: with another password, or when the broker has read its own.
    reconnectOnConnackError: true,
    connectTimeout: 10_000,
    resubscribe: false,
    // Nothing is published from here, and what is received must not wait in the client.
    queueQoSZero: false,
    ...(isFive
      ? {
          properties: {
            sessionExpiryInterval: isShort ? 0 : (settings.session ?? 0),
            receiveMaximum: settings.in_flight,
          },
        }
      : {}),
    ...tlsNow(settings.tls),
  };
}

type Login = () => Pick<IClientOptions, 'username' | 'password'>;

/** What user and password are, whenever it is asked. Throws a `Problem` where there is none yet. */
function loginOf({ settings, name }: MqttSourceOptions): Login {
  const current = (field: 'user' | 'password') => {
    const secret = settings[field];
    return secret === undefined ? undefined : secretOf(`source ${name}: ${field}`, secret);
  };
  const [user, password] = [current('user'), current('password')];
  return () => ({
    ...(user === undefined ? {} : { username: user() }),
    ...(password === undefined ? {} : { password: password() }),
  });
}

/** The client reads the payload of its will whenever it connects. */
function willOf(watched: WatchedClient): NonNullable<IClientOptions['will']> {
  const { topic, qos, retain } = watched.will();
  return {
    ...{ topic, qos, retain },
    get payload() {
      return Buffer.from(watched.will().payload);
    },
  };
}

/** A client sends again what was not acknowledged, before all else. What a session has said does not hold in the next. */
const FORGETFUL = {
  put(_packet, done) {
    done();
    return FORGETFUL;
  },
  del(packet, done) {
    done(undefined, packet as Packet);
    return FORGETFUL;
  },
  get(packet, done) {
    done(undefined, packet as Packet);
    return FORGETFUL;
  },
  createStream: () => Readable.from([]) as unknown as ReturnType<IStore['createStream']>,
  close: (done) => done(),
} satisfies IStore as IStore;

function tlsNow(tls: BrokerSettings['tls']): Pick<IClientOptions, 'ca' | 'cert' | 'key'> {
  const { ca, certificate, privateKey } = tls ?? {};
  return {
    ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
    ...(certificate === undefined ? {} : { cert: readFileSync(certificate) }),
    ...(privateKey === undefined ? {} : { key: readFileSync(privateKey) }),
  };
}

function arrivedAs({ topic, payload, messageId, dup, retain, qos }: IPublishPacket): Arrived {
  return {
    topic,
    payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
    packet: qos === 0 ? undefined : messageId,
    ...{ again: dup, retained: retain },
  };
}

/** What the client keeps to itself: how it writes a packet. */
type Writing = { _sendPacket(packet: Packet, done?: (error?: Error) => void): unknown };

class BrokerSource implements MqttSource {
  readonly #client: MqttClient;
  readonly #options: MqttSourceOptions;
  readonly #login: Login;
  readonly #send: Writing['_sendPacket'];
  /** Acknowledgements in the order of their messages, which the protocol demands. */
  readonly #waiting = new Unsettled<Packet>();
  /** Of the message whose acknowledgement the client writes next. */
  #taken = { number: 0, connection: 0 };
  /** Counts them: a message may be taken in when the one that brought it is gone. */
  #connection = 0;
  #connected = false;
  #closing = false;

  constructor(client: MqttClient, options: MqttSourceOptions, login: Login) {
    this.#client = client;
    this.#options = options;
    this.#login = login;
    const writing = client as unknown as Writing;
    this.#send = writing._sendPacket.bind(client);
    writing._sendPacket = (packet, done) => this.#write(packet, done);
    client.handleMessage = (packet, done) => {
      const connection = this.#connection;
      const goOn = (number: number) => {
        this.#taken = { number, connection };
        done();
      };
      const taken = options.take(arrivedAs(packet));
      if (typeof taken === 'number') goOn(taken);
      else taken.then(goOn, (error: unknown) => options.onFailure(error));
    };
    client.on('connect', ({ sessionPresent }) => this.#onConnect(sessionPresent));
    client.on('reconnect', () => this.#renew());
    client.on('close', () => this.#onClose('the connection broke'));
    client.on('error', (error) => this.#onClose(error.message));
    client.connect();
  }

  acknowledge(): void {
    for (const packet of this.#waiting.settle(this.#options.stored())) this.#send(packet);
  }

  publish({ topic, payload, ...how }: Publication): void {
    if (!this.#client.connected) return;
    this.#client.publish(topic, Buffer.from(payload), how, (error) => {
      if (error !== undefined && error !== null) this.#trouble(error);
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    const { watched } = this.#options;
    if (watched !== undefined && this.#client.connected) {
      const { topic, payload, ...how } = watched.farewell();
      const said = this.#client.publishAsync(topic, Buffer.from(payload), how);
      await Promise.race([said.catch(() => undefined), delay(FAREWELL)]);
      await Promise.race([this.#client.endAsync(false), delay(FAREWELL)]);
    }
    // A client that is ended before it is connected would go on trying.
    this.#client.options.reconnectPeriod = 0;
    // Without a word the session stays: the broker keeps what comes until the next start.
    await this.#client.endAsync(true);
  }

  /**
   * The client acknowledges a message before it reads the next one. That would be one at a time, each as slow as the disk
   * of the log. So its acknowledgement is held back here, and the next one read.
   */
  #write(packet: Packet, done?: (error?: Error) => void): unknown {
    if (packet.cmd !== 'puback') return this.#send(packet, done);
    const { number, connection } = this.#taken;
    if (connection === this.#connection) this.#waiting.add(number, packet);
    this.acknowledge();
    done?.();
    return this.#client;
  }

  #onConnect(kept: boolean): void {
    this.#connected = true;
    const { name, subscriptions, record, watched } = this.#options;
    // Every time: what was configured since the session began counts, too.
    this.#client.subscribe(subscriptions as ISubscriptionMap, (error, granted) => {
      const refused = (granted ?? []).filter(({ qos }) => qos >= 128);
      for (const { topic } of refused) {
        this.#trouble(new Error(`the broker refuses ${topic}`));
      }
      if (error !== null) {
        this.#trouble(error);
        return;
      }
      // Not before: what comes ahead of the first subscription is for nobody.
      record({ kind: 'source-connected', source: name, kept });
      if (refused.length === 0) watched?.onSubscribed();
    });
  }

  #onClose(reason: string): void {
    // Whatever was not acknowledged the broker sends again; to answer it later would answer another message.
    this.#waiting.forget();
    this.#connection += 1;
    if (this.#closing) return;
    const { name, record, watched } = this.#options;
    if (this.#connected) watched?.onLost();
    if (this.#connected || reason !== 'the connection broke') {
      record({ kind: 'source-away', source: name, reason });
    }
    this.#connected = false;
  }

  /** Just before it connects again: what was renewed until now counts. */
  #renew(): void {
    const { settings } = this.#options;
    Object.assign(this.#client.options, this.#login());
    try {
      const renewed = tlsNow(settings.tls);
      // The client would throw where nobody hears it: while a pair is being renewed its files do not fit.
      createSecureContext(renewed);
      Object.assign(this.#client.options, renewed);
    } catch (error) {
      this.#trouble(error);
    }
  }

  #trouble(error: unknown): void {
    const cause = error instanceof Error ? error : new Error(String(error));
    const { name, record } = this.#options;
    record({ kind: 'edge-trouble', where: `source ${name}`, error: cause });
  }
}
