import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, expect } from 'vitest';
import { removeTemporary } from './temporary.ts';

// Runs ahead of every test file, also where files share their modules: what is registered first is done last, after the
// clean-up of the file's own tests.
afterAll(removeTemporary);

// What adds a listener again and again, or one for each thing that waits, is told by Node once and on standard error
// alone: a leak that nobody reads.
const leaks: string[] = [];
function noteLeak({ name, message }: Error): void {
  if (name === 'MaxListenersExceededWarning') leaks.push(message);
}
process.on('warning', noteLeak);
afterAll(async () => {
  // Node tells it once all promises have had their turn.
  await turn();
  process.off('warning', noteLeak);
  expect(leaks).toEqual([]);
});

/**
 * Where chance begins in properties that say nothing of it: `npm test` always tries the same cases, so that it passes
 * wherever it passed. `ANDON_SEED=random` tries others, a number those of a failure.
 */
const SEED = process.env.ANDON_SEED ?? '20261130';
if (SEED !== 'random') fc.configureGlobal({ seed: Number(SEED) });
