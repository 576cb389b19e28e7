/** The log as the worker reads it, whatever it comes from, and the problems of one that lost messages. */

import type { Message, Sequence } from '../../operators/model/message.ts';
import { EXIT, Problem } from '../base/problem.ts';

/**
 * Sequences that will never come: `from` and `to` are both missing, as is everything between them.
 *
 * - `trimmed`: the stream's limits removed them before they were read.
 * - `gap`: they are missing inside of the stream (deleted by hand, or damaged on disk).
 */
export type Gap = {
  readonly kind: 'gap' | 'trimmed';
  readonly from: Sequence;
  readonly to: Sequence;
};

/** What one pull gave, in the order of the log. A gap stands before the first message with a higher sequence. */
export type Pulled = {
  readonly messages: readonly Message[];
  readonly gaps: readonly Gap[];
  /** Nothing will ever follow: a recording is at its end. A stream never is. */
  readonly ended: boolean;
};

/** How far a log reaches. An empty log has `last` = `first` − 1. */
export type LogState = {
  /** When the log was made, ISO, as its server says it: another log of the same name says another time. */
  readonly created: string;
  readonly first: Sequence;
  readonly last: Sequence;
  readonly messages: number;
  readonly bytes: number;
};

/** All that can change an answer, in one total order. */
export interface Log {
  /** The stream's name (`ANDON_0`), or the recording's. */
  readonly stream: string;
  /** See `LogState`. */
  readonly created: string;
  /** Append times come from the header `Andon-Appended`, and nobody publishes ticks. */
  readonly replay: boolean;
  /**
   * The next messages, at most `limit`; waits up to `wait` milliseconds for the first, and gives none when nothing
   * came or `signal` fired. Buffers at most one batch beyond what it returned. One call at a time. Rejects with a
   * `Problem` when the log cannot be read on (gone, trimmed, another one), after all that could be read was returned.
   */
  pull(limit: number, wait: number, signal: AbortSignal): Promise<Pulled>;
  /** Asks the server. Rejects while it is away. */
  state(): Promise<LogState>;
  close(): Promise<void>;
}

/** The stream's limits removed messages before they were read. Thrown unless the loss was accepted. */
export class TrimmedError extends Problem {
  readonly from: number;
  readonly to: number;

  constructor(stream: string, from: number, to: number) {
    super({
      where: `stream ${stream}`,
      expected: `message ${from} next`,
      found: `that messages ${from} to ${to} were trimmed before they were read`,
      remedy:
        'Begin again with `--accept-loss` to write the range down as lost and go on; give the stream more time or bytes.',
      exit: EXIT.outside,
    });
    this.from = from;
    this.to = to;
  }
}

/** The stream, or the end of it, is not there any more. A cluster may say so while it elects a leader. */
export class LostError extends Problem {}

/** The stream ends before what was read of it: its last messages were lost, and their numbers will be given again. */
export function rewound(stream: string, read: number, last: number): LostError {
  return new LostError({
    where: `stream ${stream}`,
    expected: `at least the ${read} messages that were read`,
    found: `that it ends at ${last}: the server lost the end of it`,
    remedy: 'Begin a new run: the numbers after it will be given to other messages.',
    exit: EXIT.outside,
  });
}

/** Another stream took the name: its sequence numbers mean other messages. */
export function replaced(stream: string, expected: string, found: string): Problem {
  return new Problem({
    where: `stream ${stream}`,
    expected: `the stream created at ${expected}`,
    found: `one created at ${found}`,
    remedy: 'Begin a new run on the new stream.',
    exit: EXIT.outside,
  });
}

export function gone(stream: string, cause: Error): LostError {
  return new LostError(
    {
      where: `stream ${stream}`,
      expected: 'it to exist',
      found: cause.message,
      remedy:
        'Somebody deleted it, or the server lost its store. A new run begins with a new stream.',
      exit: EXIT.outside,
    },
    { cause },
  );
}

export function notPermitted(stream: string, cause: Error): Problem {
  return new Problem(
    {
      where: `stream ${stream}`,
      expected: 'to read it',
      found: cause.message,
      remedy:
        'Nothing is lost. Give this user of NATS its rights (make the configuration of NATS anew with ' +
        '`andon nats-config`), and start again.',
      exit: EXIT.outside,
    },
    { cause },
  );
}
