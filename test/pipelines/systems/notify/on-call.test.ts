import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lastTimeOfDay, onCall, quietUntil } from '../../../../pipelines/systems/notify/on-call.ts';
import { HOUR, MINUTE, people, WRITTEN } from './people.ts';

const ROLES = {
  // Three shifts, each with one person, by the clocks of Vienna.
  early: { layers: [{ people: ['ann'], during: [{ from: '06:00', to: '14:00' }] }] },
  shifts: {
    layers: [
      { people: ['ann'], during: [{ from: '06:00', to: '14:00' }] },
      { people: ['bob'], during: [{ from: '14:00', to: '22:00' }] },
      { people: ['eve'], during: [{ from: '22:00', to: '06:00' }] },
    ],
  },
  // In the hour that clocks repeat, and pass over.
  night: {
    layers: [{ people: ['ann', 'bob', 'eve'], every: '1d', from: '2026-01-05T02:30' }],
  },
  week: {
    layers: [{ people: ['ann', 'bob'], every: '7d', from: '2026-01-05T06:00' }],
    on_holidays: ['eve'],
    swaps: [{ from: '2026-06-02', to: '2026-06-03', instead_of: 'bob', person: 'eve' }],
    escalate: ['head'],
  },
  head: { layers: [{ people: ['zoe'] }], escalate: ['week'] },
  plant: { layers: [{ people: ['zoe'] }] },
};
const config = people({ roles: ROLES, holidays: ['2026-12-25'] });
const first = (role: string, time: string | number) =>
  onCall(role, typeof time === 'number' ? time : Date.parse(time), config)[0]?.person;

describe('who is on call', () => {
  test('by the clock of the zone, whatever the season', () => {
    expect(first('shifts', '2026-01-15T05:00:00Z')).toBe('ann');
    expect(first('shifts', '2026-01-15T04:59:59Z')).toBe('eve');
    expect(first('shifts', '2026-07-15T04:00:00Z')).toBe('ann');
    expect(first('shifts', '2026-07-15T03:59:59Z')).toBe('eve');
  });

  test('week by week in turn, also before the first change', () => {
    expect(first('week', '2026-01-05T05:00:00Z')).toBe('ann');
    expect(first('week', '2026-01-12T05:00:00Z')).toBe('bob');
    expect(first('week', '2026-01-05T04:59:00Z')).toBe('bob');
  });

  test('somebody else for a time, on holidays, and when nobody is there', () => {
    const line = (time: string) =>
      onCall('week', Date.parse(time), config).map((one) => one.person);
    expect(line('2026-06-01T21:00:00Z')).toEqual(['bob', 'zoe']);
    // A date alone means the whole day, by the clock.
    expect(line('2026-06-01T22:00:00Z')).toEqual(['eve', 'zoe']);
    expect(line('2026-06-03T21:59:00Z')).toEqual(['eve', 'zoe']);
    expect(line('2026-12-25T12:00:00Z')).toEqual(['eve', 'zoe']);
    expect(first('early', '2026-06-01T20:00:00Z')).toBe('zoe');
  });

  test('nobody who is away, unless all are', () => {
    const away = [{ from: '2026-06-01', to: '2026-06-30' }];
    const zoe = { ...WRITTEN.people.zoe, away };
    const at = Date.parse('2026-06-10T10:00:00Z');
    const of = (changes: object) =>
      onCall('head', at, people({ roles: ROLES, ...changes }))[0]?.person;
    expect(of({ people: { ...WRITTEN.people, zoe } })).toBe('ann');
    const all = Object.entries(WRITTEN.people).map(([id, person]) => [id, { ...person, away }]);
    expect(of({ people: Object.fromEntries(all) })).toBe('zoe');
  });
});

describe('nights in which clocks change', () => {
  /** Changes of the person from Saturday to Monday, minute by minute. */
  const changes = (role: string, day: string) => {
    const found: string[] = [];
    const from = Date.parse(`${day}T00:00:00Z`) - 24 * HOUR;
    let before = first(role, from);
    for (let time = from; time < from + 72 * HOUR; time += MINUTE) {
      const now = first(role, time);
      if (now !== before) found.push(`${new Date(time).toISOString().slice(5, 16)} ${now}`);
      before = now;
    }
    return found;
  };

  test('set forward: the change in the hour that is not there comes when it would begin', () => {
    expect(changes('night', '2026-03-29')).toEqual([
      expect.stringMatching(/^03-28T01:30 /),
      expect.stringMatching(/^03-29T01:00 /),
      expect.stringMatching(/^03-30T00:30 /),
    ]);
  });
  test('set back: the change comes once, at the first of the two times', () => {
    expect(changes('night', '2026-10-25')).toEqual([
      expect.stringMatching(/^10-24T00:30 /),
      expect.stringMatching(/^10-25T00:30 /),
      expect.stringMatching(/^10-26T01:30 /),
    ]);
  });

  test('there is always just one of three shifts, around every change of the year', () => {
    const time = fc.integer({ min: Date.parse('2026-01-01'), max: Date.parse('2027-01-01') });
    const near = fc.constantFrom('2026-03-29T01:00:00Z', '2026-10-25T01:00:00Z').chain((night) => {
      return fc.integer({ min: -6 * HOUR, max: 6 * HOUR }).map((by) => Date.parse(night) + by);
    });
    fc.assert(
      fc.property(fc.oneof(time, near), (now) => {
        // Behind them stands the fallback.
        expect(onCall('shifts', now, config).map(({ why }) => why)).toEqual([
          expect.stringMatching(/^shifts/),
          expect.stringMatching(/^plant/),
        ]);
      }),
    );
  });
});

test('quiet hours end by the clock of the person, and holidays with the day', () => {
  const quiet = {
    hours: [
      { days: ['sat', 'sun'], from: '00:00', to: '00:00' },
      { from: '22:00', to: '06:00' },
    ],
  };
  const of = (time: string, holidays = false) => {
    const ann = {
      ...WRITTEN.people.ann,
      time_zone: 'America/New_York',
      quiet: { ...quiet, holidays },
    };
    const file = people({ people: { ...WRITTEN.people, ann }, holidays: ['2026-06-01'] });
    const until = quietUntil('ann', 'alarm', Date.parse(time), file);
    return until === undefined ? undefined : new Date(until).toISOString();
  };
  expect(of('2026-06-03T16:00:00Z')).toBeUndefined();
  expect(of('2026-06-04T03:00:00Z')).toBe('2026-06-04T10:00:00.000Z');
  // From Friday's evening to Monday's morning, or Tuesday's where Monday is a holiday.
  expect(of('2026-05-30T03:00:00Z')).toBe('2026-06-01T10:00:00.000Z');
  expect(of('2026-05-30T03:00:00Z', true)).toBe('2026-06-02T10:00:00.000Z');
});

test('the last time that a clock showed something', () => {
  const at = (text: string) => Date.parse(text);
  const last = (now: string) =>
    new Date(lastTimeOfDay('09:00', at(now), 'Europe/Vienna')).toISOString();
  expect(last('2026-01-15T08:00:00Z')).toBe('2026-01-15T08:00:00.000Z');
  expect(last('2026-01-15T07:59:00Z')).toBe('2026-01-14T08:00:00.000Z');
});
