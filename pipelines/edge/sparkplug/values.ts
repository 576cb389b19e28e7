/** Values of Sparkplug B by their data types: numbers, texts, arrays, data sets, and the properties that qualify them. */

import { malformed } from '../../../operators/decode/payload.ts';
import {
  exactInteger,
  MOST_READINGS,
  readingQuality,
  type TagQuality,
  type TagValue,
} from '../tag-reading.ts';
import {
  type SparkplugDataSet,
  type SparkplugMetric,
  type SparkplugPropertySet,
  type SparkplugValue,
  signedOf,
  textOfBytes,
  unsignedOf,
} from './payload.ts';

/** By their numbers (section 6.4.1 of the specification). */
export const SPARKPLUG_TYPES = [
  ...(['Unknown', 'Int8', 'Int16', 'Int32', 'Int64', 'UInt8', 'UInt16', 'UInt32'] as const),
  ...(['UInt64', 'Float', 'Double', 'Boolean', 'String', 'DateTime', 'Text', 'UUID'] as const),
  ...(['DataSet', 'Bytes', 'File', 'Template', 'PropertySet', 'PropertySetList'] as const),
  ...(['Int8Array', 'Int16Array', 'Int32Array', 'Int64Array', 'UInt8Array'] as const),
  ...(['UInt16Array', 'UInt32Array', 'UInt64Array', 'FloatArray', 'DoubleArray'] as const),
  ...(['BooleanArray', 'StringArray', 'DateTimeArray'] as const),
] as const;
export type SparkplugType = (typeof SPARKPLUG_TYPES)[number];

export function sparkplugType(number: number): SparkplugType {
  const type = SPARKPLUG_TYPES[number];
  if (type === undefined) throw malformed('a data type from 1 to 34', number);
  return type;
}

/** What the log has no place for: bytes, files, lists of texts, integers in lists that a number cannot hold. */
export class UnsupportedError extends Error {
  override name = 'UnsupportedError' as const;
}

const VALUES: readonly (keyof SparkplugValue)[] = [
  ...(['intValue', 'longValue', 'floatValue', 'doubleValue', 'booleanValue'] as const),
  ...(['stringValue', 'bytesValue', 'datasetValue', 'templateValue', 'propertysetValue'] as const),
];

/** The one field that is set. */
function fieldOf(holder: SparkplugValue): keyof SparkplugValue | undefined {
  const set = VALUES.filter((field) => Object.hasOwn(holder, field));
  if (set.length > 1) throw malformed('one value', set.join(' and '));
  return set[0];
}

/**
 * The value of a metric, property or parameter of this type. Data sets and templates have values of their own.
 *
 * @throws MalformedError for a value of another type, or out of its range
 * @throws UnsupportedError
 */
export function sparkplugValue(holder: SparkplugValue, type: SparkplugType): TagValue {
  const field = fieldOf(holder);
  const { bytesValue, stringValue, booleanValue } = holder;
  if (field === undefined) throw malformed(`a value of type ${type}`, undefined);
  if (type.endsWith('Array')) {
    if (bytesValue === undefined) throw malformed(`bytes of a ${type}`, field);
    return numbersOf(bytesValue, type);
  }
  switch (type) {
    case 'String':
    case 'Text':
    case 'UUID':
      if (stringValue === undefined) throw malformed(`a text of type ${type}`, field);
      return textOfBytes(stringValue);
    case 'Boolean':
      if (booleanValue === undefined) throw malformed('a boolean', field);
      return booleanValue;
    case 'Float':
    case 'Double': {
      const number = holder.floatValue ?? holder.doubleValue;
      if (number === undefined) throw malformed(`a number of type ${type}`, field);
      return number;
    }
    case 'Bytes':
    case 'File':
      throw new UnsupportedError(`${type} has no place in the log`);
    default:
      return integerOf(holder, type, field);
  }
}

/** Bits of each type of integer, and whether it has a sign. */
const INTEGERS: Readonly<Partial<Record<SparkplugType, readonly [bits: number, sign: boolean]>>> = {
  ...{ Int8: [8, true], Int16: [16, true], Int32: [32, true], Int64: [64, true] },
  ...{ UInt8: [8, false], UInt16: [16, false], UInt32: [32, false], UInt64: [64, false] },
  DateTime: [64, false],
};

/**
 * Smaller integers stand in 32 bits. Encoders write a negative one as 32 bits or as its own 8 or 16; both are the same
 * number. UInt32 stands in 32 bits by the specification, and in 64 by Eclipse Tahu.
 */
function integerOf(
  { intValue, longValue }: SparkplugValue,
  type: SparkplugType,
  field: string,
): number | string {
  const [bits, sign] = INTEGERS[type] ?? [];
  if (bits === undefined) throw malformed(`a value of type ${type}`, field);
  if (longValue !== undefined) {
    const value = sign ? signedOf(longValue) : unsignedOf(longValue);
    const most = 2 ** (sign ? bits - 1 : bits);
    if (bits === 64 || (Number(value) < most && Number(value) >= (sign ? -most : 0))) return value;
    throw malformed(`a value of type ${type}`, value);
  }
  if (intValue === undefined) throw malformed(`an integer of type ${type}`, field);
  // 32 bits do not say whether they are the lower half of a negative number.
  if (sign && bits === 64) throw malformed('64 bits of type Int64', field);
  if (!sign) {
    if (intValue < 2 ** bits) return intValue;
    throw malformed(`a value of type ${type}`, intValue);
  }
  const shift = 32 - bits;
  const value = (intValue << shift) >> shift;
  if (intValue === value >>> 0 || intValue < 2 ** bits) return value;
  throw malformed(`a value of type ${type}`, intValue | 0);
}

type Reader = (view: DataView, at: number) => number | bigint;

/** Bytes of one element, and how it is read. Packed, little endian: section 6.4.16. */
const ARRAYS: Readonly<Partial<Record<SparkplugType, readonly [size: number, read: Reader]>>> = {
  Int8Array: [1, (view, at) => view.getInt8(at)],
  Int16Array: [2, (view, at) => view.getInt16(at, true)],
  Int32Array: [4, (view, at) => view.getInt32(at, true)],
  Int64Array: [8, (view, at) => view.getBigInt64(at, true)],
  UInt8Array: [1, (view, at) => view.getUint8(at)],
  UInt16Array: [2, (view, at) => view.getUint16(at, true)],
  UInt32Array: [4, (view, at) => view.getUint32(at, true)],
  UInt64Array: [8, (view, at) => view.getBigUint64(at, true)],
  FloatArray: [4, (view, at) => view.getFloat32(at, true)],
  DoubleArray: [8, (view, at) => view.getFloat64(at, true)],
  DateTimeArray: [8, (view, at) => view.getBigInt64(at, true)],
};

function numbersOf(bytes: Uint8Array, type: SparkplugType): readonly number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (type === 'BooleanArray') return bitsIn(view);
  const [size, read] = ARRAYS[type] ?? [];
  if (size === undefined || read === undefined) {
    throw new UnsupportedError(`a list of texts (${type}) has no place in the log`);
  }
  if (view.byteLength % size !== 0) {
    throw malformed(`bytes of a ${type}, ${size} for each`, view.byteLength);
  }
  return Array.from({ length: view.byteLength / size }, (_, at) => {
    const number = read(view, at * size);
    const exact = typeof number === 'bigint' ? exactInteger(number) : number;
    if (typeof exact === 'number') return exact;
    throw new UnsupportedError(`${exact} in a list (${type}) is beyond 2^53`);
  });
}

/** A count in 4 bytes, then 8 values a byte, the first one in the highest bit. */
function bitsIn(view: DataView): readonly number[] {
  const count = view.byteLength < 4 ? -1 : view.getUint32(0, true);
  if (count < 0 || Math.ceil(count / 8) !== view.byteLength - 4) {
    throw malformed('a count and as many bits of a BooleanArray', view.byteLength);
  }
  return Array.from({ length: count }, (_, at) => {
    return (view.getUint8(4 + (at >> 3)) >> (7 - (at & 7))) & 1;
  });
}

/** The values of a data set by the names of its columns: of one row the values, of several the columns of numbers as lists. */
export function dataSetValues(
  set: SparkplugDataSet,
  refuse: (column: string, error: Error) => void,
): readonly (readonly [column: string, value: TagValue])[] {
  const columns = set.columns.map(textOfBytes);
  const count = unsignedOf(set.numOfColumns) ?? columns.length;
  if (count !== columns.length || set.types.length !== columns.length) {
    throw malformed(`${count} columns with a type each`, `${columns.length}, ${set.types.length}`);
  }
  const types = set.types.map(sparkplugType);
  if (set.rows.length * columns.length > MOST_READINGS * 256) {
    throw malformed(`at most ${MOST_READINGS * 256} cells`, set.rows.length * columns.length);
  }
  const ragged = set.rows.find(({ elements }) => elements.length !== columns.length);
  if (ragged !== undefined) throw malformed(`${count} cells a row`, ragged.elements.length);
  return columns.flatMap((column, at) => {
    const type = types[at] ?? 'Unknown';
    const cells = set.rows.map(({ elements }) => sparkplugValue(elements[at] ?? {}, type));
    if (cells.length === 0) return [];
    const [only] = cells;
    if (cells.length === 1 && only !== undefined) return [[column, only] as const];
    const numbers = cells.map((cell) => (typeof cell === 'boolean' ? Number(cell) : cell));
    if (numbers.every((cell) => typeof cell === 'number')) return [[column, numbers] as const];
    refuse(column, new UnsupportedError('a list of texts has no place in the log'));
    return [];
  });
}

/** What properties say of a metric. */
export type MetricProperties = {
  readonly quality: TagQuality | undefined;
  readonly unit: string | undefined;
  readonly low: number | undefined;
  readonly high: number | undefined;
};

/** Names that gateways have for the same, in small letters without blanks and signs. The specification names Quality alone. */
const UNITS: readonly string[] = ['engunit', 'engunits', 'engineeringunit', 'engineeringunits'];
const NAMES = {
  unit: new Set([...UNITS, 'unit', 'units', 'uom']),
  low: new Set(['englow', 'low', 'min', 'minimum', 'rangelow', 'lowrange']),
  high: new Set(['enghigh', 'high', 'max', 'maximum', 'rangehigh', 'highrange']),
} as const;

/** The quality is that of the specification (0 bad, 192 good, 500 stale), or an OPC code, which gateways pass on. */
export function metricProperties({ keys, values }: SparkplugPropertySet): MetricProperties {
  if (keys.length !== values.length) {
    throw malformed(`${keys.length} values of properties`, values.length);
  }
  const found: Record<keyof MetricProperties, string | number | undefined> = {
    ...{ quality: undefined, unit: undefined, low: undefined, high: undefined },
  };
  for (const [at, key] of keys.entries()) {
    const name = textOfBytes(key)
      .toLowerCase()
      .replace(/[^a-z]/g, '');
    const field = name === 'quality' ? name : fieldNamed(name);
    const value = values[at] ?? {};
    if (field === undefined || value.isNull === true || fieldOf(value) === undefined) continue;
    const plain = sparkplugValue(value, sparkplugType(value.type ?? 0));
    if (typeof plain === 'string' || typeof plain === 'number') found[field] = plain;
  }
  const { quality, unit, low, high } = found;
  return {
    quality: quality === undefined ? undefined : quality === 0 ? 'bad' : readingQuality(quality),
    unit: unit === undefined ? undefined : String(unit),
    low: typeof low === 'number' ? low : undefined,
    high: typeof high === 'number' ? high : undefined,
  };
}

function fieldNamed(name: string): 'unit' | 'low' | 'high' | undefined {
  return (['unit', 'low', 'high'] as const).find((field) => NAMES[field].has(name));
}

/** Whether a metric has a value at all: neither null by its own account nor without any. */
export function hasValue(metric: SparkplugMetric): boolean {
  return metric.isNull !== true && fieldOf(metric) !== undefined;
}
