/** The samples of a file, in any of the formats that `andon diagnose` reads. */

import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { EXIT, Problem } from '../base/problem.ts';
import { type CsvSamples, readCsv } from './read-csv.ts';
import { readWav } from './wav.ts';

export const SAMPLE_FORMATS = [
  'f32',
  'f32be',
  'f64',
  'f64be',
  'i16',
  'i16be',
  'i32',
  'i32be',
  'wav',
  'npy',
  'csv',
] as const;
export type SampleFormat = (typeof SAMPLE_FORMATS)[number];

export type SampleOptions = {
  readonly format?: SampleFormat;
  /** Unit per count, or per full scale of a WAV file. */
  readonly scale: number;
  /** Name or number from 1 of the column of a CSV file; needed where there are several. */
  readonly column?: string;
  /** From 1, of a WAV file. */
  readonly channel: number;
};

/** The samples of a file in their unit, and the rate and unit that the file itself says. */
export function readSamples(file: string, options: SampleOptions): CsvSamples {
  const format = options.format ?? formatOf(file);
  const bytes = bytesOf(file);
  const { scale } = options;
  switch (format) {
    case 'csv': {
      const read = readCsv(file, bytes.toString('utf8'), options.column);
      return { ...read, samples: scaled(read.samples, scale) };
    }
    case 'npy':
      return { samples: scaled(npyOf(file, bytes), scale) };
    case 'wav': {
      const wav = readWav(bytes, options.channel - 1);
      if (typeof wav !== 'string') return { samples: scaled(wav.samples, scale), rate: wav.rate };
      const remedy = 'Convert it, or use --format.';
      throw wrong(file, 'a WAV file with PCM or float samples', wav, remedy);
    }
    default:
      return { samples: scaled(bareNumbers(file, bytes, format), scale) };
  }
}

function wrong(where: string, expected: string, found: string, remedy: string): Problem {
  return new Problem({ where, expected, found, remedy, exit: EXIT.input });
}

function formatOf(file: string): SampleFormat {
  const extension = extname(file).slice(1).toLowerCase();
  const known = SAMPLE_FORMATS.find((format) => format === extension);
  if (known !== undefined) return known;
  if (extension === 'txt' || extension === 'tsv') return 'csv';
  const found = extension === '' ? 'a name without one' : `.${extension}`;
  throw wrong(
    file,
    `a name that ends in ${SAMPLE_FORMATS.map((format) => `.${format}`).join(', ')}`,
    found,
    'Say what it holds with --format.',
  );
}

function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new Problem(
      { where: file, expected: 'a file', found, remedy: 'Check the name.', exit: EXIT.input },
      { cause },
    );
  }
}

function scaled(samples: ArrayLike<number>, scale: number): Float32Array {
  return samples instanceof Float32Array && scale === 1
    ? samples
    : Float32Array.from(samples, (value) => value * scale);
}

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
type BareFormat = keyof typeof READERS;

function bareNumbers(file: string, bytes: Buffer, format: BareFormat): Float64Array {
  const { width, read } = READERS[format];
  if (bytes.length === 0 || bytes.length % width !== 0) {
    const remedy = 'Check --format, or whether the file was copied whole.';
    throw wrong(file, `a multiple of ${width} bytes`, `${bytes.length} bytes`, remedy);
  }
  const values = Float64Array.from({ length: bytes.length / width }, (_, at) =>
    read(bytes, at * width),
  );
  const likelier = likelierFormat(bytes, format, strangeness(values));
  if (likelier === undefined) return values;
  const remedy = `Say --format ${likelier}, or --format ${format} in a file whose name says so.`;
  throw wrong(file, `samples as ${format}`, `bytes that look like ${likelier}`, remedy);
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

/** NumPy's own format: magic, version, and a heading that describes one array. */
function npyOf(file: string, bytes: Buffer): Float64Array {
  const remedy = 'Save one row with numpy.save, as float32, float64, int16 or int32.';
  if (bytes.toString('latin1', 0, 6) !== '\x93NUMPY') {
    throw wrong(file, 'a file of numpy.save', 'another beginning', remedy);
  }
  const isLong = (bytes[6] ?? 1) > 1;
  const length = isLong ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8);
  const from = (isLong ? 12 : 10) + length;
  const heading = bytes.toString('latin1', isLong ? 12 : 10, from);
  const [, order = '', type = ''] = /'descr':\s*'([<>|=])([fi][248])'/.exec(heading) ?? [];
  const [, shape = ''] = /'shape':\s*\(([^)]*)\)/.exec(heading) ?? [];
  const format = { f4: 'f32', f8: 'f64', i2: 'i16', i4: 'i32' }[type];
  const sizes = shape.split(',').filter((size) => size.trim() !== '' && size.trim() !== '1');
  if (format === undefined || sizes.length !== 1) {
    throw wrong(file, 'one row of numbers', heading.trim(), remedy);
  }
  const name = order === '>' ? `${format}be` : format;
  return bareNumbers(file, bytes.subarray(from), name as BareFormat);
}
