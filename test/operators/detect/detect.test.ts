import { describe, expect, test } from 'vitest';
import { detect } from '../../../operators/detect/detect.ts';
import { unitOfFeature } from '../../../operators/detect/sample.ts';
import type { Flow } from '../../../operators/flow/flow.ts';
import type { Detected } from '../../../operators/model/anomaly.ts';
import type { Enriched, Observation, Situation } from '../../../operators/model/observation.ts';
import { plantModelSchema } from '../../../operators/model/plant-model.ts';
import type { DeadLetterRow } from '../../../operators/model/tables.ts';
import { runThrough, valuesOf, watermark } from '../../support/flows.ts';
import {
  anomaliesOf,
  changeOf,
  machineEvent,
  model,
  PRESS,
  phasesOf,
  rulesChange,
  seconds,
  windowEvent,
} from './fixtures.ts';

type Item = Flow<Enriched<Observation>>;

const hot = { id: 'hot', kind: 'limit', signal: 'temperature', above: 80 };

function run(rule: object, ...items: Item[]): Flow<Detected>[] {
  return runThrough(detect, [changeOf(model), changeOf(rulesChange(rule)), ...items]);
}

function deadLettersOf(items: readonly Flow<unknown>[]): DeadLetterRow[] {
  return items.flatMap((item) =>
    item.kind === 'row' && item.table === 'dead_letters' ? [item.row] : [],
  );
}

const wait = (second: number) => watermark('plant/line', seconds(second));

describe('a limit', () => {
  test('every observation goes on, before what it causes', () => {
    const out = run(
      hot,
      windowEvent(10, 70),
      machineEvent(12, 'acknowledged'),
      windowEvent(20, 85),
    );
    const kinds = valuesOf(out).map((value) =>
      'kind' in value ? value.kind : value.observation.kind,
    );
    expect(kinds).toEqual(['window', 'event', 'window', 'anomaly']);
  });

  test('an anomaly tells what, since when, against what, in which state and order', () => {
    const about = { mode: 'Production', order: '4711' };
    const rule = { ...hot, raise: { after: '10s', severity: 'alarm' }, failure_mode: 'OVERHEAT' };
    const [anomaly] = anomaliesOf(
      run(rule, windowEvent(10, 85, about), windowEvent(20, 88, about)),
    );
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
    const out = anomaliesOf(
      run(hot, windowEvent(10, 85), windowEvent(20, 70), windowEvent(30, 85)),
    );
    expect(out.map(({ phase, revision }) => `${phase} ${revision}`)).toEqual([
      'raised 1',
      'cleared 2',
      'raised 1',
    ]);
    expect(out[0]!.id).toBe(out[1]!.id);
    expect(out[0]!.id).not.toBe(out[2]!.id);
  });

  test('gives the reason why it cleared', () => {
    expect(anomaliesOf(run(hot, windowEvent(10, 85), windowEvent(20, 70)))[1]!.reason).toBe(
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
  ] as const)('%s', ([, more, value, phases]) => {
    expect(phasesOf(run({ ...hot, ...more }, windowEvent(10, value)))[0]).toBe(phases);
  });

  test('with two windows over a signal and none named, the first in the rules is evaluated', () => {
    expect(phasesOf(run(hot, windowEvent(10, 99, {}, { window: 'other' })))).toEqual([]);
  });

  test('corrected and early windows are not evaluated again', () => {
    expect(
      phasesOf(
        run(hot, windowEvent(10, 99, {}, { version: 2 }), windowEvent(10, 99, {}, { version: 0 })),
      ),
    ).toEqual([]);
  });

  test('a missing quantile is reported once', () => {
    const out = run({ ...hot, of: 'p95' }, windowEvent(10, 99), windowEvent(20, 99));
    expect(deadLettersOf(out).map(({ reason }) => reason)).toEqual(['refused']);
  });
});

describe('an on-delay', () => {
  test('is not satisfied by two breaches an hour apart, nor by the silence between them', () => {
    const slow = { ...hot, raise: { after: '10m' } };
    expect(phasesOf(run(slow, windowEvent(10, 85), windowEvent(3_610, 85)))).toEqual([]);
    const usual = Array.from({ length: 30 }, (_, at) => windowEvent(10 * (at + 1), 70));
    const holes = [310, 3_910, 7_510].map((at) => windowEvent(at, 85));
    expect(phasesOf(run(slow, ...usual, ...holes))).toEqual([]);
    const lasting = Array.from({ length: 61 }, (_, at) => windowEvent(310 + 10 * at, 85));
    expect(phasesOf(run(slow, ...usual, ...lasting))).toEqual(['raised 910 warning']);
    expect(
      phasesOf(run({ ...hot, raise: { after: '10m', gap: '2h' } }, ...usual, ...holes)),
    ).toEqual(['raised 3910 warning', 'updated 7510 warning']);
  });
});

describe('severity by duration', () => {
  const rule = {
    ...hot,
    raise: { after: '20s', escalate: { alarm: '1m', danger: '2m' } },
    clear: { after: '20s' },
  };
  const values = (from: number, count: number, value: number) =>
    Array.from({ length: count }, (_, at) => windowEvent(from + 10 * at, value));

  test('counts from the first breach, and clears from wherever it is', () => {
    const out = run(rule, ...values(10, 15, 85), ...values(160, 4, 70));
    expect(phasesOf(out)).toEqual([
      ...['raised 30 warning', 'updated 70 alarm', 'updated 130 danger', 'cleared 180 danger'],
    ]);
  });

  test('goes down stepwise where the rule says so', () => {
    const stepwise = { ...rule, clear: { after: '20s', stepwise: true } };
    const out = run(stepwise, ...values(10, 15, 85), ...values(160, 12, 70));
    expect(phasesOf(out)).toEqual([
      ...['raised 30 warning', 'updated 70 alarm', 'updated 130 danger'],
      ...['updated 180 alarm', 'updated 210 warning', 'cleared 240 warning'],
    ]);
  });
});

describe('the condition', () => {
  const gated = { ...hot, while: "state == 'EXECUTE' && criticality == 'B' && class == 'press'" };

  test('a stopped machine is evaluated neither well nor ill', () => {
    const stopped = { state: 'STOPPED' };
    const out = run(
      gated,
      windowEvent(10, 99, stopped),
      windowEvent(20, 99),
      windowEvent(30, 20, stopped),
      windowEvent(40, 20),
    );
    expect(phasesOf(out)).toEqual(['raised 20 warning', 'cleared 40 warning']);
  });

  test('a window in which the state changed is evaluated by none, and becomes a dead letter', () => {
    const out = run(gated, windowEvent(10, 99, { mixed: true }));
    expect(phasesOf(out)).toEqual([]);
    expect(deadLettersOf(out)).toMatchObject([{ reason: 'mixed', source: PRESS }]);
  });

  test('may ask for operation, due time and minutes to the next stop', () => {
    const soon = { ...hot, while: "next_stop > 5 && operation != 'bend'" };
    const raisedBy = (about: Partial<Situation>) =>
      phasesOf(run(soon, windowEvent(10, 99, about))).length;
    expect(raisedBy({ next_stop: 6 })).toBe(1);
    expect(raisedBy({ next_stop: 4 })).toBe(0);
    expect(raisedBy({ next_stop: null })).toBe(0);
    expect(raisedBy({ next_stop: 6, operation: 'bend' })).toBe(0);
    const now = { ...hot, while: 'next_stop == 0 && due > 5000' };
    const due = seconds(10);
    expect(phasesOf(run(now, windowEvent(10, 99, { next_stop: 0, due })))).toHaveLength(1);
    expect(phasesOf(run(now, windowEvent(10, 99, { next_stop: 0 })))).toEqual([]);
  });

  test('a condition that is none evaluates nothing, and is reported once', () => {
    const out = run({ ...hot, while: 'stat == 1' }, windowEvent(10, 99), windowEvent(20, 99));
    expect(phasesOf(out)).toEqual([]);
    expect(deadLettersOf(out)).toHaveLength(1);
    expect(deadLettersOf(out)[0]!.detail).toContain('Unknown variable: stat');
  });
});

describe('what comes late', () => {
  const late = (second: number, value: number): Item => ({
    ...windowEvent(second, value),
    late: true,
  });

  test('is evaluated, and what it causes is marked', () => {
    const out = run(hot, wait(100), late(10, 99));
    expect(out.at(-1)).toMatchObject({ kind: 'event', late: true, value: { phase: 'raised' } });
  });

  test('becomes a dead letter when it is older than what was evaluated before', () => {
    const out = run(hot, windowEvent(20, 70), late(10, 99));
    expect(phasesOf(out)).toEqual([]);
    expect(deadLettersOf(out)).toMatchObject([
      {
        reason: 'late',
        detail: 'not judged: older than the last one that hot judged of temperature',
        original: 'hot temperature 1970-01-01T00:00:10Z',
      },
    ]);
  });

  test('is counted of every kind that reads samples, each by its rule', () => {
    const kinds = [
      ...[hot, { id: 'usual', kind: 'baseline', signal: 'temperature' }],
      ...[{ id: 'fast', kind: 'rate', signal: 'temperature', rise: 1 }],
      { id: 'both', kind: 'multivariate', signal: 'both', signals: ['temperature', 'velocity'] },
      { id: 'frozen', kind: 'stuck', signal: 'temperature' },
    ];
    const out = runThrough(detect, [
      ...[
        changeOf<Enriched<Observation>>(model),
        changeOf<Enriched<Observation>>(rulesChange(...kinds)),
      ],
      ...[windowEvent(20, 70), late(10, 70)],
    ]);
    const judged = deadLettersOf(out).map(
      ({ reason, original }) => `${reason} ${original.split(' ')[0]}`,
    );
    expect(judged.sort()).toEqual([
      'late both',
      'late fast',
      'late frozen',
      'late hot',
      'late usual',
    ]);
  });
});

describe('stuck', () => {
  const rule = { id: 'frozen', kind: 'stuck', signal: 'temperature', windows: 3 };
  const still = (end: number, value: number) =>
    windowEvent(end, value, {}, { min: value, max: value });

  test('is raised by windows in a row without any change, since the first of them', () => {
    const out = run(
      rule,
      still(10, 5),
      still(20, 5),
      still(30, 5),
      still(40, 5),
      windowEvent(50, 5),
    );
    expect(phasesOf(out)).toEqual(['raised 30 warning', 'cleared 50 warning']);
    expect(anomaliesOf(out)[0]).toMatchObject({
      since: 0,
      reason:
        'temperature is 5 °C, exactly the same for 3 windows (limit 3), since 1970-01-01T00:00:00Z; state EXECUTE',
    });
  });

  test('a step to another value is a change', () => {
    expect(phasesOf(run(rule, still(10, 5), still(20, 6), still(30, 6)))).toEqual([]);
  });
});

describe('a change of the rules', () => {
  const open = [
    changeOf<Enriched<Observation>>(model),
    changeOf<Enriched<Observation>>(rulesChange(hot)),
    windowEvent(10, 85),
  ];
  const changedTo = (rule: object | undefined, ...items: Item[]) => {
    const next = rule === undefined ? rulesChange() : rulesChange(rule);
    return runThrough(detect, [...open, wait(12), changeOf<Enriched<Observation>>(next), ...items]);
  };

  test('another limit, delay or severity keeps what stands', () => {
    expect(
      phasesOf(changedTo({ ...hot, above: 90 }, windowEvent(20, 95), windowEvent(30, 85))),
    ).toEqual(['raised 10 warning', 'cleared 30 warning']);
  });

  test.for([
    ['a removed rule', undefined],
    ['another statistic', { ...hot, of: 'max' }],
    ['another signal', { ...hot, signal: 'pressure' }],
    ['other assets', { ...hot, assets: ['plant/line/belt'] }],
  ] as const)('%s clears what is open, and gives the reason', ([, rule]) => {
    const out = changedTo(rule);
    expect(phasesOf(out)).toEqual(['raised 10 warning', 'cleared 12.000001 warning']);
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
    const other = { ...rulesChange(), plant: 'elsewhere' } as ReturnType<typeof rulesChange>;
    expect(
      phasesOf(runThrough(detect, [...open, changeOf<Enriched<Observation>>(other)])),
    ).toHaveLength(1);
  });
});

test('a feature has the unit of its name, and none of a name that every object has', () => {
  const names = ['velocity_rms', 'displacement_rms', 'constructor', 'toString', '__proto__'];
  const units = ['mm/s', 'µm', undefined, undefined, undefined];
  expect(names.map((name) => unitOfFeature(name))).toEqual(units);
});
