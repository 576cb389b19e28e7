import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseLength, parsePositive } from '../../../pipelines/diagnose/diagnose-options.ts';
import { readSamples } from '../../../pipelines/files/files.ts';

const folder = mkdtempSync(join(tmpdir(), 'andon-diagnose-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

const options = { scale: 1 };

/** The samples of the only channel. */
function samplesOf(file: string, wanted?: string): number[] {
  const { channels } = readSamples(file, wanted === undefined ? options : { ...options, wanted });
  expect(channels).toHaveLength(1);
  return [...channels[0]!.samples];
}

/** A WAV file of interleaved samples. */
function wav(code: number, bits: number, channels: number, data: Buffer, magic = 'RIFF'): Buffer {
  const head = Buffer.alloc(44);
  head.write(magic, 0);
  head.writeUInt32LE(36 + data.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(code, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(12_000, 24);
  head.writeUInt16LE(bits, 34);
  head.write('data', 36);
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}

describe('lengths', () => {
  test.for([
    ['7.94', 7.94],
    ['7.94mm', 7.94],
    // By hand: 0.3126 · 25.4 = 7.94004.
    ['0.3126in', 7.94004],
    ['0.3126 in', 7.94004],
    ['2cm', 20],
    ['0.01m', 10],
  ] as const)('%s is %f mm', ([text, expected]) => {
    expect(parseLength('--ball-diameter', text)).toBeCloseTo(expected, 5);
  });

  test.for(['', 'mm', '1.2.3', '-3', '0', '5 parsec', '5 toString', 'NaN'])(
    '%j is none',
    (text) => {
      expect(() => parseLength('--ball-diameter', text)).toThrow(
        /--ball-diameter: expected a length/,
      );
    },
  );

  test('a number is above zero, unless zero is allowed', () => {
    expect(parsePositive('--contact-angle', '0', 0)).toBe(0);
    expect(parsePositive('--rate', '12000')).toBe(12_000);
    expect(() => parsePositive('--rate', '12k')).toThrow(/--rate: expected a number above 0/);
  });
});

describe('files of samples', () => {
  test('of floats, and of counts with a scale', () => {
    const floats = write('a.f32', new Uint8Array(Float32Array.from([1.5, -2]).buffer));
    expect(samplesOf(floats)).toEqual([1.5, -2]);
    const doubles = write('a.f64', new Uint8Array(Float64Array.from([1.5, -2]).buffer));
    expect(samplesOf(doubles)).toEqual([1.5, -2]);
    const counts = write('a.i16', new Uint8Array(Int16Array.from([100, -200]).buffer));
    const { channels } = readSamples(counts, { scale: 0.5 });
    expect([...channels[0]!.samples]).toEqual([50, -100]);
  });

  test.for([
    ['t,g\n0,1.5\n1,-2\n', undefined],
    ['t;g;other\n0;1.5;9\n1;-2;9\n', 'g'],
    ['# recorded in June\n1.5\t0\n-2\t1\n', '1'],
    ['1.5\n-2\n', undefined],
  ] as const)('of text %j', ([text, column]) => {
    expect(samplesOf(write('a.csv', text), column)).toEqual([1.5, -2]);
  });

  test.for([
    ['half a number', 'b.f32', new Uint8Array(7), /expected a multiple of 4 bytes, found 7 bytes/],
    ['a word', 'b.csv', '1\nx\n', /b.csv, line 2, column 1: expected a number, found "x"/],
    [
      'a word between',
      'c.csv',
      '1\nx\n2\n3\n',
      /c.csv, line 2, column 1: expected a number, found "x"/,
    ],
    ['an unknown ending', 'b.xyz', '', /expected a name that ends in .f32/],
    ['an ending that every object has', 'b.constructor', '', /expected a name that ends in .f32/],
  ] as const)('with %s are refused, and it is said where', ([, name, content, message]) => {
    expect(() => readSamples(write(name, content), options)).toThrow(message);
  });

  test('that do not exist are refused', () => {
    expect(() => readSamples(join(folder, 'none.f32'), options)).toThrow(/expected a file/);
  });
});

describe('WAV', () => {
  const two = Int16Array.from([16_384, 1, -32_768, 2]);
  test.for([
    ['16 bit', wav(1, 16, 1, Buffer.from(Int16Array.from([16_384, -32_768]).buffer))],
    ['32 bit', wav(1, 32, 1, Buffer.from(Int32Array.from([2 ** 30, -(2 ** 31)]).buffer))],
    ['24 bit', wav(1, 24, 1, Buffer.from([0, 0, 0x40, 0, 0, 0x80]))],
    ['8 bit', wav(1, 8, 1, Buffer.from([192, 0]))],
    ['floats', wav(3, 32, 1, Buffer.from(Float32Array.from([0.5, -1]).buffer))],
    ['doubles', wav(3, 64, 1, Buffer.from(Float64Array.from([0.5, -1]).buffer))],
    ['two channels', wav(1, 16, 2, Buffer.from(two.buffer))],
    ['extensible', extensible(Buffer.from(Int16Array.from([16_384, -32_768]).buffer))],
    ['RF64', rf64(Buffer.from(Int16Array.from([16_384, -32_768]).buffer))],
    ['RIFX', rifx([16_384, -32_768])],
  ] as const)('%s: full scale is 1, and the rate is its own', ([, bytes]) => {
    const { channels } = readSamples(write('a.wav', bytes), options);
    expect([...channels[0]!.samples]).toEqual([0.5, -1]);
    expect(channels[0]!.rate).toBe(12_000);
  });

  test('of two channels the first counts, which is said, unless others are wanted', () => {
    const file = write('two.wav', wav(1, 16, 2, Buffer.from(two.buffer)));
    expect(readSamples(file, options).notes.join()).toContain('2 channels, and this is the first');
    const all = readSamples(file, { ...options, wanted: 'all' });
    expect(all.channels.map(({ number }) => number)).toEqual([1, 2]);
    const second = readSamples(file, { ...options, wanted: '2' }).channels;
    expect([...second[0]!.samples]).toEqual([1 / 32_768, 2 / 32_768]);
  });

  test('that is cut, closed wrongly or something else says what was found', () => {
    const whole = wav(1, 16, 1, Buffer.from(Int16Array.from([16_384, -32_768]).buffer));
    const open = Buffer.from(whole);
    open.writeUInt32LE(0xffffffff, 40);
    expect(samplesOf(write('open.wav', open))).toEqual([0.5, -1]);
    const cut = readSamples(write('cut.wav', whole.subarray(0, 46)), options);
    expect(cut.notes.join()).toContain('the file was cut');
    const refused = (bytes: Buffer) => () => readSamples(write('c.wav', bytes), options);
    expect(refused(whole.subarray(0, 30))).toThrow(/found no samples/);
    expect(refused(Buffer.from('hello'))).toThrow(/found no RIFF header/);
    expect(refused(wav(6, 8, 1, Buffer.alloc(2)))).toThrow(/found samples of 8 bit in format 6/);
  });
});

/** The format with a GUID, as recorders of 24 bit or many channels write it. */
function extensible(data: Buffer): Buffer {
  const plain = wav(1, 16, 1, data);
  const head = Buffer.concat([plain.subarray(0, 36), Buffer.alloc(24), plain.subarray(36)]);
  head.writeUInt32LE(40, 16);
  head.writeUInt16LE(0xfffe, 20);
  head.writeUInt16LE(22, 36);
  head.writeUInt16LE(16, 38);
  head.writeUInt16LE(1, 44);
  return head;
}

/** Sizes of 32 bit say that they stand in the chunk ds64 (EBU Tech 3306). */
function rf64(data: Buffer): Buffer {
  const plain = wav(1, 16, 1, data, 'RF64');
  const sizes = Buffer.alloc(36);
  sizes.write('ds64', 0);
  sizes.writeUInt32LE(28, 4);
  sizes.writeBigUInt64LE(BigInt(data.length), 16);
  plain.writeUInt32LE(0xffffffff, 4);
  plain.writeUInt32LE(0xffffffff, 40);
  return Buffer.concat([plain.subarray(0, 12), sizes, plain.subarray(12), Buffer.alloc(3)]);
}

function rifx(values: readonly number[]): Buffer {
  const head = Buffer.alloc(44 + 2 * values.length);
  head.write('RIFX', 0);
  head.write('WAVEfmt ', 8);
  head.writeUInt32BE(16, 16);
  head.writeUInt16BE(1, 20);
  head.writeUInt16BE(1, 22);
  head.writeUInt32BE(12_000, 24);
  head.writeUInt16BE(16, 34);
  head.write('data', 36);
  head.writeUInt32BE(2 * values.length, 40);
  for (const [at, value] of values.entries()) head.writeInt16BE(value, 44 + 2 * at);
  return head;
}
