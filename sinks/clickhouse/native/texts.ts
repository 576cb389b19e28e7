import type { Column } from './column.ts';

/** A `String` column. */
export function texts(name: string, values: readonly string[]): Column {
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
): Column {
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
export function constant(name: string, value: string, rows: number): Column {
  return lowCardinality(name, [value], new Uint8Array(rows));
}
