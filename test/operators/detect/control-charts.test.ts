import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anomaliesOf, phasesOf, windowEvent } from './fixtures.ts';
import { afterwards, LEARNT, learning, run, usual } from './learnt-values.ts';

describe('EWMA of the deviations', () => {
  const rule = { ...usual, kind: 'ewma', weight: 0.2, limit: 3, direction: 'both' };

  test('after t samples its spread is √(0.2/1.8 · (1 − 0.8^2t)): 0.2 after one, 0.2561 after two', () => {
    // z = 2 twice: w = 0.4, then 0.72. Limits 3 · 0.2 = 0.6 and 3 · 0.2561 = 0.7684. A third: w = 0.976 beyond 0.8581.
    const out = run(rule, ...learning(), ...afterwards(...Array(3).fill(50 + 2 * 1.4826)));
    expect(phasesOf(out)).toEqual(['raised 230 warning']);
    const [anomaly] = anomaliesOf(out);
    expect(anomaly!.value).toBeCloseTo(50 + 0.976 * 1.4826, 3);
    expect(anomaly!.limit).toBeCloseTo(50 + 3 * 0.28636 * 1.4826, 3);
    expect(anomaly!.score).toBeCloseTo(0.976 / 0.28636, 2);
  });

  test('a single sample of four deviations is one, and two in a row are another', () => {
    expect(
      phasesOf(run({ ...rule, limit: 3.9 }, ...learning(), ...afterwards(50 + 3.8 * 1.4826, 50))),
    ).toEqual([]);
    expect(
      phasesOf(run(rule, ...learning(), ...afterwards(...Array(3).fill(50 - 2 * 1.4826)))),
    ).toEqual(['raised 230 warning']);
  });
});

describe('two-sided CUSUM', () => {
  const rule = { ...usual, kind: 'cusum', slack: 0.5, limit: 4 };

  test('z = 1.49 with k = 0.5 adds 0.99 a sample: 5 samples pass h = 4, and the change is dated to the first', () => {
    const out = run(
      rule,
      ...learning(),
      ...afterwards(50, 50, ...Array(5).fill(50 + 1.49 * 1.4826)),
    );
    expect(phasesOf(out)).toEqual(['raised 270 warning']);
    const [anomaly] = anomaliesOf(out);
    expect(anomaly!.score).toBeCloseTo(4.95 / 4);
    expect(anomaly!.since).toBe(230e6);
    expect(anomaly!.evidence).toMatchObject({ mode: 'EXECUTE//', samples: 20 });
  });

  test('z = 0.5 is allowed for ever; falling counts too', () => {
    expect(
      phasesOf(run(rule, ...learning(), ...afterwards(...Array(50).fill(50 + 0.499 * 1.4826)))),
    ).toEqual([]);
    expect(
      phasesOf(run(rule, ...learning(), ...afterwards(...Array(5).fill(50 - 1.49 * 1.4826)))),
    ).toEqual(['raised 250 warning']);
  });

  test('its sum stops at twice the limit, so a machine that is well again clears in bounded time', () => {
    // 8 at most, less 0.5 a sample: 0 after 16 samples.
    const out = run(
      rule,
      ...learning(),
      ...afterwards(...Array(100).fill(70), ...Array(20).fill(50)),
    );
    expect(phasesOf(out).map((phase) => phase.split(' ')[0])).toEqual(['raised', 'cleared']);
    expect(anomaliesOf(out)[1]!.time).toBe((210 + 10 * 115) * 1e6);
  });

  test('is one excursion until its sum is back at 0, however often it crosses the limit', () => {
    // From 4.95 down to 3.95 and up again, twice: never 0 in between.
    const [up, well] = [50 + 1.49 * 1.4826, 50];
    const wave = [...Array(5).fill(up), well, well, up, up, up, well, well, up, up];
    const out = anomaliesOf(
      run(rule, ...learning(), ...afterwards(...wave, ...Array(20).fill(well))),
    );
    expect(out.map(({ phase }) => phase)).toEqual(['raised', 'cleared']);
    expect(new Set(out.map(({ since }) => since))).toEqual(new Set([210e6]));
  });

  test('nor does a sample of another mode end it, and coming back does not raise it again', () => {
    const other = { product: 'lid' };
    const [up, well] = [50 + 1.49 * 1.4826, 50];
    const out = anomaliesOf(
      run(
        rule,
        ...learning(),
        ...learning(LEARNT, 'temperature', other).map((_, at) =>
          windowEvent(210 + 10 * at, LEARNT[at]!, other),
        ),
        ...Array.from({ length: 6 }, (_, at) => windowEvent(500 + 10 * at, up)),
        ...Array.from({ length: 6 }, (_, at) => windowEvent(600 + 10 * at, well, other)),
        ...Array.from({ length: 2 }, (_, at) => windowEvent(700 + 10 * at, up)),
        ...Array.from({ length: 20 }, (_, at) => windowEvent(800 + 10 * at, well)),
      ),
    );
    expect(out.map(({ phase }) => phase)).toEqual(['raised', 'cleared']);
  });

  test('no two anomalies share an id, whatever comes', () => {
    const value = fc.constantFrom(30, 45, 48, 50, 52, 55, 70);
    const about = fc.constantFrom<object>({}, {}, {}, { product: 'lid' }, { state: 'STOPPED' });
    fc.assert(
      fc.property(fc.array(fc.tuple(value, about), { maxLength: 80 }), (steps) => {
        const items = steps.map(([of, what], at) => windowEvent(500 + 10 * at, of, what));
        const lid = LEARNT.map((of, at) => windowEvent(210 + 10 * at, of, { product: 'lid' }));
        const out = anomaliesOf(
          run({ ...rule, while: "state == 'EXECUTE'" }, ...learning(), ...lid, ...items),
        );
        const raised = out.filter(({ phase }) => phase === 'raised').map(({ id }) => id);
        expect(new Set(raised).size).toBe(raised.length);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a usual value that follows', () => {
  const drift = Array.from({ length: 400 }, (_, at) => 50 - 0.05 * at);
  const kinds = [
    { kind: 'baseline', limit: 6 },
    { kind: 'ewma', weight: 0.1, limit: 8 },
    { kind: 'cusum', slack: 1, limit: 20 },
  ];

  test.each(kinds)(
    '$kind: running in is none, and the rise after it is measured from there',
    (kind) => {
      const rule = { ...usual, ...kind, direction: 'both', follow: '1m' };
      const low = drift.at(-1)!;
      const risen = [...drift, ...Array(30).fill(low + 20)];
      // Twenty below what was learnt; the rise only brings it back there.
      const frozen = run({ ...rule, follow: undefined }, ...learning(), ...afterwards(...drift));
      expect(phasesOf(frozen).length).toBeGreaterThan(0);
      expect(phasesOf(run(rule, ...learning(), ...afterwards(...drift)))).toEqual([]);
      const [anomaly] = anomaliesOf(run(rule, ...learning(), ...afterwards(...risen)));
      expect(anomaly).toMatchObject({ phase: 'raised' });
      expect(Number(anomaly!.evidence.median)).toBeLessThan(low + 2);
    },
  );

  test.each(kinds)('$kind: it stays where it was while something is wrong', (kind) => {
    const rule = { ...usual, ...kind, direction: 'both', follow: '1m', clear: {} };
    const out = run(rule, ...learning(), ...afterwards(...Array(2_000).fill(70)));
    expect(anomaliesOf(out).filter(({ phase }) => phase === 'cleared')).toEqual([]);
    expect(anomaliesOf(out).at(-1)!.evidence.median).toBeCloseTo(50, 0);
  });

  test('a wild value moves it no further than one of three deviations', () => {
    const rule = { ...usual, kind: 'baseline', limit: 1e6, direction: 'both', follow: '10s' };
    const medianAfter = (...values: number[]) => {
      const [anomaly] = anomaliesOf(
        run({ ...rule, limit: 5 }, ...learning(), ...afterwards(...values, 1_000)),
      );
      return Number(anomaly!.evidence.median);
    };
    // A tenth of the way at most: 0.1 · 3 · 1.4826 for three deviations, and for the 4.9 that are no breach.
    expect(medianAfter(50 + 4.9 * 1.4826)).toBeCloseTo(50 + 0.1 * 3 * 1.4826, 6);
    expect(medianAfter(50 + 2 * 1.4826)).toBeCloseTo(50 + 0.1 * 2 * 1.4826, 6);
  });

  test('is refused beside forget', () => {
    expect(() => run({ ...usual, kind: 'baseline', follow: '1h', forget: '1h' })).toThrow(/either/);
  });
});
