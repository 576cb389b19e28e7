import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { EXIT, Problem } from '../base/problem.ts';
import { readWav } from './wav.ts';

export const SAMPLE_FORMATS = ['f32', 'i16', 'wav', 'csv'] as const;
export type SampleFormat = (typeof SAMPLE_FORMATS)[number];

export type SampleOptions = {
  readonly format?: SampleFormat;
  /** Unit per count, or per full scale of a WAV file. */
  readonly scale: number;
  /** Name or number from 1 of the column of a CSV file; the last one without it. */
  readonly column?: string;
  /** From 1, of a WAV file. */
  readonly channel: number;
};

/** The samples of a file in their unit; a WAV file also says its rate. */
export function readSamples(
  file: string,
  options: SampleOptions,
): { readonly samples: Float32Array; readonly rate?: number } {
  const format = options.format ?? formatOf(file);
  const bytes = bytesOf(file);
  switch (format) {
    case 'f32':
      return { samples: scaled(f32Of(file, bytes), options.scale) };
    case 'i16':
      return { samples: scaled(i16Of(file, bytes), options.scale) };
    case 'csv':
      return {
        samples: scaled(csvOf(file, bytes.toString('utf8'), options.column), options.scale),
      };
    case 'wav': {
      const wav = readWav(bytes, options.channel - 1);
      if (typeof wav !== 'string') {
        return { samples: scaled(wav.samples, options.scale), rate: wav.rate };
      }
      throw wrong(
        file,
        'a WAV file with PCM or float samples',
        wav,
        'Convert it, or use --format.',
      );
    }
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

function f32Of(file: string, bytes: Buffer): Float32Array {
  whole(file, bytes, 4);
  return Float32Array.from({ length: bytes.length / 4 }, (_, index) =>
    bytes.readFloatLE(4 * index),
  );
}

function i16Of(file: string, bytes: Buffer): Int16Array {
  whole(file, bytes, 2);
  return Int16Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readInt16LE(2 * index));
}

function whole(file: string, bytes: Buffer, width: number): void {
  if (bytes.length % width === 0) return;
  const remedy = 'Check --format, or whether the file was copied whole.';
  throw wrong(file, `a multiple of ${width} bytes`, `${bytes.length} bytes`, remedy);
}

function csvOf(file: string, text: string, column: string | undefined): Float32Array {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const [first = ''] = lines;
  const separator = [';', '\t', ','].find((each) => first.includes(each)) ?? /\s+/;
  const rows = lines.map((line) => line.trim().split(separator));
  const head = rows[0] ?? [];
  const isNamed = head.some((cell) => cell.trim() !== '' && Number.isNaN(Number(cell)));
  const index = columnOf(
    file,
    isNamed ? head.map((cell) => cell.trim()) : head.map(() => ''),
    column,
  );
  return Float32Array.from(isNamed ? rows.slice(1) : rows, (row, line) => {
    const cell = row[index]?.trim() ?? '';
    const value = Number(cell);
    if (cell !== '' && !Number.isNaN(value)) return value;
    const where = `${file}, line ${line + (isNamed ? 2 : 1)}, column ${index + 1}`;
    throw wrong(where, 'a number', JSON.stringify(cell), 'Name the column with --column.');
  });
}

function columnOf(file: string, names: readonly string[], column: string | undefined): number {
  if (column === undefined) return names.length - 1;
  const named = names.indexOf(column);
  const index = named >= 0 ? named : Number(column) - 1;
  if (Number.isInteger(index) && index >= 0 && index < names.length) return index;
  const list = names.some((name) => name !== '') ? `: ${names.join(', ')}` : '';
  throw wrong(
    `${file}, --column`,
    `a name, or a number from 1 to ${names.length}`,
    JSON.stringify(column),
    `The file has ${names.length} columns${list}.`,
  );
}
