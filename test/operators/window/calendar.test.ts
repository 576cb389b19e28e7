import { describe, expect, it } from 'vitest';
import type { Flow } from '../../../operators/flow/flow.ts';
import type { Sequence } from '../../../operators/model/message.ts';
import type { Window } from '../../../operators/model/observation.ts';
import { plantModelSchema } from '../../../operators/model/plant-model.ts';
import { window } from '../../../operators/window/window.ts';
import { runThrough } from '../../support/flows.ts';
import { deadLettersOf, frame, type Item, rowsOf, rules, SECOND, until } from './run-window.ts';

describe('A calendar window', () => {
  const shifts = [
    { id: 'day', start: '06:00', end: '18:00' },
    { id: 'night', start: '22:00', end: '04:00' },
  ];
  const model = (time_zone: string, more: object = {}): Item => ({
    kind: 'change',
    sequence: 1 as Sequence,
    value: {
      kind: 'model',
      id: 'm',
      model: plantModelSchema.parse({ id: 'plant', time_zone, shifts, ...more }),
    },
  });
  const hours = (text: string) => Date.parse(text) / 1_000;
  const spans = (items: readonly Flow<Window>[]) =>
    rowsOf(items).map(({ start, end, version, count }) => {
      const from = new Date(start / 1_000).toISOString().slice(0, 16);
      return `${from} ${(end - start) / 3_600 / SECOND} h v${version}: ${count}`;
    });

  /** A reading every quarter of an hour of some days. */
  const readings = (from: string, days: number): Item[] =>
    Array.from({ length: days * 96 }, (_, quarter) =>
      frame(hours(from) + quarter * 900, { speed: [1] }),
    );

  it.each([
    ['Europe/Berlin', '2026-03-28T22:00Z', ['2026-03-28T23:00 23 h v1: 92']],
    ['Europe/Berlin', '2026-10-24T21:00Z', ['2026-10-24T22:00 25 h v1: 100']],
    ['Australia/Lord_Howe', '2026-04-04T12:00Z', ['2026-04-04T13:00 24.5 h v1: 98']],
  ])('is a local day of %s', (zone, from, expected) => {
    const rule = { id: 'w', kind: 'calendar', size: 'day' };
    const items = [model(zone), rules([rule]), ...readings(from, 2), until(hours(from) + 200_000)];
    expect(spans(runThrough(window, items)).slice(1, 2)).toEqual(expected);
  });

  it('is a shift of the plant; between two there is none', () => {
    const rule = { id: 'w', kind: 'calendar', size: 'shift' };
    const from = '2026-03-28T04:00Z';
    const items = [
      model('Europe/Berlin'),
      rules([rule]),
      ...readings(from, 1),
      until(hours(from) + 100_000),
    ];
    expect(spans(runThrough(window, items))).toEqual([
      '2026-03-28T05:00 12 h v1: 48',
      '2026-03-28T21:00 5 h v1: 20',
    ]);
  });

  it('ends with another clock of the plant, and not with another model of the same clock', () => {
    const rule = { id: 'w', kind: 'calendar', size: 'day' };
    const begin = [model('Europe/Berlin'), rules([rule]), ...readings('2026-03-28T04:00Z', 1)];
    const same = [...begin, model('Europe/Berlin', { name: 'Plant' })];
    expect(deadLettersOf(runThrough(window, same))).toEqual([]);
    const other = [...begin, model('Europe/London')];
    expect(deadLettersOf(runThrough(window, other))).toMatchObject([
      { reason: 'rule-changed', count: 96 },
    ]);
  });
});
