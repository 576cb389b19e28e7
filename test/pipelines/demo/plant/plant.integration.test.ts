import { expect, test } from 'vitest';
import { type Duration, type EventTime, HOUR, plus } from '../../../../operators/model/time.ts';
import { BEGIN } from '../../../../pipelines/demo/plant/plant.ts';
import { demoRun } from '../demo-run.ts';

// No process is started: it is here because two hours of a plant take their time.
test.each([1, 2, 3])(
  'two hours of seed %i: each fault one request in time, nothing else, and exact counts',
  async (seed) => {
    const until: EventTime = plus(BEGIN, (2 * HOUR) as Duration);
    const { truth, readings, score } = await demoRun(seed, BEGIN, until);
    expect(score.missed).toEqual([]);
    expect(score.false).toEqual([]);
    expect(score.found).toHaveLength(truth.faults.length);
    expect(truth.faults).toHaveLength(10);
    expect(score.nuisances.filter(({ exact }) => !exact)).toEqual([]);
    expect(readings).toBe(truth.readings);
  },
  120_000,
);
