import { type CmmsConfig, cmmsConfigSchema } from '../../../sinks/remote/config.ts';

/** The least that describes a CMMS, and what a test adds. */
export function exampleConfig(base: string, changes: object = {}): CmmsConfig {
  return cmmsConfigSchema.parse({
    name: 'small',
    base,
    search: { path: '/w', query: { key: '{{id}}' }, key: '/key' },
    create: { path: '/w', body: { key: '{{id}}' }, remote: '/id' },
    timeout: '10s',
    breaker: { failures: 2, pause: '200ms' },
    ...changes,
  });
}
