/** Packages of Debian, unpacked into the cache folder: without root, and without a trace in the system. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../scripts/nats-server.js';

const MINUTES = 120_000;

/** Undefined when `program` lies in `tree`; else a sentence that says why not. The first package is the one with it. */
export function unpackDebian(
  tree: string,
  packages: readonly string[],
  program: string,
): string | undefined {
  mkdirSync(cacheFolder(), { recursive: true });
  const work = mkdtempSync(join(cacheFolder(), 'unpacking-'));
  try {
    const root = process.getuid?.() === 0 ? ['-o', 'APT::Sandbox::User=root'] : [];
    const options = { cwd: work, encoding: 'utf8', timeout: MINUTES } as const;
    const all = spawnSync('apt-get', [...root, '-qq', 'download', ...packages], options);
    // Other releases have other names of libraries, and may not need all of them.
    for (const name of all.status === 0 ? [] : packages) {
      spawnSync('apt-get', [...root, '-qq', 'download', name], options);
    }
    const files = readdirSync(work).filter((name) => name.endsWith('.deb'));
    if (!files.some((name) => name.startsWith(`${packages[0]}_`)))
      return 'apt-get download left no package';
    for (const file of files) {
      const done = spawnSync('dpkg-deb', ['-x', file, 'tree'], options);
      if (done.status !== 0) return done.stderr || 'dpkg-deb failed';
    }
    // Another test file may have been faster.
    if (existsSync(join(tree, program))) return undefined;
    rmSync(tree, { recursive: true, force: true });
    renameSync(join(work, 'tree'), tree);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
