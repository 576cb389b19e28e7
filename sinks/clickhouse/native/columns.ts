// The kinds of columns of a Native block: numbers, times, texts, arrays.

import type { TypedArray } from '../../../operators/model/plain.ts';
import type { NativeColumn } from './native.ts';

type Numbers = TypedArray | Int8Array | BigInt64Array | BigUint64Array;

const TYPES: ReadonlyMap<string, string> = new Map([
  ['Uint8Array', 'UInt8'],
  ['Uint16Array', 'UInt16'],
  ['Uint32Array', 'UInt32'],
  ['BigUint64Array', 'UInt64'],
  ['Int8Array', 'Int8'],
  ['Int16Array', 'Int16'],
  ['Int32Array', 'Int32'],
  ['BigInt64Array', 'Int64'],
  ['Float32Array', 'Float32'],
  ['Float64Array', 'Float64'],
]);

/** A numeric column of the type that the array has: its memory is the column. */
export function numbers(name: string, values: Numbers): NativeColumn {
  const type = TYPES.get(values.constructor.name);
  if (type === undefined) throw new TypeError(`no column type for ${values.constructor.name}`);
  return {
    name,
    type,
    rows: values.length,
    bytes: values.byteLength,
    write: (sink) => sink.memory(values),
  };
}

/**
 * `DateTime64(6, 'UTC')` from microseconds since 1970, before it too: as numbers, as 64 bit integers, or as the low
 * and high words of such.
 */
export function times(
  name: string,
  microseconds: Float64Array | BigUint64Array | BigInt64Array | Uint32Array,
): NativeColumn {
  const halves = microseconds instanceof Float64Array ? toWords(microseconds) : microseconds;
  return {
    name,
    type: "DateTime64(6, 'UTC')",
    rows: halves.byteLength / 8,
    bytes: halves.byteLength,
    write: (sink) => sink.memory(halves),
  };
}

/** Two's complement of whole numbers without a BigInt for each: floor rounds towards minus infinity, as it must. */
function toWords(values: Float64Array): Uint32Array {
  const halves = new Uint32Array(values.length * 2);
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] ?? 0;
    const high = Math.floor(value / 4_294_967_296);
    halves[index * 2] = value - high * 4_294_967_296;
    halves[index * 2 + 1] = high;
  }
  return halves;
}

/** A `String` column. */
export function texts(name: string, values: readonly string[]): NativeColumn {
  return {
    name,
    type: 'String',
    rows: values.length,
    bytes: values.reduce((sum, value) => sum + value.length + 2, 0),
    write(sink) {
      for (const value of values) sink.text(value);
    },
  };
}

// The layout of a LowCardinality column in a Native block: a version, then flags and index width, the dictionary,
// the indexes (ClickHouse: src/DataTypes/Serializations/SerializationLowCardinality.cpp).
const SHARED_DICTIONARIES_WITH_ADDITIONAL_KEYS = 1;
const HAS_ADDITIONAL_KEYS = 1 << 9;
const NEEDS_UPDATE = 1 << 10;

/**
 * A `LowCardinality(String)` column: `dictionary` in any order without repeats, and one index into it per row. The
 * indexes are written as narrow as the dictionary allows.
 */
export function lowCardinality(
  name: string,
  dictionary: readonly string[],
  indexes: Uint8Array | Uint16Array | Uint32Array,
): NativeColumn {
  const narrow = narrowed(indexes, dictionary.length);
  const width = { 1: 0, 2: 1, 4: 2 }[narrow.BYTES_PER_ELEMENT] ?? 2;
  return {
    name,
    type: 'LowCardinality(String)',
    rows: indexes.length,
    bytes: narrow.byteLength + dictionary.reduce((sum, key) => sum + key.length + 2, 32),
    write(sink) {
      sink.uint64(SHARED_DICTIONARIES_WITH_ADDITIONAL_KEYS);
      sink.uint64(HAS_ADDITIONAL_KEYS | NEEDS_UPDATE | width);
      sink.uint64(dictionary.length);
      for (const key of dictionary) sink.text(key);
      sink.uint64(narrow.length);
      sink.memory(narrow);
    },
  };
}

function narrowed(
  indexes: Uint8Array | Uint16Array | Uint32Array,
  keys: number,
): Uint8Array | Uint16Array | Uint32Array {
  // The constructor copies at the speed of memory; `from` would walk an iterator.
  if (keys <= 0x100) return indexes instanceof Uint8Array ? indexes : new Uint8Array(indexes);
  if (keys <= 0x1_0000) return indexes instanceof Uint32Array ? new Uint16Array(indexes) : indexes;
  return indexes;
}

/** The same text in every row. */
export function constant(name: string, value: string, rows: number): NativeColumn {
  return lowCardinality(name, [value], new Uint8Array(rows));
}

/** `Nullable` of another column: where `absent` is 1 the value below it does not count. */
export function nullable(column: NativeColumn, absent: Uint8Array): NativeColumn {
  return {
    ...column,
    type: `Nullable(${column.type})`,
    bytes: column.bytes + absent.length,
    write(sink) {
      sink.memory(absent);
      column.write(sink);
    },
  };
}

/** `Array(Float32)`: one array per row. */
export function float32Arrays(name: string, values: readonly Float32Array[]): NativeColumn {
  const lengths = values.reduce((sum, value) => sum + value.length, 0);
  return {
    name,
    type: 'Array(Float32)',
    rows: values.length,
    bytes: values.length * 8 + lengths * 4,
    write(sink) {
      let end = 0;
      for (const value of values) {
        end += value.length;
        sink.uint64(end);
      }
      for (const value of values) numbers(name, value).write(sink);
    },
  };
}
