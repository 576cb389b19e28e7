import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readSamples } from '../../../pipelines/files/files.ts';
import { temporaryFile } from '../../support/temporary.ts';

/** Files of analysers, written here byte by byte after the published descriptions of their formats. */

const SAMPLES = Array.from({ length: 100 }, (_, at) => ((at * 7) % 13) / 4 - 1);

function channelsOf(name: string, bytes: Uint8Array, wanted?: string) {
  const file = temporaryFile(name, bytes);
  const options = wanted === undefined ? { scale: 1 } : { scale: 1, wanted };
  return readSamples(file, options).channels.map((channel) => ({
    ...channel,
    samples: [...channel.samples],
  }));
}

function u32(...values: readonly number[]): Buffer {
  return Buffer.from(Uint32Array.from(values).buffer);
}

function doubles(values: readonly number[]): Buffer {
  return Buffer.from(Float64Array.from(values).buffer);
}

describe('NPY', () => {
  const npy = (descr: string, shape: string, data: Buffer, fortran = 'False') => {
    const heading = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`;
    const length = Buffer.alloc(2);
    length.writeUInt16LE(heading.length);
    return Buffer.concat([
      Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
      length,
      Buffer.from(heading),
      data,
    ]);
  };
  const pairs = SAMPLES.flatMap((sample) => [sample, -sample]);

  test.for([
    ['doubles', npy('<f8', '(100,)', doubles(SAMPLES))],
    [
      'big-endian integers',
      npy('>i2', '(100, 1)', Buffer.from(Int16Array.from(SAMPLES, (s) => s * 4).buffer).swap16()),
    ],
  ] as const)('one row of %s', ([name, bytes]) => {
    const [channel] = channelsOf('a.npy', bytes);
    const factor = name === 'doubles' ? 1 : 4;
    expect(channel!.samples).toEqual(SAMPLES.map((sample) => sample * factor));
  });

  test.for([
    ['columns', npy('<f8', '(100, 2)', doubles(pairs))],
    ['rows, stored by column', npy('<f8', '(2, 100)', doubles(pairs), 'True')],
  ] as const)('two channels as %s', ([, bytes]) => {
    const all = channelsOf('a.npy', bytes, 'all');
    expect(all.map(({ samples }) => samples)).toEqual([SAMPLES, SAMPLES.map((one) => -one)]);
    expect(() => channelsOf('a.npy', bytes)).toThrow(
      /2 channels: channel 1, channel 2; "--channel all"/,
    );
  });

  test('another archive, kind of number or an end too early is refused', () => {
    expect(() => channelsOf('a.npy', Buffer.from('PK\x03\x04'))).toThrow(
      /found one of numpy.savez/,
    );
    expect(() => channelsOf('a.npy', npy('<c16', '(2,)', Buffer.alloc(32)))).toThrow(/<c16/);
    expect(() => channelsOf('a.npy', npy('<f8', '(100,)', Buffer.alloc(8)))).toThrow(
      /expected 800 bytes/,
    );
  });
});

describe('MAT', () => {
  const element = (type: number, data: Buffer) => {
    return Buffer.concat([u32(type, data.length), data, Buffer.alloc((8 - (data.length % 8)) % 8)]);
  };
  const array = (name: string, kind: number, dims: readonly number[], body: Buffer) => {
    return element(
      14,
      Buffer.concat([
        element(6, u32(kind, 0)),
        element(5, u32(...dims)),
        element(1, Buffer.from(name)),
        body,
      ]),
    );
  };
  const column = (name: string, values: readonly number[]) => {
    return array(name, 6, [values.length, 1], element(9, doubles(values)));
  };
  const structure = (name: string, fields: Readonly<Record<string, readonly number[]>>) => {
    const names = Object.keys(fields).map((field) => field.padEnd(8, '\0'));
    const body = [
      // A small element: its size stands in the upper half of its type.
      u32((4 << 16) | 5, 8),
      element(1, Buffer.from(names.join(''))),
      ...Object.values(fields).map((values) => column('', values)),
    ];
    return array(name, 2, [1, 1], Buffer.concat(body));
  };
  const mat = (...parts: readonly Buffer[]) => {
    const head = Buffer.alloc(128, ' ');
    head.write('MATLAB 5.0 MAT-file, written by a test', 0);
    head.writeUInt16LE(0x0100, 124);
    head.write('IM', 126);
    return Buffer.concat([head, ...parts]);
  };
  const packed = (part: Buffer) => {
    const data = deflateSync(part);
    return Buffer.concat([u32(15, data.length), data]);
  };

  test('arrays are channels, and the rate is that of a variable', () => {
    const bytes = mat(column('DE_time', SAMPLES), packed(column('fs', [12_000])));
    expect(channelsOf('a.mat', bytes)).toEqual([
      { name: 'DE_time', number: 1, rate: 12_000, samples: SAMPLES },
    ]);
  });

  test('compressed structures are looked into', () => {
    const bytes = mat(packed(structure('bearing', { sr: [48_828], rate: [25], gs: SAMPLES })));
    expect(channelsOf('a.mat', bytes)).toEqual([
      { name: 'bearing.gs', number: 1, rate: 48_828, samples: SAMPLES },
    ]);
  });

  test('the rate comes from times, too', () => {
    const times = SAMPLES.map((_, at) => at / 1_000);
    const [channel] = channelsOf('a.mat', mat(column('t', times), column('y', SAMPLES)));
    expect(channel!.rate).toBeCloseTo(1_000, 6);
  });

  test('of several arrays somebody must say which', () => {
    const bytes = mat(column('DE', SAMPLES), column('FE', SAMPLES));
    expect(() => channelsOf('a.mat', bytes)).toThrow(/2 channels: DE, FE; "--channel all"/);
    expect(channelsOf('a.mat', bytes, 'FE')).toHaveLength(1);
    expect(channelsOf('a.mat', bytes, 'DE,FE')).toHaveLength(2);
    expect(() => channelsOf('a.mat', bytes, 'BA')).toThrow(/found "BA". The file has: DE, FE/);
  });

  test('other versions, and files that were cut, are refused with what to do', () => {
    const newer = Buffer.alloc(600);
    newer.write('MATLAB 7.3 MAT-file');
    expect(() => channelsOf('a.mat', newer)).toThrow(/version 7.3, which is HDF5.*-v7/);
    const whole = mat(column('x', SAMPLES));
    expect(() => channelsOf('a.mat', whole.subarray(0, 400))).toThrow(/expected a whole MAT-file/);
    const broken = mat(packed(column('x', SAMPLES)).subarray(0, 60));
    expect(() => channelsOf('a.mat', broken)).toThrow(/expected a whole MAT-file/);
    expect(() => channelsOf('a.mat', mat(column('x', [1])))).toThrow(/found only x/);
  });
});

describe('UFF 58', () => {
  const lines = (kind: string, unit: string, form: number, type = 1) => [
    '    -1',
    kind,
    'pump 3',
    ...['NONE', 'NONE', 'NONE', 'NONE'],
    `${String(type).padStart(5)}         0    0         0       PUMP        11  -3       NONE         0   0`,
    `${String(form).padStart(10)}       100         1  0.00000e+00  1.00000e-03  0.00000e+00`,
    '        17    0    0    0 Time                 s',
    `        12    0    0    0 Acceleration         ${unit}`,
    '         0    0    0    0 NONE                 NONE',
    '         0    0    0    0 NONE                 NONE',
  ];
  const fixed = (width: number, digits: number) => {
    const cells = SAMPLES.map((sample) => sample.toExponential(digits).padStart(width));
    return Array.from({ length: Math.ceil(cells.length / 6) }, (_, row) => {
      return cells.slice(6 * row, 6 * row + 6).join('');
    });
  };
  const text = [...lines('    58', 'm/s^2', 2), ...fixed(13, 5), '    -1', ''].join('\r\n');
  const head = '    58b     1     2          11         800     0     0           0           0';
  const binary = Buffer.concat([
    Buffer.from(`${lines(head, 'g', 4).join('\n')}\n`),
    doubles(SAMPLES),
    Buffer.from('\n    -1\n'),
  ]);

  test('as text, without blanks between negative numbers', () => {
    const tight = text.replaceAll(/ (?=-\d\.\d{5}e)/g, ' ');
    expect(channelsOf('a.uff', Buffer.from(tight))).toEqual([
      { name: 'PUMP 11 -Z', number: 1, rate: 1_000, unit: 'm/s^2', samples: SAMPLES },
    ]);
  });

  test('with binary numbers, after a data set of another kind', () => {
    const units = Buffer.from('    -1\n   164\n         1  SI\n    -1\n');
    const both = channelsOf('a.unv', Buffer.concat([units, binary, Buffer.from(text)]));
    expect(both.map(({ unit }) => unit)).toEqual(['g', 'm/s^2']);
    for (const { samples } of both) expect(samples).toEqual(SAMPLES);
  });

  test('what is no function of time is refused, and so is a word', () => {
    const spectrum = [...lines('    58', 'g', 2, 4), ...fixed(13, 5), '    -1', ''].join('\n');
    expect(() => channelsOf('a.uff', Buffer.from(spectrum))).toThrow(/found a function of type 4/);
    const word = text.replace(/^ *-1\.0.*$/m, ' what');
    expect(() => channelsOf('a.uff', Buffer.from(word))).toThrow(
      /line 14: expected numbers, found " what"/,
    );
    expect(() => channelsOf('a.uff', Buffer.from('hello'))).toThrow(
      /function of time in data set 58/,
    );
  });
});

describe('TDMS', () => {
  const string = (text: string) => Buffer.concat([u32(Buffer.byteLength(text)), Buffer.from(text)]);
  const u64 = (value: number) => Buffer.from(BigUint64Array.from([BigInt(value)]).buffer);
  const property = (name: string, type: number, value: Buffer) => {
    return Buffer.concat([string(name), u32(type), value]);
  };
  const object = (path: string, index: Buffer, properties: readonly Buffer[] = []) => {
    return Buffer.concat([string(path), index, u32(properties.length), ...properties]);
  };
  const raw = (type: number, count: number) => Buffer.concat([u32(20, type, 1), u64(count)]);
  const segment = (flags: number, metadata: Buffer, data: Buffer) => {
    const lead = Buffer.concat([Buffer.from('TDSm'), u32(flags, 4_713)]);
    return Buffer.concat([
      lead,
      u64(metadata.length + data.length),
      u64(metadata.length),
      metadata,
      data,
    ]);
  };
  const described = [
    property('wf_increment', 10, doubles([0.001])),
    property('unit_string', 0x20, string('g')),
  ];
  const objects = (count: number) => {
    const channels = ['acc X', "acc 'Y'"].map((name) => {
      const path = `/'log'/'${name.replaceAll("'", "''")}'`;
      return object(path, raw(10, count), described);
    });
    return Buffer.concat([u32(3), object('/', u32(0xffffffff)), ...channels]);
  };
  const minus = SAMPLES.map((sample) => -sample);
  const half = (values: readonly number[], at: number) =>
    doubles(values.slice(50 * at, 50 * at + 50));

  test('segments go on with what the first one described, and may hold several chunks', () => {
    const first = segment(0b1110, objects(50), Buffer.concat([half(SAMPLES, 0), half(minus, 0)]));
    const second = segment(
      0b1000,
      Buffer.alloc(0),
      Buffer.concat([half(SAMPLES, 1), half(minus, 1)]),
    );
    expect(channelsOf('a.tdms', Buffer.concat([first, second]))).toEqual([
      { name: 'acc X', number: 1, rate: 1_000, unit: 'g', samples: SAMPLES },
      { name: "acc 'Y'", number: 2, rate: 1_000, unit: 'g', samples: minus },
    ]);
    const chunks = [half(SAMPLES, 0), half(minus, 0), half(SAMPLES, 1), half(minus, 1)];
    const once = segment(0b1110, objects(50), Buffer.concat(chunks));
    expect(channelsOf('a.tdms', once).map(({ samples }) => samples)).toEqual([SAMPLES, minus]);
  });

  test('interleaved numbers are taken apart', () => {
    const pairs = doubles(SAMPLES.flatMap((sample, at) => [sample, minus[at]!]));
    const bytes = segment(0b101110, objects(100), pairs);
    expect(channelsOf('a.tdms', bytes).map(({ samples }) => samples)).toEqual([SAMPLES, minus]);
  });

  test('what DAQmx packs, and a file that was cut, is refused', () => {
    const packed = segment(0b10001110, objects(100), Buffer.alloc(0));
    expect(() => channelsOf('a.tdms', packed)).toThrow(/found numbers as DAQmx packs them/);
    const cut = segment(0b1110, objects(100), Buffer.alloc(0)).subarray(0, 60);
    expect(() => channelsOf('a.tdms', cut)).toThrow(/expected a whole TDMS file/);
    expect(() => channelsOf('a.tdms', Buffer.from('hello'))).toThrow(/expected a TDMS file/);
  });
});
