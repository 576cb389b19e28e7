/**
 * Messages of a stream, read from the bytes of the connection ahead of the client's parser. Connecting, logging in, TLS and
 * reconnecting stay the client's, and so does every frame that is not a whole message of a subscription named here.
 */

import {
  type MsgImpl,
  type NatsConnection,
  NatsConnectionImpl,
  Parser,
  State,
} from '@nats-io/transport-node';
import { EXIT, Problem } from '../base/problem.ts';
import { createTextCache } from './text-cache.ts';

/** A message as it lies in the bytes of the connection. One object for all: valid only until the handler returns. */
export type DeliveredMessage = {
  subject: string;
  /** Position in the stream. */
  streamSequence: number;
  /** Position in what this consumer delivered, dense from 1. */
  consumerSequence: number;
  /** When the stream stored it: microseconds since 1970, the rest cut off. */
  microseconds: number;
  bytes: Uint8Array;
  /** Where in `bytes` its headers begin, where its payload does, and where that ends. */
  headersAt: number;
  payloadAt: number;
  end: number;
};

export interface WireReader {
  /** A message that came by way of the client; undefined when it is none of a stream. */
  read(message: MsgImpl): DeliveredMessage | undefined;
  close(): void;
}

type Handler = (message: DeliveredMessage) => void;
type Subscriptions = Map<number, SubscriptionReader>;

/** Of each connection, by its parser: the client makes a new one for each new connection. */
const tapped = new WeakMap<Parser, Subscriptions>();

/**
 * Hands over the messages that a subscription of this connection gets from a stream. Those that a packet of the network cut
 * in two come by way of the client, to whoever subscribed: in order, since each is handed over before the next one is
 * read. `subjectOf`: what is made of a subject, whenever one is decoded.
 */
export function createWireReader(
  connection: NatsConnection,
  subscription: number,
  subjectOf: (subject: string) => string,
  onMessage: Handler,
): WireReader {
  const reader = new SubscriptionReader(subjectOf, onMessage);
  const subscriptions = tap(connection);
  subscriptions?.set(subscription, reader);
  return {
    read: (message) => reader.read(message),
    close: () => void subscriptions?.delete(subscription),
  };
}

/** Undefined where the connection is not the client's own: everything goes by way of the client then. */
function tap(connection: NatsConnection): Subscriptions | undefined {
  if (!(connection instanceof NatsConnectionImpl)) return undefined;
  const { parser } = connection.protocol;
  if (!(parser instanceof Parser)) throw otherClient();
  const known = tapped.get(parser);
  if (known !== undefined) return known;
  const subscriptions: Subscriptions = new Map();
  const parse = parser.parse.bind(parser);
  parser.parse = (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (parser.state === State.OP_START) at = takeFrames(subscriptions, chunk, at);
      const end = subscriptions.size === 0 ? chunk.length : endOfPiece(parser, chunk, at);
      if (at < end) parse(chunk.subarray(at, end));
      at = end;
    }
  };
  tapped.set(parser, subscriptions);
  return subscriptions;
}

function otherClient(): Problem {
  return new Problem({
    where: 'the NATS client',
    expected: 'a connection with a parser that can be read ahead of',
    found:
      'none: this is another version of @nats-io/nats-core than the one that Andon is made for',
    remedy: 'Install the versions of package-lock.json (npm ci).',
    exit: EXIT.defect,
  });
}

/** Up to where the client's parser may read before it is asked again whether it stands between two frames. */
function endOfPiece({ state, ma, msgBuf }: Parser, chunk: Uint8Array, from: number): number {
  if (state === State.MSG_PAYLOAD && msgBuf !== undefined) {
    const missing = ma.size - msgBuf.length;
    return Math.min(chunk.length, from + Math.max(1, missing));
  }
  const newline = chunk.indexOf(NEWLINE, from);
  if (newline < 0) return chunk.length;
  return state === State.OP_START ? endOfWholeFrame(chunk, from, newline) : newline + 1;
}

/** Where a message ends that is all there: its line has the size as the last word. Of anything else where its line ends. */
function endOfWholeFrame(chunk: Uint8Array, from: number, newline: number): number {
  const isMessage = chunk[from] === M || chunk[from] === H;
  const size = digits(chunk, chunk.lastIndexOf(BLANK, newline) + 1, newline - 1);
  const end = newline + 1 + size;
  const isWhole =
    chunk[newline - 1] === RETURN && chunk[end] === RETURN && chunk[end + 1] === NEWLINE;
  return isMessage && size >= 0 && isWhole ? end + 2 : newline + 1;
}

const [NEWLINE, RETURN, BLANK, DOT, ZERO] = [10, 13, 32, 46, 48];
const [H, M] = [72, 77];
/** The most that is looked through for the end of the line that a frame begins with. */
const LONGEST_LINE = 4_096;

/** Where the line that a frame begins with has its parts: a place and the place behind it. */
const line = { subject: 0, subjectEnd: 0, id: 0, reply: 0, replyEnd: 0, headers: 0, size: 0 };

/** Hands over the whole frames from here on; where the first one begins that is the client's. */
function takeFrames(subscriptions: Subscriptions, chunk: Uint8Array, from: number): number {
  let at = from;
  while (at < chunk.length && subscriptions.size > 0) {
    const body = readLine(chunk, at);
    if (body < 0) return at;
    const reader = subscriptions.get(line.id);
    const end = body + line.size;
    if (reader === undefined || end + 2 > chunk.length) return at;
    if (chunk[end] !== RETURN || chunk[end + 1] !== NEWLINE) return at;
    if (!reader.take(chunk, body, end)) return at;
    at = end + 2;
  }
  return at;
}

/**
 * Reads `MSG <subject> <id> <reply> <size>` or `HMSG <subject> <id> <reply> <headers> <size>`, as nats-server writes them: one
 * blank between two words. Where the body begins; -1 when it is anything else, or not all there.
 */
function readLine(chunk: Uint8Array, from: number): number {
  const hasHeaders = chunk[from] === H;
  const word = from + (hasHeaders ? 1 : 0);
  if (chunk[word] !== M || chunk[word + 3] !== BLANK) return -1;
  const limit = Math.min(chunk.length, from + LONGEST_LINE);
  line.subject = word + 4;
  line.subjectEnd = endOfWord(chunk, line.subject, limit);
  const idEnd = endOfWord(chunk, line.subjectEnd + 1, limit);
  line.id = digits(chunk, line.subjectEnd + 1, idEnd);
  line.reply = idEnd + 1;
  line.replyEnd = endOfWord(chunk, line.reply, limit);
  let at = line.replyEnd + 1;
  let end = endOfWord(chunk, at, limit);
  line.headers = 0;
  if (hasHeaders) {
    line.headers = digits(chunk, at, end);
    at = end + 1;
    end = endOfWord(chunk, at, limit);
  }
  line.size = digits(chunk, at, end);
  const isWhole = chunk[end] === RETURN && chunk[end + 1] === NEWLINE && end + 1 < limit;
  return isWhole && line.id >= 0 && line.size >= line.headers && line.headers >= 0 ? end + 2 : -1;
}

function endOfWord(chunk: Uint8Array, from: number, limit: number): number {
  let at = from;
  while (at < limit && chunk[at] !== BLANK && chunk[at] !== RETURN) at += 1;
  return at;
}

/** -1 when there is anything but digits, or nothing. */
export function digits(bytes: Uint8Array, from: number, to: number): number {
  let value = from < to ? 0 : -1;
  for (let at = from; at < to; at += 1) {
    const digit = (bytes[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** What is kept from one message of a subscription to the next. */
class SubscriptionReader {
  readonly #onMessage: Handler;
  readonly #subjects;
  readonly #message: DeliveredMessage = {
    ...{ subject: '', streamSequence: 0, consumerSequence: 0, microseconds: 0 },
    ...{ bytes: new Uint8Array(0), headersAt: 0, payloadAt: 0, end: 0 },
  };

  constructor(subjectOf: (subject: string) => string, onMessage: Handler) {
    this.#onMessage = onMessage;
    this.#subjects = createTextCache(subjectOf);
  }

  /** False when it is none of a stream. */
  take(chunk: Uint8Array, body: number, end: number): boolean {
    const message = this.#message;
    if (!readPosition(chunk, line.reply, line.replyEnd, message)) return false;
    message.subject = this.#subjects.textOf(chunk, line.subject, line.subjectEnd);
    message.bytes = chunk;
    message.headersAt = body;
    message.payloadAt = body + line.headers;
    message.end = end;
    this.#onMessage(message);
    return true;
  }

  read({ _msg: { subject, reply, hdr }, _rdata: bytes }: MsgImpl): DeliveredMessage | undefined {
    const message = this.#message;
    if (reply === undefined || !readPosition(reply, 0, reply.length, message)) return undefined;
    message.subject = this.#subjects.textOf(subject, 0, subject.length);
    message.bytes = bytes;
    message.headersAt = 0;
    message.payloadAt = Math.max(0, hdr);
    message.end = bytes.length;
    return message;
  }
}

const PREFIX = Buffer.from('$JS.ACK.');
/** Dots ahead of the last token, and so the least number of dots, in the old and the new form. */
const OLD_DOTS = 8;
/** Room for the dots of both forms, and one place for the end. */
const MOST_DOTS = 15;
const dots = new Int32Array(MOST_DOTS + 1);

function dotAt(index: number): number {
  return dots[index] ?? 0;
}

/**
 * Reads `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.<consumer sequence>.<nanoseconds>.<pending>` and
 * the longer form with domain, account hash and random tail: what JetStream says of a delivered message in its reply
 * subject. False when the text is neither.
 */
export function readPosition(
  bytes: Uint8Array,
  from: number,
  to: number,
  into: Pick<DeliveredMessage, 'streamSequence' | 'consumerSequence' | 'microseconds'>,
): boolean {
  for (let at = 0; at < PREFIX.length; at += 1) if (bytes[from + at] !== PREFIX[at]) return false;
  let count = 0;
  for (let at = from; at < to && count < MOST_DOTS; at += 1) {
    if (bytes[at] !== DOT) continue;
    dots[count] = at;
    count += 1;
  }
  if (count < OLD_DOTS) return false;
  // The long form has `<domain>.<account hash>` after the prefix, and may have a random token at the end.
  const first = count === OLD_DOTS ? 4 : 6;
  dots[count] = to;
  into.streamSequence = digits(bytes, dotAt(first) + 1, dotAt(first + 1));
  into.consumerSequence = digits(bytes, dotAt(first + 1) + 1, dotAt(first + 2));
  // Nanoseconds are 19 digits, more than a number holds: the last three are never read.
  into.microseconds = digits(bytes, dotAt(first + 2) + 1, dotAt(first + 3) - 3);
  return into.streamSequence > 0 && into.consumerSequence > 0;
}
