/** WAV: RIFF and its big-endian twin RIFX, RF64 and BW64 beyond 4 GB; PCM of 8 to 32 bit, floats of 32 and 64 bit. */

import { wrongInput } from '../base/problem.ts';
import type { Channel, SampledFile } from './channel.ts';

const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;
/** RF64 writes it where 32 bits are too few: the true size stands in the chunk `ds64` (EBU Tech 3306). */
const ELSEWHERE = 0xffffffff;

/** All channels of a file; full scale is 1. Throws a `Problem` for what is no WAV, or compressed. */
export function readWav(file: string, bytes: Buffer): SampledFile {
  const { order, long } = beginningOf(file, bytes);
  const read = integersOf(bytes, order);
  let format: Format | undefined;
  let size64: number | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const name = bytes.toString('latin1', at, at + 4);
    const from = at + 8;
    const size = read.u32(at + 4);
    if (name === 'ds64' && long && from + 16 <= bytes.length) size64 = read.u64(from + 8);
    if (name === 'fmt ' && from + 16 <= bytes.length) format = formatAt(bytes, from, size, read);
    if (name === 'data') {
      if (format === undefined) throw wrong(file, 'samples without a format before them');
      // Recorders that stream write 0 or all ones when they could not go back.
      const isOpen = size === 0 || size === ELSEWHERE;
      const stated =
        size === ELSEWHERE && size64 !== undefined ? size64 : isOpen ? undefined : size;
      return decode(file, bytes.subarray(from), stated, format, order);
    }
    at = from + size + (size % 2);
  }
  throw wrong(file, 'no samples');
}

type ByteOrder = 'LE' | 'BE';

function wrong(file: string, found: string) {
  return wrongInput(
    file,
    'a WAV file with PCM or float samples',
    found,
    'Convert it, or say with --format what it holds.',
  );
}

function beginningOf(file: string, bytes: Buffer): { order: ByteOrder; long: boolean } {
  const magic = bytes.toString('latin1', 0, 4);
  if (bytes.length < 12 || !['RIFF', 'RIFX', 'RF64', 'BW64'].includes(magic)) {
    throw wrong(file, 'no RIFF header');
  }
  if (bytes.toString('latin1', 8, 12) !== 'WAVE') throw wrong(file, 'a RIFF file that is no WAVE');
  return { order: magic === 'RIFX' ? 'BE' : 'LE', long: magic === 'RF64' || magic === 'BW64' };
}

function integersOf(bytes: Buffer, order: ByteOrder) {
  const isBig = order === 'BE';
  return {
    u16: (at: number) => (isBig ? bytes.readUInt16BE(at) : bytes.readUInt16LE(at)),
    u32: (at: number) => (isBig ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at)),
    u64: (at: number) => Number(isBig ? bytes.readBigUInt64BE(at) : bytes.readBigUInt64LE(at)),
  };
}

type Format = {
  readonly code: number;
  readonly channels: number;
  readonly rate: number;
  readonly bits: number;
};

function formatAt(
  bytes: Buffer,
  at: number,
  size: number,
  read: ReturnType<typeof integersOf>,
): Format {
  const code = read.u16(at);
  const isExtended = code === EXTENSIBLE && size >= 26 && at + 26 <= bytes.length;
  return {
    code: isExtended ? read.u16(at + 24) : code,
    channels: read.u16(at + 2),
    rate: read.u32(at + 4),
    bits: read.u16(at + 14),
  };
}

function decode(
  file: string,
  rest: Buffer,
  stated: number | undefined,
  { code, channels, rate, bits }: Format,
  order: ByteOrder,
): SampledFile {
  const data = stated === undefined ? rest : rest.subarray(0, stated);
  const read = sampleReader(data, code, bits, order);
  if (read === undefined) throw wrong(file, `samples of ${bits} bit in format ${code}`);
  if (channels === 0) throw wrong(file, 'no channel');
  const width = bits / 8;
  const count = Math.floor(data.length / (width * channels));
  const all = Array.from({ length: channels }, (_, channel): Channel => {
    const samples = new Float32Array(count);
    for (let index = 0; index < count; index++) {
      samples[index] = read((index * channels + channel) * width);
    }
    return { name: '', number: channel + 1, samples, rate };
  });
  const isCut = stated !== undefined && stated > rest.length;
  const seconds = (bytesCount: number) => (bytesCount / (width * channels * rate)).toPrecision(3);
  const cut = `the file was cut: it says ${seconds(stated ?? 0)} s and holds ${seconds(data.length)} s`;
  return { channels: all, notes: isCut ? [cut] : [] };
}

function sampleReader(
  data: Buffer,
  code: number,
  bits: number,
  order: ByteOrder,
): ((at: number) => number) | undefined {
  if (code === FLOAT && (bits === 32 || bits === 64)) {
    return bits === 32
      ? (at) => data[`readFloat${order}`](at)
      : (at) => data[`readDouble${order}`](at);
  }
  if (code !== PCM) return undefined;
  if (bits === 8) return (at) => (data.readUInt8(at) - 128) / 128;
  if (bits === 16 || bits === 24 || bits === 32) {
    return (at) => data[`readInt${order}`](at, bits / 8) / 2 ** (bits - 1);
  }
  return undefined;
}
