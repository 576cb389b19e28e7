import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MalformedError } from '../../../../operators/decode/payload.ts';
import { MetricTable } from '../../../../pipelines/edge/sparkplug/births.ts';
import {
  decodeSparkplug,
  encodeRebirth,
  parseSparkplugTopic,
} from '../../../../pipelines/edge/sparkplug/payload.ts';
import {
  SPARKPLUG_TYPES,
  type SparkplugType,
  sparkplugValue,
  UnsupportedError,
} from '../../../../pipelines/edge/sparkplug/values.ts';
import type { TagReading } from '../../../../pipelines/edge/tag-reading.ts';
import { decodeNode, encodeNode, type UMetric } from '../../../stand/sparkplug-node.ts';
import { edgeTries } from '../../../support/long.ts';
import { mutatedBytes } from '../../../support/mutations.ts';

const NOW = Date.UTC(2026, 10, 30, 12);

/** A birth as the other implementation writes it, read by a new table. */
function bear(...metrics: readonly object[]) {
  const refused: [string, string][] = [];
  const table = new MetricTable(
    { machine: 'G/N' },
    (reason, detail) => void refused.push([reason, detail]),
  );
  const write = (list: readonly object[]) =>
    decodeSparkplug(encodeNode({ timestamp: NOW, seq: 0, metrics: list as UMetric[] }));
  const { live, historical } = table.bear(write(metrics));
  const read = (...list: readonly object[]) => table.read(write(list), true);
  return { table, refused, live, historical, read };
}

const valuesOf = (readings: readonly TagReading[]) =>
  Object.fromEntries(readings.map(({ labels, value }) => [labels.metric, value]));

describe('types', () => {
  test.each([
    ['Int8', -128, -128],
    ['Int8', 127, 127],
    ['Int16', -32_768, -32_768],
    ['Int32', -2_147_483_648, -2_147_483_648],
    ['Int64', -5, -5],
    ['Int64', Number.MIN_SAFE_INTEGER, Number.MIN_SAFE_INTEGER],
    ['UInt8', 255, 255],
    ['UInt16', 65_535, 65_535],
    ['UInt32', 4_294_967_295, 4_294_967_295],
    ['UInt64', Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ['Float', 41.5, 41.5],
    ['Float', Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
    ['Double', -1.5e-300, -1.5e-300],
    ['Boolean', true, true],
    ['Boolean', false, false],
    ['String', 'läuft 😀', 'läuft 😀'],
    ['Text', '', ''],
    ['UUID', '7f1c0d2e-1111-4222-8333-444455556666', '7f1c0d2e-1111-4222-8333-444455556666'],
    ['DateTime', NOW, NOW],
  ])('%s %s is what another implementation wrote', (type, value, expected) => {
    const { live, refused } = bear({ name: 'a/b c', type, value });
    expect(refused).toEqual([]);
    expect(live).toMatchObject([{ labels: { metric: 'a/b c' }, value: expected, time: NOW }]);
  });

  test('integers beyond 2^53 keep their digits', () => {
    const bits = (low: number, high: number) => ({
      longValue: { low, high, unsigned: true },
    });
    expect(sparkplugValue(bits(-1, -1), 'UInt64')).toBe('18446744073709551615');
    expect(sparkplugValue(bits(-1, -1), 'Int64')).toBe(-1);
    expect(sparkplugValue(bits(0, -0x80000000), 'Int64')).toBe('-9223372036854775808');
  });

  test('a negative integer in its own 8 or 16 bits is the same one', () => {
    expect(sparkplugValue({ intValue: 0xff }, 'Int8')).toBe(-1);
    expect(sparkplugValue({ intValue: 0xffff_ffff }, 'Int8')).toBe(-1);
    expect(sparkplugValue({ intValue: 0x8000 }, 'Int16')).toBe(-32_768);
  });

  test.each([
    [{ intValue: 300 }, 'Int8'],
    [{ intValue: 256 }, 'UInt8'],
    [{ intValue: 5 }, 'Int64'],
    [{ longValue: { low: 0, high: 1, unsigned: true } }, 'UInt32'],
    [{ longValue: { low: -1, high: -1, unsigned: true } }, 'UInt32'],
    [{ stringValue: Buffer.from('5') }, 'Int32'],
    [{ stringValue: Buffer.from([0xff]) }, 'String'],
    [{ intValue: 1 }, 'Boolean'],
    [{ intValue: 1, floatValue: 1 }, 'Float'],
    [{ bytesValue: Buffer.alloc(3) }, 'Int16Array'],
    [{ bytesValue: Buffer.from([9, 0, 0, 0, 255]) }, 'BooleanArray'],
    [{}, 'Double'],
  ] as const)('%j as %s is malformed, and never another value', (holder, type) => {
    expect(() => sparkplugValue(holder, type)).toThrow(MalformedError);
  });

  // The examples of section 6.4.16. Those of floats are printed with the bytes the other way round than their text says.
  test.each([
    ['Int8Array', 'ef7b', [-17, 123]],
    ['Int16Array', 'd08a3075', [-30_000, 30_000]],
    ['Int32Array', 'fffffffffaafcb12', [-1, 315_338_746]],
    ['UInt8Array', '17fa', [23, 250]],
    ['UInt16Array', '1e0088cc', [30, 52_360]],
    ['UInt32Array', '3400000049fb55c4', [52, 3_293_969_225]],
    ['FloatArray', 'a4709d3f', [1.2300000190734863]],
    ['DoubleArray', 'd7a205685bb52840', [12.354213]],
    ['BooleanArray', '0c00000034d0', [0, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 1]],
    ['DateTimeArray', 'c7d0907524010000b8bab89781010000', [1_256_102_875_335, 1_656_107_875_000]],
    ['Int64Array', 'fbffffffffffffff', [-5]],
    ['UInt64Array', '3400000000000000', [52]],
  ] as const)('%s', (type, hex, numbers) => {
    expect(sparkplugValue({ bytesValue: Buffer.from(hex, 'hex') }, type)).toEqual(numbers);
  });

  test.each([
    ['StringArray', '41424300'],
    ['UInt64Array', 'ffffffffffffffff'],
    ['Bytes', '00'],
    ['File', '00'],
  ] as const)('%s has no place in the log', (type, hex) => {
    const holder = { bytesValue: Buffer.from(hex, 'hex') };
    expect(() => sparkplugValue(holder, type)).toThrow(UnsupportedError);
  });

  test('all 35 have their numbers', () => {
    expect(SPARKPLUG_TYPES).toHaveLength(35);
    expect([SPARKPLUG_TYPES[16], SPARKPLUG_TYPES[22], SPARKPLUG_TYPES[34]]).toEqual([
      ...['DataSet', 'Int8Array', 'DateTimeArray'],
    ]);
  });
});

describe('metrics', () => {
  test('quality, unit and range are properties; what a birth says of a unit holds for the data', () => {
    const property = (type: string, value: unknown) => ({ type, value });
    const { live, read, table } = bear({
      ...{ name: 'Druck', alias: 3, type: 'Float', value: 1.5 },
      properties: {
        Quality: property('Int32', 192),
        engUnit: property('String', 'bar'),
        engLow: property('Float', 0),
        'Eng. High': property('Double', 16),
      },
    });
    expect(live).toMatchObject([{ quality: 'good', unit: 'bar' }]);
    expect([...table.born()]).toEqual([
      { name: 'Druck', type: 'Float', unit: 'bar', low: 0, high: 16 },
    ]);
    const rated = (quality: number) => ({
      ...{ alias: 3, type: 'Float', value: quality },
      properties: { Quality: property('Int32', quality) },
    });
    const { live: later } = read(rated(0), rated(192), rated(500));
    expect(later.map(({ quality, unit }) => [quality, unit])).toEqual([
      ['bad', 'bar'],
      ['good', 'bar'],
      ['uncertain', 'bar'],
    ]);
  });

  test('null is no value; the payload has the time of what has none', () => {
    const { live } = bear(
      { name: 'a', type: 'Int32', value: null, isNull: true },
      { name: 'b', type: 'Int32', value: 1, timestamp: NOW - 5_000 },
    );
    expect(live.map(({ value, quality, time }) => [value, quality, time])).toEqual([
      [null, 'bad', NOW],
      [1, 'good', NOW - 5_000],
    ]);
  });

  test('a data set: one row as values, several as lists; texts of several rows are counted', () => {
    const set = (rows: readonly unknown[]) => ({
      ...{ numOfColumns: 2, columns: ['f', 'name'], types: ['Double', 'String'], rows },
    });
    const { live, read, refused } = bear({ name: 's', type: 'DataSet', value: set([[1.5, 'a']]) });
    expect(valuesOf(live)).toEqual({ 's/f': 1.5, 's/name': 'a' });
    const rows = [
      [1, 'a'],
      [2, 'b'],
    ];
    const { live: later } = read({ name: 's', type: 'DataSet', value: set(rows) });
    expect(valuesOf(later)).toEqual({ 's/f': [1, 2] });
    expect(refused).toEqual([['unsupported', expect.stringContaining('s/name')]]);
  });

  test('a template: its definition is no value, and the members of an instance are metrics', () => {
    const template = (isDefinition: boolean, value: number) => ({
      ...{ version: '1', isDefinition, templateRef: isDefinition ? '' : 'Motor', parameters: [] },
      metrics: [
        { name: 'rpm', type: 'Int32', value },
        { name: 'on', type: 'Boolean', value: value < 1_500 },
      ],
    });
    const { live, read, table } = bear(
      { name: '_types_/Motor', type: 'Template', value: template(true, 0) },
      { name: 'M1', alias: 9, type: 'Template', value: template(false, 1_480) },
    );
    expect(valuesOf(live)).toEqual({ 'M1/rpm': 1_480, 'M1/on': true });
    const { live: later } = read({ alias: 9, type: 'Template', value: template(false, 1_500) });
    expect(valuesOf(later)).toEqual({ 'M1/rpm': 1_500, 'M1/on': false });
    expect([...table.born()].map(({ name, type }) => [name, type])).toEqual([
      ['_types_/Motor', 'Template'],
      ['M1', 'Template'],
      ['M1/rpm', 'Int32'],
      ['M1/on', 'Boolean'],
    ]);
  });

  test('history is apart; a metric that no birth named is counted; a bad one stops no other', () => {
    const { read, refused } = bear({ name: 'a', alias: 1, type: 'Int32', value: 1 });
    const said = read(
      { alias: 1, type: 'Int32', value: 2, timestamp: NOW - 60_000, isHistorical: true },
      { alias: 2, type: 'Int32', value: 3 },
      { name: 'b', type: 'Int32', value: 4 },
      { alias: 1, type: 'Bytes', value: Buffer.from('x') },
      { alias: 1, type: 'String', value: 'text', timestamp: NOW + 1 },
    );
    expect(said.historical.map(({ value }) => value)).toEqual([2]);
    expect(said.live.map(({ value }) => value)).toEqual(['text']);
    expect(said.unborn).toBe(2);
    expect(refused.map(([reason]) => reason)).toEqual(['unborn', 'unborn', 'unsupported']);
  });

  test('a value that a birth repeats is none anew; a changed one, or one of another time, is', () => {
    const metric = (value: number, timestamp: number) => ({
      ...{ name: 'a', type: 'Int32', value, timestamp },
    });
    const { table, read, refused } = bear(metric(1, NOW));
    const again = (...metrics: readonly object[]) =>
      table.bear(decodeSparkplug(encodeNode({ timestamp: NOW, metrics: metrics as UMetric[] })));
    expect(again(metric(1, NOW)).live).toEqual([]);
    expect(refused).toEqual([['repeat', 'a']]);
    expect(again(metric(1, NOW + 1)).live).toHaveLength(1);
    expect(read(metric(2, NOW + 1)).live).toHaveLength(1);
  });

  test('what belongs to the protocol is no value', () => {
    const { live, table } = bear(
      { name: 'bdSeq', type: 'UInt64', value: 3 },
      { name: 'Node Control/Rebirth', type: 'Boolean', value: false },
    );
    expect([live, table.size]).toEqual([[], 0]);
  });
});

test('the other implementation reads our request for births', () => {
  const { timestamp, seq, metrics } = decodeNode(encodeRebirth(NOW));
  expect([Number(timestamp), seq]).toEqual([NOW, undefined]);
  expect(metrics).toMatchObject([{ name: 'Node Control/Rebirth', type: 'Boolean', value: true }]);
});

test.each([
  ['spBv1.0/Plant A/NBIRTH/cell 1', ['NBIRTH', 'Plant A', 'cell 1', undefined]],
  ['spBv1.0/G/DDATA/N/D', ['DDATA', 'G', 'N', 'D']],
  ['spBv1.0/G/NBIRTH/N/D', undefined],
  ['spBv1.0/G/DDATA/N', undefined],
  ['spBv1.0/G/DDATA/N/D/E', undefined],
  ['spBv1.0/G/DDATA/N/', undefined],
  ['spBv1.0//NDATA/N', undefined],
  ['spBv1.0/G/NCMD/N', undefined],
  ['spAv1.0/G/NDATA/N', undefined],
])('topic %s', (topic, expected) => {
  const parsed = parseSparkplugTopic(topic);
  const { type, group, node, device } = parsed ?? {};
  expect(parsed && [type, group, node, device]).toEqual(expected);
});

/** Numbers as a generator of chance: Lehmer's, as Park and Miller have it (1988). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

const WHOLE: Readonly<Partial<Record<SparkplugType, fc.Arbitrary<number | string | boolean>>>> = {
  Int8: fc.integer({ min: -128, max: 127 }),
  Int16: fc.integer({ min: -32_768, max: 32_767 }),
  Int32: fc.integer(),
  Int64: fc.maxSafeInteger(),
  UInt32: fc.nat(),
  Double: fc.double({ noNaN: true }).map((value) => value + 0),
  Float: fc.float({ noNaN: true }).map((value) => value + 0),
  Boolean: fc.boolean(),
  String: fc.string({ unit: 'binary', maxLength: 12 }),
};
const NAMES = fc.stringMatching(/^[a-z][a-z0-9/]{0,8}$/);
const metrics = fc.uniqueArray(
  fc.oneof(
    ...Object.entries(WHOLE).map(([type, value]) =>
      fc.record({ name: NAMES, type: fc.constant(type), value }),
    ),
  ),
  { minLength: 1, maxLength: 12, selector: ({ name }) => name },
);

test('tables share the room for metrics: what is beyond it is refused, and no alias of an earlier birth holds', () => {
  const refused: Record<string, number> = {};
  const refuse = (reason: string) => {
    refused[reason] = (refused[reason] ?? 0) + 1;
  };
  const room = { left: 4 };
  const [one, other] = ['G/A', 'G/B'].map(
    (machine) => new MetricTable({ machine }, refuse, { room }),
  ) as [MetricTable, MetricTable];
  const write = (...list: readonly object[]) =>
    decodeSparkplug(encodeNode({ timestamp: NOW, seq: 0, metrics: list as UMetric[] }));
  const born = (name: string, alias: number) => ({ name, alias, type: 'Int32', value: alias });
  one.bear(write(born('a', 1), born('b', 2), born('b', 2)));
  expect([one.size, room.left]).toEqual([2, 2]);
  // The members of a template need room, too.
  const members = [born('x', 3), born('y', 4), born('z', 5)];
  const template = { isDefinition: false, templateRef: 't', version: '', parameters: [] };
  const value = { ...template, metrics: members };
  const { live } = other.bear(write({ name: 'T', type: 'Template', value }, born('u', 1)));
  expect(valuesOf(live)).toEqual({ 'T/x': 3 });
  expect(refused).toEqual({ 'too-many': 3 });
  // What there was no room for is no reason to ask for births.
  expect(other.read(write({ alias: 1, type: 'Int32', value: 7 }), true)).toMatchObject({
    ...{ live: [], unborn: 0 },
  });
  one.bear(write(born('b', 1)));
  expect(valuesOf(one.read(write({ alias: 1, type: 'Int32', value: 7 }), true).live)).toEqual({
    b: 7,
  });
  expect(room.left).toBe(1);
});

test('attacked: what is right is read as it was written, and nothing throws but what is malformed', () => {
  let [right, broken, refused] = [0, 0, 0];
  const property = fc.property(metrics, fc.integer({ min: 1, max: 2 ** 31 - 1 }), (list, seed) => {
    const whole = encodeNode({
      ...{ timestamp: NOW, seq: seed % 256 },
      metrics: [...list, { name: 'bdSeq', type: 'Int64', value: 1 }] as UMetric[],
    });
    const table = new MetricTable({ machine: 'G/N' }, () => {
      refused += 1;
    });
    if (seed % 3 === 0) {
      right += 1;
      const before = refused;
      const { live } = table.bear(decodeSparkplug(whole));
      expect(live.map(({ labels, value }) => [labels.metric, value])).toEqual(
        list.map(({ name, value }) => [name, value]),
      );
      expect(refused).toBe(before);
      return;
    }
    const random = randomOf(seed);
    let attacked = mutatedBytes(random, whole);
    if (seed % 3 === 2) attacked = mutatedBytes(random, attacked);
    try {
      const payload = decodeSparkplug(attacked);
      table.bear(payload);
      for (const { value } of table.read(payload, false).live) expect(value).not.toBeUndefined();
      table.stale(NOW);
    } catch (error) {
      broken += 1;
      expect(error).toBeInstanceOf(MalformedError);
    }
  });
  fc.assert(property, { numRuns: edgeTries(1_000, 200_000) });
  expect(right).toBeGreaterThan(100);
  expect(broken).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(10);
});

test('templates in templates end: a payload cannot exhaust the stack', () => {
  let bytes: Uint8Array = Buffer.alloc(0);
  const field = (number: number, content: Uint8Array) => {
    const length: number[] = [];
    for (let rest = content.length; ; rest >>>= 7) {
      length.push((rest & 127) | (rest > 127 ? 128 : 0));
      if (rest <= 127) break;
    }
    const tag = number < 16 ? [number * 8 + 2] : [((number * 8 + 2) & 127) | 128, number >> 4];
    return Buffer.concat([Buffer.from([...tag, ...length]), content]);
  };
  for (let depth = 0; depth < 20_000; depth += 1) bytes = field(18, field(2, bytes));
  expect(() => decodeSparkplug(field(2, bytes))).toThrow(MalformedError);
});
