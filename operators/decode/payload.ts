/** Bytes of a message to a checked object and its fields. */

import { Unpackr } from 'msgpackr';
import type { z } from 'zod';
import type { Message } from '../model/message.ts';
import { canBeWritten, type EventTime, fromMilliseconds } from '../model/time.ts';

// Maps become plain objects. 64-bit integers are what other languages' encoders send for times: numbers.
const COMMON = { useRecords: false, mapsAsObjects: true } as const;
const rounding = new Unpackr({ ...COMMON, int64AsType: 'number' });
/** What a number cannot hold becomes a bigint. The types of msgpackr do not know of this, its code does. */
const AUTO = 'auto' as 'bigint';
const exact = new Unpackr({ ...COMMON, int64AsType: AUTO });

const OPENING_BRACE = 0x7b;
const text = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads MessagePack, or JSON when the header says so or the first byte is `{` (which no MessagePack map begins with).
 * `keepsDigits`: integers beyond 2^53 keep all of them, as a text or bigint.
 *
 * @throws MalformedError for anything else, nesting bombs included
 */
export function unpack({ payload, headers }: Message, keepsDigits = false): unknown {
  if (payload.length === 0) throw malformed('MessagePack or JSON', 'an empty payload');
  const json =
    payload[0] === OPENING_BRACE ||
    headers['Content-Type']?.startsWith('application/json') === true;
  try {
    if (!json) return (keepsDigits ? exact : rounding).unpack(payload);
    const content = text.decode(payload);
    return parseJson(keepsDigits ? quoteLargeIntegers(content) : content);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw malformed(
      json ? 'JSON' : 'MessagePack',
      `${payload.length} bytes that are none (${why})`,
    );
  }
}

/** Half a surrogate pair has no UTF-8: it would be written down as one text and read back as another. */
function parseJson(content: string): unknown {
  if (!/\\u[dD][89a-fA-F]/.test(content)) return JSON.parse(content);
  return JSON.parse(content, (_, value: unknown) => {
    return typeof value === 'string' ? Buffer.from(value).toString() : value;
  });
}

/** No integer of fewer digits is beyond 2^53. */
const MANY_DIGITS = /[[:,\s]-?\d{16}/;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const LARGE_INTEGER = /^-?([1-9]\d{15,})$/;
const LIMIT = String(2n ** 53n);

/** Once JSON is parsed, 9007199254740993 and 9007199254740992 are one number. */
function quoteLargeIntegers(content: string): string {
  if (!MANY_DIGITS.test(content)) return content;
  let quoted = '';
  let at = 0;
  while (at < content.length) {
    const open = content.indexOf('"', at);
    const between = open < 0 ? content.length : open;
    quoted += content.slice(at, between).replace(NUMBER, quoteLarge);
    at = endOfText(content, between);
    quoted += content.slice(between, at);
  }
  return quoted;
}

/**
 * Behind the text that begins here. Nothing inside of it is taken for a number. One that never ends goes to the end of the
 * content: by an expression, each quote in it would be tried as the beginning of another text.
 */
function endOfText(content: string, open: number): number {
  let quote = content.indexOf('"', open + 1);
  while (quote >= 0) {
    let from = quote;
    while (content[from - 1] === '\\') from -= 1;
    if ((quote - from) % 2 === 0) return quote + 1;
    quote = content.indexOf('"', quote + 1);
  }
  return content.length;
}

/** As msgpackr has it: 2^53 itself is a number. Digits are compared: to read millions of them takes long. */
function quoteLarge(token: string): string {
  const digits = LARGE_INTEGER.exec(token)?.[1] ?? '';
  const isBeyond =
    digits.length > LIMIT.length || (digits.length === LIMIT.length && digits > LIMIT);
  return isBeyond ? `"${token}"` : token;
}

// Fields of a payload that are read by hand: each is what was expected, or the message is malformed.

/** The message is not what its subject says. The text has expected and found; it becomes a row in `dead_letters`. */
export class MalformedError extends Error {
  override name = 'MalformedError' as const;
}

/** `expected an object, found null` */
export function malformed(expected: string, found: unknown): MalformedError {
  return new MalformedError(`expected ${expected}, found ${describe(found)}`);
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string') return `"${value.slice(0, 40)}"`;
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'an object';
  return String(value);
}

/** The value as a record of unknown fields. */
export function recordOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (
    typeof value !== 'object' ||
    value === null ||
    Array.isArray(value) ||
    ArrayBuffer.isView(value)
  ) {
    throw malformed(what, value);
  }
  return value as Readonly<Record<string, unknown>>;
}

/** `entries.0.end: expected end after start` */
export function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? 'something else' : `${issue.path.join('.')}: ${issue.message}`;
}

/** Epoch milliseconds, fractions allowed, as an event time. */
export function timeField(value: unknown): EventTime {
  if (typeof value !== 'number' || !canBeWritten(value)) {
    throw malformed('time in epoch milliseconds between the years 1900 and 2299', value);
  }
  return fromMilliseconds(value);
}

/** Little-endian numbers packed into bytes: `f32`, `f64` or `i16`. */
export function packedNumbers(
  bytes: unknown,
  type: 'f32' | 'f64' | 'i16',
): Float32Array | Float64Array | Int16Array {
  const array = type === 'f32' ? Float32Array : type === 'f64' ? Float64Array : Int16Array;
  const size = array.BYTES_PER_ELEMENT;
  if (!(bytes instanceof Uint8Array) || bytes.length === 0 || bytes.length % size !== 0) {
    const found = bytes instanceof Uint8Array ? `${bytes.length} bytes` : bytes;
    throw malformed(`bytes of little-endian ${type}`, found);
  }
  // A payload may begin anywhere in the receive buffer; typed arrays must be aligned. The copy also frees the buffer.
  // Not `slice`: a Buffer's gives a view.
  const copy = Uint8Array.from(bytes);
  return new array(copy.buffer, copy.byteOffset, copy.length / size);
}
