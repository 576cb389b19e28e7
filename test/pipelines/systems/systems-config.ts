import { fileURLToPath } from 'node:url';
import type { CmmsConfig } from '../../../sinks/remote/config.ts';
import { readCmmsFile } from './read-cmms-file.ts';

const PRESET = fileURLToPath(new URL('../../../examples/cmms/reference.yaml', import.meta.url));
const preset = await readCmmsFile(PRESET);

/** The preset of the reference CMMS with delays that fit a test. Imports no vitest: child processes use it too. */
export function quickConfig(url: string, changes: Partial<CmmsConfig> = {}): CmmsConfig {
  if (preset.status === undefined) throw new Error('the preset reads no status');
  return {
    ...preset,
    base: url,
    auth: { kind: 'bearer', token: 'reference' },
    status: { ...preset.status, every: 100 },
    timeout: 300,
    settle: 300,
    // Who tests orders asks for them.
    orders: undefined,
    rate: undefined,
    retry: { first: 20, most: 100, faults: 5 },
    breaker: { failures: 5, pause: 200 },
    ...changes,
  };
}
