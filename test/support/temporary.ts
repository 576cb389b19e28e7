import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made: string[] = [];

/** A new empty folder, removed after the last test of the file. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'andon-test-'));
  made.push(path);
  return path;
}

/** A file with this text in a new folder of its own. */
export function temporaryFile(name: string, text: string | Uint8Array): string {
  const path = join(temporaryDirectory(), name);
  writeFileSync(path, text);
  return path;
}

/** The end of the process would be too late: the test runner kills it. */
export function removeTemporary(): void {
  for (const path of made.splice(0)) {
    rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}
