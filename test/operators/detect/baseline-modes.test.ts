import { describe, expect, test } from 'vitest';
import { medianAndMad } from '../../../operators/detect/baseline-modes.ts';
import { detect } from '../../../operators/detect/detect.ts';
import type { Flow } from '../../../operators/flow/flow.ts';
import type { Detected } from '../../../operators/model/anomaly.ts';
import type { MachineEvent } from '../../../operators/model/machine-event.ts';
import type { Enriched, Observation, Situation } from '../../../operators/model/observation.ts';
import type { BaselineRow } from '../../../operators/model/tables.ts';
import { runThrough } from '../../support/flows.ts';
import {
  anomaliesOf,
  changeOf,
  machineEvent,
  model,
  phasesOf,
  rulesChange,
  windowEvent,
} from './fixtures.ts';

type Item = Flow<Enriched<Observation>>;

const usual = { id: 'usual', kind: 'baseline', signal: 'temperature', learn: 20, scale: 'linear' };

/** 20 values, a window each from 10 s on: median 50, absolute deviations 0.1 (twice), 0.2 … 1, so MAD 0.55. */
const LEARNT = Array.from(
  { length: 20 },
  (_, index) => 50 + (index % 2 ? 1 : -1) * (0.1 + 0.1 * (index >> 1)),
);

function learning(about: Partial<Situation> = {}, from = 0): Item[] {
  return LEARNT.map((value, index) => windowEvent(from + 10 * (index + 1), value, about));
}

function run(rules: object[], ...items: Item[]): Flow<Detected>[] {
  return runThrough(detect, [changeOf(model), changeOf(rulesChange(...rules)), ...items]);
}

function baselinesOf(items: readonly Flow<unknown>[]): BaselineRow[] {
  return items.flatMap((item) =>
    item.kind === 'row' && item.table === 'baselines' ? [item.row] : [],
  );
}

describe('median and MAD', () => {
  test('by hand', () => {
    // 1 2 4 8 100: median 4, distances 3 2 0 4 96, their median 3.
    expect(medianAndMad(Float64Array.of(100, 4, 1, 8, 2))).toEqual({ median: 4, mad: 3 });
    // 1 2 4 8: median 3, distances 2 1 1 5, their median 1.5.
    expect(medianAndMad(Float64Array.of(8, 4, 1, 2))).toEqual({ median: 3, mad: 1.5 });
  });
});

describe('a baseline', () => {
  test('is silent while it learns, and shows how far it is at every tenth', () => {
    const out = run([usual], ...learning());
    expect(phasesOf(out)).toEqual([]);
    expect(baselinesOf(out).map(({ status, samples }) => `${status} ${samples}`)).toEqual([
      ...[2, 4, 6, 8, 10, 12, 14, 16, 18].map((count) => `learning ${count}`),
      'ready 20',
    ]);
    const last = baselinesOf(out).at(-1)!;
    expect(last).toMatchObject({ needed: 20, mode: 'EXECUTE//', signal: 'temperature' });
    expect(last.median).toBeCloseTo(50);
    expect(last.mad).toBeCloseTo(0.55);
  });

  test('then holds values against it: limit 50 + 6 · 1.4826 · max(0.55, floor 0.02 · 50 = 1) = 58.896', () => {
    const out = run([usual], ...learning(), windowEvent(210, 58.8), windowEvent(220, 59));
    expect(phasesOf(out)).toEqual(['raised 220 warning']);
    const [anomaly] = anomaliesOf(out);
    expect(anomaly!.limit).toBeCloseTo(58.8956, 3);
    expect(anomaly!.score).toBeCloseTo(9 / 1.4826, 3);
    expect(anomaly!.evidence).toMatchObject({ samples: 20, mode: 'EXECUTE//', scale: 'linear' });
  });

  test('without a floor its own MAD decides: 50 + 6 · 1.4826 · 0.55 = 54.893', () => {
    const out = run(
      [{ ...usual, floor: 0 }],
      ...learning(),
      windowEvent(210, 54.8),
      windowEvent(220, 55),
    );
    expect(phasesOf(out)).toEqual(['raised 220 warning']);
  });

  test('on the scale of logarithms a factor counts: 50 · exp(6 · 1.4826 · 0.1) = 121.7', () => {
    const rule = { ...usual, scale: 'log', floor: 0.1 };
    const out = run([rule], ...learning(), windowEvent(210, 121), windowEvent(220, 122));
    expect(phasesOf(out)).toEqual(['raised 220 warning']);
    expect(anomaliesOf(out)[0]!.limit).toBeCloseTo(121.7, 0);
    expect(baselinesOf(out).at(-1)!.median).toBeCloseTo(50, 1);
  });

  test.for([
    ['up', 20, []],
    ['down', 20, ['raised 210 warning']],
    ['both', 20, ['raised 210 warning']],
    ['both', 80, ['raised 210 warning']],
    ['down', 80, []],
  ] as const)('direction %s and a value of %d', ([direction, value, phases]) => {
    expect(
      phasesOf(run([{ ...usual, direction }], ...learning(), windowEvent(210, value))),
    ).toEqual(phases);
  });

  test('up to half of the learnt samples may be wild without moving it far', () => {
    const wild = learning().map((item, index) =>
      index % 3 === 0 ? windowEvent(10 * (index + 1), 5_000) : item,
    );
    const out = run([usual], ...wild, windowEvent(210, 65));
    expect(phasesOf(out)).toEqual(['raised 210 warning']);
  });

  test('never follows the machine: slow wear is found', () => {
    const wear = Array.from({ length: 100 }, (_, index) =>
      windowEvent(210 + 10 * index, 50 + 0.1 * index),
    );
    expect(phasesOf(run([usual], ...learning(), ...wear))).toHaveLength(1);
  });

  test('with `forget` it moves by a = 1 − 2^(−10/100) = 0.067: 50.067 + 6 · √((1 − a) (0.385 + a · 1²)) = 53.963', () => {
    const following = { ...usual, floor: 0, forget: '100s' };
    const out = anomaliesOf(
      run([following], ...learning(), windowEvent(210, 51), windowEvent(220, 56)),
    );
    expect(out.map(({ phase, value }) => `${phase} ${value}`)).toEqual(['raised 56']);
    expect(out[0]!.limit).toBeCloseTo(53.9634, 3);
    expect(out[0]!.evidence.median).toBeCloseTo(50.067, 4);
  });

  test('one value after a gap moves it by a tenth at most, also where the rule had no `forget` before', () => {
    const following = { ...usual, floor: 0, forget: '100s' };
    const gap = anomaliesOf(
      run([following], ...learning(), windowEvent(9_000, 51), windowEvent(9_010, 60)),
    );
    expect(gap[0]!.evidence.median).toBeCloseTo(50.1, 9);
    const items = [
      windowEvent(9_000, 51),
      changeOf<Enriched<Observation>>(rulesChange(following)),
      ...[windowEvent(9_010, 51), windowEvent(9_020, 60)],
    ];
    const late = anomaliesOf(run([{ ...usual, floor: 0 }], ...learning(), ...items));
    expect(late[0]!.evidence.median).toBeCloseTo(50.067, 4);
  });

  test('with `forget` a level that lasts becomes usual, and slow wear is not found', () => {
    const following = { ...usual, forget: '5m' };
    const step = Array.from({ length: 100 }, (_, index) => windowEvent(210 + 10 * index, 60));
    expect(phasesOf(run([following], ...learning(), ...step))).toEqual([
      'raised 210 warning',
      expect.stringMatching(/^cleared/),
    ]);
    const wear = Array.from({ length: 100 }, (_, index) =>
      windowEvent(210 + 10 * index, 50 + 0.1 * index),
    );
    expect(phasesOf(run([following], ...learning(), ...wear))).toEqual([]);
  });

  test('each mode has one of its own, and what is not learnt is not evaluated', () => {
    const fast = { mode: 'Fast' };
    const out = run([usual], ...learning(), windowEvent(210, 80, fast), windowEvent(220, 80));
    expect(phasesOf(out)).toEqual(['raised 220 warning']);
    expect(baselinesOf(run([usual], ...learning(), ...learning(fast, 200))).at(-1)).toMatchObject({
      mode: 'EXECUTE/Fast/',
      status: 'ready',
    });
  });

  test('learns nothing while another rule finds the signal bad', () => {
    const hot = { id: 'hot', kind: 'limit', signal: 'temperature', above: 80 };
    const out = run([usual, hot], windowEvent(2, 99), windowEvent(3, 99), ...learning());
    expect(baselinesOf(out)[0]).toMatchObject({ status: 'frozen', samples: 0 });
    expect(baselinesOf(out).at(-1)).toMatchObject({ status: 'ready', samples: 20 });
    expect(baselinesOf(out).at(-1)!.median).toBeCloseTo(50);
  });

  test('values without a logarithm are not evaluated, and reported once', () => {
    const out = run([{ ...usual, scale: 'log' }], windowEvent(10, 0), windowEvent(20, -1));
    const deadLetters = out.filter((item) => item.kind === 'row' && item.table === 'dead_letters');
    expect(deadLetters).toHaveLength(1);
  });

  test('another limit keeps what was learnt; another scale begins anew', () => {
    const start: Item[] = [changeOf(model), changeOf(rulesChange(usual)), ...learning()];
    const go = (rule: object) => {
      return phasesOf(
        runThrough(detect, [...start, changeOf(rulesChange(rule)), windowEvent(210, 58)]),
      );
    };
    expect(go({ ...usual, limit: 5, raise: { severity: 'alarm' } })).toEqual(['raised 210 alarm']);
    expect(go({ ...usual, limit: 5, scale: 'log' })).toEqual([]);
  });

  const restarts: [string, MachineEvent['data']][] = [
    ['repaired', {}],
    ['sensor_changed', {}],
    ['request', { id: 'r', status: 'completed' }],
  ];
  test.for(restarts)('begins anew after %s, and its anomaly ends', ([type, data]) => {
    const items = [
      ...learning(),
      windowEvent(210, 99),
      machineEvent(215, type, data),
      windowEvent(220, 99),
    ];
    const out = run([usual], ...items);
    expect(phasesOf(out)).toEqual(['raised 210 warning', 'cleared 215 warning']);
    expect(anomaliesOf(out)[1]!.reason).toContain('starts anew');
  });

  test.for([
    ['request', { id: 'r', status: 'accepted' }],
    ['sensor_changed', { point: 'elsewhere' }],
    ['acknowledged', {}],
  ] as [string, MachineEvent['data']][])('is kept after %s %o', ([type, data]) => {
    const out = run([usual], ...learning(), machineEvent(205, type, data), windowEvent(210, 99));
    expect(phasesOf(out)).toEqual(['raised 210 warning']);
  });
});
