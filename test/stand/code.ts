import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';

/** The JavaScript that this run of tests was compiled to (compile.ts); undefined where a project does without it. */
export const CODE: string | undefined = inject('compiled');

/** What `node` runs for a command: `[ANDON, 'sql', 'SELECT 1']`. */
export const ANDON = join(
  CODE ?? fileURLToPath(new URL('../../', import.meta.url)),
  'scripts/andon.js',
);
