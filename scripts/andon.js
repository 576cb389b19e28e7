#!/usr/bin/env -S MALLOC_MMAP_THRESHOLD_=262144 MALLOC_ARENA_MAX=2 node
/**
 * The `andon` command, in this very process, so signals and exit codes are its own: JavaScript where this is a package
 * (`npm run package`), else the TypeScript sources as they are. The first line carries `sinks/steady-memory.ts`: an
 * allocator looks at its environment only when it starts.
 */
import { existsSync } from 'node:fs';

const compiled = new URL('../pipelines/main.js', import.meta.url);
if (existsSync(compiled)) await import(compiled.href);
else await runSources();

async function runSources() {
  try {
    const { register } = await import('tsx/esm/api');
    register();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    console.error(`andon: expected the npm packages, found: ${message}. Run npm run setup.`);
    process.exit(3);
  }
  await import('../pipelines/main.ts');
}
