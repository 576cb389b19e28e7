/** The plant of the demo, read by an edge: the same truth is met as without one. */

import { expect } from 'vitest';
import { demoThroughEdge } from '../../stand/demo-through.ts';
import { findMosquitto } from '../../stand/mosquitto.ts';
import { longTest } from '../../support/long.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const found = findMosquitto();
/** Two hours hold every kind of fault and nuisance. */
const SECONDS = 7_200;

longTest('two hours of the plant through Sparkplug B', 1_800_000, async (context) => {
  context.skip(typeof found === 'string', String(found));
  const { score, truth, readings } = await demoThroughEdge(1, SECONDS, temporaryDirectory());
  expect(score.missed).toEqual([]);
  expect(score.false).toEqual([]);
  expect(score.nuisances.filter(({ exact }) => !exact)).toEqual([]);
  expect(readings).toBe(truth.readings);
  expect(score.planted).toBeGreaterThan(5);
  expect(score.nuisances.length).toBeGreaterThan(5);
});
