import { describe, expect, test } from 'vitest';
import type { Row } from '../../../../operators/flow/flow.ts';
import type { AssetKey } from '../../../../operators/model/key.ts';
import { type EventTime, HOUR, MINUTE } from '../../../../operators/model/time.ts';
import {
  type RecordingDescription,
  recordingSchema,
} from '../../../../pipelines/recordings/recording-description.ts';
import {
  closeTally,
  countAlarms,
  createAlarmTally,
} from '../../../../pipelines/rules/sweep/alarm-tally.ts';
import { createMeasuredSpan, extendSpan } from '../../../../pipelines/rules/sweep/measured-span.ts';
import {
  operatingPeriods,
  type PeriodsOf,
} from '../../../../pipelines/rules/sweep/operating-periods.ts';
import { variantResult } from '../../../../pipelines/rules/sweep/sweep-report.ts';

const BEGIN = Date.UTC(2026, 0, 1) * 1_000;
const minute = (count: number) => (BEGIN + count * MINUTE) as EventTime;
const iso = (at: number) => new Date(minute(at) / 1_000).toISOString();

function recording(lives: object[] = [], more: object = {}): RecordingDescription {
  const csv = { kind: 'csv', name: 'a', file: 'a.csv', time: { column: 't' } };
  return recordingSchema.parse({ ...csv, subject: 'telemetry.p.l.pump', lives, ...more });
}

/** Minute, phase, id; perhaps asset, rule, withheld. */
type Said = readonly [at: number, phase: string, id: string, more?: object];

function anomaly([at, phase, id, more = {}]: Said): Row {
  const where = { plant: 'p', line: 'l', asset: 'pump' };
  const one = { ...where, id, phase, time: minute(at), rule: 'usual', withheld: '', ...more };
  return { kind: 'row', table: 'anomalies', row: one } as unknown as Row;
}

/** So many minutes of measurements of the pump, and of the fan when asked for. */
function spanOf(minutes: number, assets: readonly string[] = ['pump']) {
  const span = createMeasuredSpan();
  for (const asset of assets) {
    const times = Float64Array.of(minute(0), minute(minutes));
    const frame = { asset: `p/l/${asset}` as AssetKey, times, signals: ['a'], texts: [] };
    extendSpan(span, { kind: 'row', table: 'readings', row: frame } as unknown as Row);
  }
  return span;
}

function resultOf(said: readonly Said[], periods: PeriodsOf, span = spanOf(600)) {
  const options = { detectors: new Set(['usual']), periodsOf: periods, lasting: HOUR };
  const tally = createAlarmTally();
  for (const one of said) countAlarms(tally, anomaly(one), options);
  closeTally(tally, options);
  return variantResult(tally, span, periods);
}

describe('what alarms are worth', () => {
  const whole = operatingPeriods([recording()], {});

  test('an alarm that stands at the end is a warning; one that was gone soon is none', () => {
    const said: Said[] = [
      [60, 'raised', 'a'],
      [80, 'cleared', 'a'],
      [500, 'raised', 'b'],
      [510, 'updated', 'b'],
    ];
    const { alarms, first, leads } = resultOf(said, whole);
    expect({ alarms, first }).toEqual({ alarms: 2, first: minute(60) });
    const warned = { firstAlarm: minute(500), lead: 100 * MINUTE };
    expect(leads).toEqual([{ asset: 'p/l/pump', end: minute(600), ...warned }]);
  });

  test('an alarm that stood for an hour is a warning, though it cleared', () => {
    const said: Said[] = [
      [60, 'raised', 'a'],
      [120, 'cleared', 'a'],
      [500, 'raised', 'b'],
    ];
    expect(resultOf(said, whole).leads).toMatchObject([{ lead: 540 * MINUTE }]);
  });

  test('other detectors and what was withheld are no alarms', () => {
    const said: Said[] = [
      [60, 'raised', 'a', { rule: 'zone' }],
      [70, 'raised', 'b', { withheld: 'shelved' }],
      [90, 'raised', 'b'],
    ];
    expect(resultOf(said, whole)).toMatchObject({ alarms: 1, withheld: 1, first: minute(90) });
  });

  test('a rate is by months of 30.4 days of each machine', () => {
    const said: Said[] = [
      [60, 'raised', 'a'],
      [70, 'raised', 'b', { asset: 'fan' }],
      [80, 'raised', 'c', { asset: 'fan' }],
    ];
    const span = spanOf(15.2 * 24 * 60, ['pump', 'fan']);
    const { perMonth, perMonthAndAsset } = resultOf(said, whole, span);
    expect({ perMonth, perMonthAndAsset }).toEqual({ perMonth: 6, perMonthAndAsset: 3 });
  });

  test('nothing measured has no rate and no lead time', () => {
    const { perMonth, leads } = resultOf([], whole, createMeasuredSpan());
    expect({ perMonth, leads }).toEqual({ perMonth: undefined, leads: [] });
  });
});

describe('what is known of a machine', () => {
  test('an alarm before its healthy time was over is false, and no warning', () => {
    const periods = operatingPeriods([recording([{ healthy_until: iso(200) }])], {});
    const said: Said[] = [
      [199, 'raised', 'a'],
      [200, 'raised', 'b'],
    ];
    expect(resultOf(said, periods)).toMatchObject({
      falseAlarms: 1,
      leads: [{ firstAlarm: minute(200) }],
    });
    expect(resultOf(said, operatingPeriods([recording()], {})).falseAlarms).toBeUndefined();
    expect(
      resultOf(said, operatingPeriods([recording()], { healthyUntil: minute(300) })).falseAlarms,
    ).toBe(2);
  });

  test('lead times run to the failure, and what is said after it belongs to the next period', () => {
    const periods = operatingPeriods([recording([{ failed: iso(400) }, { failed: iso(200) }])], {});
    const said: Said[] = [
      [150, 'raised', 'a'],
      [201, 'cleared', 'a'],
      [210, 'raised', 'b'],
      [220, 'cleared', 'b'],
      [450, 'raised', 'c'],
    ];
    expect(resultOf(said, periods).leads).toEqual([
      { asset: 'p/l/pump', end: minute(200), firstAlarm: minute(150), lead: 50 * MINUTE },
      { asset: 'p/l/pump', end: minute(400), firstAlarm: undefined, lead: undefined },
    ]);
  });

  test('where a failure is known, a machine without one has no lead time', () => {
    const periods = operatingPeriods([recording([{ asset: 'p/l/fan', failed: iso(500) }])], {});
    const said: Said[] = [
      [60, 'raised', 'a'],
      [70, 'raised', 'b', { asset: 'fan' }],
    ];
    const { leads } = resultOf(said, periods, spanOf(600, ['pump', 'fan']));
    expect(leads).toMatchObject([{ asset: 'p/l/fan', lead: 430 * MINUTE }]);
  });

  test('lead times end at --until where no failure is known', () => {
    const periods = operatingPeriods([recording()], { until: minute(300) });
    const said: Said[] = [
      [250, 'raised', 'a'],
      [310, 'cleared', 'a'],
      [320, 'raised', 'b'],
    ];
    expect(resultOf(said, periods).leads).toMatchObject([{ end: minute(300), lead: 50 * MINUTE }]);
  });

  test('a period needs an asset where the recording has several', () => {
    const several = { subject: undefined, subject_column: 'machine' };
    expect(() => operatingPeriods([recording([{ failed: iso(1) }], several)], {})).toThrow(
      'a: expected an asset in each of its lives',
    );
  });

  test('nothing fails before it was healthy', () => {
    const entry = { healthy_until: iso(2), failed: iso(1) };
    expect(() => recording([entry])).toThrow('expected healthy_until before failed');
  });
});
