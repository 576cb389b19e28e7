import { clickHouseError } from './engine.ts';

// Clients that speak ClickHouse's own protocol inside of HTTP say its revision (`client_protocol_version`) and expect
// Native blocks as that revision has them. The engine writes those of revision 0.
// Source: src/Formats/NativeWriter.cpp, src/Core/ProtocolDefines.h.

const WITH_BLOCK_INFO = 51_903;
const WITH_CUSTOM_SERIALIZATION = 54_454;

/** Field 1: no overflow; field 2: no bucket (-1); end of the fields. */
const BLOCK_INFO = Buffer.from([1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0]);
const PLAIN_SERIALIZATION = Buffer.from([0]);

/** Native blocks of revision 0 as a later revision writes them. Throws an `EngineError` for types it cannot walk over. */
export function inRevision(blocks: Buffer, revision: number): Buffer {
  if (revision < WITH_BLOCK_INFO) return blocks;
  const pieces: Buffer[] = [];
  for (let at = 0; at < blocks.length; ) {
    const start = at;
    const [columns, after] = readVarint(blocks, at);
    const [rows, first] = readVarint(blocks, after);
    pieces.push(BLOCK_INFO, blocks.subarray(start, first));
    at = first;
    for (let column = 0; column < columns; column += 1) {
      const [nameLength, name] = readVarint(blocks, at);
      const [typeLength, type] = readVarint(blocks, name + nameLength);
      const values = type + typeLength;
      const end = columnEnd(blocks, blocks.toString('utf8', type, values), rows, values);
      pieces.push(blocks.subarray(at, values));
      if (revision >= WITH_CUSTOM_SERIALIZATION) pieces.push(PLAIN_SERIALIZATION);
      pieces.push(blocks.subarray(values, end));
      at = end;
    }
  }
  return Buffer.concat(pieces);
}

/** The same for pieces of any length: each comes out with the whole blocks that are there by then. */
export async function* blocksInRevision(
  pieces: AsyncIterable<Buffer>,
  revision: number,
): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let length = 0;
  // A block that is not whole is looked at again when twice as much is there: the work stays in proportion.
  let enough = 0;
  for await (const piece of pieces) {
    parts.push(piece);
    length += piece.length;
    if (length < enough) continue;
    const blocks = Buffer.concat(parts, length);
    const end = wholeBlocksEnd(blocks);
    if (end > 0) yield inRevision(blocks.subarray(0, end), revision);
    parts = [blocks.subarray(end)];
    length -= end;
    enough = 2 * length;
  }
  if (length > 0) yield inRevision(Buffer.concat(parts, length), revision);
}

/** Where the last block ends that is there whole. */
function wholeBlocksEnd(blocks: Buffer): number {
  let whole = 0;
  try {
    while (whole < blocks.length) {
      const end = blockEnd(blocks, whole);
      if (end > blocks.length) break;
      whole = end;
    }
  } catch (error) {
    // Read beyond the end.
    if (!(error instanceof RangeError)) throw error;
  }
  return whole;
}

function blockEnd(blocks: Buffer, start: number): number {
  const [columns, after] = readVarint(blocks, start);
  const [rows, first] = readVarint(blocks, after);
  let at = first;
  for (let column = 0; column < columns; column += 1) {
    const [nameLength, name] = readVarint(blocks, at);
    const [typeLength, type] = readVarint(blocks, name + nameLength);
    const values = type + typeLength;
    // Half a type could be the name of another one.
    if (values > blocks.length) return values;
    at = columnEnd(blocks, blocks.toString('utf8', type, values), rows, values);
  }
  return at;
}

/** Bytes of one value of the types that have a fixed width. */
const WIDTHS: ReadonlyMap<string, number> = new Map([
  ...named(1, 'Bool Enum8 Int8 Nothing UInt8'),
  ...named(2, 'BFloat16 Date Enum16 Int16 UInt16'),
  ...named(4, 'Date32 DateTime Decimal32 Float32 IPv4 Int32 Time UInt32'),
  ...named(8, 'DateTime64 Decimal64 Float64 Int64 Time64 UInt64'),
  ...named(16, 'Decimal128 IPv6 Int128 UInt128 UUID'),
  ...named(32, 'Decimal256 Int256 UInt256'),
]);
const SAME_AS: Readonly<Record<string, string>> = {
  Point: 'Tuple(Float64, Float64)',
  Ring: 'Array(Point)',
  LineString: 'Array(Point)',
  Polygon: 'Array(Ring)',
  MultiLineString: 'Array(LineString)',
  MultiPolygon: 'Array(Polygon)',
};
const INDEX_WIDTHS = [1, 2, 4, 8] as const;

function named(width: number, names: string): readonly (readonly [string, number])[] {
  return names.split(' ').map((name) => [name, width] as const);
}

/** A type taken apart: `Map(String, UInt8)` is `Map` and its two arguments. */
type Parts = { readonly name: string; readonly given: readonly string[] };

/**
 * The end of a column in a Native block: of `rows` values of a type, from `at` on. Knows every type that a table of
 * numbers, texts and times has. Throws an `EngineError` for the others (JSON, Variant, Dynamic, aggregate states).
 */
function columnEnd(block: Buffer, type: string, rows: number, at: number): number {
  return rows === 0 ? at : valuesEnd(block, type, rows, at + 8 * dictionaries(type));
}

/** Each dictionary says its version ahead of all values of the column. */
function dictionaries(type: string): number {
  const { name, given } = partsOf(type);
  if (name === 'LowCardinality') return 1;
  if (name in SAME_AS || WIDTHS.has(name) || name.startsWith('Interval')) return 0;
  return typesIn(name, given).reduce((sum, inner) => sum + dictionaries(inner), 0);
}

function typesIn(name: string, given: readonly string[]): readonly string[] {
  if (name === 'SimpleAggregateFunction') return given.slice(1);
  if (name === 'Tuple' || name === 'Nested') return given.map(withoutName);
  return ['Array', 'Map', 'Nullable'].includes(name) ? given : [];
}

function valuesEnd(block: Buffer, type: string, rows: number, at: number): number {
  const { name, given } = partsOf(type);
  const same = SAME_AS[name];
  if (same !== undefined) return valuesEnd(block, same, rows, at);
  const width = WIDTHS.get(name) ?? (name.startsWith('Interval') ? 8 : undefined);
  if (width !== undefined) return at + rows * width;
  const [inner = ''] = typesIn(name, given);
  switch (name) {
    case 'String':
      return textsEnd(block, rows, at);
    case 'FixedString':
      return at + rows * Number(given[0]);
    case 'Decimal':
      return at + rows * decimalWidth(Number(given[0]));
    case 'Nullable':
      return valuesEnd(block, inner, rows, at + rows);
    case 'SimpleAggregateFunction':
      return valuesEnd(block, inner, rows, at);
    case 'Tuple':
      return tupleEnd(block, typesIn(name, given), rows, at);
    case 'Array':
    case 'Map':
    case 'Nested': {
      const values = at + rows * 8;
      const count = Number(block.readBigUInt64LE(values - 8));
      return tupleEnd(block, typesIn(name, given), count, values);
    }
    case 'LowCardinality':
      return dictionaryEnd(block, given[0] ?? '', at);
    default:
      throw clickHouseError(
        48,
        'NOT_IMPLEMENTED',
        `The embedded warehouse cannot send ${type} to this client; convert it to a String`,
      );
  }
}

function tupleEnd(block: Buffer, types: readonly string[], rows: number, at: number): number {
  return types.reduce((end, type) => (rows === 0 ? end : valuesEnd(block, type, rows, end)), at);
}

function textsEnd(block: Buffer, rows: number, at: number): number {
  let end = at;
  for (let row = 0; row < rows; row += 1) {
    const [length, start] = readVarint(block, end);
    end = start + length;
  }
  return end;
}

/** Index type and flags, the values, and an index per row. */
function dictionaryEnd(block: Buffer, type: string, at: number): number {
  const width = INDEX_WIDTHS[block.readUInt8(at)] ?? 8;
  const size = Number(block.readBigUInt64LE(at + 8));
  const { name, given } = partsOf(type);
  const values = valuesEnd(block, name === 'Nullable' ? (given[0] ?? '') : type, size, at + 16);
  const rows = Number(block.readBigUInt64LE(values));
  return values + 8 + rows * width;
}

function decimalWidth(precision: number): number {
  if (precision <= 9) return 4;
  if (precision <= 18) return 8;
  return precision <= 38 ? 16 : 32;
}

/** A number as LEB128, and where it ends. */
function readVarint(block: Buffer, at: number): readonly [length: number, end: number] {
  let value = 0;
  let factor = 1;
  for (let end = at; ; ) {
    const byte = block.readUInt8(end++);
    value += (byte & 127) * factor;
    if (byte < 128) return [value, end];
    factor *= 128;
  }
}

function partsOf(type: string): Parts {
  const open = type.indexOf('(');
  if (open < 0) return { name: type, given: [] };
  return { name: type.slice(0, open), given: separated(type.slice(open + 1, -1)) };
}

/** The arguments between commas that stand in no parentheses and no quotes. */
function separated(list: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (const { 0: sign, index } of list.matchAll(/[(),]|(['`])(?:\\[\s\S]|(?!\1)[^\\])*\1?/g)) {
    if (sign === '(') depth += 1;
    if (sign === ')') depth -= 1;
    if (sign !== ',' || depth > 0) continue;
    parts.push(list.slice(from, index).trim());
    from = index + 1;
  }
  return [...parts, list.slice(from).trim()];
}

/** Elements of a tuple may have names: `` `a b` String ``. */
function withoutName(element: string): string {
  return element.replace(/^(?:`(?:\\[\s\S]|[^\\`])*`|[A-Za-z_]\w*)\s+(?=[A-Z])/, '');
}
