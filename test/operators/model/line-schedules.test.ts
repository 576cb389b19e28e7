import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AssetKey, Key } from '../../../operators/model/key.ts';
import {
  applySchedule,
  boundariesBetween,
  boundaryAfter,
  entryChanges,
  type LineSchedules,
  orderNamed,
  scheduledAt,
  scheduledFor,
} from '../../../operators/model/line-schedules.ts';
import { standstillsOf, untilStandstill, workAt } from '../../../operators/model/machine-plan.ts';
import { type Schedule, scheduleMessageSchema } from '../../../operators/model/schedule.ts';
import { eventTime, HOUR } from '../../../operators/model/time.ts';

const PRESS = 'acme/l1/press' as AssetKey;
const OVEN = 'acme/l1/oven' as AssetKey;

function schedule(entries: readonly object[]): Schedule {
  return { kind: 'schedule', line: 'acme/l1' as Key, ...scheduleMessageSchema.parse({ entries }) };
}

function entry(id: string, kind: string, from: number, to: number, more: object = {}): object {
  return { id, kind, start: from * 3_600_000, end: to * 3_600_000, ...more };
}

function known(...messages: readonly (readonly object[])[]): LineSchedules {
  return messages.reduce<LineSchedules>((schedules, entries) => {
    return applySchedule(schedules, schedule(entries));
  }, {});
}

const work = (schedules: LineSchedules, at: number) =>
  workAt(schedules, PRESS, hour(at), { order: '', product: '' });
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

  test('gives what concerns an asset in the order of start, in whatever order it came', () => {
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

  test('of entries that overlap, the one that began last comes first', () => {
    const schedules = known([
      entry('week', 'planned-stop', 0, 100),
      entry('oil', 'maintenance', 10, 12),
      entry('long', 'order', 0, 50, { product: 'A' }),
      entry('rush', 'order', 11, 14, { product: 'B' }),
      entry('same', 'order', 11, 13, { product: 'C' }),
    ]);
    expect(ids(scheduledAt(schedules, PRESS, hour(11)))).toEqual([
      ...['same', 'rush', 'oil'],
      ...['long', 'week'],
    ]);
    expect(work(schedules, 11).product).toBe('C');
    expect(work(schedules, 14).product).toBe('A');
  });

  test('gives what a message changed; a repetition is no change', () => {
    const schedules = known([entry('a', 'order', 0, 8), entry('b', 'order', 8, 9)]);
    const changes = entryChanges(
      schedules,
      schedule([
        entry('a', 'order', 0, 8),
        entry('b', 'order', 8, 10),
        entry('c', 'changeover', 10, 11),
        entry('a', 'order', 0, 8, { cancelled: true }),
        entry('never', 'order', 0, 8, { cancelled: true }),
      ]),
    );
    expect(changes.map(({ type, entry: { id, end } }) => [type, id, end / HOUR])).toEqual([
      ['changed', 'b', 10],
      ['added', 'c', 11],
      ['cancelled', 'a', 8],
    ]);
  });

  test('refuses an operation without its order', () => {
    expect(() => schedule([entry('a', 'operation', 0, 8)])).toThrow('the order that the operation');
  });
});

describe('the operations of an order', () => {
  const schedules = known([
    entry('4711', 'order', 0, 10, { product: 'lid', due: 12 * 3_600_000 }),
    entry('op1', 'operation', 1, 3, { order: '4711', segment: 'press', assets: ['press'] }),
    entry('op2', 'operation', 5, 6, { order: '4711', assets: ['press'] }),
    entry('4712', 'order', 12, 14),
  ]);

  test('alone say when a machine works on it; order and product are those of the whole', () => {
    expect(work(schedules, 2)).toEqual({
      ...{ order: '4711', operation: 'press', product: 'lid', due: hour(12), end: hour(10) },
    });
    expect(work(schedules, 4)).toMatchObject({ order: '', operation: '' });
    expect(work(schedules, 5)).toMatchObject({ order: '4711', operation: 'op2' });
    expect(workAt(schedules, OVEN, hour(2), { order: '', product: '' }).order).toBe('');
  });

  test('leave free time between them, in which the machine stands anyway', () => {
    expect(standstillsOf(schedules, PRESS)).toMatchObject([
      { kind: 'gap', entry: 'op1', start: hour(3), end: hour(5) },
      { kind: 'gap', entry: 'op2', start: hour(6), end: hour(12) },
    ]);
  });
});

describe('what a machine works on', () => {
  test('is what it reports itself, with what the schedule knows of that order', () => {
    const schedules = known([
      entry('a', 'order', 0, 8, { order: '1', product: 'A', due: 9 * 3_600_000 }),
      entry('b', 'order', 8, 9, { order: '2', product: 'B', due: 20 * 3_600_000 }),
    ]);
    const at = (order: string, product = '') =>
      workAt(schedules, PRESS, hour(4), { order, product });
    expect(at('')).toMatchObject({ order: '1', product: 'A', due: hour(9), end: hour(8) });
    expect(at('2')).toMatchObject({ order: '2', product: 'B', due: hour(20), end: hour(9) });
    expect(at('2', 'C')).toMatchObject({ order: '2', product: 'C' });
    expect(at('3')).toEqual({ order: '3', operation: '', product: '', due: null, end: null });
  });
});

describe('the next stop', () => {
  const schedules = known([
    entry('a', 'order', 0, 4),
    entry('b', 'changeover', 4, 5),
    entry('c', 'order', 5, 8),
    entry('d', 'order', 9, 10),
  ]);

  test.each([
    ['is so far away', 1, 3],
    ['is now, while the machine stands', 4, 0],
    ['may be free time between two orders', 6, 2],
    ['is none where the schedule ends', 9, null],
  ])('%s', (_, from, hours) => {
    const until = untilStandstill(schedules, PRESS, hour(from));
    expect(until === null ? null : until / HOUR).toBe(hours);
  });

  test('is now inside a long stop that has a short one in it', () => {
    const nested = known([entry('w', 'planned-stop', 0, 50), entry('m', 'maintenance', 2, 3)]);
    expect(untilStandstill(nested, PRESS, hour(10))).toBe(0);
  });
});

describe('a long schedule', () => {
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
    const found = Array.from({ length: 10_000 }, (_, at) => [
      ids(scheduledAt(schedules, PRESS, hour(at))),
      untilStandstill(schedules, PRESS, hour(at)),
      boundaryAfter(schedules, PRESS, hour(at)),
    ]);
    // By looking through all of them: half a minute, which no test is given.
    expect(found).toEqual(year.map((_, at) => [[`o${at}`], null, hour(at + 1)]));
  });
});

/** All that is made of a schedule for some machines. */
function derived(schedules: LineSchedules) {
  const orders = ['o1', 'o2', 'o3', 'e1', 'e2'];
  return [PRESS, OVEN, 'acme/l1/saw' as AssetKey].map((asset) => ({
    entries: scheduledFor(schedules, asset),
    boundaries: boundariesBetween(schedules, asset, hour(-1), hour(100)),
    orders: orders.map((order) => orderNamed(schedules, asset, order)),
    standstills: standstillsOf(schedules, asset),
    running: Array.from({ length: 13 }, (_, at) => ids(scheduledAt(schedules, asset, hour(at)))),
  }));
}

const someEntry = fc
  .record({
    id: fc.constantFrom('e1', 'e2', 'e3', 'e4', 'e5', 'e6', 'e7', 'e8'),
    kind: fc.constantFrom('order', 'order', 'operation', 'operation', 'changeover', 'maintenance'),
    order: fc.constantFrom('o1', 'o2', 'o3'),
    from: fc.integer({ min: 0, max: 8 }),
    length: fc.integer({ min: 1, max: 4 }),
    assets: fc.constantFrom(undefined, undefined, ['press'], ['oven', 'saw']),
    cancelled: fc.constantFrom(undefined, undefined, true),
  })
  .map(({ id, kind, from, length, ...more }) => entry(id, kind, from, from + length, more));

test('what a message changes in place is what would be made anew', () => {
  const messages = fc.array(fc.array(someEntry, { minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(
    fc.property(messages, fc.infiniteStream(fc.boolean()), (list, asked) => {
      let schedules: LineSchedules = {};
      for (const entries of list) {
        schedules = applySchedule(schedules, schedule(entries));
        // Tables are made when somebody asks for them, and go on from there.
        if (asked.next().value === true) derived(schedules);
      }
      expect(derived(schedules)).toEqual(derived(structuredClone(schedules)));
    }),
    { numRuns: 80 },
  );
});

test('an id that every object has is an entry like another', () => {
  const first = known([entry('a', 'order', 0, 2), entry('b', 'order', 2, 4)]);
  scheduledFor(first, PRESS);
  const schedules = applySchedule(first, schedule([entry('constructor', 'order', 4, 6)]));
  expect(scheduledFor(schedules, PRESS)).toMatchObject([
    ...[{ id: 'a' }, { id: 'b' }, { id: 'constructor' }],
  ]);
});

test('what a planning system repeats changes nothing, and machines with one schedule share it', () => {
  const entries = Array.from({ length: 40 }, (_, at) => entry(`e${at}`, 'order', at, at + 1));
  const before = known(entries);
  const [press, oven] = [PRESS, OVEN].map((asset) => scheduledFor(before, asset));
  expect(press).toBe(oven);
  const repeated = applySchedule(before, schedule(entries));
  expect(scheduledFor(repeated, PRESS)).toBe(press);
  const changed = applySchedule(repeated, schedule([entry('e3', 'order', 3, 5)]));
  expect(scheduledFor(changed, PRESS)).toBe(scheduledFor(changed, OVEN));
  expect(scheduledFor(changed, PRESS)[3]).toMatchObject({ id: 'e3', end: hour(5) });
  expect(scheduledFor(repeated, PRESS)[3]).toMatchObject({ id: 'e3', end: hour(4) });
});
