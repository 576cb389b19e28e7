import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Below node_modules, so that packages are found from there. */
const CACHE = join(ROOT, 'node_modules/.cache/andon');
/** What is compiled, or of no use to the code. Everything else stands beside it, as it is in the checkout. */
const NOT_BESIDE = ['node_modules', 'operators', 'sinks', 'pipelines', 'scripts', 'test', 'bench'];

declare module 'vitest' {
  interface ProvidedContext {
    compiled: string;
  }
}

/**
 * Once for a run: the sources as JavaScript, as `npm run package` makes it. A test starts dozens of processes, and each is
 * there in half the time when it does not have to translate its sources.
 */
export function setup(project: TestProject): () => void {
  for (const name of leftBehind()) rmSync(join(CACHE, name), { recursive: true, force: true });
  const folder = join(CACHE, String(process.pid));
  rmSync(folder, { recursive: true, force: true });
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const options = ['-p', 'tsconfig.build.json', '--noCheck', '--outDir', folder];
  const { status, stdout } = spawnSync(process.execPath, [tsc, ...options], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the sources cannot be compiled:\n${stdout}`);
  for (const name of readdirSync(ROOT)) {
    const isBeside = !NOT_BESIDE.includes(name) && !name.startsWith('.');
    if (isBeside) symlinkSync(join(ROOT, name), join(folder, name));
  }
  mkdirSync(join(folder, 'scripts'), { recursive: true });
  copyFileSync(join(ROOT, 'scripts/andon.js'), join(folder, 'scripts/andon.js'));
  project.provide('compiled', folder);
  return () => rmSync(folder, { recursive: true, force: true });
}

/** Of runs that were killed: each folder has the name of its process. */
function leftBehind(): readonly string[] {
  mkdirSync(CACHE, { recursive: true });
  return readdirSync(CACHE).filter((name) => !isAlive(Number(name)));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
