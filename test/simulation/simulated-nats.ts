/** A nats-server with JetStream as its clients see it, over time that only the test moves. */

import type { ConsumerConfig, StreamConfig } from '@nats-io/jetstream';
import {
  type MessageQuestion,
  SimulatedStream,
  type StoredInStream,
  type StreamAnswer,
} from './simulated-stream.ts';

/** A message on its way to whoever subscribed to an inbox. */
export type Delivery = {
  /** What it is delivered to. */
  readonly inbox: string;
  readonly subject: string;
  readonly reply?: string;
  /** The block of its headers, with the status line. */
  readonly head?: Uint8Array | undefined;
  readonly data: Uint8Array;
};

/** A message as a client publishes it. */
export type Publication = Omit<Delivery, 'inbox'>;

/** Who is connected: what is delivered to it goes through here. */
export type Subscriber = (delivery: Delivery) => void;

type PullRequest = {
  readonly to: Subscriber;
  readonly inbox: string;
  readonly timers: NodeJS.Timeout[];
  left: number;
  bytes: number;
};

type Consumer = {
  readonly config: ConsumerConfig;
  readonly stream: SimulatedStream;
  next: number;
  delivered: number;
  active: number;
  requests: PullRequest[];
};

const NOTHING = new Uint8Array(0);
const MILLISECOND = 1_000_000;
const API = '$JS.API.';

export class SimulatedNats {
  readonly streams = new Map<string, SimulatedStream>();
  /** Called with whatever a stream is asked to store, and what it answered. */
  onStored: (stream: string, message: StoredInStream) => void = () => undefined;
  readonly #consumers = new Map<string, Consumer>();

  /** What a client publishes: a question to the API, a request for messages, or a message for a stream. */
  publish(publication: Publication, from: Subscriber): void {
    const { subject, reply, head, data } = publication;
    const answer = (value: object) => {
      if (reply === undefined) return;
      const bytes = new TextEncoder().encode(JSON.stringify(value));
      from({ inbox: reply, subject: reply, data: bytes });
    };
    if (subject.startsWith(API)) {
      const [what = '', ...names] = splitQuestion(subject.slice(API.length));
      if (what === 'CONSUMER.MSG.NEXT') this.#request(names, publication, from);
      else answer(this.#ask(what, names, data));
      return;
    }
    const stream = [...this.streams.values()].find((each) => each.takes(subject));
    if (stream !== undefined) answer(this.#store(stream, subject, head, data));
    else if (reply !== undefined) noResponders(reply, from);
  }

  /** What a client waits for is given up when its connection breaks. */
  disconnect(client: Subscriber): void {
    for (const consumer of this.#consumers.values()) {
      for (const request of consumer.requests) if (request.to === client) stopTimers(request);
      consumer.requests = consumer.requests.filter(({ to }) => to !== client);
    }
  }

  /** Streams are on disk; consumers are in memory. */
  restart(): void {
    for (const { requests } of this.#consumers.values()) requests.forEach(stopTimers);
    this.#consumers.clear();
  }

  #store(
    stream: SimulatedStream,
    subject: string,
    head: Uint8Array | undefined,
    data: Uint8Array,
  ): StreamAnswer {
    const answer = stream.append(subject, head, data);
    if ('error' in answer || answer.duplicate === true) return answer;
    const stored = stream.find({ seq: answer.seq });
    if (stored !== undefined) this.onStored(stream.config.name, stored);
    for (const consumer of this.#consumers.values()) {
      if (consumer.stream === stream) this.#deliver(consumer);
    }
    return answer;
  }

  #ask(what: string, [name = '', second = '']: readonly string[], data: Uint8Array): object {
    if (what === 'INFO') return { streams: this.streams.size, limits: {} };
    const asked = data.length === 0 ? {} : JSON.parse(Buffer.from(data).toString());
    const stream = this.streams.get(name);
    if (what === 'STREAM.CREATE') return this.#create(asked);
    if (stream === undefined) return problem(404, 10_059, 'stream not found');
    switch (what) {
      case 'STREAM.INFO':
        return infoOf(stream);
      case 'STREAM.MSG.GET':
        return foundMessage(stream, asked);
      case 'CONSUMER.CREATE':
        return this.#createConsumer(stream, second, asked.config);
    }
    return problem(501, 10_000, `the simulated nats-server does not know ${what}`);
  }

  #create(config: StreamConfig): object {
    const known = this.streams.get(config.name);
    if (known !== undefined) return infoOf(known);
    const stream = new SimulatedStream(config);
    this.streams.set(config.name, stream);
    return { ...infoOf(stream), did_create: true };
  }

  #createConsumer(stream: SimulatedStream, name: string, config: ConsumerConfig): object {
    const key = `${stream.config.name}.${name}`;
    const consumer = this.#consumers.get(key) ?? {
      ...{ config, stream, delivered: 0, active: Date.now(), requests: [] },
      next: config.opt_start_seq ?? 1,
    };
    this.#consumers.set(key, consumer);
    return { stream_name: stream.config.name, name, config: consumer.config };
  }

  #request(names: readonly string[], { reply, data }: Publication, to: Subscriber): void {
    if (reply === undefined) return;
    const key = names.join('.');
    const consumer = this.#consumers.get(key);
    const threshold = (consumer?.config.inactive_threshold ?? 0) / MILLISECOND;
    const isForgotten = consumer !== undefined && Date.now() - consumer.active > threshold;
    if (isForgotten) this.#consumers.delete(key);
    // Whoever asks one that is not there hears nothing.
    if (consumer === undefined || isForgotten) return;
    const { batch, expires, idle_heartbeat, max_bytes } = JSON.parse(Buffer.from(data).toString());
    const request: PullRequest = { to, inbox: reply, timers: [], left: batch, bytes: max_bytes };
    const say = (code: number, words: string) => to(status(reply, code, words));
    const beat = setInterval(() => say(100, 'Idle Heartbeat'), idle_heartbeat / MILLISECOND);
    const end = setTimeout(() => {
      this.#drop(consumer, request);
      say(408, 'Request Timeout');
    }, expires / MILLISECOND);
    request.timers.push(beat, end);
    consumer.requests.push(request);
    this.#deliver(consumer);
  }

  #deliver(consumer: Consumer): void {
    consumer.active = Date.now();
    for (const message of consumer.stream.messages) {
      if (message.sequence < consumer.next) continue;
      const request = consumer.requests[0];
      if (request === undefined) return;
      request.bytes -= message.data.length + (message.head?.length ?? 0);
      if (request.bytes < 0) {
        this.#drop(consumer, request);
        request.to(status(request.inbox, 409, 'Message Size Exceeds MaxBytes'));
        return;
      }
      consumer.next = message.sequence + 1;
      consumer.delivered += 1;
      request.left -= 1;
      if (request.left === 0) this.#drop(consumer, request);
      const pending = consumer.stream.last - message.sequence;
      request.to(delivered(consumer, message, request.inbox, pending));
    }
  }

  #drop(consumer: Consumer, request: PullRequest): void {
    stopTimers(request);
    consumer.requests = consumer.requests.filter((other) => other !== request);
  }
}

function stopTimers({ timers }: PullRequest): void {
  for (const timer of timers) clearTimeout(timer);
}

/** `STREAM.INFO.x` into what is asked, and the names behind it. */
function splitQuestion(question: string): string[] {
  const tokens = question.split('.');
  const words = tokens[1] === 'MSG' ? 3 : 2;
  return [tokens.slice(0, words).join('.'), ...tokens.slice(words)];
}

function problem(code: number, err_code: number, description: string): object {
  return { error: { code, err_code, description } };
}

function infoOf(stream: SimulatedStream): object {
  const { config, created, state } = stream;
  return { config, created, state, ts: new Date().toISOString() };
}

function foundMessage(stream: SimulatedStream, question: MessageQuestion): object {
  const found = stream.find(question);
  if (found === undefined) return problem(404, 10_037, 'no message found');
  const { subject, sequence, head, data, at } = found;
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return {
    message: {
      ...{ subject, seq: sequence, time: new Date(at).toISOString() },
      ...(head === undefined ? {} : { hdrs: base64(head) }),
      ...(data.length === 0 ? {} : { data: base64(data) }),
    },
  };
}

function delivered(
  { stream, config, delivered: count }: Consumer,
  { sequence, subject, head, data, at }: StoredInStream,
  inbox: string,
  pending: number,
): Delivery {
  const place = `${stream.config.name}.${config.name}.1.${sequence}.${count}`;
  const reply = `$JS.ACK.${place}.${BigInt(Math.round(at)) * 1_000_000n}.${pending}`;
  return { inbox, subject, reply, head, data };
}

function status(inbox: string, code: number, words: string): Delivery {
  const head = Buffer.from(`NATS/1.0 ${code} ${words}`.trimEnd().concat('\r\n\r\n'));
  return { inbox, subject: inbox, head, data: NOTHING };
}

/** Nobody listens on what was published. */
function noResponders(inbox: string, to: Subscriber): void {
  to(status(inbox, 503, ''));
}
