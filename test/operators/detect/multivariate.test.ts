import { describe, expect, test } from 'vitest';
import { detect } from '../../../operators/detect/detect.ts';
import { eigen, learnSubspace, statisticsOf } from '../../../operators/detect/subspace.ts';
import type { Flow } from '../../../operators/flow/flow.ts';
import type { Detected } from '../../../operators/model/anomaly.ts';
import type { Enriched, Observation } from '../../../operators/model/observation.ts';
import { runThrough } from '../../support/flows.ts';
import { anomaliesOf, changeOf, model, phasesOf, rulesChange, windowEvent } from './fixtures.ts';

type Item = Flow<Enriched<Observation>>;

describe('eigenvalues', () => {
  test('of [[2, 1], [1, 2]] are 3 along (1, 1) and 1 along (1, −1)', () => {
    const { values, vectors } = eigen(Float64Array.of(2, 1, 1, 2), 2);
    expect([...values]).toEqual([expect.closeTo(3), expect.closeTo(1)]);
    const [a = 0, b = 0, c = 0, d = 0] = vectors;
    expect(Math.abs(a)).toBeCloseTo(Math.SQRT1_2);
    expect(a).toBeCloseTo(b);
    expect(c).toBeCloseTo(-d);
  });

  test('vectors and values make the matrix again', () => {
    const matrix = Float64Array.of(4, 1, -2, 1, 2, 0, -2, 0, 3);
    const { values, vectors } = eigen(matrix, 3);
    for (let i = 0; i < 3; i += 1) {
      for (let j = 0; j < 3; j += 1) {
        let sum = 0;
        for (let k = 0; k < 3; k += 1)
          sum += values[k]! * vectors[3 * k + i]! * vectors[3 * k + j]!;
        expect(sum).toBeCloseTo(matrix[3 * i + j]!);
      }
    }
  });
});

describe("Hotelling's T² and SPE", () => {
  // Components along (1, 1) with variance 3 and (1, −1) with variance 1.
  const [h, n] = [Math.SQRT1_2, -Math.SQRT1_2];
  const axes = { axes: Float64Array.of(h, h, h, n), variances: Float64Array.of(3, 1) };

  test('(2, 2) along the first component: T² = 8/3, nothing is left over', () => {
    const { t2, spe } = statisticsOf(Float64Array.of(2, 2), { ...axes, retained: 1 });
    expect(t2).toBeCloseTo(8 / 3);
    expect(spe).toBeCloseTo(0);
  });

  test('(2, −2) against it: T² = 8, SPE = 8, half of it each', () => {
    const { t2, spe, toT2, toSpe } = statisticsOf(Float64Array.of(2, -2), { ...axes, retained: 1 });
    expect([t2, spe]).toEqual([expect.closeTo(8), expect.closeTo(8)]);
    expect([...toT2, ...toSpe]).toEqual(Array(4).fill(expect.closeTo(4)));
  });

  test('(3, 1): contributions to T² are 3 · (2/3 + 1) and 1 · (2/3 − 1), and add up to it', () => {
    // Scores 4/√2 and 2/√2: T² = 8/3 + 2 = 4.667; pᵢ t/λ sums to 2/3 + 1 and 2/3 − 1.
    const { t2, toT2 } = statisticsOf(Float64Array.of(3, 1), { ...axes, retained: 2 });
    expect(t2).toBeCloseTo(14 / 3);
    expect([...toT2]).toEqual([expect.closeTo(5), expect.closeTo(-1 / 3)]);
  });

  test('learns centre, scale and limits: ±1 in turn has median 0, MAD 1', () => {
    const rows = Float32Array.from({ length: 200 }, (_, at) => (at % 4 < 2 ? 1 : -1));
    const usual = learnSubspace(rows, 2, { weight: 1, shrink: 0.5, explained: 1 });
    expect([...usual.center]).toEqual([0, 0]);
    expect(usual.scale[0]).toBeCloseTo(1.4826);
    // Both always together: variances 1 ± 0.5 of 1/1.4826², by half of their covariance.
    expect(usual.variances[0]! / usual.variances[1]!).toBeCloseTo(3);
    expect(usual.t2).toBeCloseTo(2 / 1.5);
    expect(usual.retained).toBe(2);
  });
});

describe('a feature vector', () => {
  const rule = {
    ...{ id: 'loop', kind: 'multivariate', signal: 'loop', signals: ['pressure', 'flow'] },
    ...{ learn: 100, weight: 0.5, limit: 2, clear: { deadband: '20%' } },
  };
  const both = (index: number, pressure: number, flow: number): Item[] => {
    const end = 10 * (index + 1);
    return [
      windowEvent(end, pressure, {}, { signal: 'pressure' }),
      windowEvent(end, flow, {}, { signal: 'flow' }),
    ];
  };
  /** Pressure and flow rise and fall together, in a circle of 20 steps. */
  const usual = Array.from({ length: 100 }, (_, index) => {
    const swing = Math.sin((2 * Math.PI * index) / 20);
    return both(index, 5 + swing, 100 + 10 * swing);
  }).flat();

  function run(...items: Item[]): Flow<Detected>[] {
    return runThrough(detect, [changeOf(model), changeOf(rulesChange(rule)), ...items]);
  }

  test('that moves together as ever is no anomaly; one signal alone is, though each is within its range', () => {
    expect(phasesOf(run(...usual, ...both(100, 5.5, 105), ...both(101, 5.9, 109)))).toEqual([]);
    const apart = [...both(100, 5.9, 91), ...both(101, 5.9, 91), ...both(102, 5.9, 91)];
    const [anomaly] = anomaliesOf(run(...usual, ...apart));
    expect(anomaly).toMatchObject({ phase: 'raised', signal: 'loop', detector: 'multivariate' });
    expect(Object.keys(anomaly!.contributions)).toEqual(['pressure', 'flow']);
    expect(anomaly!.contributions.pressure! + anomaly!.contributions.flow!).toBeCloseTo(1);
    expect(anomaly!.reason).toMatch(/Hotelling's T² of 2 signals .* by (pressure|flow) \d+ %/);
    expect(anomaly!.advice).toContain('Begin with');
  });

  test('names the signal that it was', () => {
    const far = [...both(100, 9, 100), ...both(101, 9, 100)];
    const [anomaly] = anomaliesOf(run(...usual, ...far));
    expect(anomaly!.contributions.pressure).toBeGreaterThan(0.8);
  });

  test('of which a signal is missing is not evaluated', () => {
    const half = [100, 101, 102].map((at) =>
      windowEvent(10 * (at + 1), 99, {}, { signal: 'pressure' }),
    );
    expect(phasesOf(run(...usual, ...half))).toEqual([]);
  });

  test('with `follow` a slow drift is none, and a step stands: the centre does not go after it', () => {
    const moved = (by: (index: number) => number) => {
      return Array.from({ length: 400 }, (_, index) => {
        const swing = Math.sin((2 * Math.PI * index) / 20);
        return both(100 + index, 5 + swing + by(index), 100 + 10 * swing);
      }).flat();
    };
    const phasesWith = (more: object, items: Item[], ...others: object[]) => {
      const rules = changeOf<Enriched<Observation>>(rulesChange({ ...rule, ...more }, ...others));
      const out = runThrough(detect, [changeOf(model), rules, ...usual, ...items]);
      const loop = anomaliesOf(out).filter((anomaly) => anomaly.rule === 'loop');
      return loop.map(({ phase }) => phase).filter((phase) => phase !== 'updated');
    };
    const drift = moved((index) => 0.01 * index);
    expect(phasesWith({}, drift)[0]).toBe('raised');
    expect(phasesWith({ follow: '5m' }, drift)).toEqual([]);
    expect(
      phasesWith(
        { follow: '5m' },
        moved(() => 4),
      ),
    ).toEqual(['raised']);
    // Nor after what only waits for its on-delay, nor while another rule finds one of the signals bad.
    expect(
      phasesWith(
        { follow: '5m', raise: { count: 100 } },
        moved(() => 4),
      ),
    ).toEqual(['raised']);
    const high = {
      id: 'high',
      kind: 'limit',
      signal: 'pressure',
      above: 6.05,
      clear: { after: '1d' },
    };
    expect(phasesWith({ follow: '5m' }, drift, high)[0]).toBe('raised');
  });

  test('with `subside` a fault is over when little of its peak is left for a while, and that is usual then', () => {
    const swing = (index: number) => Math.sin((2 * Math.PI * index) / 20);
    /** Ten steps of a fault, then a pressure that stays a little higher than it was. */
    const after = Array.from({ length: 200 }, (_, index) => {
      const at = 100 + index;
      const offset = index < 10 ? 60 : 5;
      return both(at, 5 + swing(at) + offset, 100 + 10 * swing(at));
    }).flat();
    const phasesWith = (clear: object, more: object = {}) => {
      const rules = changeOf<Enriched<Observation>>(rulesChange({ ...rule, ...more, clear }));
      const out = runThrough(detect, [changeOf(model), rules, ...usual, ...after]);
      return anomaliesOf(out).filter(({ phase }) => phase !== 'updated');
    };
    const named = (...of: Parameters<typeof phasesWith>) => {
      return phasesWith(...of).map(({ phase, cause }) => `${phase} ${cause}`.trim());
    };
    // The frozen centre keeps the alarm for ever.
    expect(named({ deadband: '20%' })).toEqual(['raised']);
    const subside = { share: 0.05, after: '200s' };
    expect(named({ deadband: '20%', subside })).toEqual(['raised', 'cleared well']);
    // The score falls below a twentieth within a few steps of the end of the fault; a turn of the swing later it is over.
    const [, cleared] = phasesWith({ deadband: '20%', subside });
    const since = cleared!.time / 1e6 - 10 * 110;
    expect(since).toBeGreaterThanOrEqual(200);
    expect(since).toBeLessThan(300);
    // What stays at a greater share of its peak is no less than a fault that goes on.
    expect(named({ deadband: '20%', subside: { share: 0.001, after: '200s' } })).toEqual([
      'raised',
    ]);
    expect(named({ deadband: '20%', subside: { share: 0.05, after: '1h' } })).toEqual(['raised']);
  });

  test('that left its new usual values again is a new anomaly', () => {
    const swing = (index: number) => Math.sin((2 * Math.PI * index) / 20);
    const offsetAt = (index: number) => {
      if (index < 10) return 60;
      return index < 100 || index >= 110 ? 5 : 60;
    };
    const after = Array.from({ length: 200 }, (_, index) => {
      const at = 100 + index;
      return both(at, 5 + swing(at) + offsetAt(index), 100 + 10 * swing(at));
    }).flat();
    const clear = { deadband: '20%', subside: { share: 0.05, after: '200s' } };
    const rules = changeOf<Enriched<Observation>>(rulesChange({ ...rule, clear }));
    const out = runThrough(detect, [changeOf(model), rules, ...usual, ...after]);
    const phases = anomaliesOf(out).map(({ phase }) => phase);
    expect(phases.filter((phase) => phase !== 'updated')).toEqual([
      'raised',
      'cleared',
      'raised',
      'cleared',
    ]);
  });

  test('shows how far it has learnt', () => {
    const rows = run(...usual).flatMap((item) => {
      return item.kind === 'row' && item.table === 'baselines' ? [item.row] : [];
    });
    expect(rows.map(({ samples, status }) => `${status} ${samples}`)).toEqual([
      ...[10, 20, 30, 40, 50, 60, 70, 80, 90].map((count) => `learning ${count}`),
      'ready 100',
    ]);
    expect(rows.at(-1)).toMatchObject({ signal: 'loop', mode: 'EXECUTE//' });
  });
});
