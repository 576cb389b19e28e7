import { AckPolicy, DeliverPolicy, type JetStreamManager, ReplayPolicy } from '@nats-io/jetstream';
import { type Msg, MsgImpl, type NatsConnection, nanos } from '@nats-io/transport-node';
import { apiSubject, askedAgain, newInbox } from './jetstream.ts';
import { createWireReader, type DeliveredMessage } from './wire-reader.ts';

/** One consumer on the server and one request for messages at a time. It lives until the first thing goes wrong. */
export interface PullConsumer {
  /** A request is under way: its messages are still to come. */
  readonly busy: boolean;
  request(messages: number): void;
  close(): void;
}

export type PullConsumerOptions = {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly stream: string;
  /** The first sequence wanted. The server begins later, without an error, when it is gone. */
  readonly from: number;
  /** How much one request may bring. */
  readonly bytes: number;
  /** What is made of the subject of a message. */
  readonly subjectOf: (subject: string) => string;
  /** Valid only until it returns. */
  readonly onMessage: (message: DeliveredMessage) => void;
  /** The request is over, and all it will ever bring was brought: nothing at all when `idle`. */
  readonly onFree: (idle: boolean) => void;
  /** Nothing more will come. The caller closes this one and opens another where it stopped. */
  readonly onLost: (reason: string) => void;
};

/** A request without an answer ends after so long, and another one is made. */
const EXPIRES = 2_000;
/** The server says so often that it is still there. */
const HEARTBEAT = 500;
/**
 * So many looks in a row without a word, and it is gone. Looks are counted, not time: a process that was held up for
 * long has not looked meanwhile, and finds what was said when it looks.
 */
const SILENT_LOOKS = 3;
/** Left alone for so long, the server forgets the consumer; then the next request says so. */
const FORGOTTEN = 60_000;

/**
 * Makes an ephemeral, unfiltered consumer in memory, without acknowledgements, and a plain subscription that its
 * messages come to. The position is the caller's own: the server's is lost with a restart.
 */
export async function openPullConsumer(options: PullConsumerOptions): Promise<PullConsumer> {
  const { connection, manager, stream, from } = options;
  const inbox = newInbox(connection);
  const wanted = {
    // Asked for twice, it is one.
    name: `andon-${inbox.slice(inbox.lastIndexOf('.') + 1)}`,
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: from,
    replay_policy: ReplayPolicy.Instant,
    inactive_threshold: nanos(FORGOTTEN),
    mem_storage: true,
    num_replicas: 1,
  };
  // The client writes into what it is given.
  const { name } = await askedAgain(() => manager.consumers.add(stream, { ...wanted }));
  const next = apiSubject(connection, `CONSUMER.MSG.NEXT.${stream}.${name}`);
  return new SubscribedConsumer(options, inbox, next);
}

class SubscribedConsumer implements PullConsumer {
  readonly #options: PullConsumerOptions;
  readonly #inbox: string;
  /** The subject that requests are published on. */
  readonly #next: string;
  readonly #subscription;
  readonly #watch;
  readonly #wire;
  #bytes: number;
  #request = 0;
  /** Messages of the request under way that are still to come. */
  #outstanding = 0;
  #brought = 0;
  /** Since the last word of the server. */
  #silentLooks = 0;
  #closed = false;

  constructor(options: PullConsumerOptions, inbox: string, next: string) {
    this.#options = options;
    this.#inbox = inbox;
    this.#next = next;
    this.#bytes = options.bytes;
    this.#subscription = options.connection.subscribe(`${inbox}.*`, {
      callback: (error, message) => {
        if (this.#closed) return;
        this.#silentLooks = 0;
        if (error !== null) this.#lost(error.message);
        else this.#onClientMessage(message);
      },
    });
    const id = this.#subscription.getID();
    this.#wire = createWireReader(options.connection, id, options.subjectOf, (message) => {
      this.#silentLooks = 0;
      this.#onMessage(message);
    });
    this.#watch = setInterval(() => {
      this.#silentLooks += 1;
      if (this.busy && this.#silentLooks > SILENT_LOOKS) this.#lost('no answer to a pull request');
    }, HEARTBEAT);
    this.#watch.unref();
  }

  get busy(): boolean {
    return this.#outstanding > 0;
  }

  request(messages: number): void {
    // Whoever ends may close the connection while a consumer is being made.
    if (this.#options.connection.isClosed()) {
      this.#lost('the connection is closed');
      return;
    }
    this.#request += 1;
    this.#outstanding = messages;
    this.#brought = 0;
    this.#silentLooks = 0;
    const demand = {
      batch: messages,
      expires: nanos(EXPIRES),
      idle_heartbeat: nanos(HEARTBEAT),
      max_bytes: this.#bytes,
    };
    this.#options.connection.publish(this.#next, JSON.stringify(demand), {
      reply: `${this.#inbox}.${this.#request}`,
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#watch);
    this.#wire.close();
    if (!this.#options.connection.isClosed()) this.#subscription.unsubscribe();
  }

  #onClientMessage(message: Msg): void {
    const delivered = message instanceof MsgImpl ? this.#wire.read(message) : undefined;
    if (delivered !== undefined) this.#onMessage(delivered);
    else if (message.subject.startsWith(this.#inbox)) this.#onStatus(message);
    else this.#lost(unreadable(this.#options.stream, message));
  }

  #onMessage(message: DeliveredMessage): void {
    this.#outstanding -= 1;
    this.#brought += 1;
    this.#options.onMessage(message);
    if (this.#outstanding === 0 && !this.#closed) this.#options.onFree(false);
  }

  #onStatus(message: Msg): void {
    if (message.subject !== `${this.#inbox}.${this.#request}`) return;
    const code = message.headers?.code ?? 0;
    const description = message.headers?.description ?? '';
    if (code === 100) return;
    const tooLarge = code === 409 && /maxbytes/i.test(description);
    if (code !== 408 && code !== 404 && !tooLarge) {
      this.#lost(`${code} ${description}`.trim());
      return;
    }
    // One message may be larger than all that a request may bring: without this it would never come.
    if (tooLarge && this.#brought === 0) this.#bytes *= 2;
    this.#outstanding = 0;
    this.#options.onFree(this.#brought === 0);
  }

  #lost(reason: string): void {
    if (this.#closed) return;
    this.close();
    this.#options.onLost(reason);
  }
}

/** Not of the client that this is made for, or of a server that says the position in another way. */
function unreadable(stream: string, { subject, reply }: Msg): string {
  const expected = `a message of stream ${stream} with its position as the reply`;
  const found = `${subject} with ${reply ? `"${reply}"` : 'none'}`;
  return `expected ${expected}, found ${found}`;
}
