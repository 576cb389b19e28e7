/** What a server says of a value, as a reading: types, status codes and times of OPC UA (parts 4 and 6). */

import type { DataValue } from 'node-opcua-client';
import { exactInteger, type TagQuality, type TagReading, type TagValue } from '../tag-reading.ts';

/** Built-in types by their numbers (part 6, table 1), where they are more than a number, a text or a boolean. */
const TYPE = {
  int64: 8,
  uint64: 9,
  dateTime: 13,
  byteString: 15,
  statusCode: 19,
  qualifiedName: 20,
  localizedText: 21,
} as const;
const ARRAY = 1;
const MATRIX = 2;

/** The two upper bits of a status code (part 4, 7.39.1). */
const SEVERITY = 2 ** 30;
/** It is of a value of data, and the queue of the item dropped some before or after it. */
const OVERFLOW = 0x480;

/** 1601, where OPC UA counts from, stands for "no time" (part 6, 5.2.2.5). */
const NO_TIME = Date.UTC(1971, 0, 1);

/** The part of a value of the library that is read here. */
export type ServerValue = Pick<DataValue, 'value' | 'statusCode'> & {
  readonly sourceTimestamp?: Date | null;
  readonly sourcePicoseconds?: number;
  readonly serverTimestamp?: Date | null;
  readonly serverPicoseconds?: number;
};

export type ServerClock = 'source' | 'server' | 'arrival';

/** Bad is not a value, uncertain is one: both keep what they say. */
export function qualityOfStatus(code: number): TagQuality {
  const severity = Math.floor((code >>> 0) / SEVERITY);
  return severity === 0 ? 'good' : severity === 1 ? 'uncertain' : 'bad';
}

/** Whether values were dropped beside this one, because the queue was full. */
export function hasOverflow({ statusCode: { value } }: Pick<ServerValue, 'statusCode'>): boolean {
  return (value & OVERFLOW) === OVERFLOW;
}

/** Epoch milliseconds with their fraction; undefined where the arrival counts, or the server says no time. */
export function timeOfValue(value: ServerValue, clock: ServerClock): number | undefined {
  const source = instantOf(value.sourceTimestamp, value.sourcePicoseconds);
  const server = instantOf(value.serverTimestamp, value.serverPicoseconds);
  if (clock === 'arrival') return undefined;
  return clock === 'source' ? (source ?? server) : (server ?? source);
}

/** Epoch milliseconds with their fraction; undefined where it stands for no time. */
export function instantOf(at: Date | null | undefined, picoseconds = 0): number | undefined {
  const time = at?.getTime();
  if (time === undefined || !(time >= NO_TIME)) return undefined;
  // The library keeps what is below a millisecond here, in steps of 10 ps (part 6, 5.2.2.17, has 10 µs at most).
  return picoseconds > 0 ? time + picoseconds / 1e9 : time;
}

/**
 * A reading of what these labels name. A value that is no number, text, boolean or list of numbers is given as `null`, and
 * what it was as `odd`.
 */
export function serverReading(
  value: ServerValue,
  labels: Readonly<Record<string, string>>,
  clock: ServerClock,
): TagReading & { readonly odd?: string } {
  const quality = qualityOfStatus(value.statusCode.value);
  const time = timeOfValue(value, clock);
  const found = plainOf(value.value);
  return typeof found === 'object' && found !== null && 'odd' in found
    ? { labels, time, value: null, quality, odd: found.odd }
    : { labels, time, value: found, quality };
}

type Found = TagValue | null | { readonly odd: string };

function plainOf(variant: ServerValue['value'] | null | undefined): Found {
  const { value, dataType = 0, arrayType = 0 } = variant ?? {};
  if (value === undefined || value === null) return null;
  if (arrayType === MATRIX) return { odd: 'a matrix' };
  if (arrayType !== ARRAY) return scalarOf(value, dataType);
  const list = Array.from(value as ArrayLike<unknown>, (each) => scalarOf(each, dataType));
  const numbers = list.filter((each) => typeof each === 'number');
  return numbers.length === list.length ? numbers : { odd: 'a list of what is no number' };
}

function scalarOf(value: unknown, dataType: number): Found {
  switch (dataType) {
    case TYPE.int64:
    case TYPE.uint64:
      return wholeOf(value as readonly [number, number], dataType === TYPE.int64);
    case TYPE.dateTime:
      return (value as Date).toISOString();
    case TYPE.byteString:
      return { odd: 'a string of bytes' };
    case TYPE.statusCode:
    case TYPE.qualifiedName:
      return (value as { name: string }).name;
    case TYPE.localizedText:
      return (value as { text?: string | null }).text ?? '';
    default:
      return defaultOf(value);
  }
}

function defaultOf(value: unknown): Found {
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') {
    // NaN and infinity are no measurements, and no JSON.
    return typeof value === 'number' && !Number.isFinite(value) ? null : value;
  }
  const name = Object.getPrototypeOf(value)?.constructor?.name;
  return name === 'NodeId' || name === 'ExpandedNodeId' ? String(value) : { odd: 'a structure' };
}

/** The library gives 64 bits as two halves. Beyond 2^53 all digits are kept, as a text. */
function wholeOf([high, low]: readonly [number, number], signed: boolean): number | string {
  const whole = BigInt.asUintN(64, (BigInt(high) << 32n) | BigInt(low >>> 0));
  return exactInteger(signed ? BigInt.asIntN(64, whole) : whole);
}
