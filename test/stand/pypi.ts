/** Packages of PyPI as second implementations, in the cache folder. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../../scripts/nats-server.js';
import { edgeTries } from '../support/long.ts';

/** Python with a package (`module`: what it is imported as); `npm run test:edge` installs it. A sentence says why not. */
export function findPython(
  pinned: string,
  module = pinned.split('==')[0] ?? '',
): { readonly python: string } | string {
  const folder = join(cacheFolder(), pinned.replace('==', '-'));
  const python = join(folder, 'bin', 'python');
  const isThere = () =>
    existsSync(python) && spawnSync(python, ['-c', `import ${module}`]).status === 0;
  if (isThere()) return { python };
  if (edgeTries(0, 1) === 0) return `${pinned} is not here: npm run test:edge installs it`;
  mkdirSync(dirname(folder), { recursive: true });
  const options = { encoding: 'utf8', timeout: 120_000 } as const;
  for (const [command, args] of [
    ['python3', ['-m', 'venv', folder]],
    [python, ['-m', 'pip', 'install', '-q', pinned]],
  ] as const) {
    const { status, error, stderr } = spawnSync(command, args, options);
    if (status !== 0) return `${pinned} cannot be had: ${(error?.message ?? stderr).slice(0, 200)}`;
  }
  return isThere() ? { python } : `${pinned} does not run here`;
}
