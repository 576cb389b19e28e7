import { describe, expect, test } from 'vitest';
import { detect } from '../../../operators/detect/detect.ts';
import type { Detected } from '../../../operators/detect/hear.ts';
import type { Flow } from '../../../operators/flow/flow.ts';
import { plantModelSchema } from '../../../operators/model/plant-model.ts';
import type { Enriched, Observation, Situation } from '../../../operators/model/situation.ts';
import type { DeadLetterRow } from '../../../operators/model/tables.ts';
import { runThrough, valuesOf, watermark } from '../../support/flows.ts';
import {
  anomaliesOf,
  changeOf,
  heard,
  machineEvent,
  model,
  PRESS,
  ruled,
  seconds,
  storyOf,
} from './judging.ts';

type Item = Flow<Enriched<Observation>>;

const hot = { id: 'hot', kind: 'limit', signal: 'temperature', above: 80 };

function run(rule: object, ...items: Item[]): Flow<Detected>[] {
  return runThrough(detect, [changeOf(model), changeOf(ruled(rule)), ...items]);
}

function deadLettersOf(items: readonly Flow<unknown>[]): DeadLetterRow[] {
  return items.flatMap((item) =>
    item.kind === 'row' && item.table === 'dead_letters' ? [item.row] : [],
  );
}

const wait = (second: number) => watermark('plant/line', seconds(second));

describe('a limit', () => {
  test('every observation goes on, before what it causes', () => {
    const out = run(hot, heard(10, 70), machineEvent(12, 'acknowledged'), heard(20, 85));
    const kinds = valuesOf(out).map((value) => ('kind' in value ? value.kind : value.value.kind));
    expect(kinds).toEqual(['window', 'event', 'window', 'anomaly']);
  });

  test('an anomaly says what, since when, against what, in which state and order', () => {
    const about = { mode: 'Production', order: '4711' };
    const rule = { ...hot, raise: { after: '10s', severity: 'alarm' }, failure_mode: 'OVERHEAT' };
    const [anomaly] = anomaliesOf(run(rule, heard(10, 85, about), heard(20, 88, about)));
    expect(anomaly).toMatchObject({
      phase: 'raised',
      revision: 1,
      asset: PRESS,
      severity: 'alarm',
      failure_mode: 'OVERHEAT',
      since: seconds(10),
      time: seconds(20),
      value: 88,
      limit: 80,
      score: 1.1,
      unit: '°C',
      reason:
        'temperature is 88 °C, above the limit of 80 °C, since 1970-01-01T00:00:10Z; state EXECUTE, mode Production, order 4711',
    });
    expect(anomaly!.evidence).toMatchObject({ window: 'ten', of: 'mean', window_version: 1 });
    expect(anomaly!.id).toMatch(/^[a-z2-7]{20}$/);
  });

  test('all phases of an anomaly share its id, and the next one has another', () => {
    const out = anomaliesOf(run(hot, heard(10, 85), heard(20, 70), heard(30, 85)));
    expect(out.map(({ phase, revision }) => `${phase} ${revision}`)).toEqual([
      'raised 1',
      'cleared 2',
      'raised 1',
    ]);
    expect(out[0]!.id).toBe(out[1]!.id);
    expect(out[0]!.id).not.toBe(out[2]!.id);
  });

  test('says why it cleared', () => {
    expect(anomaliesOf(run(hot, heard(10, 85), heard(20, 70)))[1]!.reason).toBe(
      'temperature is 70 °C, not beyond the limit of 80 °C; lasted 10s',
    );
  });

  test.for([
    ['below', { above: undefined, below: 10 }, 9, 'raised 10 warning'],
    ['on the limit is allowed', {}, 80, undefined],
    ['of both the nearer', { below: 10 }, 5, 'raised 10 warning'],
    ['another statistic', { of: 'max' }, 79.95, 'raised 10 warning'],
    [
      'severity by side',
      { below: 10, raise: { severity: { below: 'danger' } } },
      5,
      'raised 10 danger',
    ],
    ['another window', { window: 'sixty' }, 99, undefined],
    ['other assets', { assets: ['plant/line/b*'] }, 99, undefined],
    ['these assets', { assets: ['plant/*/press'] }, 99, 'raised 10 warning'],
    ['other classes', { classes: ['conveyor'] }, 99, undefined],
    ['signals by pattern', { signal: 'temp*' }, 99, 'raised 10 warning'],
  ] as const)('%s', ([, more, value, story]) => {
    expect(storyOf(run({ ...hot, ...more }, heard(10, value)))[0]).toBe(story);
  });

  test('with two windows over a signal and none named, the first in the rules is judged', () => {
    expect(storyOf(run(hot, heard(10, 99, {}, { window: 'other' })))).toEqual([]);
  });

  test('corrected and early windows are not judged again', () => {
    expect(
      storyOf(run(hot, heard(10, 99, {}, { version: 2 }), heard(10, 99, {}, { version: 0 }))),
    ).toEqual([]);
  });

  test('a missing quantile is said once', () => {
    const out = run({ ...hot, of: 'p95' }, heard(10, 99), heard(20, 99));
    expect(deadLettersOf(out).map(({ reason }) => reason)).toEqual(['refused']);
  });
});

describe('the condition', () => {
  const gated = { ...hot, while: "state == 'EXECUTE' && criticality == 'B' && class == 'press'" };

  test('a stopped machine is judged neither well nor ill', () => {
    const stopped = { state: 'STOPPED' };
    const out = run(
      gated,
      heard(10, 99, stopped),
      heard(20, 99),
      heard(30, 20, stopped),
      heard(40, 20),
    );
    expect(storyOf(out)).toEqual(['raised 20 warning', 'cleared 40 warning']);
  });

  test('a window in which the state changed is judged by none, and set aside', () => {
    const out = run(gated, heard(10, 99, { mixed: true }));
    expect(storyOf(out)).toEqual([]);
    expect(deadLettersOf(out)).toMatchObject([{ reason: 'mixed', source: PRESS }]);
  });

  test('may ask for operation, due time and minutes to the next stop', () => {
    const soon = { ...hot, while: "next_stop > 5 && operation != 'bend'" };
    const told = (about: Partial<Situation>) => storyOf(run(soon, heard(10, 99, about))).length;
    expect(told({ next_stop: 6 })).toBe(1);
    expect(told({ next_stop: 4 })).toBe(0);
    expect(told({ next_stop: null })).toBe(0);
    expect(told({ next_stop: 6, operation: 'bend' })).toBe(0);
    const now = { ...hot, while: 'next_stop == 0 && due > 5000' };
    const due = seconds(10);
    expect(storyOf(run(now, heard(10, 99, { next_stop: 0, due })))).toHaveLength(1);
    expect(storyOf(run(now, heard(10, 99, { next_stop: 0 })))).toEqual([]);
  });

  test('a condition that is none judges nothing, and says so once', () => {
    const out = run({ ...hot, while: 'stat == 1' }, heard(10, 99), heard(20, 99));
    expect(storyOf(out)).toEqual([]);
    expect(deadLettersOf(out)).toHaveLength(1);
    expect(deadLettersOf(out)[0]!.detail).toContain('Unknown variable: stat');
  });
});

describe('what comes behind line time', () => {
  const behind = (second: number, value: number): Item => ({
    ...heard(second, value),
    late: true,
  });

  test('is judged, and what it causes is marked', () => {
    const out = run(hot, wait(100), behind(10, 99));
    expect(out.at(-1)).toMatchObject({ kind: 'event', late: true, value: { phase: 'raised' } });
  });

  test('becomes a dead letter when it is older than what was judged before', () => {
    const out = run(hot, heard(20, 70), behind(10, 99));
    expect(storyOf(out)).toEqual([]);
    expect(deadLettersOf(out)).toMatchObject([{ reason: 'late' }]);
  });
});

describe('stuck', () => {
  const rule = { id: 'frozen', kind: 'stuck', signal: 'temperature', windows: 3 };
  const still = (end: number, value: number) => heard(end, value, {}, { min: value, max: value });

  test('is raised by windows in a row without any change, since the first of them', () => {
    const out = run(rule, still(10, 5), still(20, 5), still(30, 5), still(40, 5), heard(50, 5));
    expect(storyOf(out)).toEqual(['raised 30 warning', 'cleared 50 warning']);
    expect(anomaliesOf(out)[0]).toMatchObject({
      since: 0,
      reason:
        'temperature is 5 °C, exactly the same for 3 windows (limit 3), since 1970-01-01T00:00:00Z; state EXECUTE',
    });
  });

  test('a step to another value is a change', () => {
    expect(storyOf(run(rule, still(10, 5), still(20, 6), still(30, 6)))).toEqual([]);
  });
});

describe('silence', () => {
  const rule = { id: 'quiet', kind: 'silence', signal: 'temperature', after: '30s' };

  test('is raised by time alone, and cleared by the next sample', () => {
    const out = run(rule, heard(10, 5), wait(40), wait(41), wait(99), heard(100, 5));
    expect(storyOf(out)).toEqual(['raised 40.000001 warning', 'cleared 100 warning']);
    expect(anomaliesOf(out).map(({ reason }) => reason)).toEqual([
      'temperature has given no value for more than 30s, since 1970-01-01T00:00:10Z; state EXECUTE',
      'temperature was heard again after 90 s; lasted 1m30s',
    ]);
  });

  test('a sample exactly in time breaks it', () => {
    expect(storyOf(run(rule, heard(10, 5), heard(40, 5), wait(40)))).toEqual([]);
  });

  test('a signal that was never heard is not missed', () => {
    expect(storyOf(run(rule, wait(1_000)))).toEqual([]);
  });

  test('stands still in blind time', () => {
    const blind = { ...wait(100), blind: { from: seconds(20), to: seconds(100) } };
    expect(storyOf(run(rule, heard(10, 5), blind, wait(120)))).toEqual([]);
    expect(storyOf(run(rule, heard(10, 5), blind, wait(121)))).toEqual([
      'raised 120.000001 warning',
    ]);
  });

  test('is not noticed while the condition is false, and noticed from when it is true again', () => {
    const gated = { ...rule, while: "state == 'EXECUTE'" };
    const out = run(
      gated,
      heard(10, 5),
      machineEvent(20, 'state', { state: 'STOPPED' }, { state: 'STOPPED' }),
      wait(500),
      machineEvent(600, 'state', { state: 'EXECUTE' }),
      wait(700),
    );
    expect(storyOf(out)).toEqual(['raised 630.000001 warning']);
  });

  test('a source that is late is not silent', () => {
    const late: Item = { ...heard(20, 5), late: true };
    const out = run(rule, heard(10, 5), wait(100), late, wait(130), wait(131));
    expect(storyOf(out)).toEqual([
      'raised 40.000001 warning',
      'cleared 40.000001 warning',
      'raised 130.000001 warning',
    ]);
  });

  test('the end of a recording is no silence', () => {
    const end = watermark('plant/line', Number.MAX_SAFE_INTEGER);
    expect(storyOf(run(rule, heard(10, 5), end))).toEqual([]);
  });
});

describe('a change of the rules', () => {
  const open = [
    changeOf<Enriched<Observation>>(model),
    changeOf<Enriched<Observation>>(ruled(hot)),
    heard(10, 85),
  ];
  const changedTo = (rule: object | undefined, ...items: Item[]) => {
    const next = rule === undefined ? ruled() : ruled(rule);
    return runThrough(detect, [...open, wait(12), changeOf<Enriched<Observation>>(next), ...items]);
  };

  test('another limit, delay or severity keeps what stands', () => {
    expect(storyOf(changedTo({ ...hot, above: 90 }, heard(20, 95), heard(30, 85)))).toEqual([
      'raised 10 warning',
      'cleared 30 warning',
    ]);
  });

  test.for([
    ['a removed rule', undefined],
    ['another statistic', { ...hot, of: 'max' }],
    ['another signal', { ...hot, signal: 'pressure' }],
    ['other assets', { ...hot, assets: ['plant/line/belt'] }],
  ] as const)('%s clears what stands, and says why', ([, rule]) => {
    const out = changedTo(rule);
    expect(storyOf(out)).toEqual(['raised 10 warning', 'cleared 12.000001 warning']);
    expect(anomaliesOf(out)[1]).toMatchObject({
      revision: 2,
      reason: 'rule changed; temperature was not seen to be well again',
    });
    expect(deadLettersOf(out)).toMatchObject([{ reason: 'rule-changed' }]);
  });

  test('an asset that is gone takes its anomalies with it', () => {
    const empty = plantModelSchema.parse({ id: 'plant' });
    const gone = { kind: 'model', id: 'm2', model: empty } as const;
    const out = runThrough(detect, [...open, changeOf<Enriched<Observation>>(gone)]);
    expect(anomaliesOf(out)[1]!.reason).toMatch(/^asset removed/);
  });

  test('another plant is not touched', () => {
    const other = { ...ruled(), plant: 'elsewhere' } as ReturnType<typeof ruled>;
    expect(
      storyOf(runThrough(detect, [...open, changeOf<Enriched<Observation>>(other)])),
    ).toHaveLength(1);
  });
});
