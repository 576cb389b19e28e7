/**
 * The sources as JavaScript in a folder below node_modules, as `npm run package` makes them: what tests start and what
 * benchmarks measure is what an installation runs. (tsx keeps the names of functions, which makes every closure a call.)
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
/** Below node_modules, so that packages are found from there. */
const CACHE = join(ROOT, 'node_modules/.cache/andon');
/** What is compiled, or of no use to the code. Everything else stands beside it, as it is in the checkout. */
const NOT_BESIDE = ['node_modules', 'operators', 'sinks', 'pipelines', 'scripts', 'test', 'bench'];

/**
 * Compiles for this process.
 * @param {'tsconfig.build.json' | 'tsconfig.bench.json'} config which sources
 * @returns {{ folder: string, remove: () => void }}
 */
export function compile(config) {
  for (const name of leftBehind()) rmSync(join(CACHE, name), { recursive: true, force: true });
  const folder = join(CACHE, String(process.pid));
  rmSync(folder, { recursive: true, force: true });
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(
    process.execPath,
    [tsc, '-p', config, '--noCheck', '--outDir', folder],
    { cwd: ROOT, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`the sources cannot be compiled:\n${stdout}`);
  for (const name of readdirSync(ROOT)) {
    const isBeside = !NOT_BESIDE.includes(name) && !name.startsWith('.');
    if (isBeside) symlinkSync(join(ROOT, name), join(folder, name));
  }
  mkdirSync(join(folder, 'scripts'), { recursive: true });
  copyFileSync(join(ROOT, 'scripts/andon.js'), join(folder, 'scripts/andon.js'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Of runs that were killed: each folder has the name of its process. */
function leftBehind() {
  mkdirSync(CACHE, { recursive: true });
  return readdirSync(CACHE).filter((name) => !isAlive(Number(name)));
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // A process of somebody else may not be signalled, and lives.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
