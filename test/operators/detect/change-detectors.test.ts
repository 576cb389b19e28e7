import { describe, expect, test } from 'vitest';
import { detect } from '../../../operators/detect/detect.ts';
import type { Detected } from '../../../operators/detect/hear.ts';
import type { Flow } from '../../../operators/flow/flow.ts';
import type { Enriched, Observation } from '../../../operators/model/situation.ts';
import { runThrough } from '../../support/flows.ts';
import { anomaliesOf, changeOf, heard, machineEvent, model, ruled, storyOf } from './judging.ts';

type Item = Flow<Enriched<Observation>>;

/** 20 values whose median is 50 and whose MAD is 1: 49 and 51 in turn. One deviation is 1.4826. */
const LEARNT = Array.from({ length: 20 }, (_, index) => (index % 2 ? 51 : 49));
const usual = { signal: 'temperature', learn: 20, scale: 'linear', floor: 0 };

function learning(values = LEARNT, signal = 'temperature', about = {}): Item[] {
  return values.map((value, index) => heard(10 * (index + 1), value, about, { signal }));
}

function run(rule: object, ...items: Item[]): Flow<Detected>[] {
  return runThrough(detect, [changeOf(model), changeOf(ruled({ id: 'rule', ...rule })), ...items]);
}

/** Values in a row, ten seconds apart, from 210 s on. */
function then(...values: number[]): Item[] {
  return values.map((value, index) => heard(210 + 10 * index, value));
}

describe('criterion II: a change of 25 % of the B/C boundary', () => {
  // Group 2 rigid: B/C is 2.8 mm/s, a quarter of it 0.7 mm/s.
  const rule = { kind: 'iso20816-change', signal: 'velocity', learn: 20 };
  const at = (second: number, value: number) => heard(second, value, {}, { signal: 'velocity' });
  const steady = learning(Array(20).fill(1), 'velocity');

  test('1 mm/s was usual: 1.7 is allowed, 1.71 is not, and 0.29 is not either', () => {
    expect(storyOf(run(rule, ...steady, at(210, 1.7)))).toEqual([]);
    const [anomaly] = anomaliesOf(run(rule, ...steady, at(210, 1.71)));
    expect(anomaly).toMatchObject({ value: 1.71, unit: 'mm/s' });
    expect(anomaly!.limit).toBeCloseTo(1.7);
    expect(anomaly!.score).toBeCloseTo(0.71 / 0.7);
    expect(anomaly!.reason).toContain('0.71 mm/s above its reference of 1 mm/s');
    expect(storyOf(run(rule, ...steady, at(210, 0.29)))).toEqual(['raised 210 warning']);
  });

  test('judges from the fifth sample on, long before its reference is complete', () => {
    expect(storyOf(run(rule, ...steady.slice(0, 5), at(60, 1.71)))).toEqual(['raised 60 warning']);
    expect(storyOf(run(rule, ...steady.slice(0, 4), at(50, 1.71)))).toEqual([]);
  });

  test('learns nothing from a change that stands, so it does not become the reference', () => {
    const high = Array.from({ length: 40 }, (_, index) => at(60 + 10 * index, 2.5));
    expect(storyOf(run(rule, ...steady.slice(0, 5), ...high))).toEqual(['raised 60 warning']);
  });
});

describe('EWMA of the deviations', () => {
  const rule = { ...usual, kind: 'ewma', weight: 0.2, limit: 3, direction: 'both' };

  test('after t samples its spread is √(0.2/1.8 · (1 − 0.8^2t)): 0.2 after one, 0.2561 after two', () => {
    // z = 2 twice: w = 0.4, then 0.72. Limits 3 · 0.2 = 0.6 and 3 · 0.2561 = 0.7684. A third: w = 0.976 beyond 0.8581.
    const out = run(rule, ...learning(), ...then(...Array(3).fill(50 + 2 * 1.4826)));
    expect(storyOf(out)).toEqual(['raised 230 warning']);
    const [anomaly] = anomaliesOf(out);
    expect(anomaly!.value).toBeCloseTo(50 + 0.976 * 1.4826, 3);
    expect(anomaly!.limit).toBeCloseTo(50 + 3 * 0.28636 * 1.4826, 3);
    expect(anomaly!.score).toBeCloseTo(0.976 / 0.28636, 2);
  });

  test('a single sample of four deviations is one, and two in a row are another', () => {
    expect(
      storyOf(run({ ...rule, limit: 3.9 }, ...learning(), ...then(50 + 3.8 * 1.4826, 50))),
    ).toEqual([]);
    expect(storyOf(run(rule, ...learning(), ...then(...Array(3).fill(50 - 2 * 1.4826))))).toEqual([
      'raised 230 warning',
    ]);
  });
});

describe('two-sided CUSUM', () => {
  const rule = { ...usual, kind: 'cusum', slack: 0.5, limit: 4 };

  test('z = 1.49 with k = 0.5 adds 0.99 a sample: 5 samples pass h = 4, and the change is dated to the first', () => {
    const out = run(rule, ...learning(), ...then(50, 50, ...Array(5).fill(50 + 1.49 * 1.4826)));
    expect(storyOf(out)).toEqual(['raised 270 warning']);
    const [anomaly] = anomaliesOf(out);
    expect(anomaly!.score).toBeCloseTo(4.95 / 4);
    expect(anomaly!.since).toBe(230e6);
    expect(anomaly!.evidence).toMatchObject({ mode: 'EXECUTE//', samples: 20 });
  });

  test('z = 0.5 is let pass for ever; falling counts too', () => {
    expect(
      storyOf(run(rule, ...learning(), ...then(...Array(50).fill(50 + 0.499 * 1.4826)))),
    ).toEqual([]);
    expect(
      storyOf(run(rule, ...learning(), ...then(...Array(5).fill(50 - 1.49 * 1.4826)))),
    ).toEqual(['raised 250 warning']);
  });

  test('its sum stops at twice the limit, so a machine that is well again clears in bounded time', () => {
    // 8 at most, less 0.5 a sample: at or below 4 after 8 samples.
    const out = run(rule, ...learning(), ...then(...Array(100).fill(70), ...Array(9).fill(50)));
    expect(storyOf(out).map((said) => said.split(' ')[0])).toEqual(['raised', 'cleared']);
    expect(anomaliesOf(out)[1]!.time).toBe((210 + 10 * 107) * 1e6);
  });
});

describe('the running range', () => {
  const rule = { kind: 'range', signal: 'temperature', learn: 20, margin: 0.5 };

  test('49 to 51 were seen: 52 is half a width outside and allowed, and belongs to the range from then on', () => {
    expect(storyOf(run(rule, ...learning(), ...then(52)))).toEqual([]);
    expect(storyOf(run(rule, ...learning(), ...then(52.01, 52.01)))).toEqual([
      'raised 210 warning',
      'cleared 220 warning',
    ]);
    // 49 to 52 is 3 wide: the next breach is beyond 53.5.
    expect(storyOf(run(rule, ...learning(), ...then(52, 53.5)))).toEqual([]);
    expect(storyOf(run(rule, ...learning(), ...then(52, 53.51)))).toEqual(['raised 220 warning']);
  });

  test('with forget it shrinks towards its middle by half in that time', () => {
    // 49 to 51 at 10 s and 20 s, then 50: half as wide at 30 s and so on; at 60 s, after 4 halvings, 0.125 wide.
    const values = [49, 51, 50, 50, 50, ...Array(15).fill(50)];
    const [anomaly] = anomaliesOf(
      run({ ...rule, forget: '10s' }, ...learning(values), ...then(60)),
    );
    expect(anomaly!.evidence.high).toBeCloseTo(50);
    expect(anomaliesOf(run(rule, ...learning(values), ...then(60)))[0]!.evidence.high).toBe(51);
  });
});

describe('rate of change', () => {
  const rule = { kind: 'rate', signal: 'temperature', rise: 6, per: '1m', over: '40s' };

  test('1 degree in 10 s is 6 a minute: allowed; 1.1 is 6.6 and not', () => {
    const climb = (step: number) => [10, 20, 30, 40].map((at) => heard(at, 20 + (step * at) / 10));
    expect(storyOf(run(rule, ...climb(1)))).toEqual([]);
    const [anomaly] = anomaliesOf(run(rule, ...climb(1.1)));
    expect(anomaly).toMatchObject({ time: 30e6, limit: 6 });
    expect(anomaly!.score).toBeCloseTo(1.1);
    expect(anomaly!.reason).toContain('rising by 6.6 °C in 1m');
  });

  test('falling is another level, and one sample says nothing', () => {
    const fall = { ...rule, rise: undefined, fall: 6 };
    expect(storyOf(run(fall, heard(10, 50), heard(20, 30)))).toEqual([]);
    expect(storyOf(run(fall, heard(10, 50), heard(20, 48), heard(30, 46)))).toEqual([
      'raised 30 warning',
    ]);
  });
});

describe('trend with time to limit', () => {
  const rule = { kind: 'trend', signal: 'temperature', above: 100, over: '200s', horizon: '100s' };
  const climb = (step: number, count: number) => {
    return Array.from({ length: count }, (_, index) => heard(10 * (index + 1), 50 + step * index));
  };

  test('a degree every 10 s from 50: at 86 the limit of 100 is 140 s away, at 90 it is 100 s', () => {
    const out = anomaliesOf(run(rule, ...climb(1, 45)));
    expect(out.map(({ phase, time }) => `${phase} ${time / 1e6}`)).toEqual(['raised 410']);
    expect(out[0]!.value).toBeCloseTo(90);
    expect(out[0]!.evidence.seconds_to_limit).toBeCloseTo(100);
    expect(out[0]!.reason).toContain('rises by 8640 °C a day');
    expect(out[0]!.reason).toContain('comes to 100 °C in 2m');
  });

  test('noise has no future: its slope is not certain', () => {
    const noise = Array.from({ length: 60 }, (_, index) =>
      heard(10 * (index + 1), 95 + (index % 2 ? 3 : -3)),
    );
    expect(storyOf(run(rule, ...noise))).toEqual([]);
  });

  test('what moves away from the limit never comes to it', () => {
    expect(storyOf(run(rule, ...climb(-1, 45)))).toEqual([]);
  });
});

describe('the noise floor of a standing machine', () => {
  const rule = { kind: 'noise-floor', signal: 'temperature', learn: 20, ratio: 3 };
  const stopped = { state: 'STOPPED' };
  const floor = learning(Array(20).fill(0.2), 'temperature', stopped);

  test.for([
    [0.6, []],
    [0.61, ['raised 210 warning']],
    [0.067, []],
    [0.066, ['raised 210 warning']],
    [0, ['raised 210 warning']],
  ] as const)('0.2 was usual: with a ratio of 3, %f says %o', ([value, story]) => {
    expect(storyOf(run(rule, ...floor, heard(210, value, stopped)))).toEqual(story);
  });

  test('a running machine is not judged', () => {
    expect(storyOf(run(rule, ...floor, heard(210, 99)))).toEqual([]);
  });
});

describe('a stale baseline', () => {
  const rule = { ...usual, kind: 'drift', recent: 20, distance: 0.6 };

  test('is noticed when more than 60 % of the latest values moved away', () => {
    // 12 of 20 at 60 and 8 within: the distribution functions are 0.6 apart at most; with 13 it is 0.65.
    const moved = (count: number) => then(...LEARNT.slice(0, 20 - count), ...Array(count).fill(60));
    expect(storyOf(run(rule, ...learning(), ...moved(12)))).toEqual([]);
    const [anomaly] = anomaliesOf(run(rule, ...learning(), ...moved(13)));
    expect(anomaly!.evidence.distance).toBeCloseTo(0.65);
    expect(anomaly).toMatchObject({ value: 60, limit: 50 });
    expect(anomaly!.advice).toContain('learnt anew');
  });

  test('and is over after a repair, which has it learnt anew', () => {
    const out = run(
      rule,
      ...learning(),
      ...then(...Array(20).fill(60)),
      machineEvent(500, 'repaired'),
    );
    expect(storyOf(out).map((said) => said.split(' ')[0])).toEqual(['raised', 'cleared']);
  });
});
