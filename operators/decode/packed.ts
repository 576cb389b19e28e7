import { malformed } from '../model/decoded.ts';

/** Little-endian numbers packed into bytes: `f32`, `f64` or `i16`. */
export function numbersOf(
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
