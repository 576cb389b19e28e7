import type { TypedArray } from '../../../operators/model/plain.ts';
import type { Column } from './column.ts';

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
export function numbers(name: string, values: Numbers): Column {
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
): Column {
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
