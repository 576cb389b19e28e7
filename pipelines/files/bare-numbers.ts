/** Files of bare numbers: nothing in them says what they are, so what does not look like it is refused. */

import { wrongInput } from '../base/problem.ts';

/** What is in a file of bare numbers. `be`: most significant byte first. */
const READERS = {
  f32: { width: 4, read: (bytes: Buffer, at: number) => bytes.readFloatLE(at) },
  f32be: { width: 4, read: (bytes: Buffer, at: number) => bytes.readFloatBE(at) },
  f64: { width: 8, read: (bytes: Buffer, at: number) => bytes.readDoubleLE(at) },
  f64be: { width: 8, read: (bytes: Buffer, at: number) => bytes.readDoubleBE(at) },
  i16: { width: 2, read: (bytes: Buffer, at: number) => bytes.readInt16LE(at) },
  i16be: { width: 2, read: (bytes: Buffer, at: number) => bytes.readInt16BE(at) },
  i32: { width: 4, read: (bytes: Buffer, at: number) => bytes.readInt32LE(at) },
  i32be: { width: 4, read: (bytes: Buffer, at: number) => bytes.readInt32BE(at) },
} as const;
export type BareFormat = keyof typeof READERS;
export const BARE_FORMATS = Object.keys(READERS) as readonly BareFormat[];

/** The numbers of a file in a format. Throws a `Problem` when they look like numbers of another one. */
export function readBareNumbers(file: string, bytes: Buffer, format: BareFormat): Float64Array {
  const { width, read } = READERS[format];
  if (bytes.length === 0 || bytes.length % width !== 0) {
    const remedy = 'Check --format, or whether the file was copied whole.';
    throw wrongInput(file, `a multiple of ${width} bytes`, `${bytes.length} bytes`, remedy);
  }
  const values = Float64Array.from({ length: bytes.length / width }, (_, at) =>
    read(bytes, at * width),
  );
  const likelier = likelierFormat(bytes, format, strangeness(values));
  if (likelier === undefined) return values;
  const remedy = `Say --format ${likelier}, or --format ${format} in a file whose name says so.`;
  throw wrongInput(file, `samples as ${format}`, `bytes that look like ${likelier}`, remedy);
}

/** Bytes that are read as something else have exponents all over, or jump from sample to sample. */
const STRANGE = 0.2;
/** Too few samples look like anything. */
const LEAST_BYTES = 512;

/** Another format in which the bytes look like a waveform, when in this one they do not. */
function likelierFormat(bytes: Buffer, format: BareFormat, own: number): BareFormat | undefined {
  if (own < STRANGE || bytes.length < LEAST_BYTES) return undefined;
  const others = Object.entries(READERS) as [BareFormat, (typeof READERS)[BareFormat]][];
  return others.find(([name, { width, read }]) => {
    const isOther = name !== format && name[0] === format[0] && bytes.length % width === 0;
    if (!isOther) return false;
    const values = Float64Array.from({ length: bytes.length / width }, (_, at) =>
      read(bytes, at * width),
    );
    return strangeness(values) < own / 4;
  })?.[0];
}

/**
 * 0 for a waveform, near 1 for bytes in a wrong format. Of floats: the share that is no number, or more than a million
 * times the median away from it or below a millionth. Of integers: how rough they are, by the mean square of the steps
 * over that of white noise, which is twice the variance.
 */
function strangeness(values: Float64Array): number {
  const sizes = values.map(Math.abs).sort();
  const median = sizes[sizes.length >> 1] ?? 0;
  const odd = values.filter((value) => {
    const size = Math.abs(value);
    return !Number.isFinite(value) || size > 1e6 * median || (size > 0 && size < 1e-30);
  }).length;
  if (odd > 0 || !values.every(Number.isInteger)) return odd / values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  let steps = 0;
  for (let at = 1; at < values.length; at++) {
    steps += ((values[at] ?? 0) - (values[at - 1] ?? 0)) ** 2;
  }
  return variance === 0 ? 0 : Math.min(1, steps / (2 * variance));
}
