/** Front door of the room: recordings as one log, with the changes ahead of them and the ticks of their silences. */

import { type Message, type Sequence, TICK_SUBJECT } from '../../operators/model/message.ts';
import { type Duration, type EventTime, later, toIso } from '../../operators/model/time.ts';
import type { Log, LogState, Pulled } from '../nats/log.ts';
import type { PlantChange } from '../nats/partition.ts';
import { plainBytes } from '../nats/stored-message.ts';
import { type MoveTime, present, type Recorded, UNMOVED } from './recorded.ts';
import { recordedFiles } from './recorded-files.ts';
import { recordedLines } from './recorded-lines.ts';
import { recordedRows } from './recorded-rows.ts';
import { recordedWaveforms } from './recorded-waveforms.ts';
import type { RecordingDescription } from './recording-description.ts';

export type RecordingOptions = {
  /** One or several recordings of one log: their messages are put in the order of their append times. */
  readonly recordings: readonly RecordingDescription[];
  /** Ahead of everything, at the append time of the first message. */
  readonly changes?: readonly PlantChange[];
  /** Moves event and append times. Default: they stay. */
  readonly move?: MoveTime;
  /** Leaves the ticks out: somebody else publishes them. Default false. */
  readonly ticks?: boolean;
  /** Ticks after the last message. Default: the longest `settle` of the recordings. */
  readonly settle?: Duration;
  /** Tells one publication of a recording from another. Default '0': the recording itself. */
  readonly boot?: string;
};

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});
const EMPTY = new Uint8Array(0);

/** The messages of one recording, in the order of its file. Rejects with a `Problem` that says where it is wrong. */
export async function* messagesOf(
  description: RecordingDescription,
  move = UNMOVED,
  boot = '0',
): AsyncGenerator<Recorded> {
  await present(description.file);
  switch (description.kind) {
    case 'waveforms':
      yield* recordedWaveforms(description, move, boot);
      return;
    case 'waveform-files':
      yield* recordedFiles(description, move, boot);
      return;
    case 'csv':
    case 'parquet':
    case 'json':
      yield* recordedRows(description, move, boot);
      return;
    case 'ndjson':
      yield* recordedLines(description, move, boot);
  }
}

/** When the first message was appended; undefined when there is none. */
export async function firstAppended(
  recordings: readonly RecordingDescription[],
): Promise<EventTime | undefined> {
  for await (const { appended } of merged(recordings, UNMOVED, '0')) return appended;
  return undefined;
}

/** Everything that a log of these recordings holds, in order: changes, messages, and the ticks of its silences. */
export async function* wholeLog(options: RecordingOptions): AsyncGenerator<Recorded> {
  const { recordings, changes = [], move = UNMOVED, boot = '0', ticks = true } = options;
  const step = ticks ? Math.min(...recordings.map(({ tick }) => tick)) : 0;
  const settle = options.settle ?? Math.max(...recordings.map(({ settle: own }) => own));
  let last: EventTime | undefined;
  for await (const message of merged(recordings, move, boot)) {
    // Append times never go back, whatever the file says: the log's own time is monotone.
    const appended = last === undefined ? message.appended : later(last, message.appended);
    if (last === undefined) yield* preamble(changes, appended);
    else yield* ticksBetween(last, appended, step);
    last = appended;
    yield appended === message.appended ? message : { ...message, appended };
  }
  if (last !== undefined) yield* ticksBetween(last, last + settle + 1, step);
}

function* preamble(changes: readonly PlantChange[], appended: EventTime): Generator<Recorded> {
  for (const { messages } of changes) {
    for (const { subject, headers, payload } of messages) {
      yield { subject, appended, headers: headers ?? NO_HEADERS, payload };
    }
  }
}

/** A tick every `step` after `from`, before `to`: what the worker that owns the stream would have published. */
function* ticksBetween(from: EventTime, to: number, step: number): Generator<Recorded> {
  if (step <= 0) return;
  for (let at = from + step; at < to; at += step) {
    yield {
      subject: TICK_SUBJECT,
      appended: at as EventTime,
      headers: NO_HEADERS,
      payload: EMPTY,
    };
  }
}

/** Several recordings as one: always the earliest of their next messages, and of equals the first named. */
async function* merged(
  recordings: readonly RecordingDescription[],
  move: MoveTime,
  boot: string,
): AsyncGenerator<Recorded> {
  const sources = recordings.map((description) => messagesOf(description, move, boot));
  try {
    const heads = await Promise.all(sources.map((source) => source.next()));
    for (;;) {
      let first = -1;
      let earliest = Number.POSITIVE_INFINITY;
      for (const [index, head] of heads.entries()) {
        if (head.done === true || head.value.appended >= earliest) continue;
        first = index;
        earliest = head.value.appended;
      }
      const source = sources[first];
      const head = heads[first];
      if (source === undefined || head === undefined || head.done === true) return;
      yield head.value;
      heads[first] = await source.next();
    }
  } finally {
    await Promise.all(sources.map((source) => source.return(undefined)));
  }
}

/**
 * Recordings as a log: the same messages, in the same order and with the same sequences and append times, as
 * `andon publish --replay` puts into an empty stream. `state` knows only what was read so far.
 */
export async function openRecordingLog(
  options: RecordingOptions & { readonly after?: number },
): Promise<Log> {
  const messages = wholeLog(options);
  const began = (await firstAppended(options.recordings)) ?? (0 as EventTime);
  return new RecordingLog(messages, options, toIso(began));
}

class RecordingLog implements Log {
  readonly stream: string;
  readonly created: string;
  readonly replay = true;
  readonly #messages: AsyncGenerator<Recorded>;
  readonly #after: number;
  #last = 0;
  #ended = false;

  constructor(
    messages: AsyncGenerator<Recorded>,
    { recordings, after = 0 }: RecordingOptions & { readonly after?: number },
    created: string,
  ) {
    this.#messages = messages;
    this.#after = after;
    this.stream = recordings.map(({ name }) => name).join('+');
    this.created = created;
  }

  async pull(limit: number, _wait: number, signal: AbortSignal): Promise<Pulled> {
    const messages: Message[] = [];
    while (!this.#ended && messages.length < limit && !signal.aborted) {
      const next = await this.#messages.next();
      if (next.done === true) {
        this.#ended = true;
        break;
      }
      this.#last += 1;
      if (this.#last <= this.#after) continue;
      const sequence = this.#last as Sequence;
      messages.push({ sequence, ...next.value, payload: plainBytes(next.value.payload) });
    }
    return { messages, gaps: [], ended: this.#ended };
  }

  async state(): Promise<LogState> {
    return {
      created: this.created,
      first: 1 as Sequence,
      last: this.#last as Sequence,
      messages: this.#last,
      bytes: 0,
    };
  }

  async close(): Promise<void> {
    this.#ended = true;
    await this.#messages.return(undefined);
  }
}
