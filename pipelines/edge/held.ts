/** What was held while the centre was away goes up at a bounded rate, beside live data, and leaves the disk then. */

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { StreamInfo, StreamState } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { streamManager } from '../nats/jetstream.ts';
import type { Log } from '../nats/log.ts';
import { openJetstreamLog } from '../nats/log-reader.ts';
import { createPublisher, type LogPublisher } from '../nats/publisher.ts';
import { EDGE_STREAM, HELD_PREFIX, HELD_STREAM } from '../nats/streams.ts';
import type { RecordEvent } from '../observe/observe.ts';

export type HeldOptions = {
  readonly connection: NatsConnection;
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
  /** Resolves when it has stopped. Never rejects: trouble is told, and tried again. */
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
  /** The oldest one that has not gone up; 0 before the first look. */
  #next = 0;
  /** When the stream was made that `#next` counts in. */
  #created = '';
  #moved = 0;
  #lost = 0;
  #messages = 0;
  #bytes = 0;
  #since: number | undefined;

  constructor(options: HeldOptions) {
    this.#options = options;
  }

  get status(): HeldStatus {
    return {
      ...{ messages: this.#messages, bytes: this.#bytes, since: this.#since },
      ...{ moved: this.#moved, lost: this.#lost },
    };
  }

  /** Asks how much waits. */
  async look(): Promise<StreamInfo> {
    const manager = await streamManager(this.#options.connection);
    const info = await manager.streams.info(HELD_STREAM);
    const { state } = info;
    this.#messages = state.messages;
    this.#bytes = state.bytes;
    this.#since = state.messages === 0 ? undefined : Date.parse(String(state.first_ts));
    return info;
  }

  #lose(count: number): void {
    if (count <= 0) return;
    this.#lost += count;
    this.#options.record({ kind: 'edge-lost', count, bytes: this.#bytes });
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      try {
        const { created, state } = await this.look();
        this.#findPlace(created, state);
        // The server was away when these were to be removed.
        if (this.#messages > 0 && state.first_seq < this.#next) await this.#forget();
        if (this.#messages > 0 && this.#options.mayGo()) await this.#move();
      } catch (error) {
        // The server beside this process is away: what is held waits for it, too.
        const cause = error instanceof Error ? error : new Error(String(error));
        this.#options.record({ kind: 'edge-trouble', where: 'held messages', error: cause });
      }
      await delay(LOOK, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Where to go on. A stream that was made anew, or lost its end, gives its numbers again: nothing of it has gone up. */
  #findPlace(created: string, { first_seq: first, last_seq: last }: StreamState): void {
    if (created !== this.#created || last < this.#next - 1) this.#next = 0;
    this.#created = created;
    // While messages move, the log tells what had to go.
    if (this.#next > 0) this.#lose(first - this.#next);
    this.#next = Math.max(first, this.#next, 1);
  }

  async #move(): Promise<void> {
    const { connection, signal } = this.#options;
    const log = await openJetstreamLog({
      ...{ connection, stream: HELD_STREAM, after: this.#next - 1, acceptLoss: true },
    });
    const publisher = createPublisher(connection, { run: randomUUID(), streams: [EDGE_STREAM] });
    try {
      while (!signal.aborted && this.#options.mayGo()) {
        if (!(await this.#moveBatch(log, publisher))) return;
        await this.#forget();
      }
    } finally {
      publisher.close();
      await log.close();
    }
  }

  /** At most what a fifth of a second may bring, and not sooner than that. False: there was nothing. */
  async #moveBatch(log: Log, publisher: LogPublisher): Promise<boolean> {
    const { rate, signal } = this.#options;
    const pause = delay(1_000 / 5, undefined, { signal }).catch(() => undefined);
    const { messages, gaps } = await log.pull(Math.max(1, Math.floor(rate / 5)), IDLE, signal);
    for (const { subject, headers, payload } of messages) {
      const { 'Nats-Msg-Id': _, ...kept } = headers;
      await publisher.publish({
        subject: subject.slice(HELD_PREFIX.length),
        headers: kept,
        payload,
      });
    }
    await publisher.flush();
    // Not before: what is behind it may be removed.
    this.#next = Math.max(
      ...[this.#next, ...messages.map(({ sequence }) => sequence + 1)],
      ...gaps.map(({ to }) => to + 1),
    );
    this.#moved += messages.length;
    this.#lose(gaps.reduce((sum, { from, to }) => sum + to - from + 1, 0));
    await pause;
    return messages.length + gaps.length > 0;
  }

  /** What has gone up is removed. */
  async #forget(): Promise<void> {
    const manager = await streamManager(this.#options.connection);
    await manager.streams.purge(HELD_STREAM, { seq: this.#next });
    await this.look();
  }
}
