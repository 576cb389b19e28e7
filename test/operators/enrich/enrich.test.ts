import { describe, expect, test } from 'vitest';
import { enrich } from '../../../operators/enrich/enrich.ts';
import type { Flow } from '../../../operators/flow/flow.ts';
import type { Key } from '../../../operators/model/key.ts';
import type { EventData } from '../../../operators/model/machine-event.ts';
import type { Sequence } from '../../../operators/model/message.ts';
import type { Observed, Situation } from '../../../operators/model/observation.ts';
import { plantModelSchema } from '../../../operators/model/plant-model.ts';
import { type Schedule, scheduleEntrySchema } from '../../../operators/model/schedule.ts';
import type { EventTime } from '../../../operators/model/time.ts';
import { event, runThrough, valuesOf } from '../../support/flows.ts';
import { MODEL } from '../../support/plant-log.ts';

const ASSET = 'p1/l1/press' as Key;
const NOON = Date.UTC(2026, 0, 5, 12);
const at = (seconds: number) => ((NOON + seconds * 1_000) * 1_000) as EventTime;

function state(seconds: number, data: EventData, late = false): Flow<Observed> {
  const origin = { subject: 's', sequence: 1 as Sequence, appended: at(seconds) };
  const value = {
    kind: 'event',
    origin,
    asset: ASSET,
    time: at(seconds),
    type: 'state',
    data,
  } as const;
  const item = event<Observed>(ASSET, at(seconds), value);
  return late ? { ...item, late: true } : item;
}

function window(start: number, end: number): Flow<Observed> {
  const value = { kind: 'window', asset: ASSET, start: at(start), end: at(end) };
  return event(ASSET, at(end), value as Observed);
}

function schedule(...entries: readonly Record<string, unknown>[]): Flow<Observed> {
  const value: Schedule = {
    kind: 'schedule',
    line: 'p1/l1' as Key,
    entries: entries.map((entry) => scheduleEntrySchema.parse(entry)),
  };
  return { kind: 'change', sequence: 1 as Sequence, value };
}

const stretch = (from: number, to: number) => ({
  start: NOON + from * 1_000,
  end: NOON + to * 1_000,
});

/** The situations of the windows in a flow. */
function situations(items: readonly Flow<Observed>[], cuts?: ReadonlySet<number>): Situation[] {
  return valuesOf(runThrough(enrich, items, cuts)).flatMap(({ observation, situation }) => {
    return observation.kind === 'window' ? [situation] : [];
  });
}

describe('enrich', () => {
  test('a window has the state that was true when it began', () => {
    const items = [
      state(0, { state: 'EXECUTE', mode: 'production', product: 'A', order: '1' }),
      window(10, 20),
      state(20, { state: 'STOPPED' }),
      window(20, 30),
    ];
    expect(situations(items)).toMatchObject([
      {
        state: 'EXECUTE',
        mode: 'production',
        product: 'A',
        order: '1',
        since: at(0),
        mixed: false,
      },
      { state: 'STOPPED', mode: '', product: '', since: at(20), mixed: false },
    ]);
  });

  test('before the first state event nothing is known', () => {
    expect(situations([window(0, 10)])).toMatchObject([
      { state: 'UNDEFINED', planned: '', mixed: false },
    ]);
  });

  test.each(['__proto__', 'constructor'])('a plant of the name %s has no model', (plant) => {
    const asset = `${plant}/l1/press` as Key;
    const value = { kind: 'window', asset, start: at(0), end: at(10) };
    expect(situations([event(asset, at(10), value as Observed)])).toMatchObject([{ shift: '' }]);
  });

  test('a window in which state, mode or product changed is mixed; the same state again is no change', () => {
    const execute = { state: 'EXECUTE', product: 'A' };
    const items = [
      state(0, execute),
      state(15, execute),
      window(10, 20),
      state(25, { ...execute, product: 'B' }),
      window(20, 30),
    ];
    expect(situations(items).map(({ mixed }) => mixed)).toEqual([false, true]);
  });

  test('a late fact corrects the lookups after it', () => {
    const items = [window(10, 20), state(5, { state: 'HELD' }, true), window(20, 30)];
    expect(situations(items).map((one) => one.state)).toEqual(['UNDEFINED', 'HELD']);
  });

  test('the schedule says what is planned, and gives order and product where the machine does not', () => {
    const items = [
      schedule(
        { id: 'o1', kind: 'order', order: '4711', product: 'B', ...stretch(0, 100) },
        { id: 'c1', kind: 'changeover', ...stretch(100, 200) },
        { id: 'c2', kind: 'changeover', assets: ['pump'], ...stretch(0, 100) },
      ),
      window(10, 20),
      window(110, 120),
      window(210, 220),
    ];
    expect(situations(items)).toMatchObject([
      { order: '4711', product: 'B', planned: '' },
      { order: '', planned: 'changeover' },
      { planned: '' },
    ]);
  });

  test('a cancelled entry is not there any more', () => {
    const entry = { id: 'c1', kind: 'changeover', ...stretch(0, 100) };
    const items = [
      schedule(entry),
      window(1, 2),
      schedule({ ...entry, cancelled: true }),
      window(3, 4),
    ];
    expect(situations(items).map(({ planned }) => planned)).toEqual(['changeover', '']);
  });

  test('a machine that starts is in its start-up, and it is known when that ended', () => {
    const items = [
      state(0, { state: 'STARTING' }),
      window(1, 2),
      state(10, { state: 'EXECUTE' }),
      window(11, 12),
    ];
    expect(situations(items)).toMatchObject([
      { planned: 'startup' },
      { planned: '', started: at(10) },
    ]);
  });

  test('the shift is that of the plant, in its own time zone, also over midnight', () => {
    const model = plantModelSchema.parse(MODEL);
    const change: Flow<Observed> = {
      kind: 'change',
      sequence: 1 as Sequence,
      value: { kind: 'model', id: 'c', model },
    };
    // Noon UTC is 13:00 in Vienna in winter; ten hours later it is 23:00.
    const items = [change, window(0, 10), window(2 * 3_600, 2 * 3_600 + 1), window(36_000, 36_010)];
    expect(situations(items).map(({ shift }) => shift)).toEqual(['early', '', 'night']);
  });

  test('due time, operation and minutes to the next stop come from the schedule', () => {
    const items = [
      schedule(
        { id: '4711', kind: 'order', product: 'B', due: NOON + 900_000, ...stretch(0, 600) },
        { id: 'op', kind: 'operation', order: '4711', segment: 'bend', ...stretch(0, 300) },
        { id: 'c1', kind: 'changeover', ...stretch(600, 700) },
      ),
      window(0, 120),
      window(600, 610),
    ];
    expect(situations(items)).toMatchObject([
      // Until the free time late its operation; counted from the end of the window.
      { order: '4711', product: 'B', operation: 'bend', due: at(900), next_stop: 3 },
      { order: '', due: null, planned: 'changeover', next_stop: 0 },
    ]);
  });

  test('a window in which the schedule changes the product is mixed, unless the machine reports its product', () => {
    const items = [
      schedule(
        { id: 'o1', kind: 'order', product: 'A', ...stretch(0, 15) },
        { id: 'o2', kind: 'order', product: 'B', ...stretch(15, 30) },
      ),
      window(0, 10),
      window(10, 20),
      state(20, { state: 'EXECUTE', product: 'C' }),
      window(20, 30),
    ];
    expect(situations(items).map(({ mixed }) => mixed)).toEqual([false, true, false]);
    const said = [state(0, { state: 'EXECUTE', product: 'C' }), ...items];
    expect(situations(said).map(({ mixed }) => mixed)).toEqual([false, false, false]);
  });

  test('a restart at any point changes nothing', () => {
    const items = [
      state(0, { state: 'STARTING' }),
      schedule({ id: 'c1', kind: 'changeover', ...stretch(15, 25) }),
      window(1, 5),
      state(5, { state: 'EXECUTE' }),
      window(10, 20),
      window(20, 30),
    ];
    expect(situations(items, new Set(items.keys()))).toEqual(situations(items));
  });
});
