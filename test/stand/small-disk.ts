import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { afterAll, type TestContext } from 'vitest';

const mounted: string[] = [];
afterAll(() => {
  for (const path of mounted.splice(0)) execFileSync('umount', ['-l', path]);
});

/** A file system of its own at this path, as large as `4m`. Skips the test where this machine does not allow it. */
export function smallDisk(path: string, size: string, context: TestContext): void {
  if (process.platform !== 'linux') context.skip('needs Linux');
  mkdirSync(path, { recursive: true });
  try {
    mount('-t', 'tmpfs', '-o', `size=${size}`, 'none', path);
    mounted.push(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    context.skip(`cannot mount a small file system: ${reason}`);
  }
}

/** Makes a small disk read-only, or writable again. Throws while somebody writes there. */
export function remount(path: string, how: 'ro' | 'rw'): void {
  mount('-o', `remount,${how}`, path);
}

function mount(...args: string[]): void {
  execFileSync('mount', args, { stdio: 'pipe' });
}
