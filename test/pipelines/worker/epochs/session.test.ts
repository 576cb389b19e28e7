import { expect, test } from 'vitest';
import { CooperativeYield } from '../../../../pipelines/worker/epochs/session.ts';

test('yielding is due after some milliseconds, however many messages that were', () => {
  const began = performance.now();
  const yielding = new CooperativeYield();
  while (!yielding.isDue());
  expect(performance.now() - began).toBeGreaterThan(8);
});

test('whoever waits runs before the next turn begins', async () => {
  const yielding = new CooperativeYield();
  while (!yielding.isDue());
  let served = false;
  setImmediate(() => {
    served = true;
  });
  const began = performance.now();
  await yielding.yieldNow();
  expect(served).toBe(true);
  while (!yielding.isDue());
  expect(performance.now() - began).toBeGreaterThan(8);
});
