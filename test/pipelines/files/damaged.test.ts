import { deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Problem } from '../../../pipelines/base/problem.ts';
import { readCsvSamples } from '../../../pipelines/files/csv-samples.ts';
import { readMat } from '../../../pipelines/files/mat.ts';
import { readNpy } from '../../../pipelines/files/npy.ts';
import { decodeText } from '../../../pipelines/files/table.ts';
import { readTdms } from '../../../pipelines/files/tdms.ts';
import { readUff } from '../../../pipelines/files/uff.ts';
import { readWav } from '../../../pipelines/files/wav.ts';
import { chance } from '../../operators/spectrum/machines.ts';

/** Bytes that a copy, a disk or a recorder damaged are read or refused with a sentence, whatever they are. */

const TRIES = Number(process.env.ANDON_DAMAGED ?? 300);
const VALUES = Array.from({ length: 80 }, (_, at) => Math.sin(at / 3));
const doubles = Buffer.from(Float64Array.from(VALUES).buffer);
const u32 = (...values: readonly number[]) => Buffer.from(Uint32Array.from(values).buffer);

function mat(): Buffer {
  const element = (type: number, data: Buffer) => {
    return Buffer.concat([u32(type, data.length), data, Buffer.alloc((8 - (data.length % 8)) % 8)]);
  };
  const body = [
    element(6, u32(6, 0)),
    element(5, u32(80, 1)),
    element(1, Buffer.from('x')),
    element(9, doubles),
  ];
  const matrix = element(14, Buffer.concat(body));
  const packed = deflateSync(matrix);
  const head = Buffer.alloc(128, ' ');
  head.write('IM', 126);
  return Buffer.concat([head, matrix, u32(15, packed.length), packed]);
}

function wav(): Buffer {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(3, 20);
  head.writeUInt16LE(2, 22);
  head.writeUInt32LE(12_000, 24);
  head.writeUInt16LE(64, 34);
  head.write('data', 36);
  head.writeUInt32LE(doubles.length, 40);
  return Buffer.concat([head, doubles]);
}

function npy(): Buffer {
  const heading = "{'descr': '<f8', 'fortran_order': False, 'shape': (80,), }\n";
  return Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    Buffer.from([heading.length, 0]),
    Buffer.from(heading),
    doubles,
  ]);
}

function uff(): Buffer {
  const lines = [
    ...[
      '    -1',
      '    58b     1     2          11         640     0     0           0           0',
    ],
    ...['pump', 'NONE', 'NONE', 'NONE', 'NONE'],
    '    1         0    0         0       PUMP        11   1       NONE         0   0',
    '         4        80         1  0.00000e+00  1.00000e-03  0.00000e+00',
    ...[
      '        17    0    0    0 Time                 s',
      '        12    0    0    0 Acc                  g',
    ],
    ...[
      '         0    0    0    0 NONE                 NONE',
      '         0    0    0    0 NONE                 NONE',
      '',
    ],
  ];
  return Buffer.concat([Buffer.from(lines.join('\n')), doubles, Buffer.from('\n    -1\n')]);
}

function tdms(): Buffer {
  const text = (value: string) => Buffer.concat([u32(value.length), Buffer.from(value)]);
  const property = Buffer.concat([text('wf_increment'), u32(10), doubles.subarray(8, 16)]);
  const metadata = Buffer.concat([
    u32(1),
    text("/'g'/'x'"),
    u32(20, 10, 1, 80, 0),
    u32(1),
    property,
  ]);
  const sizes = u32(metadata.length + doubles.length, 0, metadata.length, 0);
  return Buffer.concat([Buffer.from('TDSm'), u32(0b1110, 4_713), sizes, metadata, doubles]);
}

function csv(): Buffer {
  return Buffer.from(
    `Logger;1\nt [s];x [g]\n${VALUES.map((value, at) => `0,${String(at).padStart(3, '0')};${value.toFixed(4).replace('.', ',')}`).join('\n')}\n`,
  );
}

function damaged(bytes: Buffer, next: () => number): Buffer {
  const copy = Buffer.from(bytes);
  const places = 1 + Math.floor(next() * 4);
  for (let count = 0; count < places; count++) {
    const at = Math.floor((next() < 0.5 ? Math.min(300, copy.length) : copy.length) * next());
    copy[at] = next() < 0.3 ? 0xff : Math.floor(next() * 256);
  }
  return next() < 0.3 ? copy.subarray(0, Math.floor(next() * copy.length)) : copy;
}

test.for([
  ['WAV', wav(), readWav],
  ['NPY', npy(), readNpy],
  ['MAT', mat(), readMat],
  ['UFF', uff(), readUff],
  ['TDMS', tdms(), readTdms],
  [
    'CSV',
    csv(),
    (file: string, bytes: Buffer) =>
      readCsvSamples(file, decodeText(bytes)).channels.map(({ samples }) => samples),
  ],
] as const)('%s', { timeout: 120_000 }, ([name, whole, read]) => {
  expect(() => read('whole', whole)).not.toThrow();
  const next = chance(7);
  let refused = 0;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    try {
      read('damaged', damaged(whole, next));
    } catch (error) {
      if (!(error instanceof Problem))
        throw new Error(`${name}, try ${attempt}: ${String(error)}`, { cause: error });
      expect(error.message).toMatch(/expected .* found /s);
      refused += 1;
    }
  }
  expect(refused).toBeGreaterThan(TRIES / 20);
});

/** Files that somebody made so that reading them would take more than they have. */

test('a MAT-file that unpacks to far more than a recording has is refused', () => {
  const packed = deflateSync(Buffer.alloc(90_000_000), { level: 1 });
  const head = Buffer.alloc(128, ' ');
  head.write('IM', 126);
  const file = Buffer.concat([head, u32(15, packed.length), packed]);
  expect(file.length).toBeLessThan(500_000);
  expect(() => readMat('zeros', file)).toThrow(/zeros: expected a whole MAT-file, found .*larger/);
});

function manyObjects(count: number, raw: number): Buffer {
  const objects = Array.from({ length: count }, (_, at) => {
    const path = Buffer.from(`/'g'/'${at}'`);
    const numbers = at === 0 ? 1 : 0;
    return Buffer.concat([u32(path.length), path, u32(20, 1, 1, numbers, 0, 0)]);
  });
  const metadata = Buffer.concat([u32(count), ...objects]);
  const sizes = u32(metadata.length + raw, 0, metadata.length, 0);
  const lead = [Buffer.from('TDSm'), u32(0b1110, 4_713), sizes];
  return Buffer.concat([...lead, metadata, Buffer.alloc(raw, 7)]);
}

test('a TDMS file of many objects and short chunks takes the time of its bytes', () => {
  const before = process.cpuUsage();
  const { channels } = readTdms('many', manyObjects(2_000, 20_000));
  const { user, system } = process.cpuUsage(before);
  expect(channels.map(({ samples }) => samples.length)).toEqual([20_000]);
  expect((user + system) / 1e6).toBeLessThan(1);
  expect(() => readTdms('more', manyObjects(10_001, 1))).toThrow(/found more than 10000 objects/);
});
