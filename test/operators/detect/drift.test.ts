import { describe, expect, test } from 'vitest';
import { anomaliesOf, machineEvent, phasesOf } from './fixtures.ts';
import { afterwards, LEARNT, learning, run, usual } from './learnt-values.ts';

describe('a stale baseline', () => {
  const rule = { ...usual, kind: 'drift', recent: 20, distance: 0.6 };

  test('is noticed when more than 60 % of the latest values moved away', () => {
    // 12 of 20 at 60 and 8 within: the distribution functions are 0.6 apart at most; with 13 it is 0.65.
    const moved = (count: number) =>
      afterwards(...LEARNT.slice(0, 20 - count), ...Array(count).fill(60));
    expect(phasesOf(run(rule, ...learning(), ...moved(12)))).toEqual([]);
    const [anomaly] = anomaliesOf(run(rule, ...learning(), ...moved(13)));
    expect(anomaly!.evidence.distance).toBeCloseTo(0.65);
    expect(anomaly).toMatchObject({ value: 60, limit: 50 });
    expect(anomaly!.advice).toContain('learnt anew');
  });

  test('and is over after a repair, which has it learnt anew', () => {
    const out = run(
      rule,
      ...learning(),
      ...afterwards(...Array(20).fill(60)),
      machineEvent(500, 'repaired'),
    );
    expect(phasesOf(out).map((phase) => phase.split(' ')[0])).toEqual(['raised', 'cleared']);
  });
});
