/** The connection of one process to the simulated nats-server, as the client of NATS would be used by it. */

import {
  createInbox,
  errors,
  Features,
  type Msg,
  type MsgHdrs,
  type MsgHdrsImpl,
  MsgImpl,
  type NatsConnection,
  parseSemVer,
  QueuedIteratorImpl,
  type RequestOptions,
  type Status,
} from '@nats-io/transport-node';
import type { Call, KillableProcess } from '../support/crashes/killable-process.ts';
import type { Network } from './network.ts';
import type { Delivery, Publication, SimulatedNats } from './simulated-nats.ts';

/** The oldest that Andon works with. */
const VERSION = '2.9.10';

export type SimulatedConnectionOptions = {
  readonly server: SimulatedNats;
  readonly network: Network;
  readonly host: number;
  readonly process: KillableProcess;
};

const NO_MESSAGE = {} as Msg;

type Listener = (error: Error | null, message: Msg) => void;
type Sent = { readonly headers?: MsgHdrs; readonly reply?: string };

/**
 * What the code of the worker asks of a connection. It never closes by itself: whatever is sent while the link is cut is
 * lost, as it is with the client.
 */
export function simulatedConnection(options: SimulatedConnectionOptions): NatsConnection {
  const connection = new SimulatedConnection(options);
  // The client asks for nothing else of it: what it lacks is told by a test that would need it.
  return connection as unknown as NatsConnection;
}

class SimulatedConnection {
  readonly info = { version: VERSION, max_payload: 1_048_576, headers: true };
  readonly options = {};
  readonly features = new Features(parseSemVer(VERSION));
  readonly #options: SimulatedConnectionOptions;
  readonly #subscriptions = new Map<string, Listener>();
  readonly #watchers: QueuedIteratorImpl<Status>[] = [];
  readonly #unwatch: () => void;
  readonly #from: (delivery: Delivery) => void;
  /** What comes in is taken one by one, and by a process that runs. */
  #taken: Promise<void> = Promise.resolve();
  #passes: boolean;
  #closed = false;

  constructor(options: SimulatedConnectionOptions) {
    const { network, host } = options;
    this.#options = options;
    this.#passes = network.passes(host, 'nats');
    this.#from = (delivery) => this.#deliver(delivery);
    this.#unwatch = network.watch(host, 'nats', (passes) => this.#onLink(passes));
  }

  getServerVersion() {
    return parseSemVer(VERSION);
  }

  isClosed(): boolean {
    return this.#closed;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unwatch();
    this.#options.server.disconnect(this.#from);
    for (const watcher of this.#watchers) watcher.stop();
    // Whoever waits for something stops: what the dead leave would go on for ever in this process.
    const listeners = [...this.#subscriptions.values()];
    this.#subscriptions.clear();
    const over = new errors.ClosedConnectionError();
    for (const listener of listeners) listener(over, NO_MESSAGE);
  }

  status(): AsyncIterable<Status> {
    const watcher = new QueuedIteratorImpl<Status>();
    this.#watchers.push(watcher);
    return watcher;
  }

  publish(subject: string, data: string | Uint8Array = '', sent: Sent = {}): void {
    if (this.#closed) throw new errors.ClosedConnectionError();
    const publication = publicationOf(subject, data, sent);
    void this.#options.process.act({ call: callOf(subject), whole: () => this.#send(publication) });
  }

  async request(
    subject: string,
    data: string | Uint8Array = '',
    { timeout = 1_000, headers }: Partial<RequestOptions> = {},
  ): Promise<Msg> {
    if (this.#closed) throw new errors.ClosedConnectionError();
    // Stores of objects are not simulated: whoever may not make one does without.
    if (subject.includes('.OBJ_')) throw notPermitted(subject);
    const { process } = this.#options;
    const reply = createInbox();
    let timer: NodeJS.Timeout | undefined;
    const answered = new Promise<Msg>((resolve, reject) => {
      this.#subscriptions.set(reply, (error, message) => {
        if (error === null) resolve(message);
        else reject(error);
      });
      const giveUp = () => void process.running().then(() => reject(new errors.TimeoutError()));
      timer = setTimeout(giveUp, timeout);
    });
    this.publish(subject, data, { reply, ...(headers === undefined ? {} : { headers }) });
    try {
      const message = await answered;
      if (message.headers?.code !== 503) return message;
      const nobody = new errors.NoRespondersError(subject);
      throw new errors.RequestError(nobody.message, { cause: nobody });
    } finally {
      clearTimeout(timer);
      this.#subscriptions.delete(reply);
    }
  }

  subscribe(subject: string, { callback }: { readonly callback: Listener }) {
    const filter = subject.replace(/\*$/, '');
    this.#subscriptions.set(filter, callback);
    const unsubscribe = () => this.#subscriptions.delete(filter);
    return { getID: () => 1, unsubscribe, getSubject: () => subject };
  }

  #send(publication: Publication): void {
    const { network, host, server } = this.#options;
    if (!this.#passes) return;
    network.carry(host, 'nats', 'there', () => server.publish(publication, this.#from));
  }

  #deliver(delivery: Delivery): void {
    const { network, host } = this.#options;
    network.carry(host, 'nats', 'back', () => this.#take(delivery));
  }

  #take(delivery: Delivery): void {
    const { inbox } = delivery;
    const listener =
      this.#subscriptions.get(inbox) ??
      this.#subscriptions.get(inbox.slice(0, inbox.lastIndexOf('.') + 1));
    if (listener === undefined) return;
    const { process } = this.#options;
    const whole = () => listener(null, messageOf(delivery, this));
    this.#taken = this.#taken.then(() => process.act({ call: 'read', whole }));
  }

  #onLink(passes: boolean): void {
    if (this.#passes === passes) return;
    this.#passes = passes;
    if (!passes) this.#options.server.disconnect(this.#from);
    const server = 'simulated';
    for (const watcher of this.#watchers) {
      watcher.push({ type: passes ? 'reconnect' : 'disconnect', server });
    }
  }
}

function notPermitted(subject: string): Error {
  const words = `Permissions Violation for Publish to "${subject}"`;
  return new errors.PermissionViolationError(words, 'publish', subject);
}

function publicationOf(subject: string, data: string | Uint8Array, sent: Sent): Publication {
  const { headers, reply } = sent;
  const head = (headers as MsgHdrsImpl | undefined)?.encode();
  const bytes = typeof data === 'string' ? Buffer.from(data) : Uint8Array.from(data);
  return {
    ...{ subject, data: bytes },
    ...(head === undefined || head.length === 0 ? {} : { head: Uint8Array.from(head) }),
    ...(reply === undefined ? {} : { reply }),
  };
}

/** As the client makes it of the bytes that it gets. */
function messageOf({ subject, reply, head, data }: Delivery, publisher: object): Msg {
  const told = {
    subject: Buffer.from(subject),
    ...(reply === undefined ? {} : { reply: Buffer.from(reply) }),
    sid: 1,
    hdr: head?.length ?? -1,
    size: (head?.length ?? 0) + data.length,
  };
  const bytes = head === undefined ? data : Buffer.concat([head, data]);
  type Parts = ConstructorParameters<typeof MsgImpl>;
  return new MsgImpl(told as unknown as Parts[0], bytes, publisher as Parts[2]) as unknown as Msg;
}

/** What kind of a step it is to ask this. */
function callOf(subject: string): Call {
  if (subject.startsWith('commit.')) return 'commit';
  if (subject.startsWith('$KV.')) return 'lease';
  if (subject.startsWith('$JS.API.')) return subject.includes('MSG.NEXT') ? 'pull' : 'read';
  return 'send';
}
