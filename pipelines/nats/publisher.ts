import {
  type Msg,
  type NatsConnection,
  headers as newHeaders,
  PermissionViolationError,
} from '@nats-io/transport-node';
import { EXIT, Problem } from '../base/problem.ts';
import { newInbox, subjectIn } from './jetstream.ts';

/** A message on its way into the log. `subject` carries the partition's prefix where one is needed, never the installation's. */
export type Outgoing = {
  readonly subject: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly payload: Uint8Array;
};

export type PublishCounts = {
  readonly published: number;
  readonly acknowledged: number;
  /** Of the acknowledged: the stream had them already. */
  readonly duplicates: number;
  /** Sent again because no answer came. */
  readonly repeated: number;
  readonly bytes: number;
  /** Sequence of the message that was acknowledged last; 0 when there was none. */
  readonly last: number;
};

export type PublisherOptions = {
  /** Most messages without an acknowledgement. Default 500. */
  readonly inFlight?: number;
  /** Begins the `Nats-Msg-Id` of each message: unique for each run, so that a repeat of ours, and nothing else, is a duplicate. */
  readonly run: string;
  /** How long an acknowledgement may take before the message is sent again: milliseconds. Default 5,000. */
  readonly answer?: number;
  /** How long nothing may be accepted before it is given up: milliseconds. Default 60,000. */
  readonly patience?: number;
  /** The number of the first message, which ends its `Nats-Msg-Id`. Default 1. */
  readonly first?: number;
  /** However long the connection is down, that alone is no reason to give up. Default false. */
  readonly waitsForConnection?: boolean;
  /** The streams whose acknowledgements count. Default: any. Another one that answers ends the publication. */
  readonly streams?: readonly string[];
  /** Called whenever messages were acknowledged, or nothing can go on. */
  readonly onChange?: () => void;
};

export interface LogPublisher {
  /** Resolves as soon as the window has room again. Rejects with a `Problem` when the stream refuses messages. */
  publish(message: Outgoing): Promise<unknown>;
  /** Resolves when everything published so far is in the stream. */
  flush(): Promise<PublishCounts>;
  readonly counts: PublishCounts;
  close(): void;
}

/** What the keeper of a spool has to know. */
export interface NumberedPublisher extends LogPublisher {
  /** Resolves with the number of the message. */
  publish(message: Outgoing): Promise<number>;
  /** All messages up to this number are in the stream. */
  readonly settled: number;
  /** Why nothing goes on any more. */
  readonly failure: Problem | undefined;
}

/** From nats-server 2.11 on: so many messages (10,000 unless set) wait to be written that it takes no more for now. */
const TOO_MANY_REQUESTS = 429;

type Pending = { readonly id: number; readonly message: Outgoing; sent: number };

/**
 * Publishes in order, with a bounded window of unacknowledged messages. After a broken connection everything without
 * an answer is sent again, in order and ahead of anything new; the stream recognises what it has by its id, for as
 * long as its duplicate window (two minutes). Beyond that only `Andon-Producer` and `Andon-Sequence` identify repeats.
 */
export function createPublisher(
  connection: NatsConnection,
  options: PublisherOptions,
): NumberedPublisher {
  return new WindowedPublisher(connection, options);
}

class WindowedPublisher implements NumberedPublisher {
  readonly #connection: NatsConnection;
  readonly #inFlight: number;
  readonly #answer: number;
  readonly #patience: number;
  readonly #run: string;
  readonly #first: number;
  readonly #waitsForConnection: boolean;
  readonly #streams: readonly string[] | undefined;
  readonly #onChange: () => void;
  readonly #inbox: string;
  readonly #pending = new Map<number, Pending>();
  readonly #subscription;
  readonly #timer;
  #counts = { published: 0, acknowledged: 0, duplicates: 0, repeated: 0, bytes: 0, last: 0 };
  #connected = true;
  /** The server took less than it was sent: what waits is sent again at the next check. */
  #refused = false;
  #closed = false;
  #lastAnswer = performance.now();
  #failure: Problem | undefined;
  #trouble: string | undefined;
  #waiting: (() => void)[] = [];

  constructor(connection: NatsConnection, options: PublisherOptions) {
    this.#connection = connection;
    this.#inbox = newInbox(connection);
    this.#inFlight = options.inFlight ?? 500;
    this.#answer = options.answer ?? 5_000;
    this.#patience = options.patience ?? 60_000;
    this.#run = options.run;
    this.#first = options.first ?? 1;
    this.#waitsForConnection = options.waitsForConnection ?? false;
    this.#streams = options.streams;
    this.#onChange = options.onChange ?? (() => undefined);
    this.#subscription = connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, answer) => {
        if (error === null) this.#onAnswer(answer);
      },
    });
    this.#timer = setInterval(() => this.#check(), 100);
    this.#timer.unref();
    void this.#watchConnection();
  }

  get counts(): PublishCounts {
    return { ...this.#counts };
  }

  get settled(): number {
    const [oldest = this.#first + this.#counts.published] = this.#pending.keys();
    return oldest - 1;
  }

  get failure(): Problem | undefined {
    return this.#failure;
  }

  async publish(message: Outgoing): Promise<number> {
    while (this.#pending.size >= this.#inFlight && this.#failure === undefined) await this.#room();
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#pending.size === 0) this.#lastAnswer = performance.now();
    const pending = { id: this.#first + this.#counts.published, message, sent: 0 };
    this.#counts.published += 1;
    this.#counts.bytes += message.payload.length;
    this.#pending.set(pending.id, pending);
    this.#send(pending);
    return pending.id;
  }

  async flush(): Promise<PublishCounts> {
    while (this.#pending.size > 0 && this.#failure === undefined) await this.#room();
    if (this.#failure !== undefined) throw this.#failure;
    return this.counts;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    if (!this.#connection.isClosed()) this.#subscription.unsubscribe();
  }

  #room(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
    this.#onChange();
  }

  /**
   * While the connection is down nothing is sent: the client would drop it silently, and order would be lost. Nor while
   * the server has too much to do, because then it could take this message and not the one before.
   */
  #send(pending: Pending): void {
    if (!this.#connected || this.#refused || this.#connection.isClosed()) return;
    pending.sent = performance.now();
    const { subject, headers, payload } = pending.message;
    const wire = newHeaders();
    for (const [name, value] of Object.entries(headers ?? {})) wire.set(name, value);
    wire.set('Nats-Msg-Id', `${this.#run}/${pending.id}`);
    this.#connection.publish(subjectIn(this.#connection, subject), payload, {
      reply: `${this.#inbox}.${pending.id}`,
      headers: wire,
    });
  }

  #resend(): void {
    this.#refused = false;
    for (const pending of this.#pending.values()) {
      this.#counts.repeated += 1;
      this.#send(pending);
    }
  }

  #onAnswer(answer: Msg): void {
    const id = Number(answer.subject.slice(this.#inbox.length + 1));
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    // Not stored: no stream listens, or its leader is being elected. Nothing may overtake it.
    if (answer.headers?.code === 503) {
      this.#trouble = 'that no stream takes this subject';
      this.#refused = true;
      return;
    }
    const { seq, duplicate, error, stream = '' } = answer.json<Acknowledgement>();
    if (error !== undefined) {
      this.#trouble = error.description;
      this.#refused ||= error.code === TOO_MANY_REQUESTS;
      if (error.code < 500 && error.code !== TOO_MANY_REQUESTS)
        this.#fail(refusal(pending.message.subject, error.description));
      return;
    }
    if (this.#streams?.includes(stream) === false) {
      this.#fail(takenByAnother(pending.message.subject, stream));
      return;
    }
    this.#lastAnswer = performance.now();
    this.#pending.delete(id);
    this.#counts.acknowledged += 1;
    if (duplicate === true) this.#counts.duplicates += 1;
    this.#counts.last = seq ?? 0;
    this.#wake();
  }

  /** The server does not answer what is not permitted: it only tells the connection. */
  #onError(error: Error): void {
    if (!(error instanceof PermissionViolationError) || error.operation !== 'publish') return;
    for (const { message } of this.#pending.values()) {
      // A mapping may have put the partition before it.
      if (error.subject === message.subject || error.subject.endsWith(`.${message.subject}`)) {
        this.#fail(forbidden(error.subject));
      }
    }
  }

  #check(): void {
    const [oldest] = this.#pending.values();
    if (oldest === undefined) return;
    const now = performance.now();
    if (this.#waitsForConnection && !this.#connected) this.#lastAnswer = now;
    if (this.#connection.isClosed() || now - this.#lastAnswer > this.#patience) {
      this.#fail(unanswered(oldest.message.subject, this.#patience, this.#trouble));
    } else if (this.#refused || (oldest.sent > 0 && now - oldest.sent > this.#answer)) {
      this.#resend();
    }
  }

  #fail(failure: Problem): void {
    this.#failure ??= failure;
    this.#wake();
  }

  async #watchConnection(): Promise<void> {
    for await (const status of this.#connection.status()) {
      const { type } = status;
      if (this.#closed) return;
      if (status.type === 'error') this.#onError(status.error);
      if (type === 'disconnect') this.#connected = false;
      if (type !== 'reconnect') continue;
      this.#connected = true;
      this.#resend();
    }
  }
}

type Acknowledgement = {
  readonly stream?: string;
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: { readonly code: number; readonly description: string };
};

function refusal(subject: string, description: string): Problem {
  return new Problem({
    where: `subject ${subject}`,
    expected: 'the stream to take the message',
    found: description,
    remedy: 'See `andon doctor` for the limits of the stream and its account.',
    exit: EXIT.outside,
  });
}

function takenByAnother(subject: string, stream: string): Problem {
  return new Problem({
    where: `subject ${subject}`,
    expected: 'that the stream beside this process alone takes it',
    found: `that ${stream} does, too: every message would be there twice`,
    remedy: 'Configure the leaf node as `andon nats-config --leaf` prints it (deny_exports).',
    exit: EXIT.outside,
  });
}

function forbidden(subject: string): Problem {
  return new Problem({
    where: `subject ${subject}`,
    expected: 'to be permitted to publish it',
    found: 'that nats-server refuses this user',
    remedy:
      'Log in as the user that `andon nats-config` made for it, with the same plant.yaml and number of partitions.',
    exit: EXIT.outside,
  });
}

function unanswered(subject: string, patience: number, trouble = 'no answer'): Problem {
  return new Problem({
    where: `subject ${subject}`,
    expected: 'an acknowledgement',
    found: `${trouble}, for ${patience / 1_000} s`,
    remedy: 'Check that a stream takes this subject (`andon doctor`) and that nats-server is up.',
    exit: EXIT.outside,
  });
}
