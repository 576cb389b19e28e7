import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { type SystemConfig, systemConfigSchema } from '../../../sinks/remote/system-config.ts';

/** A profile of the examples, as it is written. Imports no vitest: child processes use it too. */
export function readProfile(name: string): Readonly<Record<string, unknown>> {
  const path = fileURLToPath(new URL(`../../../examples/systems/${name}.yaml`, import.meta.url));
  return parse(readFileSync(path, 'utf8'), { merge: true });
}

/** Waits that fit a test. */
export const QUICK = {
  timeout: '300ms',
  settle: '300ms',
  retry: { first: '20ms', most: '100ms', faults: 5 },
  breaker: { failures: 5, pause: '200ms' },
};

/** The profile of the reference ERP, in a hurry. */
export function quickErp(url: string, changes: object = {}): SystemConfig {
  const { rate: _, ...profile } = readProfile('erp');
  const text = JSON.stringify(profile).replaceAll('"30s"', '"100ms"');
  const auth = { kind: 'oauth2', path: '/oauth/token', client: 'andon', secret: 'reference' };
  return systemConfigSchema.parse({
    ...JSON.parse(text),
    ...{ name: 'erp', base: url, auth, ...QUICK, ...changes },
  });
}
