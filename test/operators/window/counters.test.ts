import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Sequence } from '../../../operators/model/message.ts';
import { plantModelSchema } from '../../../operators/model/plant-model.ts';
import { window } from '../../../operators/window/window.ts';
import { runThrough, watermark } from '../../support/flows.ts';
import {
  brief,
  deadLettersOf,
  frame,
  type Item,
  rowsOf,
  rules,
  SECOND,
  SUBJECT,
  until,
} from './run-window.ts';

/** A machine with these signals. */
function model(signals: object): Item {
  const lines = [{ id: 'line', assets: [{ id: 'press', signals }] }];
  const value = plantModelSchema.parse({ id: 'plant', lines });
  return {
    ...{ kind: 'change', sequence: 1 as Sequence },
    value: { kind: 'model', id: 'm', model: value },
  };
}

const COUNTER = model({ n: { kind: 'counter' } });
const TEN = rules([{ id: 'w', kind: 'tumbling', size: '10s' }]);

/** What windows of ten seconds say in the end, `start..end v version: count, sum`. */
function counted(...items: readonly Item[]): readonly string[] {
  return rowsOf(runThrough(window, [TEN, COUNTER, ...items])).map(brief);
}

const readings = (second: number, ...n: readonly number[]) => frame(second, { n });

describe('windows of a counter have its increments', () => {
  test('from reading to reading; the first has none', () => {
    expect(counted(readings(1, 100, 102), readings(3, 105), until(10))).toEqual(['0..10 v1: 2, 5']);
    expect(counted(readings(1, 100), until(10))).toEqual([]);
  });

  test('a reset is no fall: it counts from zero', () => {
    expect(counted(readings(1, 1_000, 1_002, 3, 4, 0), until(10))).toEqual(['0..10 v1: 4, 6']);
  });

  test('a rollover goes on where it began; a fall by more than half is a reset', () => {
    const rolling = model({ n: { kind: 'counter', rollover: 65_536 } });
    const found = counted(rolling, readings(1, 65_530, 65_535, 4, 10, 30_000, 7), until(10));
    expect(found).toEqual([`0..10 v1: 5, ${5 + 5 + 6 + 29_990 + 7}`]);
  });

  test('however they arrive within disorder', () => {
    const said = [
      [1, 10],
      [2, 13],
      [3, 20],
      [4, 2],
      [5, 9],
    ] as const;
    fc.assert(
      fc.property(fc.shuffledSubarray([...said], { minLength: 5 }), (shuffled) => {
        const sent = shuffled.map(([second, n]) => readings(second, n));
        expect(counted(...sent, until(10))).toEqual(['0..10 v1: 4, 19']);
      }),
    );
  });

  test('what comes later than disorder is in the increment that was taken already', () => {
    const late = [readings(1, 10), readings(3, 30), until(4), readings(2, 20), readings(5, 35)];
    expect(counted(...late, until(10))).toEqual(['0..10 v1: 2, 25']);
  });

  test('what is late and newer than the last one is taken at once', () => {
    const items = [readings(1, 10), until(12), readings(9, 30), until(13)];
    expect(counted(...items)).toEqual(['0..10 v1: 1, 20']);
  });

  test('in windows of every kind, each signal by itself', () => {
    const all = rules([
      { id: 'a', kind: 'hopping', size: '10s', hop: '5s', signals: ['n'] },
      { id: 'b', kind: 'count', count: 2 },
      { id: 'c', kind: 'session', gap: '3s' },
      { id: 'd', kind: 'tumbling', size: '5s', signals: ['t'] },
    ]);
    const items = [all, COUNTER, frame(1, { n: [1, 3, 6], t: [7, 8, 9] }), until(20)];
    const found = rowsOf(runThrough(window, items)).map((row) => {
      return `${row.window} ${row.signal} ${brief(row)}`;
    });
    expect(found.sort()).toEqual([
      'a n -5..5 v1: 2, 5',
      'a n 0..10 v1: 2, 5',
      'b n 2..3.000001 v1: 2, 5',
      'b t 1..2.000001 v1: 2, 15',
      'c n 2..6 v1: 2, 5',
      'c t 1..6 v1: 3, 24',
      'd t 0..5 v1: 3, 24',
    ]);
  });

  test('early, too: of what its source has passed', () => {
    const early = rules([{ id: 'w', kind: 'tumbling', size: '10s', early: '2s' }]);
    const items = [early, COUNTER, readings(1, 1, 3, 6), until(4), readings(5, 10), until(10)];
    expect(rowsOf(runThrough(window, items)).map(brief)).toEqual([
      '0..10 v0: 2, 5',
      '0..10 v1: 3, 9',
    ]);
  });

  test('of a source that falls silent', () => {
    const silence = { ...watermark(SUBJECT, 20 * SECOND, 'source'), silence: true as const };
    const items = [readings(1, 5, 7), readings(3, 8), silence];
    expect(counted(...items)).toEqual(['0..10 v1: 2, 3']);
    // What it stored meanwhile is in order by itself.
    expect(counted(...items, readings(12, 18), until(20))).toEqual([
      '0..10 v1: 2, 3',
      '10..20 v1: 1, 10',
    ]);
  });
});

test('readings that wait when the signal counts no more become dead letters', () => {
  const items = [TEN, COUNTER, readings(1, 5, 7), until(1), model({ n: {} }), until(20)];
  expect(deadLettersOf(runThrough(window, items))).toMatchObject([
    { reason: 'rule-changed', count: 1 },
  ]);
});

test('a counter that no window rule names waits for nobody', () => {
  const other = rules([{ id: 'w', kind: 'tumbling', size: '10s', signals: ['t'] }]);
  const items = [other, COUNTER, frame(1, { n: [1, 2], t: [1, 1] }), rules([]), until(20)];
  expect(deadLettersOf(runThrough(window, items))).toMatchObject([
    { reason: 'rule-changed', count: 2, original: 't' },
  ]);
});

test('a restart anywhere changes nothing', () => {
  const sent = [readings(1, 5), readings(3, 9), readings(2, 6), until(2), readings(5, 3)];
  const items = [TEN, COUNTER, ...sent, until(10), readings(12, 4), until(20)];
  const whole = runThrough(window, items);
  expect(rowsOf(whole).map(brief)).toEqual(['0..10 v1: 3, 7', '10..20 v1: 1, 1']);
  expect(runThrough(window, items, new Set(items.keys()))).toEqual(whole);
});

test('windows that are open when a signal begins to count, or counts no more, end: no sum has both', () => {
  const gauge = model({ n: {} });
  const begins = [
    TEN,
    gauge,
    readings(1, 100),
    until(2),
    COUNTER,
    readings(3, 110, 115),
    until(20),
  ];
  const found = runThrough(window, begins);
  expect(rowsOf(found).map(brief)).toEqual(['0..10 v1: 1, 5']);
  expect(deadLettersOf(found)).toMatchObject([{ reason: 'rule-changed', count: 1, original: 'n' }]);
  const ends = [TEN, COUNTER, readings(1, 100, 102), until(3), gauge, readings(4, 110), until(20)];
  expect(rowsOf(runThrough(window, ends)).map(brief)).toEqual(['0..10 v1: 1, 110']);
});
