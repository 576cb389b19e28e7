/** A stream of JetStream as it is seen from outside: what it stores, refuses and forgets. Time is the clock's. */

import type { StreamConfig } from '@nats-io/jetstream';
import { MsgHdrsImpl } from '@nats-io/transport-node';

export type StoredInStream = {
  readonly sequence: number;
  readonly subject: string;
  /** As it came: a block of lines. */
  readonly head: Uint8Array | undefined;
  readonly data: Uint8Array;
  /** Milliseconds. */
  readonly at: number;
};

/** As JetStream says it. */
export type ApiProblem = {
  readonly code: number;
  readonly err_code: number;
  readonly description: string;
};
export type StreamAnswer =
  | { readonly stream: string; readonly seq: number; readonly duplicate?: true }
  | { readonly error: ApiProblem };

/** The ways in which one message is asked for. */
export type MessageQuestion = {
  readonly seq?: number;
  readonly last_by_subj?: string;
  readonly next_by_subj?: string;
};

const NANOSECONDS = 1_000_000;
/** What nats-server fills in, as far as it is looked at here. */
const DEFAULTS = {
  ...{ max_age: 0, max_msgs_per_subject: -1, discard_new_per_subject: false },
  duplicate_window: 120_000 * NANOSECONDS,
};

export class SimulatedStream {
  readonly config: StreamConfig;
  readonly created: string;
  /** In their order; those that are gone are not there. */
  #messages: StoredInStream[] = [];
  readonly #ids = new Map<string, { readonly sequence: number; readonly at: number }>();
  #last = 0;
  #bytes = 0;

  constructor(config: StreamConfig) {
    this.config = { ...DEFAULTS, ...config };
    this.created = new Date().toISOString();
  }

  /** Those that are there, after what is too old has gone. */
  get messages(): readonly StoredInStream[] {
    this.#forget();
    return this.#messages;
  }

  get last(): number {
    return this.#last;
  }

  get state() {
    const { messages } = this;
    return {
      messages: messages.length,
      bytes: this.#bytes,
      first_seq: messages[0]?.sequence ?? this.#last + (this.#last > 0 ? 1 : 0),
      last_seq: this.#last,
      num_subjects: new Set(messages.map(({ subject }) => subject)).size,
      consumer_count: 0,
    };
  }

  takes(subject: string): boolean {
    return this.config.subjects.some((filter) => isMatch(filter, subject));
  }

  /** Stores a message, unless what its headers expect is not so. */
  append(subject: string, head: Uint8Array | undefined, data: Uint8Array): StreamAnswer {
    this.#forget();
    const { name: stream } = this.config;
    const told = head === undefined ? undefined : MsgHdrsImpl.decode(head);
    const expected = (name: string) => told?.get(name) || undefined;
    const otherStream = expected('Nats-Expected-Stream');
    if (otherStream !== undefined && otherStream !== stream) {
      return refused(400, 10_060, 'expected stream does not match');
    }
    const id = expected('Nats-Msg-Id');
    const known = id === undefined ? undefined : this.#ids.get(id);
    if (known !== undefined) return { stream, seq: known.sequence, duplicate: true };
    const last = this.#lastOf(subject);
    const wrong =
      otherThan(expected('Nats-Expected-Last-Sequence'), this.#last) ??
      otherThan(expected('Nats-Expected-Last-Subject-Sequence'), last?.sequence ?? 0);
    if (wrong !== undefined) return refused(400, 10_071, `wrong last sequence: ${wrong}`);
    const { max_msgs_per_subject: most, discard_new_per_subject: keepsOld } = this.config;
    if (most > 0 && keepsOld === true && this.#countOf(subject) >= most) {
      return refused(503, 10_077, 'maximum messages per subject exceeded');
    }
    this.#store({ sequence: this.#last + 1, subject, head, data, at: Date.now() });
    if (id !== undefined) this.#ids.set(id, { sequence: this.#last, at: Date.now() });
    return { stream, seq: this.#last };
  }

  find({ seq, last_by_subj, next_by_subj }: MessageQuestion): StoredInStream | undefined {
    if (last_by_subj !== undefined) return this.#lastOf(last_by_subj);
    if (next_by_subj === undefined) return this.messages.find(({ sequence }) => sequence === seq);
    return this.messages.find(
      ({ sequence, subject }) => sequence >= (seq ?? 0) && isMatch(next_by_subj, subject),
    );
  }

  #store(message: StoredInStream): void {
    this.#messages.push(message);
    this.#last = message.sequence;
    this.#bytes += message.data.length;
    const { max_msgs_per_subject: most } = this.config;
    if (most <= 0 || this.#countOf(message.subject) <= most) return;
    const oldest = this.#messages.findIndex(({ subject }) => subject === message.subject);
    this.#messages.splice(oldest, 1);
  }

  /** What is older than the stream keeps it, and ids older than its duplicate window. */
  #forget(): void {
    const { max_age, duplicate_window } = this.config;
    const now = Date.now();
    const isOld = ({ at }: { readonly at: number }, age: number) => now - at >= age / NANOSECONDS;
    if (max_age > 0 && this.#messages.some((message) => isOld(message, max_age))) {
      this.#messages = this.#messages.filter((message) => !isOld(message, max_age));
    }
    for (const [id, known] of this.#ids) {
      if (!isOld(known, duplicate_window ?? 0)) break;
      this.#ids.delete(id);
    }
  }

  #lastOf(filter: string): StoredInStream | undefined {
    return this.messages.findLast(({ subject }) => isMatch(filter, subject));
  }

  #countOf(subject: string): number {
    return this.#messages.reduce((sum, other) => sum + (other.subject === subject ? 1 : 0), 0);
  }
}

function refused(code: number, err_code: number, description: string): StreamAnswer {
  return { error: { code, err_code, description } };
}

/** The sequence that there is, where another one was expected. */
function otherThan(expected: string | undefined, found: number): number | undefined {
  return expected === undefined || Number(expected) === found ? undefined : found;
}

/** Whether a subject is one of those that a filter names: `*` stands for one token, `>` for all that follow. */
export function isMatch(filter: string, subject: string): boolean {
  if (filter === subject) return true;
  const wanted = filter.split('.');
  const tokens = subject.split('.');
  for (const [at, token] of wanted.entries()) {
    if (token === '>') return tokens.length > at;
    if (tokens[at] === undefined || (token !== '*' && token !== tokens[at])) return false;
  }
  return tokens.length === wanted.length;
}
