import type { Message, Sequence } from '../../operators/model/message.ts';

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
