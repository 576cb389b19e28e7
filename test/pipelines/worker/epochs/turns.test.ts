import { expect, test } from 'vitest';
import { Turns } from '../../../../pipelines/worker/epochs/turns.ts';

test('a turn is over after some milliseconds, however many messages that were', () => {
  const began = performance.now();
  const turns = new Turns();
  while (!turns.over());
  expect(performance.now() - began).toBeGreaterThan(8);
});

test('whoever waits has its turn before the next one begins', async () => {
  const turns = new Turns();
  while (!turns.over());
  let served = false;
  setImmediate(() => {
    served = true;
  });
  const began = performance.now();
  await turns.giveWay();
  expect(served).toBe(true);
  while (!turns.over());
  expect(performance.now() - began).toBeGreaterThan(8);
});
