#!/usr/bin/env node
/** The `andon` command: runs the TypeScript sources as they are, in this very process, so signals and exit codes are its own. */
try {
  const { register } = await import('tsx/esm/api');
  register();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  console.error(`andon: expected the npm packages, found: ${message}. Run npm run setup.`);
  process.exit(3);
}
await import('../pipelines/main.ts');
