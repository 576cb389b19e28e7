import { AckPolicy, DeliverPolicy, type JetStreamManager, ReplayPolicy } from '@nats-io/jetstream';
import { createInbox, type Msg, type NatsConnection, nanos } from '@nats-io/transport-node';

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
  /** The first sequence wanted. The server begins later, without a word, when it is gone. */
  readonly from: number;
  /** How much one request may bring. */
  readonly bytes: number;
  readonly onMessage: (message: Msg) => void;
  /** The request is over, and all it will ever bring was brought. */
  readonly onFree: () => void;
  /** Nothing more will come. The caller closes this one and opens another where it stopped. */
  readonly onLost: (reason: string) => void;
};

/** The server answers an idle request with a status after so long: silence beyond that means that it is gone. */
const EXPIRES = 5_000;
const GRACE = 1_500;
/** Left alone for so long, the server forgets the consumer; then the next request says so. */
const FORGOTTEN = 60_000;

/**
 * Makes an ephemeral, unfiltered consumer in memory, without acknowledgements, and a plain subscription that its
 * messages come to. The position is the caller's own: the server's is lost with a restart.
 */
export async function openPullConsumer(options: PullConsumerOptions): Promise<PullConsumer> {
  const { manager, stream, from } = options;
  const inbox = createInbox();
  const { name } = await manager.consumers.add(stream, {
    name: `andon-${inbox.slice(inbox.lastIndexOf('.') + 1)}`,
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: from,
    replay_policy: ReplayPolicy.Instant,
    inactive_threshold: nanos(FORGOTTEN),
    mem_storage: true,
    num_replicas: 1,
  });
  return subscribed(options, inbox, `$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`);
}

function subscribed(options: PullConsumerOptions, inbox: string, next: string): PullConsumer {
  const { connection, onMessage, onFree, onLost } = options;
  let bytes = options.bytes;
  let request = 0;
  let outstanding = 0;
  let brought = 0;
  let heard = performance.now();
  let closed = false;

  const subscription = connection.subscribe(`${inbox}.*`, {
    callback: (error, message) => {
      if (closed) return;
      heard = performance.now();
      if (error !== null) lost(error.message);
      else if (message.subject.startsWith(inbox)) onStatus(message);
      else take(message);
    },
  });
  const watch = setInterval(() => {
    const silent = performance.now() - heard;
    if (outstanding > 0 && silent > EXPIRES + GRACE) lost('no answer to a pull request');
  }, 500);
  watch.unref();

  function take(message: Msg): void {
    outstanding -= 1;
    brought += 1;
    onMessage(message);
    if (outstanding === 0 && !closed) onFree();
  }

  function onStatus(message: Msg): void {
    if (message.subject !== `${inbox}.${request}`) return;
    const code = message.headers?.code ?? 0;
    const description = message.headers?.description ?? '';
    if (code === 100) return;
    const tooLarge = code === 409 && /maxbytes/i.test(description);
    if (code !== 408 && code !== 404 && !tooLarge) {
      lost(`${code} ${description}`.trim());
      return;
    }
    // One message may be larger than all that a request may bring: without this it would never come.
    if (tooLarge && brought === 0) bytes *= 2;
    outstanding = 0;
    onFree();
  }

  function lost(reason: string): void {
    if (closed) return;
    close();
    onLost(reason);
  }

  function close(): void {
    if (closed) return;
    closed = true;
    clearInterval(watch);
    if (!connection.isClosed()) subscription.unsubscribe();
  }

  return {
    get busy() {
      return outstanding > 0;
    },
    request: (messages) => {
      request += 1;
      outstanding = messages;
      brought = 0;
      heard = performance.now();
      const demand = { batch: messages, expires: nanos(EXPIRES), max_bytes: bytes };
      connection.publish(next, JSON.stringify(demand), { reply: `${inbox}.${request}` });
    },
    close,
  };
}
