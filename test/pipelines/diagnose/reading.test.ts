import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseLength, parsePositive } from '../../../pipelines/diagnose/diagnose-options.ts';
import { readSamples } from '../../../pipelines/diagnose/read-samples.ts';
import { readWav } from '../../../pipelines/diagnose/wav.ts';

const folder = mkdtempSync(join(tmpdir(), 'andon-diagnose-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

/** A WAV file of interleaved samples. */
function wav(code: number, bits: number, channels: number, data: Buffer): Buffer {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
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
  const options = { scale: 1, channel: 1 };

  test('of floats, and of counts with a scale', () => {
    const floats = write('a.f32', new Uint8Array(Float32Array.from([1.5, -2]).buffer));
    expect([...readSamples(floats, options).samples]).toEqual([1.5, -2]);
    const counts = write('a.i16', new Uint8Array(Int16Array.from([100, -200]).buffer));
    expect([...readSamples(counts, { ...options, scale: 0.5 }).samples]).toEqual([50, -100]);
  });

  test.for([
    ['t,g\n0,1.5\n1,-2\n', undefined],
    ['t;g;other\n0;1.5;9\n1;-2;9\n', 'g'],
    ['# recorded in June\n1.5\t0\n-2\t1\n', '1'],
    ['1.5\n-2\n', undefined],
  ] as const)('of text %j', ([text, column]) => {
    const file = write('a.csv', text);
    const samples = readSamples(file, column === undefined ? options : { ...options, column });
    expect([...samples.samples]).toEqual([1.5, -2]);
  });

  test.for([
    ['16 bit', wav(1, 16, 1, Buffer.from(Int16Array.from([16_384, -32_768]).buffer))],
    ['32 bit', wav(1, 32, 1, Buffer.from(Int32Array.from([2 ** 30, -(2 ** 31)]).buffer))],
    ['24 bit', wav(1, 24, 1, Buffer.from([0, 0, 0x40, 0, 0, 0x80]))],
    ['8 bit', wav(1, 8, 1, Buffer.from([192, 0]))],
    ['floats', wav(3, 32, 1, Buffer.from(Float32Array.from([0.5, -1]).buffer))],
    ['two channels', wav(1, 16, 2, Buffer.from(Int16Array.from([16_384, 1, -32_768, 2]).buffer))],
  ] as const)('of sound, %s: full scale is 1, and the rate is its own', ([, bytes]) => {
    const { samples, rate } = readSamples(write('a.wav', bytes), options);
    expect([...samples]).toEqual([0.5, -1]);
    expect(rate).toBe(12_000);
  });

  test('of sound that is cut, closed wrongly or something else say what was found', () => {
    const whole = wav(1, 16, 1, Buffer.from(Int16Array.from([16_384, -32_768]).buffer));
    const open = Buffer.from(whole);
    open.writeUInt32LE(0xffffffff, 40);
    expect(readWav(open, 0)).toMatchObject({ rate: 12_000 });
    expect(readWav(whole, 1)).toBe('1 channels, and no channel 2');
    expect(readWav(whole.subarray(0, 30), 0)).toBe('no samples');
    expect(readWav(Buffer.from('hello'), 0)).toBe('no RIFF header');
    expect(readWav(wav(6, 8, 1, Buffer.alloc(2)), 0)).toBe('samples of 8 bit in format 6');
  });

  test.for([
    ['half a number', 'b.f32', new Uint8Array(7), /expected a multiple of 4 bytes, found 7 bytes/],
    ['a word', 'b.csv', '1\nx\n', /b.csv, line 2, column 1: expected a number, found "x"/],
    ['an unknown ending', 'b.xyz', '', /expected a name that ends in .f32/],
  ] as const)('with %s are refused, and it is said where', ([, name, content, message]) => {
    expect(() => readSamples(write(name, content), options)).toThrow(message);
  });

  test('that do not exist are refused', () => {
    expect(() => readSamples(join(folder, 'none.f32'), options)).toThrow(/expected a file/);
  });
});
