import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';

/** The path of something in `../shared`, beside the checkout; undefined where it is absent. `data/nab`, `conformance`. */
export function shared(name: string): string | undefined {
  const path = fileURLToPath(new URL(`../../../shared/${name}`, import.meta.url));
  return existsSync(path) ? path : undefined;
}

/** The path of a recorded data set in `../shared/data`; where it is absent, skips the test and says so. */
export function realData(name: string, context: TestContext): string {
  return shared(`data/${name}`) ?? context.skip(`no ../shared/data/${name} beside the checkout`);
}
