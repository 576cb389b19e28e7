import { describe, expect, test } from 'vitest';
import { enrich } from '../../../operators/enrich/enrich.ts';
import type { Flow } from '../../../operators/flow/flow.ts';
import type { Key } from '../../../operators/model/key.ts';
import type { Observed } from '../../../operators/model/observation.ts';
import type { ScheduleEntry } from '../../../operators/model/schedule.ts';
import { END_OF_TIME } from '../../../operators/model/time.ts';
import { at, FAN, machineEvent, PRESS, schedule } from '../../support/findings.ts';
import { runThrough, watermark } from '../../support/flows.ts';

const pass = (seconds: number) => watermark('p1/l1', at(seconds));

function machineEventOf(seconds: number, asset: Key = FAN): Flow<Observed> {
  const { value, ...event } = machineEvent(seconds, 'hello', {}, { asset });
  return { ...event, value: value.observation };
}

function scheduleEvents(items: readonly Flow<Observed>[], cuts?: ReadonlySet<number>): string[] {
  return runThrough(enrich, items, cuts).flatMap((item) => {
    if (item.kind !== 'event' || item.value.observation.kind !== 'schedule') return [];
    const { type, entry } = item.value.observation;
    const { planned } = item.value.situation;
    return [`${item.time / 1e6} ${item.key.slice(6)} ${type} ${entry.id} ${planned}`.trim()];
  });
}

function cancelled(id: string, kind: ScheduleEntry['kind'], from: number, to: number) {
  const change = schedule([id, kind, from, to]);
  if (change.value.kind !== 'schedule') throw new Error('a schedule is a schedule');
  const entries = change.value.entries.map((entry) => ({ ...entry, cancelled: true }));
  return { ...change, value: { ...change.value, entries } };
}

describe('what happens in the schedule', () => {
  test('is emitted when the time of the line reaches it, in its order with what is observed', () => {
    const items = [
      schedule(['o1', 'order', 0, 100], ['c1', 'changeover', 100, 150], ['o2', 'order', 150, 300]),
      machineEventOf(10),
      machineEventOf(120),
      pass(1_000),
    ];
    expect(scheduleEvents(items)).toEqual([
      '100 fan ended o1 changeover',
      '100 fan begun c1 changeover',
      '150 fan ended c1',
      '150 fan begun o2',
      '300 fan ended o2',
    ]);
    const order = runThrough(enrich, items).flatMap((item) =>
      item.kind === 'event' ? [item.time / 1e6] : [],
    );
    expect(order).toEqual([10, 100, 100, 120, 150, 150, 300]);
  });

  test('is emitted for each machine with observations, and of those only that an entry concerns', () => {
    const change = schedule(['c1', 'changeover', 100, 150]);
    if (change.value.kind !== 'schedule') throw new Error('a schedule is a schedule');
    const entries = change.value.entries.map((entry) => ({ ...entry, assets: ['press'] }));
    const only = { ...change, value: { ...change.value, entries } };
    const items = [machineEventOf(1), machineEventOf(2, PRESS), pass(5), only, pass(120)];
    expect(scheduleEvents(items)).toEqual([
      '5.000001 press added c1',
      '100 press begun c1 changeover',
    ]);
  });

  test('is emitted when a message changes it: added, changed, cancelled, and nothing for the same again', () => {
    expect(
      scheduleEvents([
        machineEventOf(1),
        pass(10),
        schedule(['c1', 'changeover', 100, 150]),
        pass(20),
        schedule(['c1', 'changeover', 100, 150]),
        pass(30),
        schedule(['c1', 'changeover', 100, 200]),
        pass(160),
        cancelled('c1', 'changeover', 100, 200),
        pass(1_000),
      ]),
    ).toEqual([
      '10.000001 fan added c1',
      '30.000001 fan changed c1',
      '100 fan begun c1 changeover',
      '160.000001 fan cancelled c1',
    ]);
  });

  test('that comes late is added, and begins no more', () => {
    const late = schedule(['c1', 'changeover', 100, 150]);
    expect(scheduleEvents([machineEventOf(1), pass(120), late, pass(1_000)])).toEqual([
      '120.000001 fan added c1 changeover',
      '150 fan ended c1',
    ]);
  });

  test('is no news when it lies more than a day away, nor is what the end of a recording would reach', () => {
    const far = schedule(['c1', 'changeover', 90_000, 91_000]);
    const end = watermark('p1/l1', END_OF_TIME);
    expect(scheduleEvents([machineEventOf(1), pass(120), far, end])).toEqual([]);
  });

  test('is bounded for each message: what is too much is counted', () => {
    const many = Array.from({ length: 120 }, (_, index) => {
      return [`c${index}`, 'changeover', 1_000 + index, 1_001 + index] as const;
    });
    const output = runThrough(enrich, [machineEventOf(1), pass(2), schedule(...many)]);
    expect(output.filter(({ kind }) => kind === 'event')).toHaveLength(101);
    expect(output.flatMap((item) => (item.kind === 'row' ? [item.row] : []))).toMatchObject([
      { reason: 'overflow', count: 20 },
    ]);
  });

  test('is emitted the same wherever the stage is cut and continued', () => {
    const items = [
      schedule(['o1', 'order', 0, 100]),
      machineEventOf(10),
      pass(20),
      schedule(['c1', 'changeover', 100, 150]),
      pass(110),
      machineEventOf(130),
      cancelled('c1', 'changeover', 100, 150),
      pass(500),
    ];
    expect(scheduleEvents(items, new Set(items.keys()))).toEqual(scheduleEvents(items));
  });
});
