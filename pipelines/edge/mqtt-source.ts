/** A source that is a broker of MQTT 3.1.1 or 5: it gets its acknowledgement once the log has the message. */

import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient, type Packet } from 'mqtt';
import { secretOf } from '../base/config.ts';
import { tlsContents } from '../nats/connection-options.ts';
import type { RecordEvent } from '../observe/observe.ts';
import type { SourceOf } from './edge-config.ts';
import type { OpenSource } from './source.ts';
import { parseTopic } from './topic.ts';

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

export type MqttSourceOptions = {
  readonly source: SourceOf<'mqtt'>;
  /** Its id with the broker, where the configuration gives none. */
  readonly client: string;
  readonly record: RecordEvent;
  /** Takes a message in; resolves, as soon as the next one may come, with the number up to which all has to be stored. */
  readonly take: (arrived: Arrived) => Promise<number>;
  /** Every message up to this number is stored. */
  readonly stored: () => number;
  /** What cannot go on. */
  readonly onFailure: (error: unknown) => void;
};

const RECONNECT = 500;

/** Connects, for ever again, and subscribes. Rejects with a `Problem` when its files or secrets cannot be read. */
export async function openMqttSource(options: MqttSourceOptions): Promise<OpenSource> {
  const { mqtt: settings, name } = options.source;
  // Read now for the sake of a clear error, and again with every connection: certificates are renewed.
  await tlsContents(settings.tls ?? {}, `source ${name}`);
  const login = loginOf(options.source);
  const client = mqtt.connect(settings.url.replace(/^tcp:/, 'mqtt:').replace(/^ssl:/, 'mqtts:'), {
    ...clientOptions(options),
    ...login(),
    manualConnect: true,
  });
  return new BrokerSource(client, options, login);
}

function clientOptions({ source, client }: MqttSourceOptions): IClientOptions {
  const { mqtt: settings } = source;
  const isFive = settings.version === 5;
  return {
    protocolVersion: isFive ? 5 : 4,
    clientId: settings.client ?? client,
    // The broker keeps what comes while this process is away.
    clean: false,
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
            sessionExpiryInterval: settings.session,
            receiveMaximum: settings.in_flight,
          },
        }
      : {}),
    ...tlsNow(settings.tls),
  };
}

type Login = () => Pick<IClientOptions, 'username' | 'password'>;

/** What user and password are, whenever it is asked. Throws a `Problem` where there is none yet. */
function loginOf({ mqtt: settings, name }: SourceOf<'mqtt'>): Login {
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

function tlsNow(tls: SourceOf<'mqtt'>['mqtt']['tls']): Pick<IClientOptions, 'ca' | 'cert' | 'key'> {
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

type Waiting = { readonly number: number; readonly packet: Packet };
/** What the client keeps to itself: how it writes a packet. */
type Writing = { _sendPacket(packet: Packet, done?: (error?: Error) => void): unknown };

class BrokerSource implements OpenSource {
  readonly #client: MqttClient;
  readonly #options: MqttSourceOptions;
  readonly #login: Login;
  readonly #send: Writing['_sendPacket'];
  /** Acknowledgements in the order of their messages, which the protocol demands. */
  #waiting: Waiting[] = [];
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
      options.take(arrivedAs(packet)).then(
        (number) => {
          this.#taken = { number, connection };
          done();
        },
        (error: unknown) => options.onFailure(error),
      );
    };
    client.on('connect', ({ sessionPresent }) => this.#onConnect(sessionPresent));
    client.on('reconnect', () => this.#renew());
    client.on('close', () => this.#onClose('the connection broke'));
    client.on('error', (error) => this.#onClose(error.message));
    client.connect();
  }

  acknowledge(): void {
    const stored = this.#options.stored();
    const ready = this.#waiting.findIndex(({ number }) => number > stored);
    const settled = this.#waiting.splice(0, ready < 0 ? this.#waiting.length : ready);
    for (const { packet } of settled) this.#send(packet);
  }

  async close(): Promise<void> {
    this.#closing = true;
    // A client that is ended before it is connected would go on trying.
    this.#client.options.reconnectPeriod = 0;
    // The session stays: the broker keeps what comes until the next start.
    await this.#client.endAsync(true);
  }

  /**
   * The client acknowledges a message before it reads the next one. That would be one at a time, each as slow as the disk
   * of the log. So its acknowledgement is held back here, and the next one read.
   */
  #write(packet: Packet, done?: (error?: Error) => void): unknown {
    if (packet.cmd !== 'puback') return this.#send(packet, done);
    const { number, connection } = this.#taken;
    if (connection === this.#connection) this.#waiting.push({ number, packet });
    this.acknowledge();
    done?.();
    return this.#client;
  }

  #onConnect(kept: boolean): void {
    this.#connected = true;
    const { source, record } = this.#options;
    const group = source.mqtt.share === undefined ? '' : `$share/${source.mqtt.share}/`;
    const filters = Object.fromEntries(
      source.mqtt.topics.map(({ topic, qos }) => [
        `${group}${parseTopic(topic)?.filter ?? topic}`,
        // Retained messages are not wanted at all; 3.1.1 sends them, marked.
        { qos, ...(source.mqtt.version === 5 && group === '' ? { rh: 2 as const } : {}) },
      ]),
    );
    // Every time: what was configured since the session began counts, too.
    this.#client.subscribe(filters, (error, granted) => {
      if (error !== null) this.#trouble(error);
      // Not before: what comes ahead of the first subscription is for nobody.
      else record({ kind: 'source-connected', source: source.name, kept });
      for (const one of granted ?? []) {
        if (one.qos >= 128) this.#trouble(new Error(`the broker refuses ${one.topic}`));
      }
    });
  }

  #onClose(reason: string): void {
    // Whatever was not acknowledged the broker sends again; to answer it later would answer another message.
    this.#waiting = [];
    this.#connection += 1;
    if (this.#closing) return;
    const { source, record } = this.#options;
    if (this.#connected || reason !== 'the connection broke') {
      record({ kind: 'source-away', source: source.name, reason });
    }
    this.#connected = false;
  }

  /** Just before it connects again: what was renewed until now counts. */
  #renew(): void {
    const { source } = this.#options;
    Object.assign(this.#client.options, this.#login());
    try {
      const renewed = tlsNow(source.mqtt.tls);
      // The client would throw where nobody hears it: while a pair is being renewed its files do not fit.
      createSecureContext(renewed);
      Object.assign(this.#client.options, renewed);
    } catch (error) {
      this.#trouble(error);
    }
  }

  #trouble(error: unknown): void {
    const cause = error instanceof Error ? error : new Error(String(error));
    const { source, record } = this.#options;
    record({ kind: 'edge-trouble', where: `source ${source.name}`, error: cause });
  }
}
