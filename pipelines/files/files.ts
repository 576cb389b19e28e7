/** Front door of the room: the channels of a file of samples, in any of the formats that are read. */

import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { lookup } from '../../operators/model/plain.ts';
import { vibrationUnit } from '../../operators/spectrum/time-waveform.ts';
import { EXIT, foundInPlace, Problem, wrongInput } from '../base/problem.ts';
import { BARE_FORMATS, type BareFormat, readBareNumbers } from './bare-numbers.ts';
import { type Channel, channelOf, type SampledFile } from './channel.ts';
import { readCsvSamples } from './csv-samples.ts';
import { readMat } from './mat.ts';
import { readNpy } from './npy.ts';
import { decodeText } from './table.ts';
import { readTdms } from './tdms.ts';
import { readUff } from './uff.ts';
import { readWav } from './wav.ts';

const DESCRIBED = ['wav', 'npy', 'mat', 'uff', 'tdms', 'csv'] as const;
export const SAMPLE_FORMATS: readonly SampleFormat[] = [...BARE_FORMATS, ...DESCRIBED];
export type SampleFormat = BareFormat | (typeof DESCRIBED)[number];

/** Other endings of names. */
const ENDINGS: Readonly<Record<string, SampleFormat>> = {
  ...{ txt: 'csv', tsv: 'csv', asc: 'csv', rf64: 'wav', bwf: 'wav', wave: 'wav', dbl: 'f64' },
  ...{ unv: 'uff', uf58: 'uff', u58: 'uff', bunv: 'uff', uf: 'uff' },
};

export type SampleOptions = {
  readonly format?: SampleFormat;
  /** Unit per count, or per full scale of a WAV file. */
  readonly scale: number;
  /** Names or numbers from 1 of channels, with commas between them, or `all`. */
  readonly wanted?: string;
};

/** The channels that are wanted, in their unit. Throws a `Problem` that says what to write. */
export function readSamples(file: string, options: SampleOptions): SampledFile {
  const bytes = bytesOf(file);
  const format = options.format ?? formatOf(file, bytes);
  const { channels, notes } = readAll(file, bytes, format);
  const chosen = chosenOf(file, format, channels, options.wanted);
  return {
    channels: chosen.channels.map((channel) => ({
      ...channel,
      samples: scaled(channel.samples, options.scale),
    })),
    notes: [...notes, ...chosen.notes],
  };
}

function readAll(file: string, bytes: Buffer, format: SampleFormat): SampledFile {
  switch (format) {
    case 'csv':
      return readCsvSamples(file, decodeText(bytes));
    case 'npy':
      return { channels: readNpy(file, bytes), notes: [] };
    case 'wav':
      return readWav(file, bytes);
    case 'mat':
      return readMat(file, bytes);
    case 'uff':
      return readUff(file, bytes);
    case 'tdms':
      return readTdms(file, bytes);
    default: {
      const samples = Float32Array.from(readBareNumbers(file, bytes, format));
      return { channels: [channelOf('', samples, undefined, undefined)], notes: [] };
    }
  }
}

/** By what the file begins with, else by its name. */
function formatOf(file: string, bytes: Buffer): SampleFormat {
  const magic = bytes.toString('latin1', 0, 6);
  if (/^(RIFF|RIFX|RF64|BW64)/.test(magic)) return 'wav';
  if (magic === '\x93NUMPY') return 'npy';
  if (magic.startsWith('TDSm')) return 'tdms';
  const extension = extname(file).slice(1).toLowerCase();
  const known = SAMPLE_FORMATS.find((format) => format === extension) ?? lookup(ENDINGS, extension);
  if (known !== undefined) return known;
  const found = extension === '' ? 'a name without one' : `.${extension}`;
  const endings = SAMPLE_FORMATS.map((format) => `.${format}`).join(', ');
  const remedy = 'Say what it holds with --format.';
  throw wrongInput(file, `a name that ends in ${endings}`, found, remedy);
}

function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const found = foundInPlace(cause);
    const parts = { where: file, expected: 'a file', found, remedy: 'Check the name.' };
    throw new Problem({ ...parts, exit: EXIT.input }, { cause });
  }
}

function scaled(samples: Float32Array, scale: number): Float32Array {
  return scale === 1 ? samples : Float32Array.from(samples, (value) => value * scale);
}

/**
 * Of several channels those that are named; without a name all that say that they are a vibration. Of a WAV file the first,
 * because recorders of one sensor write it twice, with two gains.
 */
function chosenOf(
  file: string,
  format: SampleFormat,
  channels: readonly Channel[],
  wanted: string | undefined,
): SampledFile {
  const [first] = channels;
  if (wanted === 'all') return { channels, notes: [] };
  if (wanted !== undefined) return { channels: namedChannels(file, channels, wanted), notes: [] };
  if (first === undefined || channels.length === 1) return { channels, notes: [] };
  const vibrations = channels.filter(({ unit }) => vibrationUnit(unit ?? '') !== undefined);
  if (vibrations.length > 0) {
    const left = channels.filter((channel) => !vibrations.includes(channel)).map(labelOf);
    const note = `no vibration by their units: ${left.join(', ')}`;
    return { channels: vibrations, notes: left.length === 0 ? [] : [note] };
  }
  if (format === 'wav') {
    const note = `the file has ${channels.length} channels, and this is the first; --channel all makes one diagnosis of them`;
    return { channels: [first], notes: [note] };
  }
  const option = format === 'csv' ? '--column' : '--channel';
  const remedy = `The file has ${listOf(channels, format)}; "${option} all" makes one diagnosis of them.`;
  throw wrongInput(`${file}, ${option}`, 'the name or number of one', 'none', remedy);
}

function listOf(channels: readonly Channel[], format: SampleFormat): string {
  const what = format === 'csv' ? 'columns' : 'channels';
  return `${channels.length} ${what}: ${channels.map(labelOf).join(', ')}`;
}

function labelOf({ name, number }: Channel): string {
  return name || `${number ?? 1}`;
}

/** A whole text may be one name, with commas in it. */
function namedChannels(
  file: string,
  channels: readonly Channel[],
  wanted: string,
): readonly Channel[] {
  const plain = (text: string) =>
    text
      .slice(0, 256)
      .replace(/\s*[([][^)\]]*[)\]]\s*$/, '')
      .trim()
      .toLowerCase();
  const find = (text: string): readonly Channel[] => {
    const named = channels.filter(({ name }) => name !== '' && plain(name) === plain(text));
    return named.length > 0
      ? named
      : channels.filter(({ number }) => String(number ?? 1) === text.trim());
  };
  const whole = find(wanted);
  const found = whole.length > 0 ? [whole] : wanted.split(',').map(find);
  const remedy = `The file has: ${channels.map(labelOf).join(', ')}.`;
  const where = `${file}, --channel or --column`;
  if (found.some((each) => each.length > 1)) {
    throw wrongInput(where, 'a name that one channel has', `${wanted} twice`, remedy);
  }
  if (found.some((each) => each.length === 0)) {
    const numbers = channels.map(({ number }) => number ?? 1);
    const expected = `names, or numbers from ${Math.min(...numbers)} to ${Math.max(...numbers)}`;
    throw wrongInput(where, expected, JSON.stringify(wanted), remedy);
  }
  return found.flat();
}
