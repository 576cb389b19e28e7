import { describe, expect, test } from 'vitest';
import { readSamples } from '../../../pipelines/files/files.ts';
import { temporaryFile } from '../../support/temporary.ts';

/** Samples in tables as loggers, spreadsheets and people write them. */

function read(text: string | Uint8Array, wanted?: string) {
  const options = wanted === undefined ? { scale: 1 } : { scale: 1, wanted };
  return readSamples(temporaryFile('a.csv', text), options);
}

/** 400 rows of `time;sample`, after some lines; `at`: the time of a row. */
function rows(
  head: string,
  at: (row: number) => string,
  signal = (row: number) => Math.sin(row / 9),
) {
  const lines = Array.from({ length: 400 }, (_, row) => `${at(row)};${signal(row).toFixed(5)}`);
  return `${head}${lines.join('\n')}\n`;
}

describe('what stands above the samples', () => {
  const head = 'Logger;VX-1\nSerial;0815\n\nZeit;Acc X;Acc Y\ns;g;g\n';
  const german = (text: string) => text.replaceAll('.', ',');
  const body = Array.from({ length: 20 }, (_, at) =>
    german(`${(at / 1_000).toFixed(4)};1.5;-2.25`),
  );

  test.for([
    ['UTF-8 with a mark', (text: string) => Buffer.from(`\uFEFF${text}`)],
    ['UTF-16', (text: string) => Buffer.from(`\uFEFF${text}`, 'utf16le')],
    ['UTF-16, big-endian', (text: string) => Buffer.from(`\uFEFF${text}`, 'utf16le').swap16()],
    ['Windows-1252', (text: string) => Buffer.from(text.replaceAll(';g', ';m/s²'), 'latin1')],
  ] as const)('a preamble, names and units in %s', ([, encode]) => {
    const { channels } = read(encode(`${head}${body.join('\r\n')}`));
    expect(channels.map(({ name }) => name)).toEqual(['Acc X', 'Acc Y']);
    expect(channels.map(({ samples }) => samples[7])).toEqual([1.5, -2.25]);
    expect(channels[0]!.rate).toBe(1_000);
    expect(channels[0]!.unit).toMatch(/^(g|m\/s²)$/);
  });

  test.for(['Temps (s)', 'Tiempo [s]', 'Tempo_s', 'Tijd (s)', 'Czas [s]'])(
    'times are known by their name in another language: %s',
    (name) => {
      const { channels } = read(
        `${name};X [g]\n${body.map((line) => line.split(';', 2).join(';')).join('\n')}\n`,
      );
      expect(channels).toMatchObject([{ name: 'X', unit: 'g', rate: 1_000 }]);
    },
  );

  test('a rate in words is taken where there are no times', () => {
    const { channels } = read('Sampling rate: 25.6 kHz\nAcc [g]\n1.5\n-2\n');
    expect(channels).toMatchObject([{ name: 'Acc', unit: 'g', rate: 25_600 }]);
  });

  test('what LabVIEW writes', () => {
    const head =
      'LabVIEW Measurement\t\nWriter_Version\t2\nReader_Version\t2\nSeparator\tTab\n***End_of_Header***\t\n\t\n';
    const samples = Array.from(
      { length: 30 },
      (_, at) => `${(at / 2_000).toFixed(6)}\t${at % 7}.5`,
    );
    const { channels } = read(`${head}X_Value\tAcceleration\tComment\n${samples.join('\n')}\n`);
    expect(channels).toMatchObject([{ name: 'Acceleration', rate: 2_000 }]);
    const alone = read(`${head}Delta_X\t0.000500\nAcceleration\n${'1.5\n2.5\n'.repeat(9)}`);
    expect(alone.channels).toMatchObject([{ name: 'Acceleration', rate: 2_000 }]);
  });

  test('a fault is placed at its line of the file', () => {
    const text = `${head}${body.slice(0, 5).join('\n')}\n0,0050;n/a;1,0\n${body.slice(6).join('\n')}`;
    expect(() => read(text)).toThrow(/a.csv, line 11, column 2: expected a number, found "n\/a"/);
    // In a column that nobody wants it is none.
    expect(read(text, 'Acc Y').channels[0]!.samples).toHaveLength(20);
  });

  test('decimal commas alone in a line need a heading', () => {
    expect([...read('acc\n0,125\n-0,25\n').channels[0]!.samples]).toEqual([0.125, -0.25]);
    expect(() => read('0,125\n-0,25\n')).toThrow(/one column with decimal commas or two columns/);
  });
});

describe('several columns', () => {
  test('those with a unit of vibration count, and others are named', () => {
    const { channels, notes } = read(
      't (s),X (g),T (°C),Y (g)\n0,1,20,2\n0.1,3,20,4\n0.2,5,20,6\n',
    );
    expect(channels.map(({ name }) => name)).toEqual(['X', 'Y']);
    expect(notes).toEqual(['no vibration by their units: T']);
  });

  test('without units somebody must say which', () => {
    expect(() => read('X,Y\n1,2\n3,4\n')).toThrow(/2 columns: X, Y; "--column all"/);
    expect(read('X,Y\n1,2\n3,4\n', 'all').channels).toHaveLength(2);
    expect(() => read('X,X\n1,2\n3,4\n', 'X')).toThrow(/a name that one channel has/);
  });
});

describe('times', () => {
  const rate = (text: string) => read(text).channels[0]!.rate;

  test('in other units, or by the clock across midnight', () => {
    expect(rate(rows('t [ms];x\n', (at) => (at / 25.6).toFixed(5)))).toBe(25_600);
    expect(rate(rows('time_us;x\n', (at) => (at * 500).toFixed(0)))).toBe(2_000);
    const clock = (at: number) =>
      new Date(Date.UTC(2026, 0, 5, 23, 59, 59, 900) + at).toISOString();
    expect(rate(rows('Timestamp;x\n', (at) => clock(at).replace('T', ' ').replace('Z', '')))).toBe(
      1_000,
    );
  });

  test('printed with few digits are even, and those that repeat say no rate', () => {
    expect(rate(rows('t;x\n', (at) => (at / 2_560).toFixed(4)))).toBe(2_560);
    const { channels, notes } = read(rows('t;x\n', (at) => (at / 2_560).toFixed(1)));
    expect(channels[0]!.rate).toBeUndefined();
    expect(notes.join()).toContain('too few digits');
  });

  test('that are uneven put the samples elsewhere, and it is said', () => {
    const jitter = (at: number) => 0.3 * Math.sin(at * 1.7);
    const signal = (at: number) => Math.sin(0.2 * (at + jitter(at)));
    const text = rows('t;x\n', (at) => ((at + jitter(at)) / 1_000).toFixed(9), signal);
    const { channels, notes } = read(text);
    expect(notes.join()).toMatch(/the times are uneven .* put on even times of 99\d\.\d+|1000/);
    const { samples, rate: found } = channels[0]!;
    // Its own times begin at that of the first sample.
    const errors = [...samples].slice(5, -5).map((sample, at) => {
      return Math.abs(sample - Math.sin(0.2 * ((at + 5) * (1_000 / found!) + jitter(0))));
    });
    expect(Math.max(...errors)).toBeLessThan(0.01);
  });

  test('with a gap, or backwards, are refused at their line', () => {
    const gap = rows('t;x\n', (at) => ((at < 200 ? at : at + 7) / 1_000).toFixed(4));
    expect(() => read(gap)).toThrow(
      /line 202: expected times in even steps of 0.001000, found 0.008/,
    );
    const back = rows('t;x\n', (at) => ((at === 50 ? 40 : at) / 1_000).toFixed(4));
    expect(() => read(back)).toThrow(/line 52: expected times in even steps/);
  });
});
