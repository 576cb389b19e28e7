import { describe, expect, test } from 'vitest';
import { anomaliesOf, phasesOf } from './fixtures.ts';
import { afterwards, learning, run } from './learnt-values.ts';

describe('the running range', () => {
  const rule = { kind: 'range', signal: 'temperature', learn: 20, margin: 0.5 };

  test('49 to 51 were seen: 52 is half a width outside and allowed, and belongs to the range from then on', () => {
    expect(phasesOf(run(rule, ...learning(), ...afterwards(52)))).toEqual([]);
    expect(phasesOf(run(rule, ...learning(), ...afterwards(52.01, 52.01)))).toEqual([
      'raised 210 warning',
      'cleared 220 warning',
    ]);
    // 49 to 52 is 3 wide: the next breach is beyond 53.5.
    expect(phasesOf(run(rule, ...learning(), ...afterwards(52, 53.5)))).toEqual([]);
    expect(phasesOf(run(rule, ...learning(), ...afterwards(52, 53.51)))).toEqual([
      'raised 220 warning',
    ]);
  });

  test('with forget it shrinks towards its middle by half in that time', () => {
    // 49 to 51 at 10 s and 20 s, then 50: half as wide at 30 s and so on; at 60 s, after 4 halvings, 0.125 wide.
    const values = [49, 51, 50, 50, 50, ...Array(15).fill(50)];
    const [anomaly] = anomaliesOf(
      run({ ...rule, forget: '10s' }, ...learning(values), ...afterwards(60)),
    );
    expect(anomaly!.evidence.high).toBeCloseTo(50);
    expect(anomaliesOf(run(rule, ...learning(values), ...afterwards(60)))[0]!.evidence.high).toBe(
      51,
    );
  });
});
