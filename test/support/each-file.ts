import { afterAll } from 'vitest';
import { removeTemporary } from './temporary.ts';

// Runs ahead of every test file, also where files share their modules: what is registered first is done last, after the
// clean-up of the file's own tests.
afterAll(removeTemporary);
