/** Local days and shifts on the days on which clocks change. */

import { describe, expect, test } from 'vitest';
import { localDayAt, plantModelSchema, shiftSpanAt } from '../../../operators/model/plant-model.ts';
import {
  type Duration,
  type EventTime,
  fromLocal,
  fromMilliseconds,
  HOUR,
  toIso,
  toLocal,
} from '../../../operators/model/time.ts';

const at = (text: string) => fromMilliseconds(Date.parse(text));
const brief = ({ start, end }: { readonly start: EventTime; readonly end: EventTime }) => {
  return `${toIso(start)} ${(end - start) / HOUR} h`;
};

describe('A local day', () => {
  test.each([
    ['Europe/Berlin', '2026-03-29T12:00Z', '2026-03-28T23:00:00Z 23 h'],
    ['Europe/Berlin', '2026-10-25T12:00Z', '2026-10-24T22:00:00Z 25 h'],
    ['Europe/Berlin', '2026-10-25T22:59:59Z', '2026-10-24T22:00:00Z 25 h'],
    ['Europe/Berlin', '2026-10-25T23:00Z', '2026-10-25T23:00:00Z 24 h'],
    ['Australia/Sydney', '2026-04-04T20:00Z', '2026-04-04T13:00:00Z 25 h'],
    ['Australia/Sydney', '2026-10-03T20:00Z', '2026-10-03T14:00:00Z 23 h'],
    ['Australia/Lord_Howe', '2026-04-04T20:00Z', '2026-04-04T13:00:00Z 24.5 h'],
    ['Australia/Lord_Howe', '2026-10-03T20:00Z', '2026-10-03T13:30:00Z 23.5 h'],
    ['Asia/Kolkata', '2026-03-29T12:00Z', '2026-03-28T18:30:00Z 24 h'],
    // Midnight is passed over, and comes twice.
    ['Asia/Beirut', '2026-03-29T12:00Z', '2026-03-28T22:00:00Z 23 h'],
    ['America/Havana', '2026-11-01T12:00Z', '2026-11-01T04:00:00Z 25 h'],
    ['UTC', '1969-12-31T12:00Z', '1969-12-31T00:00:00Z 24 h'],
  ])('of %s at %s', (zone, time, expected) => {
    expect(brief(localDayAt(at(time), zone, 0 as Duration))).toBe(expected);
  });

  test('can begin with the first shift, also where that is skipped or comes twice', () => {
    const day = (time: string, hours: number) => {
      return brief(localDayAt(at(time), 'Europe/Berlin', (hours * HOUR) as Duration));
    };
    expect(day('2026-03-29T03:59:59Z', 6)).toBe('2026-03-28T05:00:00Z 23 h');
    expect(day('2026-03-29T04:00:00Z', 6)).toBe('2026-03-29T04:00:00Z 24 h');
    expect(day('2026-03-29T12:00:00Z', 2.5)).toBe('2026-03-29T01:00:00Z 23.5 h');
    expect(day('2026-10-25T01:10:00Z', 2.5)).toBe('2026-10-25T00:30:00Z 25 h');
  });

  test('follows the one before without a gap for years, in zones of every kind', () => {
    for (const zone of [
      'Europe/Berlin',
      'Australia/Lord_Howe',
      'Asia/Beirut',
      'Africa/Casablanca',
    ]) {
      let day = localDayAt(at('2024-01-01T12:00Z'), zone, 0 as Duration);
      for (let count = 0; count < 1_000; count += 1) {
        const next = localDayAt(day.end, zone, 0 as Duration);
        expect(next.start).toBe(day.end);
        day = next;
      }
      expect(toIso(toLocal(day.start, zone) as EventTime)).toMatch(/^2026-09-27T0[01]:00:00Z$/);
    }
  });

  test('is read from clocks and back', () => {
    for (let hour = 0; hour < 24 * 400; hour += 1) {
      const local = at('2026-01-01T00:00Z') + hour * HOUR;
      const shown = toLocal(fromLocal(local, 'Australia/Lord_Howe'), 'Australia/Lord_Howe');
      expect(shown - local).toBe(hour === 24 * 276 + 2 ? HOUR / 2 : 0);
    }
  });
});

describe('A shift', () => {
  const clock = plantModelSchema.parse({
    id: 'p',
    time_zone: 'Europe/Berlin',
    shifts: [
      { id: 'early', start: '06:00', end: '14:00' },
      { id: 'late', start: '14:00', end: '22:00' },
      { id: 'night', start: '22:00', end: '06:00' },
    ],
  });
  const of = (time: string, model = clock) => {
    const span = shiftSpanAt(at(time), model);
    return `${span.shift} ${brief(span)}`;
  };

  test('that passes midnight is an hour shorter or longer when clocks change', () => {
    expect(of('2026-03-28T23:30Z')).toBe('night 2026-03-28T21:00:00Z 7 h');
    expect(of('2026-03-29T03:59Z')).toBe('night 2026-03-28T21:00:00Z 7 h');
    expect(of('2026-03-29T04:00Z')).toBe('early 2026-03-29T04:00:00Z 8 h');
    expect(of('2026-10-25T01:30Z')).toBe('night 2026-10-24T20:00:00Z 9 h');
  });

  test('of several that overlap is the first in the model, and between two there is none', () => {
    const model = plantModelSchema.parse({
      id: 'p',
      shifts: [
        { id: 'early', start: '06:00', end: '14:30' },
        { id: 'late', start: '14:00', end: '22:00' },
      ],
    });
    expect(of('2026-03-28T14:15Z', model)).toBe('early 2026-03-28T06:00:00Z 8.5 h');
    expect(of('2026-03-28T14:30Z', model)).toBe('late 2026-03-28T14:30:00Z 7.5 h');
    expect(of('2026-03-28T23:00Z', model)).toBe(' 2026-03-28T22:00:00Z 2 h');
    expect(of('2026-03-29T05:00Z', model)).toBe(' 2026-03-29T00:00:00Z 6 h');
  });

  test('may last for a whole day, and begins when it says', () => {
    const shifts = [{ id: 'all', start: '06:00', end: '06:00' }];
    expect(of('2026-03-29T03:00Z', { ...clock, shifts })).toBe('all 2026-03-28T05:00:00Z 23 h');
  });
});
