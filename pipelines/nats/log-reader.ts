import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import {
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  type StreamInfo,
} from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Sequence } from '../../operators/model/message.ts';
import type { EventTime } from '../../operators/model/time.ts';
import { Problem } from '../base/problem.ts';
import { isNotPermitted } from './ensure-stream.ts';
import { askedAgain, streamManager, subjectIn } from './jetstream.ts';
import {
  gone,
  type Log,
  type LogState,
  LostError,
  notPermitted,
  replaced,
  rewound,
  TrimmedError,
} from './log.ts';
import { LogBuffer } from './log-buffer.ts';
import { openPullConsumer, type PullConsumer } from './pull-consumer.ts';
import { appendTimeAt, recordedAppendTime, storedMessage } from './stored-message.ts';
import { isReplay } from './streams.ts';
import type { DeliveredMessage } from './wire-reader.ts';

export type LogReaderEvent =
  | { readonly kind: 'log-interrupted'; readonly stream: string; readonly reason: string }
  | { readonly kind: 'log-resumed'; readonly stream: string; readonly next: Sequence };

export type JetstreamLogOptions = {
  readonly connection: NatsConnection;
  /** The stream of one partition, as the server has it: see `logStream`. */
  readonly stream: string;
  /** The last message that was read; 0 for the beginning. */
  readonly after: number;
  /** Go on past messages that were trimmed, and report them as a gap. Without it they end the log. Default false. */
  readonly acceptLoss?: boolean;
  /** Most messages buffered beyond what was returned, and asked for at once. Default 2,000. */
  readonly batch?: number;
  /** Most bytes asked for at once, and on top of at most half as many. Default 8 MiB, always more than one message. */
  readonly batchBytes?: number;
  /** Milliseconds that a cluster is asked again before a loss of messages that were read is believed. Default 30,000. */
  readonly settles?: number;
  /** Gives the opening up: a server that is away is waited for without end. What is open ends with `close`. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: LogReaderEvent) => void;
};

const API_TIMEOUT = 2_000;
const BETWEEN_ATTEMPTS = 200;
/** What was stored just now is on its way for so long. */
const IDLE_SETTLES = 1_000;
/** How long a cluster is asked again before its word for a loss is taken: a new leader may not know all of it yet. */
const CLUSTER_SETTLES = 30_000;

/**
 * A partition's stream as a log: every message in order, from `after` + 1. Finds its place again by itself after the
 * connection broke or the server was restarted. Rejects with a `Problem` when the stream is not there or was trimmed, and
 * with the reason of `signal` when that fires before the log is open.
 */
export async function openJetstreamLog(options: JetstreamLogOptions): Promise<Log> {
  const manager = await streamManager(options.connection, { timeout: API_TIMEOUT });
  const log = new JetstreamLog(options, manager);
  await log.begin();
  return log;
}

class JetstreamLog implements Log {
  readonly stream: string;
  created = '';
  replay = false;
  readonly #options: JetstreamLogOptions;
  readonly #manager: JetStreamManager;
  readonly #buffer: LogBuffer;
  /** What is left out of subjects: that of the partition, and that of the installation alone. */
  readonly #prefixes: readonly string[];
  readonly #batch: number;
  readonly #batchBytes: number;
  #next: number;
  #delivered = 0;
  #appended = 0 as EventTime;
  #consumer: PullConsumer | undefined;
  #opening = false;
  #connected = true;
  #closed = false;
  #opened = Number.NEGATIVE_INFINITY;
  /** The stream has several replicas: whoever answers may not be up to date. */
  #replicated = false;
  /** When a cluster first said that the stream, or its end, is lost. */
  #lostSince: number | undefined;

  constructor(options: JetstreamLogOptions, manager: JetStreamManager) {
    this.stream = options.stream;
    this.#options = options;
    this.#manager = manager;
    this.#next = options.after + 1;
    this.#batch = options.batch ?? 2_000;
    const largest = (options.connection.info?.max_payload ?? 1_048_576) + 65_536;
    this.#batchBytes = Math.max(options.batchBytes ?? 8_388_608, largest);
    const partition = options.stream.slice(options.stream.lastIndexOf('_') + 1);
    this.#prefixes = [`andon.${partition}.`, ''].map((prefix) =>
      subjectIn(options.connection, prefix),
    );
    this.#buffer = new LogBuffer((gap) => this.#kindOf(gap.from));
  }

  async begin(): Promise<void> {
    const { signal } = this.#options;
    signal?.throwIfAborted();
    void this.#watchConnection();
    const opening = this.#open();
    if (signal === undefined) await opening;
    else await endedOrAborted(opening, signal);
    const failure = signal?.aborted === true ? signal.reason : this.#buffer.failure;
    if (failure === undefined) return;
    // What is asked at this moment is answered or not: nobody waits for it.
    await this.close();
    throw failure;
  }

  async pull(limit: number, wait: number, signal: AbortSignal) {
    const pulled = await this.#buffer.pull(limit, wait, signal);
    this.#refill();
    return pulled;
  }

  async state(): Promise<LogState> {
    const { created, state } = await this.#manager.streams.info(this.stream);
    return {
      created,
      // An empty stream that never had a message says 0.
      first: Math.max(1, state.first_seq) as Sequence,
      last: state.last_seq as Sequence,
      messages: state.messages,
      bytes: state.bytes,
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#consumer?.close();
    this.#buffer.wake();
  }

  async #watchConnection(): Promise<void> {
    for await (const { type } of this.#options.connection.status()) {
      // Leaves the queue at the next status after `close`: the client pings every few seconds.
      if (this.#closed) return;
      if (type === 'disconnect') this.#connected = false;
      if (type !== 'reconnect') continue;
      this.#connected = true;
      this.#restart('the connection broke');
    }
  }

  #restart(reason: string): void {
    this.#consumer?.close();
    this.#consumer = undefined;
    if (this.#closed || this.#opening) return;
    this.#options.onEvent?.({ kind: 'log-interrupted', stream: this.stream, reason });
    void this.#open().then(() => {
      if (this.#consumer === undefined) return;
      const next = this.#next as Sequence;
      this.#options.onEvent?.({ kind: 'log-resumed', stream: this.stream, next });
    });
  }

  /** Never rejects: what cannot be mended fails the buffer, everything else is tried again. */
  async #open(): Promise<void> {
    this.#opening = true;
    // What is lost again at once would be lost for ever in a busy loop.
    if (performance.now() - this.#opened < 1_000) await delay(BETWEEN_ATTEMPTS);
    while (!this.#closed && this.#buffer.failure === undefined && this.#consumer === undefined) {
      try {
        await this.#openOnce();
      } catch (error) {
        const failure = fatal(error, this.stream, this.#options.connection);
        if (failure === undefined || this.#mayPass(failure)) await delay(BETWEEN_ATTEMPTS);
        else this.#buffer.fail(failure);
      }
    }
    this.#opening = false;
    this.#refill();
  }

  /**
   * Whether a cluster may yet take back what it says. After a change of its leader one answer proves nothing: the new
   * one may still be reading what the others have.
   */
  #mayPass(failure: Error): boolean {
    if (!this.#replicated || !(failure instanceof LostError)) return false;
    const now = performance.now();
    if (this.#lostSince === undefined) {
      this.#lostSince = now;
      const reason = `${failure.message} It is asked again before that is believed`;
      this.#options.onEvent?.({ kind: 'log-interrupted', stream: this.stream, reason });
    }
    return now - this.#lostSince < (this.#options.settles ?? CLUSTER_SETTLES);
  }

  async #openOnce(): Promise<void> {
    if (!this.#connected) return delay(BETWEEN_ATTEMPTS / 4);
    const info = await askedAgain(() => this.#manager.streams.info(this.stream));
    this.#replicated = info.config.num_replicas > 1;
    await this.#check(info);
    this.#lostSince = undefined;
    const { connection } = this.#options;
    this.#delivered = 0;
    const consumer = await openPullConsumer({
      connection,
      manager: this.#manager,
      stream: this.stream,
      from: this.#next,
      bytes: this.#batchBytes,
      subjectOf: (subject) => this.#withoutPrefix(subject),
      onMessage: (message) => this.#take(message),
      onFree: (idle) => {
        this.#refill();
        if (idle) void this.#checkIdle();
      },
      onLost: (reason) => this.#restart(reason),
    });
    if (this.#closed || !this.#connected) consumer.close();
    else this.#consumer = consumer;
    this.#opened = performance.now();
  }

  async #check({ created, state, config }: StreamInfo): Promise<void> {
    if (this.created === '') {
      const replay = isReplay({ config });
      if (replay) {
        const asked = { stream: this.stream, first: state.first_seq, sequence: this.#next - 1 };
        this.#appended = await appendTimeAt(this.#options.connection, asked);
      }
      // Only now: when the question fails, the next attempt asks it again.
      this.replay = replay;
      this.created = created;
    }
    if (created !== this.created) throw replaced(this.stream, this.created, created);
    if (state.last_seq < this.#next - 1) throw rewound(this.stream, this.#next - 1, state.last_seq);
    if (state.first_seq <= this.#next) return;
    this.#missing(this.#next, state.first_seq - 1);
    this.#next = state.first_seq;
  }

  /**
   * A server that answers and brings nothing is not yet a stream that has nothing: in a cluster the replica behind our
   * consumer may hang. Another consumer is made, which may stand on another one.
   */
  async #checkIdle(): Promise<void> {
    const consumer = this.#consumer;
    const state = await this.state().catch(() => undefined);
    if (state === undefined || state.last < this.#next) return;
    await delay(IDLE_SETTLES);
    if (this.#consumer !== consumer || state.last < this.#next) return;
    this.#restart(`nothing came, and the stream has message ${this.#next}`);
  }

  #missing(from: number, to: number): void {
    this.#buffer.addGap(from as Sequence, to as Sequence);
  }

  async #kindOf(from: number): Promise<'gap' | 'trimmed'> {
    const { first, last } = await this.state();
    if (first <= from) return 'gap';
    if (this.#options.acceptLoss === true) return 'trimmed';
    throw new TrimmedError(this.stream, from, Math.min(first - 1, Math.max(last, from)));
  }

  #withoutPrefix(subject: string): string {
    const prefix = this.#prefixes.find((each) => subject.startsWith(each)) ?? '';
    return subject.slice(prefix.length);
  }

  #take(message: DeliveredMessage): void {
    const { streamSequence, consumerSequence, microseconds } = message;
    this.#delivered += 1;
    // Something got lost between server and client: not in the stream, so it can be asked for again.
    if (consumerSequence !== this.#delivered) {
      this.#restart('a message was lost on its way');
      return;
    }
    if (streamSequence < this.#next) return;
    if (streamSequence > this.#next) this.#missing(this.#next, streamSequence - 1);
    this.#next = streamSequence + 1;
    this.#appended = this.replay
      ? (recordedAppendTime(message) ?? this.#appended)
      : (microseconds as EventTime);
    this.#buffer.add(storedMessage(message, this.#appended));
  }

  /** Asks for what the buffer has room for. One request at a time, none for crumbs, and none on top of many bytes. */
  #refill(): void {
    const room = this.#batch - this.#buffer.length;
    const consumer = this.#consumer;
    if (consumer === undefined || consumer.busy || this.#closed) return;
    if (room < this.#batch / 2 || this.#buffer.bytes > this.#batchBytes / 2) return;
    consumer.request(room);
  }
}

async function endedOrAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const aborted = once(signal, 'abort', { signal: over.signal }).catch(() => undefined);
  await Promise.race([work, aborted]);
  over.abort();
}

function fatal(error: unknown, stream: string, connection: NatsConnection): Error | undefined {
  if (error instanceof Problem) return error;
  const cause = error instanceof Error ? error : new Error(String(error));
  const missing =
    error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
  if (missing) return gone(stream, cause);
  // Whoever asks for ever looks as if it worked.
  if (isNotPermitted(cause)) return notPermitted(stream, cause);
  return connection.isClosed() ? cause : undefined;
}
