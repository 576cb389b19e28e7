import { describe, expect, test } from 'vitest';
import { phasesOf, windowEvent } from './fixtures.ts';
import { learning, run } from './learnt-values.ts';

describe('the noise floor of a stopped machine', () => {
  const rule = { kind: 'noise-floor', signal: 'temperature', learn: 20, ratio: 3 };
  const stopped = { state: 'STOPPED' };
  const floor = learning(Array(20).fill(0.2), 'temperature', stopped);

  test.for([
    [0.6, []],
    [0.61, ['raised 210 warning']],
    [0.067, []],
    [0.066, ['raised 210 warning']],
    [0, ['raised 210 warning']],
  ] as const)('0.2 was usual: with a ratio of 3, %f gives %o', ([value, phases]) => {
    expect(phasesOf(run(rule, ...floor, windowEvent(210, value, stopped)))).toEqual(phases);
  });

  test('a running machine is not evaluated', () => {
    expect(phasesOf(run(rule, ...floor, windowEvent(210, 99)))).toEqual([]);
  });
});
