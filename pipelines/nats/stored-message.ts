import type { Msg } from '@nats-io/transport-node';
import type { Message, Sequence } from '../../operators/model/message.ts';
import { type EventTime, fromMilliseconds } from '../../operators/model/time.ts';
import type { Delivery } from './delivered.ts';

/** The append time that a recording gives each message: epoch milliseconds. Counts on replay streams only. */
export const APPENDED_HEADER = 'Andon-Appended';

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

/**
 * The headers that belong to the message: not those of its way (`Nats-…`), and not its append time, so that a replay
 * and the recording itself give the same. Of a header that is there twice the first counts.
 */
export function headersOf(message: Pick<Msg, 'headers'>): Readonly<Record<string, string>> {
  if (message.headers === undefined) return NO_HEADERS;
  let record: Record<string, string> | undefined;
  for (const [name, [value]] of message.headers) {
    if (value === undefined || name.startsWith('Nats-') || name === APPENDED_HEADER) continue;
    record ??= {};
    record[name] = value;
  }
  return record ?? NO_HEADERS;
}

/** What the header says; undefined without it, or when it is no number. */
export function recordedAppendTime(message: Pick<Msg, 'headers'>): EventTime | undefined {
  const text = message.headers?.get(APPENDED_HEADER) ?? '';
  if (text === '') return undefined;
  const milliseconds = Number(text);
  return Number.isFinite(milliseconds) ? fromMilliseconds(milliseconds) : undefined;
}

/** A message as it came from the stream. `prefix` is the partition's own part of the subject. */
export function storedMessage(
  message: Msg,
  delivery: Delivery,
  prefix: string,
  appended: EventTime,
): Message {
  const { subject } = message;
  return {
    sequence: delivery.stream as Sequence,
    appended,
    subject: subject.startsWith(prefix) ? subject.slice(prefix.length) : subject,
    headers: headersOf(message),
    payload: plainBytes(message.data),
  };
}

/**
 * The same bytes as a plain `Uint8Array`. The client hands out `Buffer`s, whose `slice` shares memory where that of
 * every other typed array copies: operators must not depend on which of the two they got.
 */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
