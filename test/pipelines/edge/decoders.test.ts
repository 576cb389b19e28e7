import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MalformedError } from '../../../operators/decode/payload.ts';
import { decodeJson, decodeTelegraf } from '../../../pipelines/edge/decode-json.ts';
import { decodeLines, decodePlain } from '../../../pipelines/edge/decode-lines.ts';
import { decodeSenml } from '../../../pipelines/edge/decode-senml.ts';
import { readingQuality, type TagReading } from '../../../pipelines/edge/tag-reading.ts';
import { edgeTries } from '../../support/long.ts';
import { mutatedBytes, mutatedText, mutatedValue } from '../../support/mutations.ts';

const bytes = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const NOW = Date.UTC(2026, 10, 30, 12);
const short = (readings: readonly TagReading[]) =>
  readings.map(({ labels, value, time }) => [
    labels.path ?? labels.field ?? labels.name,
    value,
    time,
  ]);

describe('JSON', () => {
  test('every number, text and boolean is a reading by its path; time, unit and quality are none', () => {
    const payload = {
      ts: NOW,
      q: 192,
      u: 'Cel',
      Motor: { 'Temp. °C': 41.5, an: true },
      r: 'A7',
      x: null,
    };
    const readings = decodeJson(bytes(payload), {
      ...{ time: { path: 'ts', format: 'epoch-ms' }, quality: { path: 'q' }, unit: 'u' },
    });
    expect(short(readings)).toEqual([
      ['Motor.Temp. °C', 41.5, NOW],
      ['Motor.an', true, NOW],
      ['r', 'A7', NOW],
    ]);
    expect(readings[0]).toMatchObject({ quality: 'good', unit: 'Cel' });
    expect(readings[0]?.sample).toMatchObject({ r: 'A7', 'Motor.an': true });
    expect(readings[2]?.sample).toBe(readings[0]?.sample);
  });

  test('a pointer leads through names with dots', () => {
    const readings = decodeJson(bytes({ 'a.b': { 'c/d': 7 } }), { value: '/a.b/c~1d' });
    expect(readings.map(({ value }) => value)).toEqual([7]);
  });

  test('a list of samples, each with its time; what stands beside the list counts for all', () => {
    const payload = {
      host: 'p3',
      at: '2026-11-30T12:00:00Z',
      values: [
        { n: 'a', v: 1 },
        { n: 'b', v: 2 },
      ],
    };
    const readings = decodeJson(bytes(payload), {
      ...{ each: 'values', value: 'v', time: { path: 'at', format: 'iso' } },
    });
    expect(readings.map(({ sample, value, time }) => [sample?.n, value, time])).toEqual([
      ['a', 1, NOW],
      ['b', 2, NOW],
    ]);
  });

  test('a list of numbers is one burst; a number alone has no path', () => {
    expect(short(decodeJson(bytes({ a: [1, 2.5, -3] }), {}))).toEqual([
      ['a', [1, 2.5, -3], undefined],
    ]);
    expect(short(decodeJson(bytes('41.5'), {}))).toEqual([['', 41.5, undefined]]);
  });

  test('an integer beyond 2^53 keeps its digits', () => {
    expect(short(decodeJson(bytes('{"serial":90071992547409931}'), {}))[0]?.[1]).toBe(
      '90071992547409931',
    );
  });

  test('a value that is missing under a bad quality is none; under a good one it is malformed', () => {
    const options = { value: 'v', quality: { path: 'q' } };
    expect(decodeJson(bytes({ v: null, q: 'Bad' }), options)).toMatchObject([
      { value: null, quality: 'bad' },
    ]);
    expect(() => decodeJson(bytes({ v: null, q: 'Good' }), options)).toThrow('a value at v');
  });

  test.each([
    ['{', 'JSON'],
    ['', 'empty'],
    ['{"ts":1767254400}', 'a time (epoch-ms) from 1971 to 2100'],
    ['{"ts":"yesterday"}', 'a time (epoch-ms)'],
    ['{"a":1}', 'a time'],
  ])('%j is malformed', (text, message) => {
    const time = { path: 'ts', format: 'epoch-ms' as const };
    expect(() => decodeJson(bytes(text), { time })).toThrow(MalformedError);
    expect(() => decodeJson(bytes(text), { time })).toThrow(message);
  });
});

describe('qualities', () => {
  test.each([
    [undefined, 'good'],
    [192, 'good'],
    ['GOOD', 'good'],
    [216, 'good'],
    [0, 'good'],
    [64, 'uncertain'],
    ['Uncertain', 'uncertain'],
    [500, 'uncertain'],
    [0x40000000, 'uncertain'],
    [24, 'bad'],
    [0x80000000, 'bad'],
    ['I/O Timeout', 'bad'],
    [128, 'bad'],
    ['', 'bad'],
  ])('%j is %s', (value, quality) => expect(readingQuality(value)).toBe(quality));

  test('whoever lists the good ones means that all others are bad', () => {
    const words = { good: ['A'], uncertain: ['b'] };
    expect(['a', 'B', 'good', 192].map((word) => readingQuality(word, words))).toEqual([
      ...['good', 'uncertain', 'bad', 'bad'],
    ]);
  });
});

describe('line protocol', () => {
  test('points with tags, escapes, texts over lines, integers, booleans and comments', () => {
    const lines = [
      '# comment',
      String.raw`my\ machine,site=a\,b,host=p\=3 temp=41.5,count=12i,ok=t,text="a \"quoted\", x=1
second line" 1796040000000000000`,
      '',
      'bare value=-1.5e3',
    ].join('\n');
    const readings = decodeLines(bytes(lines), 'epoch-ns');
    expect(
      readings.map(({ sample, labels, value }) => [sample?.measurement, labels.field, value]),
    ).toEqual([
      ['my machine', 'temp', 41.5],
      ['my machine', 'count', 12],
      ['my machine', 'ok', true],
      ['my machine', 'text', 'a "quoted", x=1\nsecond line'],
      ['bare', 'value', -1_500],
    ]);
    expect(readings[0]?.sample).toMatchObject({ site: 'a,b', host: 'p=3' });
    expect(readings[3]?.sample).toBe(readings[0]?.sample);
    expect(readings.map(({ time }) => time)).toEqual([NOW, NOW, NOW, NOW, undefined]);
  });

  test.each([
    'm',
    'm f',
    'm f=',
    'm f=1x',
    'm,t f=1',
    ' f=1',
    'm f="open',
    'm f=1 2 3',
    'm f=1 17e',
  ])('%j is malformed', (line) =>
    expect(() => decodeLines(bytes(line), 'epoch-ns')).toThrow(MalformedError),
  );
});

describe('SenML', () => {
  // The examples of section 5.1 of RFC 8428.
  test('base fields count for the records after them, and times from now', () => {
    const pack = [
      {
        bn: 'urn:dev:ow:10e2073a0108006:',
        bt: 1.276020076001e9,
        bu: 'A',
        bver: 5,
        n: 'voltage',
        u: 'V',
        v: 120.1,
      },
      { n: 'current', t: -5, v: 1.2 },
      { n: 'current', t: -4, v: 1.3 },
    ];
    const readings = decodeSenml(bytes(pack));
    expect(
      readings.map(({ labels, value, unit, time }) => [labels.name, value, unit, time]),
    ).toEqual([
      ['urn:dev:ow:10e2073a0108006:voltage', 120.1, 'V', 1_276_020_076_001],
      ['urn:dev:ow:10e2073a0108006:current', 1.2, 'A', 1_276_020_071_001],
      ['urn:dev:ow:10e2073a0108006:current', 1.3, 'A', 1_276_020_072_001],
    ]);
    expect(decodeSenml(bytes([{ n: 'a', v: 1, t: -5 }]))).toMatchObject([
      { time: undefined, since: -5_000 },
    ]);
    expect(decodeSenml(bytes([{ n: 'a', vb: false }]))).toMatchObject([
      { value: false, time: undefined, since: 0 },
    ]);
  });

  test('base values are added', () => {
    const pack = [{ bn: 'x', bv: 20, v: 1.5 }, { s: 3, bs: 4 }, { bu: 'Cel' }, { vs: 'on' }];
    expect(decodeSenml(bytes(pack)).map(({ value }) => value)).toEqual([21.5, 7, 'on']);
  });

  test.each([
    [{ n: 'a', v: 1 }],
    [[{ v: 1 }]],
    [[{ n: '-a', v: 1 }]],
    [[{ n: 'a', v: 1, vs: 'b' }]],
    [[{ n: 'a', v: '1' }]],
    [[{ bver: 11, n: 'a', v: 1 }]],
    [[{ n: 'a', v: 1, ct_: 1 }]],
  ])('%j is malformed', (pack) => {
    expect(() => decodeSenml(bytes(pack))).toThrow(MalformedError);
  });
});

test.each([
  ['41.5', 41.5],
  [' -1.5e3\n', -1_500],
  ['9007199254740991', 9_007_199_254_740_991],
  ['9007199254740993', '9007199254740993'],
  ['0x1F', '0x1F'],
  ['1e999', '1e999'],
  ['', ''],
  ['läuft', 'läuft'],
])('a text %j is %j', (text, value) => {
  expect(short(decodePlain(Buffer.from(text)))).toEqual([['', value, undefined]]);
});

test('what has more values, longer paths or names than any source has, or is no text, is malformed', () => {
  const many = Array.from({ length: 5_000 }, (_, n) => n);
  const long = 'n'.repeat(2_000);
  for (const decoded of [
    () => decodeLines(bytes(`m ${many.map((n) => `f${n}=1`).join(',')}`), 'epoch-ns'),
    () => decodeLines(bytes(many.map((n) => `m f=${n}`).join('\n')), 'epoch-ns'),
    () => decodeJson(bytes(Object.fromEntries(many.map((n) => [`f${n}`, n]))), {}),
    () => decodeJson(bytes(many.map(() => ({}))), {}),
    () => decodeJson(bytes({ [long]: { a: 1 } }), {}),
    () => decodeSenml(bytes([{ bn: long, n: 'a', v: 1 }])),
    () => decodePlain(Buffer.from([0x31, 0xff])),
  ]) {
    expect(decoded).toThrow(MalformedError);
  }
  const at = { time: { path: 'at', format: 'iso' } } as const;
  expect(() => decodeJson(bytes({ at: `2026${' '.repeat(300)}`, a: 1 }), at)).toThrow('a time');
  expect(readingQuality(`good${' '.repeat(300)}`)).toBe('bad');
});

test('Telegraf: a metric alone, and several', () => {
  const metric = (host: string) => ({
    ...{
      name: 'modbus',
      tags: { host },
      fields: { temp: 41.5, state: 'on' },
      timestamp: NOW / 1_000,
    },
  });
  const one = decodeTelegraf(bytes(metric('p3')), 'epoch-s');
  expect(
    one.map(({ labels, sample, value, time }) => [{ ...sample, ...labels }, value, time]),
  ).toEqual([
    [{ host: 'p3', measurement: 'modbus', field: 'temp' }, 41.5, NOW],
    [{ host: 'p3', measurement: 'modbus', field: 'state' }, 'on', NOW],
  ]);
  expect(decodeTelegraf(bytes({ metrics: [metric('a'), metric('b')] }), 'epoch-s')).toHaveLength(4);
  expect(() => decodeTelegraf(bytes({ fields: {} }), 'epoch-s')).toThrow(MalformedError);
});

/** A payload of each format that says these values at this time, and the decoder of it. */
type Written = Readonly<Record<string, number>>;
const FORMATS: Readonly<
  Record<
    string,
    {
      write(values: Written): string;
      read(payload: Uint8Array): readonly TagReading[];
      name: string;
    }
  >
> = {
  json: {
    write: (values) => JSON.stringify({ ts: NOW, deep: { list: [{ values }] } }),
    read: (payload) =>
      decodeJson(payload, { each: 'deep.list', time: { path: 'ts', format: 'epoch-ms' } }),
    name: 'path',
  },
  'line protocol': {
    write: (values) =>
      Object.entries(values)
        .map(([name, value]) => `m,host=p3 ${name}=${value} ${NOW}000000`)
        .join('\n'),
    read: (payload) => decodeLines(payload, 'epoch-ns'),
    name: 'field',
  },
  SenML: {
    write: (values) =>
      JSON.stringify(Object.entries(values).map(([n, v]) => ({ n, v, bt: NOW / 1_000 }))),
    read: (payload) => decodeSenml(payload),
    name: 'name',
  },
  Telegraf: {
    write: (values) =>
      JSON.stringify({ name: 'm', tags: { host: 'p3' }, fields: values, timestamp: NOW / 1_000 }),
    read: (payload) => decodeTelegraf(payload, 'epoch-s'),
    name: 'field',
  },
};

const written = fc.dictionary(
  fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/),
  fc
    .double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 })
    .map((value) => value + 0),
  { minKeys: 1, maxKeys: 12 },
);
/** Numbers as a generator of chance. */
const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });

function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    // Lehmer's generator, as Park and Miller have it (1988).
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

describe.each(Object.entries(FORMATS))('%s, attacked', (format, { write, read, name }) => {
  test('what is right is read as it was written, and nothing throws but what is malformed', () => {
    let right = 0;
    let broken = 0;
    const property = fc.property(written, seeds, (values, seed) => {
      const payload = write(values);
      if (seed % 3 === 0) {
        right += 1;
        const found = read(Buffer.from(payload));
        const prefix = format === 'json' ? 'values.' : '';
        expect(found.map(({ labels, value }) => [labels[name], value])).toEqual(
          Object.entries(values).map(([key, value]) => [`${prefix}${key}`, value]),
        );
        expect(found.every(({ time }) => time === NOW)).toBe(true);
        return;
      }
      const random = randomOf(seed);
      const attacked =
        seed % 3 === 1
          ? mutatedBytes(random, Buffer.from(payload))
          : Buffer.from(
              format === 'line protocol'
                ? mutatedText(random, payload)
                : String(safeJson(mutatedValue(random, JSON.parse(payload)))),
            );
      try {
        read(attacked);
      } catch (error) {
        broken += 1;
        expect(error).toBeInstanceOf(MalformedError);
      }
    });
    fc.assert(property, { numRuns: edgeTries(1_000, 200_000) });
    expect(right).toBeGreaterThan(100);
    expect(broken).toBeGreaterThan(100);
  });
});

test('a text, attacked: a number is read as it was written, whatever else is a text or malformed', () => {
  let numbers = 0;
  let broken = 0;
  const property = fc.property(fc.double({ noNaN: true }), seeds, (value, seed) => {
    const random = randomOf(seed);
    const written = seed % 2 === 0 ? String(value) : BigInt(Math.floor(random() * 2 ** 60));
    const payload = Buffer.from(String(written));
    const attacked = seed % 3 === 0 ? payload : mutatedBytes(random, payload);
    try {
      const [{ value: found } = { value: null }] = decodePlain(attacked);
      const text = attacked.toString().trim();
      if (typeof found !== 'number') expect(found).toBe(text);
      else {
        numbers += 1;
        // Of whole numbers all digits.
        if (/^[+-]?\d+$/.test(text)) expect(BigInt(found)).toBe(BigInt(text.replace('+', '')));
        else expect(found).toBe(Number(text.replace(/[dD]/, 'e').replace('−', '-')));
        expect(text).toMatch(/^[+−-]?\.?\d/);
        expect(text).not.toMatch(/^[+−-]?0[xbo]/i);
      }
    } catch (error) {
      broken += 1;
      expect(error).toBeInstanceOf(MalformedError);
    }
  });
  fc.assert(property, { numRuns: edgeTries(1_000, 200_000) });
  expect(numbers).toBeGreaterThan(100);
  expect(broken).toBeGreaterThan(100);
});

function safeJson(value: unknown): string | undefined {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'bigint' ? Number(inner) : inner,
  );
}
