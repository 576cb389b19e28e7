import fc from 'fast-check';
import { afterAll } from 'vitest';
import { removeTemporary } from './temporary.ts';

// Runs ahead of every test file, also where files share their modules: what is registered first is done last, after the
// clean-up of the file's own tests.
afterAll(removeTemporary);

/**
 * Where chance begins in properties that say nothing of it: `npm test` always tries the same cases, so that it passes
 * wherever it passed. `ANDON_SEED=random` tries others, a number those of a failure.
 */
const SEED = process.env.ANDON_SEED ?? '20261130';
if (SEED !== 'random') fc.configureGlobal({ seed: Number(SEED) });
