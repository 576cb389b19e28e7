import { expect, test } from 'vitest';
import { type Duration, type EventTime, HOUR, plus } from '../../../../operators/model/time.ts';
import { BEGIN } from '../../../../pipelines/demo/plant/plant.ts';
import { longTest } from '../../../support/long.ts';
import { demoRun } from '../demo-run.ts';

const NAME = 'each fault is one request in time, nothing else, and counts are exact';
const LIMIT = 600_000;

async function holdsAgainstTruth(seed: number): Promise<void> {
  const until: EventTime = plus(BEGIN, (2 * HOUR) as Duration);
  const { truth, readings, score } = await demoRun(seed, BEGIN, until);
  expect(score.missed).toEqual([]);
  expect(score.false).toEqual([]);
  expect(score.found).toHaveLength(truth.faults.length);
  expect(truth.faults).toHaveLength(10);
  expect(score.nuisances.filter(({ exact }) => !exact)).toEqual([]);
  expect(readings).toBe(truth.readings);
}

// No process is started: they are here because two hours of a plant take their time.
test(`two hours of seed 1: ${NAME}`, { timeout: LIMIT }, () => holdsAgainstTruth(1));

for (const seed of [2, 3]) {
  longTest(`two hours of seed ${seed}: ${NAME}`, LIMIT, () => holdsAgainstTruth(seed));
}
