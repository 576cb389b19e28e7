import { describe, expect, test } from 'vitest';
import type { AssetKey, Key } from '../../../operators/model/key.ts';
import {
  endedBefore,
  type LineSchedules,
  reschedule,
  scheduledAt,
  scheduledFor,
} from '../../../operators/model/line-schedules.ts';
import { type Schedule, scheduleMessageSchema } from '../../../operators/model/schedule.ts';
import { DAY, eventTime, HOUR } from '../../../operators/model/time.ts';

const PRESS = 'acme/l1/press' as AssetKey;
const OVEN = 'acme/l1/oven' as AssetKey;

function schedule(entries: readonly object[]): Schedule {
  return { kind: 'schedule', line: 'acme/l1' as Key, ...scheduleMessageSchema.parse({ entries }) };
}

function entry(id: string, kind: string, from: number, to: number, more: object = {}): object {
  return { id, kind, start: from * 3_600_000, end: to * 3_600_000, ...more };
}

function known(...messages: readonly (readonly object[])[]): LineSchedules {
  const schedules: LineSchedules = {};
  for (const entries of messages) reschedule(schedules, schedule(entries));
  return schedules;
}

const ids = (entries: readonly { readonly id: string }[]) => entries.map(({ id }) => id);
const hour = (count: number) => eventTime(count * HOUR);

describe('the schedule of a line', () => {
  test('has the last word of each entry, and none that was cancelled', () => {
    const schedules = known(
      [entry('a', 'order', 0, 8), entry('b', 'changeover', 8, 9)],
      [entry('a', 'order', 1, 8), entry('b', 'changeover', 8, 9, { cancelled: true })],
    );
    expect(scheduledFor(schedules, PRESS)).toMatchObject([{ id: 'a', start: hour(1) }]);
  });

  test('gives what concerns an asset in the order of start, whatever order it was told in', () => {
    const schedules = known([
      entry('c', 'order', 4, 8),
      entry('b', 'maintenance', 2, 3, { assets: ['oven'] }),
      entry('a', 'order', 0, 4),
    ]);
    expect(ids(scheduledFor(schedules, PRESS))).toEqual(['a', 'c']);
    expect(ids(scheduledFor(schedules, OVEN))).toEqual(['a', 'b', 'c']);
    expect(scheduledFor(schedules, 'acme/l2/press' as AssetKey)).toEqual([]);
  });

  test('gives what runs at a time: the start belongs to it, the end does not', () => {
    const schedules = known([entry('a', 'order', 0, 4), entry('b', 'changeover', 4, 5)]);
    expect(ids(scheduledAt(schedules, PRESS, hour(0)))).toEqual(['a']);
    expect(ids(scheduledAt(schedules, PRESS, hour(4)))).toEqual(['b']);
    expect(ids(scheduledAt(schedules, PRESS, hour(5)))).toEqual([]);
  });

  test('gives the last end of each kind within a day', () => {
    const schedules = known([
      entry('a', 'changeover', 0, 1),
      entry('b', 'changeover', 5, 6),
      entry('c', 'maintenance', 2, 3),
      entry('d', 'order', 6, 20),
    ]);
    expect(endedBefore(schedules, PRESS, hour(7))).toEqual([
      ['changeover', hour(6)],
      ['maintenance', hour(3)],
    ]);
    expect(endedBefore(schedules, PRESS, eventTime(hour(3) + DAY + 1))).toEqual([
      ['changeover', hour(6)],
      ['order', hour(20)],
    ]);
  });

  test('keeps 20,000 entries, and forgets first what ended first', () => {
    const many = Array.from({ length: 20_001 }, (_, at) => entry(`e${at}`, 'order', at, at + 1));
    const kept = scheduledFor(
      known(many.slice(10_001), many.slice(1, 10_001), many.slice(0, 1)),
      PRESS,
    );
    expect(kept).toHaveLength(20_000);
    expect(kept[0]?.id).toBe('e1');
  });

  test('a year of orders is looked up as quickly as a day of them', () => {
    const year = Array.from({ length: 10_000 }, (_, at) => entry(`o${at}`, 'order', at, at + 1));
    const schedules = known(year);
    const started = performance.now();
    for (let at = 0; at < 10_000; at += 1) {
      expect(scheduledAt(schedules, PRESS, hour(at))).toHaveLength(1);
      endedBefore(schedules, PRESS, hour(at));
    }
    // By looking through all of them: half a minute.
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});
