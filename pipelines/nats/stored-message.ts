/** How a message stands in a stream: delivery info, headers, append time. */

import type { JetStreamManager } from '@nats-io/jetstream';
import { type Msg, headers as noHeaders } from '@nats-io/transport-node';
import type { Message, Sequence } from '../../operators/model/message.ts';
import { type EventTime, fromMilliseconds } from '../../operators/model/time.ts';

/** The append time that a recording gives each message: epoch milliseconds. Counts on replay streams only. */
export const APPENDED_HEADER = 'Andon-Appended';

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});
/** 1970, when no message says a time. */
const NOTHING_KNOWN: KnownAppendTime = { sequence: 0, appended: 0 as EventTime };
const DOT = 46;
const ZERO = 48;
/** Tokens ahead of the delivery count, and so the least number of dots, in the old and the new form. */
const OLD_DOTS = 8;

/** What JetStream says of a delivered message, in its reply subject. */
type DeliveryInfo = {
  /** Position in the stream. */
  readonly stream: number;
  /** Position in what this consumer delivered, dense from 1. */
  readonly consumer: number;
  /** When the stream stored it: microseconds since 1970, the rest cut off. */
  readonly microseconds: number;
};

/**
 * A message as operators get it, out of what the server delivered. `prefixes`: the first of them that the subject begins
 * with is left out of it.
 */
export function storedMessage(
  message: Msg,
  delivery: DeliveryInfo,
  prefixes: readonly string[],
  appended: EventTime,
): Message {
  const { subject } = message;
  const prefix = prefixes.find((each) => subject.startsWith(each)) ?? '';
  return {
    sequence: delivery.stream as Sequence,
    appended,
    subject: subject.slice(prefix.length),
    headers: headersOf(message),
    payload: plainBytes(message.data),
  };
}

/**
 * Reads `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.<consumer sequence>.<nanoseconds>.<pending>` and
 * the longer form with domain, account hash and random tail. By character, not by split: it is done for each message.
 * Undefined when the text is neither.
 */
export function parseDeliveryInfo(reply: string): DeliveryInfo | undefined {
  const dots: number[] = [];
  for (let at = reply.indexOf('.'); at >= 0; at = reply.indexOf('.', at + 1)) dots.push(at);
  if (dots.length < OLD_DOTS || !reply.startsWith('$JS.ACK.')) return undefined;
  // The long form has `<domain>.<account hash>` after the prefix, and may have a random token at the end.
  const first = dots.length === OLD_DOTS ? 4 : 6;
  const stream = digits(reply, dots[first] ?? -1, 16);
  const consumer = digits(reply, dots[first + 1] ?? -1, 16);
  const timeAt = dots[first + 2] ?? -1;
  const timeEnd = dots[first + 3] ?? reply.length;
  // Nanoseconds are 19 digits, more than a number holds: the last three are never read.
  const microseconds = digits(reply, timeAt, timeEnd - timeAt - 1 - 3);
  if (stream <= 0 || consumer <= 0) return undefined;
  return { stream, consumer, microseconds };
}

/** What the header says; undefined without it, or when it is no number. */
export function recordedAppendTime(message: Pick<Msg, 'headers'>): EventTime | undefined {
  const text = message.headers?.get(APPENDED_HEADER) ?? '';
  if (text === '') return undefined;
  const milliseconds = Number(text);
  return Number.isFinite(milliseconds) ? fromMilliseconds(milliseconds) : undefined;
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
  manager: JetStreamManager,
  { stream, first, sequence, known = NOTHING_KNOWN }: AppendTimeQuestion,
): Promise<EventTime> {
  for (let at = sequence; at >= first && at > known.sequence; at -= 1) {
    const stored = await manager.streams.getMessage(stream, { seq: at });
    if (stored === null) continue;
    const appended = recordedAppendTime({ headers: stored.header ?? noHeaders() });
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
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/**
 * The headers that belong to the message: not those of its way (`Nats-…`), and not its append time, so that a replay
 * and the recording itself give the same. Of a header that is there twice the first counts.
 */
function headersOf(message: Pick<Msg, 'headers'>): Readonly<Record<string, string>> {
  if (message.headers === undefined) return NO_HEADERS;
  let record: Record<string, string> | undefined;
  for (const [name, [value]] of message.headers) {
    if (value === undefined || name.startsWith('Nats-') || name === APPENDED_HEADER) continue;
    record ??= {};
    record[name] = value;
  }
  return record ?? NO_HEADERS;
}

function digits(text: string, after: number, most: number): number {
  let value = 0;
  for (let at = after + 1; at <= after + most; at += 1) {
    const code = text.charCodeAt(at);
    if (code === DOT || Number.isNaN(code)) break;
    value = value * 10 + (code - ZERO);
  }
  return value;
}
