import type { z } from 'zod';
import { canBeWritten, type EventTime, fromMilliseconds } from '../model/time.ts';

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
