import { setImmediate as macrotask } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import {
  createPublisher,
  type LogPublisher,
  type NumberedPublisher,
  type Outgoing,
  type PublishCounts,
} from './publisher.ts';
import type { Spool } from './spool.ts';

export type SpooledPublisherOptions = {
  readonly connection: NatsConnection;
  readonly spool: Spool;
  /** After it nothing is taken any more, and what cannot be delivered within moments stays in the spool. */
  readonly signal: AbortSignal;
  /** Called when the spool has no room, and when it has some again. */
  readonly onFull?: (full: boolean) => void;
};

/** How long a publisher that is asked to stop still waits for acknowledgements: milliseconds. */
const GRACE = 2_000;
/** Messages put in without giving way to other work. */
const BATCH = 256;

/**
 * A publisher that puts each message into a spool, from where it goes into the log: while NATS is away messages are
 * still taken, as many as there is room for, and after a restart those without an acknowledgement are sent again under
 * the ids that they had.
 */
export function createSpooledPublisher(options: SpooledPublisherOptions): LogPublisher {
  return new SpooledPublisher(options);
}

class SpooledPublisher implements LogPublisher {
  readonly #spool: Spool;
  readonly #signal: AbortSignal;
  readonly #onFull: (full: boolean) => void;
  readonly #inner: NumberedPublisher;
  #closed = false;
  #over = false;
  #failure: unknown;
  #waiting: (() => void)[] = [];

  constructor({ connection, spool, signal, onFull }: SpooledPublisherOptions) {
    this.#spool = spool;
    this.#signal = signal;
    this.#onFull = onFull ?? (() => undefined);
    this.#inner = createPublisher(connection, {
      run: spool.id,
      first: spool.delivered + 1,
      waitsForConnection: true,
      onChange: () => this.#changed(),
    });
    signal.addEventListener('abort', () => this.#stop(), { once: true });
    if (signal.aborted) this.#stop();
    this.#send().catch((error: unknown) => this.#fail(error));
  }

  get counts(): PublishCounts {
    return this.#inner.counts;
  }

  /** Resolves when the message is in the spool; asked to stop, also without it. */
  async publish(message: Outgoing): Promise<void> {
    let full = false;
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#signal.aborted) return;
      if (this.#spool.append(message)) break;
      if (!full) this.#onFull(true);
      full = true;
      await this.#change();
    }
    if (full) this.#onFull(false);
    this.#wake();
    if (this.#spool.taken % BATCH === 0) await macrotask();
  }

  /** Resolves when the spool is empty; asked to stop, also with what could not be delivered. */
  async flush(): Promise<PublishCounts> {
    while (this.#spool.delivered < this.#spool.taken && !this.#over) {
      if (this.#failure !== undefined) throw this.#failure;
      await this.#change();
    }
    return this.counts;
  }

  close(): void {
    this.#closed = true;
    this.#wake();
    this.#inner.close();
  }

  async #send(): Promise<void> {
    while (!this.#closed) {
      const message = this.#spool.read();
      if (message === undefined) await this.#change();
      else await this.#inner.publish(message);
    }
  }

  #changed(): void {
    if (this.#closed) return;
    this.#spool.deliver(this.#inner.settled);
    if (this.#inner.failure !== undefined) this.#fail(this.#inner.failure);
    this.#wake();
  }

  #stop(): void {
    this.#wake();
    setTimeout(() => {
      this.#over = true;
      this.#wake();
    }, GRACE).unref();
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#wake();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
