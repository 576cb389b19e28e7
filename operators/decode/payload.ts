/** Bytes of a message to a checked object and its fields; of a plain frame, to its numbers without an object. */

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
  const json = isJson(payload, headers);
  try {
    if (!json) return (keepsDigits ? exact : rounding).unpack(payload);
    const content = text.decode(payload);
    return parseJson(keepsDigits ? quoteLargeIntegers(content) : content);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const form = json ? 'JSON' : 'MessagePack';
    throw malformed(form, `${payload.length} bytes that are none (${why})`);
  }
}

function isJson(payload: Uint8Array, headers: Message['headers']): boolean {
  return (
    payload[0] === OPENING_BRACE || headers['Content-Type']?.startsWith('application/json') === true
  );
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
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject || ArrayBuffer.isView(value)) throw malformed(what, value);
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

// Frames of a machine repeat their signals. A list of them that was seen before is found again by its bytes, name by name,
// and no text or object is made of them.

/** A list of signals, as a way from the root: each node is one name more. */
type SignalNode = {
  /** The way on that was taken last; there mostly is no other. */
  last: SignalNode | undefined;
  lastId: number;
  others: Map<number, SignalNode> | undefined;
  /** Later stages compare lists by identity. */
  list: readonly string[] | undefined;
};

const MOST_NODES = 200_000;
/** Bytes of names and lists. Lists of thousands that differ in the last name have all but one node in common. */
const MOST_KEPT = 16_000_000;
const LONGEST_NAME = 255;
/** Of the table of names by the hash of their bytes; a power of two, and never more than half full. */
const SLOTS = 131_072;

let root = openNode();
let [nodes, kept] = [0, 0];
let slots = new Int32Array(SLOTS);
let [names, texts]: [Uint8Array[], string[]] = [[], []];
let ids = new Map<string, number>();

function openNode(): SignalNode {
  return { last: undefined, lastId: -1, others: undefined, list: undefined };
}

/** The one list of these signals, which all frames with them share. */
export function sharedSignals(signals: readonly string[]): readonly string[] {
  const [nodesThen, namesThen] = [nodes + signals.length, names.length + signals.length];
  if (nodesThen > MOST_NODES || namesThen > SLOTS / 2 || kept > MOST_KEPT) {
    root = openNode();
    slots = new Int32Array(SLOTS);
    [nodes, kept, names, texts, ids] = [0, 0, [], [], new Map()];
  }
  let node = root;
  for (const name of signals) {
    const id = ids.get(name) ?? addName(name);
    let next = childOf(node, id);
    if (next === undefined) {
      next = openNode();
      nodes += 1;
      if (node.last !== undefined) {
        node.others ??= new Map([[node.lastId, node.last]]);
        node.others.set(id, next);
      }
      node.last = next;
      node.lastId = id;
    }
    node = next;
  }
  if (node.list === undefined) {
    kept += 8 * signals.length;
    // Of texts that are kept anyway: every frame brings copies of its own.
    node.list = signals.map((name) => texts[ids.get(name) ?? -1] ?? name);
  }
  return node.list;
}

function childOf(node: SignalNode, id: number): SignalNode | undefined {
  if (node.lastId === id) return node.last;
  const other = node.others?.get(id);
  if (other !== undefined) {
    node.last = other;
    node.lastId = id;
  }
  return other;
}

/** A name that its bytes do not say again is never found by them. */
function addName(name: string): number {
  const id = names.length;
  const bytes = Buffer.from(name);
  names.push(bytes);
  texts.push(name);
  kept += bytes.length;
  ids.set(name, id);
  if (bytes.length > LONGEST_NAME || bytes.toString() !== name) return id;
  let slot = hashOfName(bytes, 0, bytes.length);
  while (slots[slot] !== 0) slot = (slot + 1) & (SLOTS - 1);
  slots[slot] = id + 1;
  return id;
}

function hashOfName(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}

/** The id of the name that these bytes are; below 0 when it was never seen. */
function idOfName(bytes: Uint8Array, from: number, to: number): number {
  let slot = hashOfName(bytes, from, to);
  for (let found = slots[slot] ?? 0; found !== 0; found = slots[slot] ?? 0) {
    const known = names[found - 1];
    if (known !== undefined && known.length === to - from && isAt(bytes, from, known)) {
      return found - 1;
    }
    slot = (slot + 1) & (SLOTS - 1);
  }
  return -1;
}

function isAt(bytes: Uint8Array, from: number, part: Uint8Array): boolean {
  for (let at = 0; at < part.length; at += 1) if (bytes[from + at] !== part[at]) return false;
  return true;
}

/** What a frame of numbers alone says. `numbers` of it are valid until the next is read. */
export type PlainFrame = {
  time: number;
  signals: readonly string[];
  readonly numbers: Float64Array;
};

export const MAX_SIGNALS = 4_096;

/** One for all. */
const plain: PlainFrame = { time: 0, signals: [], numbers: new Float64Array(MAX_SIGNALS) };
const TIME = packed('time');
const VALUES = packed('values');
const MAP_16 = 0xde;
const TEXT_8 = 0xd9;

function packed(name: string): Uint8Array {
  return Buffer.from([0xa0 + name.length, ...Buffer.from(name)]);
}

/**
 * Reads `{time, values}` in MessagePack whose values are numbers and whose list of signals was seen before. Undefined for
 * whatever else, which has to be read the long way: that says of both the same.
 */
export function readPlainFrame({ payload, headers }: Message): PlainFrame | undefined {
  position = 0;
  if (readMapSize(payload) !== 2 || isJson(payload, headers)) return undefined;
  let time = Number.NaN;
  let node: SignalNode | undefined;
  for (let entry = 0; entry < 2; entry += 1) {
    if (isAt(payload, position, TIME)) {
      position += TIME.length;
      time = readNumber(payload);
    } else if (isAt(payload, position, VALUES)) {
      position += VALUES.length;
      node = readValues(payload);
    } else return undefined;
  }
  const signals = node?.list;
  if (signals === undefined || Number.isNaN(time) || position !== payload.length) return undefined;
  plain.time = time;
  plain.signals = signals;
  return plain;
}

/** Where the reader is. */
let position = 0;

function readValues(bytes: Uint8Array): SignalNode | undefined {
  const count = readMapSize(bytes);
  if (!(count > 0 && count <= MAX_SIGNALS)) return undefined;
  let node: SignalNode | undefined = root;
  for (let index = 0; index < count; index += 1) {
    let length = (bytes[position] ?? 0) - 0xa0;
    position += 1;
    if (length === TEXT_8 - 0xa0) length = readUnsigned(bytes, 1);
    else if (length < 0 || length > 31) return undefined;
    const id = idOfName(bytes, position, position + length);
    node = id < 0 ? undefined : childOf(node, id);
    if (node === undefined) return undefined;
    position += length;
    const value = readNumber(bytes);
    // False for NaN, the infinities, and integers that may have lost digits.
    if (!(value <= Number.MAX_SAFE_INTEGER && value >= -Number.MAX_SAFE_INTEGER)) return undefined;
    plain.numbers[index] = value;
  }
  return node;
}

/** Encoders that do not count beforehand write all sizes in two bytes. NaN for what is no map. */
function readMapSize(bytes: Uint8Array): number {
  const tag = bytes[position] ?? 0;
  position += 1;
  if (tag === MAP_16) return readUnsigned(bytes, 2);
  return tag >= 0x80 && tag <= 0x8f ? tag - 0x80 : Number.NaN;
}

const floats = new Uint8Array(8);
const float64 = new Float64Array(floats.buffer);
const float32 = new Float32Array(floats.buffer);

/** NaN when no number stands here, or no whole one. */
function readNumber(bytes: Uint8Array): number {
  const tag = bytes[position] ?? 0xc1;
  position += 1;
  if (tag < 0x80) return tag;
  if (tag >= 0xe0) return tag - 0x100;
  switch (tag) {
    case 0xca:
      return readFloat(bytes, 4) ? (float32[0] ?? 0) : Number.NaN;
    case 0xcb:
      return readFloat(bytes, 8) ? (float64[0] ?? 0) : Number.NaN;
    case 0xcc:
      return readUnsigned(bytes, 1);
    case 0xcd:
      return readUnsigned(bytes, 2);
    case 0xce:
      return readUnsigned(bytes, 4);
    case 0xcf:
      return readUnsigned(bytes, 8);
    case 0xd0:
      return signed(readUnsigned(bytes, 1), 0x80);
    case 0xd1:
      return signed(readUnsigned(bytes, 2), 0x8000);
    case 0xd2:
      return signed(readUnsigned(bytes, 4), 0x80000000);
    case 0xd3:
      return signed(readUnsigned(bytes, 4), 0x80000000) * 0x100000000 + readUnsigned(bytes, 4);
    default:
      return Number.NaN;
  }
}

/** NaN behind the end. */
function readUnsigned(bytes: Uint8Array, size: number): number {
  if (position + size > bytes.length) return Number.NaN;
  let value = 0;
  for (const end = position + size; position < end; position += 1) {
    value = value * 0x100 + (bytes[position] ?? 0);
  }
  return value;
}

function signed(value: number, half: number): number {
  return value < half ? value : value - 2 * half;
}

/** Big-endian in MessagePack, little-endian here as wherever this runs (see `packedNumbers`). */
function readFloat(bytes: Uint8Array, size: number): boolean {
  if (position + size > bytes.length) return false;
  for (let at = size - 1; at >= 0; at -= 1) {
    floats[at] = bytes[position] ?? 0;
    position += 1;
  }
  return true;
}
