import { describe, expect, test } from 'vitest';
import type { Flow } from '../../../operators/flow/flow.ts';
import { countReadings, type Decoded, type Frame } from '../../../operators/model/decoded.ts';
import type { AssetKey } from '../../../operators/model/key.ts';
import type { Sequence } from '../../../operators/model/message.ts';
import { plantModelSchema } from '../../../operators/model/plant-model.ts';
import type { EventTime } from '../../../operators/model/time.ts';
import { validate } from '../../../operators/validate/validate.ts';
import { event, runThrough, valuesOf } from '../../support/flows.ts';

const NONE = Number.NaN;

function model(signals: Record<string, unknown>): Flow<Decoded> {
  const lines = [{ id: 'l', assets: [{ id: 'a', signals }] }];
  const value = {
    kind: 'model',
    id: 'c',
    model: plantModelSchema.parse({ id: 'p', lines }),
  } as const;
  return { kind: 'change', sequence: 1 as Sequence, value };
}

let sequence = 1;

function sent(
  columns: Record<string, readonly (number | string | null)[]>,
  more: Partial<Frame> & { readonly source?: string; readonly at?: readonly number[] } = {},
): Flow<Decoded> {
  sequence += 1;
  const samples = Object.values(columns)[0]?.length ?? 0;
  const { source = 'telemetry.p.l.a', at, ...rest } = more;
  const names = Object.keys(columns);
  const numeric = names.filter((name) => columns[name]?.some((value) => typeof value === 'number'));
  const textual = names.filter((name) => columns[name]?.some((value) => typeof value === 'string'));
  return event(source, 1, {
    kind: 'frame',
    origin: {
      ...{ subject: 'telemetry.p.l.a', sequence: sequence as Sequence },
      ...{ appended: 1 as EventTime, identity: { producer: '', mark: sequence } },
    },
    asset: 'p/l/a' as AssetKey,
    times: Float64Array.from(at ?? Array.from({ length: samples }, (_, index) => index + 1)),
    signals: numeric,
    values: Float64Array.from(
      numeric.flatMap((name) =>
        (columns[name] ?? []).map((value) => (typeof value === 'number' ? value : NONE)),
      ),
    ),
    texts: textual.map((signal) => ({
      signal,
      values: (columns[signal] ?? []).map((value) => (typeof value === 'string' ? value : null)),
    })),
    ...rest,
  });
}

function run(...items: readonly Flow<Decoded>[]) {
  const output = runThrough(validate, items);
  const frames = valuesOf(output).filter((value) => value.kind === 'frame');
  const lost = output.flatMap((item): [string, number][] =>
    item.kind === 'row' && item.table === 'dead_letters' ? [[item.row.reason, item.row.count]] : [],
  );
  return { frames, lost, output };
}

const one = (frames: readonly Frame[]): Frame => {
  const [frame] = frames;
  if (frame === undefined || frames.length > 1) throw new Error('expected one frame');
  return frame;
};

describe('numbers written as texts', () => {
  test('are numbers where the model declares a unit', () => {
    const { frames, lost } = run(
      model({ a: { unit: '°C' }, b: {} }),
      sent({ a: ['95.2', ' -1e3 ', '+.5'], b: ['95.2', '1', '2'] }),
    );
    const frame = one(frames);
    expect(frame.signals).toEqual(['a']);
    expect([...frame.values]).toEqual([95.2, -1_000, 0.5]);
    expect(frame.texts).toEqual([{ signal: 'b', values: ['95.2', '1', '2'] }]);
    expect(lost).toEqual([]);
  });

  test('stand beside the numbers of the same signal; other texts land and are told of', () => {
    const { frames, lost } = run(
      model({ a: { unit: '°C' }, b: { unit: 'bar' } }),
      sent({ b: [1, 2, 3, 4], a: [41.5, 'ERR', '42.5', null] }),
    );
    const frame = one(frames);
    expect(frame.signals).toEqual(['b', 'a']);
    expect([...frame.values]).toEqual([1, 2, 3, 4, 41.5, NONE, 42.5, NONE]);
    expect(frame.texts).toEqual([{ signal: 'a', values: [null, 'ERR', null, null] }]);
    expect(lost).toEqual([['text', 1]]);
  });

  test.each(['', ' ', '95,2', '0x10', 'NaN', 'Infinity', '1e999', '1 2', '12 °C', '١'])(
    '"%s" is a text',
    (text) => {
      const { frames, lost } = run(model({ a: { unit: '°C' } }), sent({ a: [text] }));
      expect(one(frames).texts).toEqual([{ signal: 'a', values: [text] }]);
      expect(lost).toEqual([['text', 1]]);
    },
  );

  test('keep their quality', () => {
    const frame = sent({ a: ['1', 'x'], b: [5, 6] });
    if (frame.kind !== 'event' || frame.value.kind !== 'frame') throw new Error('no frame');
    const texts = frame.value.texts.map((column) => ({ ...column, quality: Uint8Array.of(1, 2) }));
    const { frames } = run(model({ a: { unit: '°C' }, b: { unit: 'bar' } }), {
      ...frame,
      value: { ...frame.value, texts, quality: Uint8Array.of(0, 1) },
    });
    const { signals, quality } = one(frames);
    expect(signals).toEqual(['b', 'a']);
    expect([...(quality ?? [])]).toEqual([0, 1, 1, 0]);
    expect([...(one(frames).texts[0]?.quality ?? [])]).toEqual([1, 2]);
  });

  test('frames of the same signals share one list of them: later stages compare it by identity', () => {
    const signals = ['b'];
    const { frames } = run(
      model({ a: { unit: '°C' }, b: { unit: 'bar' } }),
      sent({ b: [1], a: ['1'] }, { signals }),
      sent({ b: [2], a: ['2'] }, { signals }),
    );
    expect(frames).toHaveLength(2);
    expect(frames[0]?.signals).toBe(frames[1]?.signals);
  });

  test('an integer that the number cannot hold is told of, one that it can is not', () => {
    const { frames, lost } = run(
      model({ a: { unit: '1' } }),
      sent({ a: ['9007199254740993', '1152921504606846976', '9007199254740991'] }),
    );
    expect([...one(frames).values]).toEqual([2 ** 53, 2 ** 60, 2 ** 53 - 1]);
    expect(lost).toEqual([['precision', 1]]);
  });
});

describe('missing values', () => {
  test('are no values, and counted', () => {
    const { frames, lost } = run(
      model({ a: { unit: '°C', missing: [-999, 1e31, '---'] }, b: {} }),
      sent({
        a: [1, -999, 1e31, Math.fround(1e31), '-999', '---', '--'],
        b: [-999, 1, 1, 1, 1, 1, 1],
      }),
    );
    const frame = one(frames);
    expect([...frame.values]).toEqual([
      1,
      NONE,
      NONE,
      NONE,
      NONE,
      NONE,
      NONE,
      -999,
      1,
      1,
      1,
      1,
      1,
      1,
    ]);
    expect(frame.texts).toEqual([
      { signal: 'a', values: [null, null, null, null, null, null, '--'] },
    ]);
    expect(lost).toEqual([
      ['text', 1],
      ['missing', 5],
    ]);
  });

  test('do not change what an earlier stage holds', () => {
    const frame = sent({ a: [-999] });
    run(model({ a: { missing: [-999] } }), frame);
    expect(frame).toMatchObject({ value: { values: Float64Array.of(-999) } });
  });
});

describe('range', () => {
  test('a value outside lands as suspect, is not evaluated, and is counted', () => {
    const { frames, lost } = run(
      model({ a: { unit: '°C', range: [-20, 200] }, b: { unit: 'bar' } }),
      sent({ a: [-20, 200, 200.5, -21], b: [1, 2, 3, 999] }),
    );
    const frame = one(frames);
    expect([...frame.values]).toEqual([-20, 200, 200.5, -21, 1, 2, 3, 999]);
    expect([...(frame.evaluated ?? [])]).toEqual([-20, 200, NONE, NONE, 1, 2, 3, 999]);
    expect([...(frame.quality ?? [])]).toEqual([0, 0, 2, 2, 0, 0, 0, 0]);
    expect(lost).toEqual([['out-of-range', 2]]);
  });

  test('a frame within is passed as it is', () => {
    const frame = sent({ a: [1], b: [2] });
    const { frames } = run(model({ a: { range: [-20, 200] }, b: { unit: 'bar' } }), frame);
    expect(frame.kind === 'event' && frame.value).toBe(frames[0]);
  });

  test('what the source calls suspect is not evaluated either; uncertain values are', () => {
    const { frames, lost } = run(
      model({ a: { unit: '°C', range: [0, 10] } }),
      sent({ a: [1, 2, 99] }, { quality: Uint8Array.of(1, 2, 1) }),
    );
    const frame = one(frames);
    expect([...(frame.evaluated ?? [])]).toEqual([1, NONE, NONE]);
    expect([...(frame.quality ?? [])]).toEqual([1, 2, 2]);
    expect(lost).toEqual([
      ['suspect', 1],
      ['out-of-range', 1],
    ]);
  });
});

describe('counters', () => {
  test('land as they came: their increments are made where they are in order', () => {
    const { frames, lost } = run(
      model({ n: { kind: 'counter', missing: [-1] }, t: {} }),
      sent({ n: [10, -1], t: [1, 2] }),
      sent({ n: [5], t: [3] }, { at: [3] }),
    );
    expect(frames.map(({ values }) => [...values])).toEqual([
      [10, NONE, 1, 2],
      [5, 3],
    ]);
    expect(lost).toEqual([['missing', 1]]);
  });

  test('counted exactly: everything that came lands or is told of', () => {
    const { frames, lost } = run(
      model({ n: { kind: 'counter', range: [0, 10], missing: [7] }, u: { unit: 'm' } }),
      sent({ n: [1, 7, 11, 'x', '7', null], u: ['a', '1', 2, null, '99999999999999999999', 3] }),
    );
    expect(countReadings(one(frames))).toBe(8);
    expect(lost).toEqual([
      ['text', 2],
      ['precision', 0 + 1],
      ['missing', 2],
      ['out-of-range', 1],
    ]);
  });
});
