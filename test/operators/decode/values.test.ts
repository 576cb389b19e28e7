import { pack } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { decode } from '../../../operators/decode/decode.ts';
import type { Flow } from '../../../operators/flow/flow.ts';
import { countReadings, type Decoded, type Frame } from '../../../operators/model/decoded.ts';
import type { Message, Sequence } from '../../../operators/model/message.ts';
import type { EventTime } from '../../../operators/model/time.ts';
import { event, runMessages, valuesOf } from '../../support/flows.ts';

const T = 1_767_592_800_000;

function decoded(payload: Uint8Array, subject = 'telemetry.p.l.a'): Flow<Decoded>[] {
  const appended = (T * 1_000) as EventTime;
  const message: Message = { sequence: 7 as Sequence, appended, subject, headers: {}, payload };
  return runMessages(decode, [event(subject, appended, message)]);
}

function frameOf(output: readonly Flow<Decoded>[]): Frame {
  const [value] = valuesOf(output);
  if (value?.kind !== 'frame') throw new Error('expected a frame');
  return value;
}

function deadLetters(output: readonly Flow<Decoded>[]): [string, number][] {
  return output.flatMap((item): [string, number][] =>
    item.kind === 'row' && item.table === 'dead_letters' ? [[item.row.reason, item.row.count]] : [],
  );
}

const json = (text: string) => Buffer.from(text);
const u64 = (value: bigint) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
};

describe('each value of a block by itself', () => {
  test('numbers of a signal stay numbers, the text among them is a text at its own time', () => {
    const output = decoded(
      pack({ time: [T, T + 1, T + 2], values: { a: [41.5, 'ERR', 42.5], b: [1, null, 2] } }),
    );
    const frame = frameOf(output);
    expect(frame.signals).toEqual(['a', 'b']);
    expect([...frame.values]).toEqual([41.5, Number.NaN, 42.5, 1, Number.NaN, 2]);
    expect(frame.texts).toEqual([{ signal: 'a', values: [null, 'ERR', null] }]);
    expect(deadLetters(output)).toEqual([]);
    expect(countReadings(frame)).toBe(5);
  });

  test('booleans among texts are 0 and 1, a signal of texts alone has no numbers', () => {
    const frame = frameOf(
      decoded(
        pack({ time: [T, T + 1], values: { a: [true, 'x'], b: ['p', 'q'], c: [null, 'r'] } }),
      ),
    );
    expect(frame.signals).toEqual(['a']);
    expect([...frame.values]).toEqual([1, Number.NaN]);
    expect(frame.texts).toEqual([
      { signal: 'a', values: [null, 'x'] },
      { signal: 'b', values: ['p', 'q'] },
      { signal: 'c', values: [null, 'r'] },
    ]);
  });

  test('what is no value is counted one by one, also beside texts', () => {
    const values = { a: [1, {}, 'x', []], b: [Number.NaN, 1, 'y', Number.POSITIVE_INFINITY] };
    const output = decoded(pack({ time: [T, T + 1, T + 2, T + 3], values }));
    expect(deadLetters(output)).toEqual([
      ['not-finite', 2],
      ['malformed', 2],
    ]);
    expect(countReadings(frameOf(output))).toBe(4);
  });

  test('nulls are no values and nothing lost', () => {
    const output = decoded(pack({ time: [T, T + 1], values: { a: [null, null], b: [1, 2] } }));
    expect(deadLetters(output)).toEqual([]);
    expect(countReadings(frameOf(output))).toBe(2);
  });
});

describe('integers beyond 2^53', () => {
  const BIG = '9007199254740993';

  test('in JSON are kept digit by digit, as texts', () => {
    const text = `{"time":[${T},${T + 1}],"values":{"a":[${BIG}, -${BIG}],"b":[0.1234567890123456,1e300],"c":["${BIG}","x, ${BIG}, \\" ${BIG}"]}}`;
    const frame = frameOf(decoded(json(text)));
    expect(frame.signals).toEqual(['b']);
    expect([...frame.values]).toEqual([0.123_456_789_012_345_6, 1e300]);
    expect(frame.texts).toEqual([
      { signal: 'a', values: [BIG, `-${BIG}`] },
      { signal: 'c', values: [BIG, `x, ${BIG}, " ${BIG}`] },
    ]);
  });

  test('the largest safe integer is a number', () => {
    const frame = frameOf(decoded(json(`{"time":${T},"values":{"a":9007199254740991}}`)));
    expect([...frame.values]).toEqual([Number.MAX_SAFE_INTEGER]);
  });

  test('in MessagePack are kept digit by digit, smaller ones are numbers', () => {
    const whole = pack({ time: T, values: { a: 1n, b: 2n } });
    const bytes = Buffer.from(whole);
    // `1n` and `2n` are int64: put an uint64 in place of the first.
    const at = bytes.indexOf(Buffer.from([0xd3, 0, 0, 0, 0, 0, 0, 0, 1]));
    bytes[at] = 0xcf;
    u64(2n ** 64n - 1n).copy(bytes, at + 1);
    const frame = frameOf(decoded(bytes));
    expect(frame.texts).toEqual([{ signal: 'a', values: ['18446744073709551615'] }]);
    expect(frame.signals).toEqual(['b']);
    expect([...frame.values]).toEqual([2]);
  });

  test('of events are kept digit by digit', () => {
    const data = `{"serial":${BIG},"small":5,"list":"[${BIG}]"}`;
    const [value] = valuesOf(
      decoded(json(`{"time":${T},"type":"made","data":${data}}`), 'event.p.l.a'),
    );
    expect(value).toMatchObject({ data: { serial: BIG, small: 5, list: `[${BIG}]` } });
    const packed = pack({ time: T, type: 'made', data: { serial: 2n ** 62n + 1n } });
    const [other] = valuesOf(decoded(packed, 'event.p.l.a'));
    expect(other).toMatchObject({ data: { serial: '4611686018427387905' } });
  });
});

describe('quality', () => {
  const qualityOf = (frame: Frame) => (frame.quality === undefined ? [] : [...frame.quality]);

  test('of a frame: a bad value is none, an uncertain and a suspect one carry it', () => {
    const output = decoded(
      pack({
        time: T,
        values: { a: 1, b: 2, c: 3, d: 'x', e: 'y', f: 6 },
        quality: { a: 'bad', b: 'uncertain', c: 'suspect', d: 'uncertain', e: 'bad', f: 'good' },
      }),
    );
    const frame = frameOf(output);
    expect(frame.signals).toEqual(['a', 'b', 'c', 'f']);
    expect([...frame.values]).toEqual([Number.NaN, 2, 3, 6]);
    expect(qualityOf(frame)).toEqual([0, 1, 2, 0]);
    expect(frame.texts).toMatchObject([{ signal: 'd', values: ['x'] }]);
    expect([...(frame.texts[0]?.quality ?? [])]).toEqual([1]);
    expect(deadLetters(output)).toEqual([['bad-quality', 2]]);
  });

  test('of a block: one word for all samples, or one for each', () => {
    const output = decoded(
      pack({
        time: [T, T + 1, T + 2],
        values: { a: [1, 2, null], b: [4, 5, 6], c: ['x', 7, 'z'] },
        quality: { a: 'bad', b: [null, 'uncertain', 'bad'], c: ['bad', 'bad', 'suspect'] },
      }),
    );
    const frame = frameOf(output);
    expect([...frame.values]).toEqual([
      ...[Number.NaN, Number.NaN, Number.NaN],
      ...[4, 5, Number.NaN],
      ...[Number.NaN, Number.NaN, Number.NaN],
    ]);
    expect(qualityOf(frame)).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 0]);
    expect(frame.texts).toMatchObject([{ signal: 'c', values: [null, null, 'z'] }]);
    expect(deadLetters(output)).toEqual([['bad-quality', 5]]);
  });

  test('of a packed block: one byte for each sample', () => {
    const a = Buffer.from(Float64Array.of(1, 2, 3, 4).buffer);
    const quality = { a: Buffer.of(0, 1, 3, 2) };
    const output = decoded(pack({ time: T, step: 1, type: 'f64', values: { a }, quality }));
    const frame = frameOf(output);
    expect([...frame.values]).toEqual([1, 2, Number.NaN, 4]);
    expect(qualityOf(frame)).toEqual([0, 1, 0, 2]);
    expect(deadLetters(output)).toEqual([['bad-quality', 1]]);
  });

  test('one word for the whole message', () => {
    const frame = frameOf(decoded(pack({ time: T, values: { a: 1, b: 2 }, quality: 'uncertain' })));
    expect(qualityOf(frame)).toEqual([1, 1]);
  });

  test('good is as nothing said', () => {
    const frame = frameOf(decoded(pack({ time: T, values: { a: 1 }, quality: { a: 'good' } })));
    expect(frame.quality).toBeUndefined();
  });

  test.each<[string, unknown]>([
    ['a word that is none', { a: 'Good, non-specific' }],
    ['too few words', { a: ['good'] }],
    ['too few bytes', { a: Buffer.of(0) }],
    ['a byte that means nothing', { a: Buffer.of(0, 9) }],
    ['a number', 192],
  ])('%s is malformed', (_, quality) => {
    const output = decoded(pack({ time: [T, T + 1], values: { a: [1, 2] }, quality }));
    expect(output).toMatchObject([
      { row: { reason: 'malformed', detail: expect.stringContaining('good, uncertain') } },
    ]);
  });
});
