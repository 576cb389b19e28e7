/** What was held while the centre was away goes up at a bounded rate, beside live data, and leaves the disk then. */

import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { streamManager } from '../nats/jetstream.ts';
import type { Log } from '../nats/log.ts';
import { openJetstreamLog } from '../nats/log-reader.ts';
import { createPublisher } from '../nats/publisher.ts';
import { EDGE_STREAM, HELD_PREFIX, HELD_STREAM } from '../nats/streams.ts';
import type { RecordEvent } from '../observe/observe.ts';

export type HeldOptions = {
  readonly connection: NatsConnection;
  /** Unique for each start. */
  readonly run: string;
  /** Messages in a second. */
  readonly rate: number;
  /** Whether the centre takes what comes: it is there, and not far behind. */
  readonly mayGo: () => boolean;
  readonly record: RecordEvent;
  readonly signal: AbortSignal;
};

/** What waits for the centre. */
export type HeldStatus = {
  readonly messages: number;
  readonly bytes: number;
  /** Of the oldest, epoch milliseconds; undefined when nothing waits. */
  readonly since: number | undefined;
  /** Went up after they were held. */
  readonly moved: number;
  /** Were removed by the bounds of the memory before they could go up. */
  readonly lost: number;
};

export interface Held {
  readonly status: HeldStatus;
  /** Resolves when it has stopped. Rejects with what ended it. */
  readonly ended: Promise<void>;
}

/** How long is waited for more, and how often the bounds are looked at: milliseconds. */
const LOOK = 1_000;
const IDLE = 200;

/**
 * Moves held messages, oldest first. They keep their headers, so that one that is moved twice (after a crash between the
 * two streams) is a repeat, which `validate` removes.
 */
export function moveHeld(options: HeldOptions): Held {
  const mover = new HeldMover(options);
  return {
    get status() {
      return mover.status;
    },
    ended: mover.run(),
  };
}

class HeldMover {
  readonly #options: HeldOptions;
  #next = 1;
  #moved = 0;
  #lost = 0;
  #messages = 0;
  #bytes = 0;
  #since: number | undefined;
  #looked = false;

  constructor(options: HeldOptions) {
    this.#options = options;
  }

  get status(): HeldStatus {
    return {
      ...{ messages: this.#messages, bytes: this.#bytes, since: this.#since },
      ...{ moved: this.#moved, lost: this.#lost },
    };
  }

  /** Asks how much waits, and whether the oldest of it had to go. */
  async look(): Promise<void> {
    const manager = await streamManager(this.#options.connection);
    const { state } = await manager.streams.info(HELD_STREAM);
    this.#messages = state.messages;
    this.#bytes = state.bytes;
    this.#since = state.messages === 0 ? undefined : Date.parse(String(state.first_ts));
    if (!this.#looked) this.#next = state.first_seq;
    this.#looked = true;
    this.#countLost(state.first_seq);
  }

  #countLost(first: number): void {
    const count = first - this.#next;
    if (count <= 0) return;
    this.#next = first;
    this.#lost += count;
    this.#options.record({ kind: 'edge-lost', count, bytes: this.#bytes });
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      try {
        await this.look();
        if (this.#messages > 0 && this.#options.mayGo()) await this.#move();
      } catch (error) {
        // The server beside this process is away: what is held waits for it, too.
        const cause = error instanceof Error ? error : new Error(String(error));
        this.#options.record({ kind: 'edge-trouble', where: 'held messages', error: cause });
      }
      await delay(LOOK, undefined, { signal }).catch(() => undefined);
    }
  }

  async #move(): Promise<void> {
    const { connection, run, signal } = this.#options;
    const log = await openJetstreamLog({
      ...{ connection, stream: HELD_STREAM, after: this.#next - 1, acceptLoss: true },
    });
    const id = `${run}/${this.#next}`;
    const publisher = createPublisher(connection, { run: id, streams: [EDGE_STREAM] });
    try {
      while (!signal.aborted && this.#options.mayGo()) {
        const moved = await this.#moveBatch(log, publisher.publish.bind(publisher));
        if (moved === 0) return;
        await publisher.flush();
        await this.#forget();
      }
    } finally {
      publisher.close();
      await log.close();
    }
  }

  /** At most what a fifth of a second may bring, and not sooner than that. */
  async #moveBatch(
    log: Log,
    publish: (message: {
      subject: string;
      headers: Record<string, string>;
      payload: Uint8Array;
    }) => Promise<unknown>,
  ): Promise<number> {
    const { rate, signal } = this.#options;
    const pause = delay(1_000 / 5, undefined, { signal }).catch(() => undefined);
    const { messages, gaps } = await log.pull(Math.max(1, Math.floor(rate / 5)), IDLE, signal);
    for (const { to } of gaps) this.#countLost(to + 1);
    for (const { subject, headers, payload, sequence } of messages) {
      const { 'Nats-Msg-Id': _, ...kept } = headers;
      await publish({ subject: subject.slice(HELD_PREFIX.length), headers: kept, payload });
      this.#next = sequence + 1;
      this.#moved += 1;
    }
    await pause;
    return messages.length + gaps.length;
  }

  /** What has gone up is removed. */
  async #forget(): Promise<void> {
    const manager = await streamManager(this.#options.connection);
    await manager.streams.purge(HELD_STREAM, { seq: this.#next });
    await this.look();
  }
}
