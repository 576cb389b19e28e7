/** Samples of one channel of a WAV file, full scale is 1, and its rate in Hz. */
export type Wav = { readonly samples: Float32Array; readonly rate: number };

const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;

/** Reads RIFF/WAVE with PCM of 8 to 32 bit or floats of 32 or 64 bit; a sentence says what was found instead. */
export function readWav(bytes: Buffer, channel: number): Wav | string {
  if (bytes.length < 12 || bytes.toString('latin1', 0, 4) !== 'RIFF') return 'no RIFF header';
  if (bytes.toString('latin1', 8, 12) !== 'WAVE') return 'a RIFF file that is no WAVE';
  let format: Format | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const name = bytes.toString('latin1', at, at + 4);
    const from = at + 8;
    const size = bytes.readUInt32LE(at + 4);
    if (name === 'fmt ' && from + 16 <= bytes.length) format = formatAt(bytes, from, size);
    if (name === 'data') {
      if (format === undefined) return 'samples without a format before them';
      // Recorders that stream write 0 or all ones when they could not go back.
      const isOpen = size === 0 || size === 0xffffffff;
      return decode(bytes.subarray(from, isOpen ? bytes.length : from + size), format);
    }
    at = from + size + (size % 2);
  }
  return 'no samples';

  function decode(data: Buffer, { code, channels, rate, bits }: Format): Wav | string {
    if (channel >= channels) return `${channels} channels, and no channel ${channel + 1}`;
    const read = reader(data, code, bits);
    if (read === undefined) return `samples of ${bits} bit in format ${code}`;
    const width = bits / 8;
    const count = Math.floor(data.length / (width * channels));
    const samples = new Float32Array(count);
    for (let index = 0; index < count; index++) {
      samples[index] = read((index * channels + channel) * width);
    }
    return { samples, rate };
  }
}

type Format = {
  readonly code: number;
  readonly channels: number;
  readonly rate: number;
  readonly bits: number;
};

function formatAt(bytes: Buffer, at: number, size: number): Format {
  const code = bytes.readUInt16LE(at);
  const isExtended = code === EXTENSIBLE && size >= 26 && at + 26 <= bytes.length;
  return {
    code: isExtended ? bytes.readUInt16LE(at + 24) : code,
    channels: bytes.readUInt16LE(at + 2),
    rate: bytes.readUInt32LE(at + 4),
    bits: bytes.readUInt16LE(at + 14),
  };
}

function reader(data: Buffer, code: number, bits: number): ((at: number) => number) | undefined {
  if (code === FLOAT && bits === 32) return (at) => data.readFloatLE(at);
  if (code === FLOAT && bits === 64) return (at) => data.readDoubleLE(at);
  if (code !== PCM) return undefined;
  if (bits === 8) return (at) => (data.readUInt8(at) - 128) / 128;
  if (bits === 16 || bits === 24 || bits === 32) {
    return (at) => data.readIntLE(at, bits / 8) / 2 ** (bits - 1);
  }
  return undefined;
}
