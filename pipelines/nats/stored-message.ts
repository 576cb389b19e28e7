/** How a message stands in a stream: delivery info, headers, append time. */

import {
  type ApiError,
  JetStreamApiCodes,
  JetStreamApiError,
  type MsgRequest,
} from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Message, Sequence } from '../../operators/model/message.ts';
import { type EventTime, fromMilliseconds } from '../../operators/model/time.ts';
import { apiSubject } from './jetstream.ts';
import { createTextCache, decodeSlice } from './text-cache.ts';
import { type DeliveredMessage, digits } from './wire-reader.ts';

/** The append time that a recording gives each message: epoch milliseconds. Counts on replay streams only. */
export const APPENDED_HEADER = 'Andon-Appended';

/** Milliseconds that the server may take for one message. */
const API_TIMEOUT = 5_000;
const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});
/** 1970, when no message says a time. */
const NOTHING_KNOWN: KnownAppendTime = { sequence: 0, appended: 0 as EventTime };
const [NEWLINE, RETURN, BLANK, ZERO, COLON] = [10, 13, 32, 48, 58];
/** Integers of so many digits are exact as numbers. */
const EXACT_DIGITS = 15;

/** Names of headers, and names of producers: few, and the same in each message. */
const texts = createTextCache();

/** A message as operators get it, out of what the server delivered. */
export function storedMessage(message: DeliveredMessage, appended: EventTime): Message {
  const { bytes, payloadAt, end } = message;
  return {
    sequence: message.streamSequence as Sequence,
    appended,
    subject: message.subject,
    headers: headersOf(message, belongsToMessage),
    payload: plainBytes(bytes, payloadAt, end),
  };
}

/** What the header says; undefined without it, or when it is no number. */
export function recordedAppendTime(message: DeliveredMessage): EventTime | undefined {
  return appendTimeOf(headersOf(message, isAppendTime)[APPENDED_HEADER]);
}

function appendTimeOf(text = ''): EventTime | undefined {
  if (text === '') return undefined;
  const milliseconds = Number(text);
  return Number.isFinite(milliseconds) ? fromMilliseconds(milliseconds) : undefined;
}

/** A message that was asked for by itself, with the headers of whoever published it. */
export type SingleMessage = {
  readonly sequence: number;
  readonly time: Date;
  readonly headers: Readonly<Record<string, string>>;
  readonly data: Uint8Array;
};

type SingleAnswer = {
  readonly error?: ApiError;
  readonly message?: {
    readonly seq: number;
    readonly time: string;
    readonly hdrs?: string;
    readonly data?: string;
  };
};

/**
 * One message of a stream, or undefined when there is none. Asked for without the client's own `getMessage`: that refuses
 * headers whose names have a blank or an umlaut.
 */
export async function singleMessage(
  connection: NatsConnection,
  stream: string,
  query: MsgRequest,
): Promise<SingleMessage | undefined> {
  const subject = apiSubject(connection, `STREAM.MSG.GET.${stream}`);
  const reply = await connection.request(subject, JSON.stringify(query), { timeout: API_TIMEOUT });
  const { error, message } = reply.json<SingleAnswer>();
  if (error !== undefined && error.err_code !== JetStreamApiCodes.NoMessageFound) {
    throw new JetStreamApiError(error);
  }
  if (message === undefined) return undefined;
  const bytes = Buffer.from(message.hdrs ?? '', 'base64');
  return {
    sequence: message.seq,
    time: new Date(message.time),
    headers: headersOf({ bytes, headersAt: 0, payloadAt: bytes.length }, isPublishers),
    data: Buffer.from(message.data ?? '', 'base64'),
  };
}

/** The append time that was found to be in force at a message. */
export type KnownAppendTime = { readonly sequence: number; readonly appended: EventTime };

/** `first`: of the messages that the stream still has. */
type AppendTimeQuestion = {
  readonly stream: string;
  readonly first: number;
  readonly sequence: number;
  readonly known?: KnownAppendTime;
};

/**
 * The append time in force at a message of a replay stream. A message without the header has that of the message
 * before it, so the way goes back to the nearest one with a header, and never below the first that the stream still has.
 * `known`: the time at a message that was looked at before; only what came after it is asked for.
 */
export async function appendTimeAt(
  connection: NatsConnection,
  { stream, first, sequence, known = NOTHING_KNOWN }: AppendTimeQuestion,
): Promise<EventTime> {
  for (let at = sequence; at >= first && at > known.sequence; at -= 1) {
    const single = await singleMessage(connection, stream, { seq: at });
    const appended = appendTimeOf(single?.headers[APPENDED_HEADER]);
    if (appended !== undefined) return appended;
  }
  return known.appended;
}

/** As the header `Andon-Appended` has it: epoch milliseconds, with fractions where there are any. */
export function appendedText(time: EventTime): string {
  return String(time / 1_000);
}

/**
 * The same bytes as a plain `Uint8Array`. The client hands out `Buffer`s, whose `slice` shares memory where that of
 * every other typed array copies: operators must not depend on which of the two they got.
 */
export function plainBytes(bytes: Uint8Array, from = 0, to = bytes.length): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + from, to - from);
}

/** Not one of the message's way: what a server was asked to expect of it then, it would refuse now. */
const isPublishers = (name: string) => !name.startsWith('Nats-');
const isAppendTime = (name: string) => name === APPENDED_HEADER;

/** Not its append time either, so that a replay and the recording itself give the same. */
const belongsToMessage = (name: string) => isPublishers(name) && name !== APPENDED_HEADER;

/**
 * The headers of these names. Of a header that is there twice the first counts. Read byte by byte, since each message has
 * some, and whatever the name: the client refuses names with a blank or an umlaut.
 */
function headersOf(
  { bytes, headersAt, payloadAt }: Pick<DeliveredMessage, 'bytes' | 'headersAt' | 'payloadAt'>,
  belongs: (name: string) => boolean,
): Readonly<Record<string, string>> {
  let record: Record<string, string> | undefined;
  // The first line says the version.
  for (let at = endOfLine(bytes, headersAt, payloadAt) + 2; at < payloadAt; ) {
    const end = endOfLine(bytes, at, payloadAt);
    let colon = at;
    while (colon < end && bytes[colon] !== COLON) colon += 1;
    if (colon < end) {
      const name = texts.textOf(bytes, at, colon);
      if (belongs(name)) {
        record ??= {};
        if (!Object.hasOwn(record, name)) record[name] = headerValue(name, bytes, colon + 1, end);
      }
    }
    at = end + 2;
  }
  return record ?? NO_HEADERS;
}

function endOfLine(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && !(bytes[at] === RETURN && bytes[at + 1] === NEWLINE)) at += 1;
  return at;
}

function headerValue(name: string, bytes: Uint8Array, from: number, to: number): string {
  const first = bytes[from] === BLANK ? from + 1 : from;
  if (name === 'Andon-Producer') return texts.textOf(bytes, first, to).trim();
  const number =
    to - first <= EXACT_DIGITS && bytes[first] !== ZERO ? digits(bytes, first, to) : -1;
  return number >= 0 ? String(number) : decodeSlice(bytes, first, to).trim();
}
